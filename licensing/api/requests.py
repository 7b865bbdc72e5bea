"""``/api/v1/license-requests``: ask for a licence, follow the request, accept a counter, withdraw."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import CodeField, LicensingView, StrictSerializer, nothing_here
from licensing.models import LicenceRequest
from trustcore.policy.strictest import Unmet
from trustcore.policy.terms import Terms
from trustcore.policy.vocabulary import ApprovalMode, Channel, Construct, ReplicaClass, RequestState, UseType

_COUNT_MOST = 1_000_000_000


class WindowInput(StrictSerializer):
    """``not_before`` null: the window opens when the licence is issued; an event may end the work before its last day."""

    not_before = serializers.DateTimeField(required=False, allow_null=True, default=None)
    days = serializers.IntegerField(min_value=1, max_value=3650)
    production_end_event = serializers.CharField(
        required=False, allow_null=True, allow_blank=True, default=None, max_length=200
    )


class RequestInput(StrictSerializer):
    """What is asked for; ``talent`` is a handle, ``vendors`` are slugs, ``renews`` the jti of a licence."""

    project = serializers.UUIDField()
    talent = serializers.CharField(max_length=80)
    use_types = serializers.ListField(child=CodeField(UseType), allow_empty=False, max_length=40)
    constructs = serializers.ListField(child=CodeField(Construct), allow_empty=False, max_length=20)
    replica_class = CodeField(ReplicaClass)
    description = serializers.CharField(max_length=8000)
    window = WindowInput()
    frames_max = serializers.IntegerField(min_value=0, max_value=_COUNT_MOST, default=0)
    lines_max = serializers.IntegerField(min_value=0, max_value=_COUNT_MOST, default=0)
    shots = serializers.ListField(child=serializers.CharField(max_length=128), max_length=2000, default=list)
    sequences = serializers.ListField(
        child=serializers.CharField(max_length=128), max_length=500, default=list
    )
    render_territory = serializers.ListField(child=serializers.CharField(max_length=16), allow_empty=False)
    distribution_territory = serializers.ListField(
        child=serializers.CharField(max_length=16), allow_empty=False
    )
    channels = serializers.ListField(child=CodeField(Channel), allow_empty=False, max_length=40)
    vendors = serializers.ListField(child=serializers.CharField(max_length=60), max_length=50, default=list)
    renews = serializers.UUIDField(required=False, allow_null=True, default=None)
    compensation = serializers.DictField(required=False, default=dict)
    content = serializers.DictField(required=False, default=dict)
    ratings = serializers.DictField(child=serializers.CharField(max_length=8), required=False, default=dict)
    anchors = serializers.ListField(
        child=serializers.RegexField(r"^[0-9a-f]{64}\Z"), required=False, default=list, max_length=200
    )
    script = serializers.ListField(
        child=serializers.DictField(), required=False, default=list, max_length=200
    )
    declared = serializers.DictField(required=False, default=dict)
    profiles = serializers.ListField(
        child=serializers.CharField(max_length=60), required=False, default=list, max_length=40
    )
    terms = serializers.DictField(required=False, default=dict)


class AcceptInput(StrictSerializer):
    """The hash of the countered terms, as read: both sides agree to the same one."""

    terms_hash = serializers.RegexField(r"^sha256:[0-9a-f]{64}$")


class WithdrawInput(StrictSerializer):
    """Why the request is taken back; may be empty."""

    note = serializers.CharField(max_length=2000, required=False, allow_blank=True, default="")


class VersionOutput(StrictSerializer):
    """One version of the terms."""

    version = serializers.IntegerField()
    terms_hash = serializers.CharField()
    side = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    field_notes = serializers.DictField(child=serializers.CharField())
    at = serializers.DateTimeField()


class ActionOutput(StrictSerializer):
    """One act upon the request, over the terms with that hash."""

    kind = serializers.CharField()
    side = serializers.CharField()
    organisation = serializers.CharField(allow_blank=True)
    version = serializers.IntegerField()
    terms_hash = serializers.CharField()
    note = serializers.CharField(allow_blank=True)
    about = serializers.CharField(allow_blank=True)
    at = serializers.DateTimeField()


class UnmetOutput(StrictSerializer):
    """A rule that the terms do not meet, and the profile that it is of."""

    rule = serializers.CharField()
    field = serializers.CharField()
    profile = serializers.CharField()
    because = serializers.CharField()


class LimitOutput(StrictSerializer):
    """A limit that holds, the profile that set it, and those that asked less."""

    name = serializers.CharField()
    value = serializers.JSONField()
    profile = serializers.CharField()
    because = serializers.CharField()
    overruled = serializers.ListField(child=serializers.CharField())


class RequestLineOutput(StrictSerializer):
    """A request in a list."""

    id = serializers.UUIDField()
    state = CodeField(RequestState)
    mode = CodeField(ApprovalMode)
    project = serializers.UUIDField()
    talent = serializers.CharField()
    licensee = serializers.CharField()
    terms_version = serializers.IntegerField()
    terms_hash = serializers.CharField()
    renews = serializers.UUIDField(allow_null=True)
    token = serializers.UUIDField(allow_null=True)
    submitted_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()
    closed_at = serializers.DateTimeField(allow_null=True)


class RequestOutput(RequestLineOutput):
    """A request with its terms, their versions, and every act."""

    terms = serializers.DictField()
    waiting_on = serializers.ListField(child=serializers.CharField())
    decline_reason = serializers.CharField(allow_null=True)
    notice_until = serializers.DateTimeField(allow_null=True)
    limits = LimitOutput(many=True)
    unmet = UnmetOutput(many=True)
    warnings = UnmetOutput(many=True)
    versions = VersionOutput(many=True)
    actions = ActionOutput(many=True)


class RequestsApi(LicensingView):
    """List requests, submit one."""

    required_scope = {"GET": "licence:read", "POST": "licence:request"}

    @extend_schema(operation_id="license_requests_list", responses=RequestLineOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.requests_visible_to(self.principal), write_line)

    @extend_schema(
        operation_id="license_requests_submit",
        request=RequestInput,
        responses={201: RequestOutput},
        description="404 for a talent or construct that is hidden from the caller and for one that is not there.",
    )
    def post(self, request: Request) -> Response:
        ask = read_ask(self.parsed(RequestInput))
        try:
            made = services.submit_request(principal=self.principal, ask=ask)
        except NotFound:
            return nothing_here()
        return Response(write_request(self, made.pk), status=201)


class RequestApi(LicensingView):
    """Read one request."""

    required_scope = "licence:read"

    @extend_schema(operation_id="license_requests_read", responses=RequestOutput)
    def get(self, request: Request, request_id: UUID) -> Response:
        return Response(write_request(self, request_id))


class AcceptApi(LicensingView):
    """Accept the counter, word for word."""

    required_scope = "licence:request"

    @extend_schema(operation_id="license_requests_accept", request=AcceptInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        terms_hash = self.parsed(AcceptInput)["terms_hash"]
        services.accept_counter(principal=self.principal, request_id=request_id, terms_hash=terms_hash)
        return Response(write_request(self, request_id))


class WithdrawApi(LicensingView):
    """Take a request back."""

    required_scope = "licence:request"

    @extend_schema(operation_id="license_requests_withdraw", request=WithdrawInput, responses=RequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        note = self.parsed(WithdrawInput)["note"]
        services.withdraw_request(principal=self.principal, request_id=request_id, note=note)
        return Response(write_request(self, request_id))


def write_line(request: LicenceRequest) -> dict[str, Any]:
    """A request as a list shows it."""
    token = getattr(request, "token", None)
    current = request.current
    return {
        "id": str(request.pk),
        "state": request.state,
        "mode": request.mode,
        "project": str(request.production_id),
        "talent": request.talent.handle,
        "licensee": request.licensee.slug,
        "terms_version": current.version if current else 0,
        "terms_hash": current.terms_hash if current else "",
        "renews": str(request.renews_id) if request.renews_id else None,
        "token": str(token.pk) if token else None,
        "submitted_at": rfc3339(request.submitted_at),
        "answer_by": rfc3339(request.answer_by),
        "closed_at": rfc3339(request.closed_at) if request.closed_at else None,
    }


def write_request(view: LicensingView, request_id: UUID) -> dict[str, Any]:
    """A request with everything the caller may read of it.

    Raises:
        NotFound: there is none, or none for this caller.
    """
    row = selectors.requests_visible_to(view.principal).filter(pk=request_id).first()
    detail = selectors.request_detail(view.principal, request_id)
    if row is None or detail is None:
        raise NotFound
    return write_line(row) | {
        "terms": detail.terms.to_dict(),
        "waiting_on": list(detail.line.waiting_on),
        "decline_reason": detail.decline_reason or None,
        "notice_until": rfc3339(row.notice_until) if row.notice_until else None,
        **_judged(row, detail.terms),
        "versions": [
            {
                "version": one.version,
                "terms_hash": one.terms_hash,
                "side": one.side,
                "note": one.note,
                "field_notes": one.field_notes,
                "at": rfc3339(one.at),
            }
            for one in detail.versions
        ],
        "actions": [
            {
                "kind": one.kind,
                "side": one.side,
                "organisation": one.organisation,
                "version": one.version,
                "terms_hash": one.terms_hash,
                "note": one.note,
                "about": one.about,
                "at": rfc3339(one.at),
            }
            for one in detail.actions
        ],
    }


def _judged(request: LicenceRequest, terms: Terms) -> dict[str, Any]:
    """What the compliance profiles say of the terms, each limit with the profile that set it."""
    judged = services.judge_terms(terms, request.talent, clock.now())
    return {
        "limits": [
            {
                "name": one.name,
                "value": list(one.value) if isinstance(one.value, tuple) else one.value,
                "profile": one.profile,
                "because": one.because,
                "overruled": list(one.overruled),
            }
            for one in judged.limits
        ],
        "unmet": [_unmet(one) for one in judged.unmet],
        "warnings": [_unmet(one) for one in judged.warnings],
    }


def _unmet(one: Unmet) -> dict[str, str]:
    return {"rule": one.rule, "field": one.field, "profile": one.profile, "because": one.because}


def read_ask(fields: dict[str, Any]) -> services.LicenceAsk:
    """The ask that a validated :class:`RequestInput` says."""
    window = fields.pop("window")
    lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
    return services.LicenceAsk(
        production_id=fields.pop("project"),
        not_before=window["not_before"],
        days=window["days"],
        production_end_event=window["production_end_event"],
        **{**fields, **lists},
    )
