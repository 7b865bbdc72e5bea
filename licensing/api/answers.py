"""Answer a request, talk about it, revise it; drafts. Deciding is for people who are signed in."""

from typing import Any, ClassVar
from uuid import UUID

from django.db import transaction
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import LicensingView, PersonView, StrictSerializer, nothing_here
from licensing.api.requests import RequestInput, RequestOutput, read_ask, write_request
from licensing.models import LicenceRequest, RequestDraft

HASH = r"^sha256:[0-9a-f]{64}$"


class ApproveInput(StrictSerializer):
    """The hash of the terms that were read; ``passkey``: the browser's answer (``toJSON()``) to it as challenge."""

    terms_hash = serializers.RegexField(HASH)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    passkey = serializers.DictField(required=False, allow_null=True, default=None)


class ApproveOutput(StrictSerializer):
    """The licence; null while another must still agree."""

    token = serializers.UUIDField(allow_null=True)
    waiting_on = serializers.ListField(child=serializers.CharField())


class ChangesInput(StrictSerializer):
    """Values by path of terms, ``{"scope.frames_max": 2000}``, a word on each and questions about any, by path too."""

    terms_hash = serializers.RegexField(HASH)
    changes = serializers.DictField(allow_empty=False)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")
    field_notes = serializers.DictField(child=serializers.CharField(max_length=2000), default=dict)
    questions = serializers.DictField(child=serializers.CharField(max_length=2000), default=dict)


class DeclineInput(StrictSerializer):
    """Why not: the licensee reads it."""

    reason = serializers.CharField(max_length=2000)


class WordsInput(StrictSerializer):
    """What is asked or answered, and about which term; empty: about all."""

    text = serializers.CharField(max_length=2000)
    about = serializers.CharField(max_length=80, required=False, allow_blank=True, default="")


class ChangeOutput(StrictSerializer):
    """One changed field, in words."""

    field = serializers.CharField()
    before = serializers.CharField(allow_blank=True)
    after = serializers.CharField(allow_blank=True)
    sentence = serializers.CharField()


class DifferenceOutput(StrictSerializer):
    """What changed between two versions."""

    older = serializers.IntegerField()
    newer = serializers.IntegerField()
    changes = ChangeOutput(many=True)


class DraftInput(StrictSerializer):
    """What has been filled in so far, as the body of a submission would have it."""

    title = serializers.CharField(max_length=200, required=False, allow_blank=True, default="")
    body = serializers.DictField()


class DraftOutput(StrictSerializer):
    """A draft; ``request`` once it was submitted."""

    id = serializers.UUIDField()
    title = serializers.CharField(allow_blank=True)
    body = serializers.DictField()
    request = serializers.UUIDField(allow_null=True)
    changed_at = serializers.DateTimeField()


class ApproveApi(PersonView):
    """Agree to the terms as they stand."""

    @extend_schema(operation_id="license_requests_approve", request=ApproveInput, responses=ApproveOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        token = services.approve_request(
            principal=self.person, request_id=request_id, **self.parsed(ApproveInput)
        )
        detail = selectors.request_detail(self.person, request_id)
        waiting = list(detail.line.waiting_on) if detail else []
        return Response({"token": str(token.pk) if token else None, "waiting_on": waiting})


class CounterApi(PersonView):
    """Answer with narrower terms."""

    @extend_schema(operation_id="license_requests_counter", request=ChangesInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        services.counter_request(principal=self.person, request_id=request_id, **self.parsed(ChangesInput))
        return Response(write_request(self, request_id))


class DeclineApi(PersonView):
    """Say no."""

    @extend_schema(operation_id="license_requests_decline", request=DeclineInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        services.decline_request(principal=self.person, request_id=request_id, **self.parsed(DeclineInput))
        return Response(write_request(self, request_id))


class ReviseApi(LicensingView):
    """Put other terms forward for the same request."""

    required_scope = "licence:request"

    @extend_schema(operation_id="license_requests_revise", request=ChangesInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        services.revise_request(principal=self.principal, request_id=request_id, **self.parsed(ChangesInput))
        return Response(write_request(self, request_id))


class QuestionApi(LicensingView):
    """Ask the other side something."""

    required_scope = "licence:request"

    @extend_schema(operation_id="license_requests_question", request=WordsInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        services.ask_question(principal=self.principal, request_id=request_id, **self.parsed(WordsInput))
        return Response(write_request(self, request_id))


class AnswerApi(LicensingView):
    """Answer what was asked."""

    required_scope = "licence:request"

    @extend_schema(operation_id="license_requests_answer", request=WordsInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        services.answer_question(principal=self.principal, request_id=request_id, **self.parsed(WordsInput))
        return Response(write_request(self, request_id))


class DifferenceApi(LicensingView):
    """The difference between any two versions of a request's terms, in sentences."""

    required_scope = "licence:read"

    @extend_schema(operation_id="license_requests_difference", responses=DifferenceOutput)
    def get(self, request: Request, request_id: UUID, older: int, newer: int) -> Response:
        changes = selectors.difference_between(self.principal, request_id, older, newer)
        if changes is None:
            raise NotFound
        rows = [
            {"field": one.field, "before": one.before, "after": one.after, "sentence": one.sentence}
            for one in changes
        ]
        return Response({"older": older, "newer": newer, "changes": rows})


class DraftsApi(LicensingView):
    """The drafts of the caller's organisation; keep one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:request", "POST": "licence:request"}

    @extend_schema(operation_id="request_drafts_list", responses=DraftOutput(many=True))
    def get(self, request: Request) -> Response:
        mine = RequestDraft.objects.filter(organisation=self.principal.organisation, submitted=None)
        return self.page(mine.order_by("-created_at"), write_draft)

    @extend_schema(operation_id="request_drafts_save", request=DraftInput, responses={201: DraftOutput})
    def post(self, request: Request) -> Response:
        return Response(
            write_draft(services.save_draft(principal=self.principal, **self.parsed(DraftInput))), status=201
        )


class DraftApi(LicensingView):
    """Change a draft."""

    required_scope = "licence:request"

    @extend_schema(operation_id="request_drafts_change", request=DraftInput, responses=DraftOutput)
    def put(self, request: Request, draft_id: UUID) -> Response:
        fields = self.parsed(DraftInput)
        return Response(
            write_draft(services.save_draft(principal=self.principal, draft_id=draft_id, **fields))
        )


class DraftSubmitApi(LicensingView):
    """Submit a draft: it is read strictly, as any request is, and becomes one once."""

    required_scope = "licence:request"

    @extend_schema(operation_id="request_drafts_submit", request=None, responses={201: RequestOutput})
    def post(self, request: Request, draft_id: UUID) -> Response:
        try:
            made = self._submit(draft_id)
        except NotFound:
            return nothing_here()
        return Response(write_request(self, made.pk), status=201) if made else nothing_here()

    def _submit(self, draft_id: UUID) -> LicenceRequest | None:
        """The request; None where nothing is there to ask for: what was refused stays on record."""
        with transaction.atomic():
            draft = services.lock_draft(self.principal, draft_id)
            ask = read_ask(self.parsed(RequestInput, draft.body))
            try:
                made = services.submit_request(principal=self.principal, ask=ask)
            except NotFound:
                return None
            draft.submitted = made
            draft.save(update_fields=["submitted"])
            return made


def write_draft(draft: RequestDraft) -> dict[str, Any]:
    """A draft as its studio reads it."""
    return {
        "id": str(draft.pk),
        "title": draft.title,
        "body": draft.body,
        "request": str(draft.submitted_id) if draft.submitted_id else None,
        "changed_at": rfc3339(draft.changed_at),
    }
