"""``/api/v1/takedowns``: cases and drills, what they reach, what is done, and the certificate."""

from typing import Any, ClassVar
from uuid import UUID

from django.http import HttpResponse, StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import ReasonInput, Strict, TrainingView
from training.api.envelope import ENVELOPE, Envelope
from training.models import Takedown, TakedownItem
from training.selectors.takedowns import reach_of, takedowns_of
from training.services.takedown_acts import answer_item, call_off, close_takedown, remove_material
from training.services.takedowns import TakedownAsk, open_takedown
from training.vocabulary import ItemAction, TakedownState, TakedownTrigger

_REACH = "text/plain"


class TakedownInput(Strict):
    """What must go, by ids of originals, sources or rights records; a drill changes nothing."""

    trigger = serializers.ChoiceField(choices=TakedownTrigger.values)
    reason = serializers.CharField(max_length=2000)
    assets = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=10_000)
    sources = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=1000)
    rights = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=1000)
    is_drill = serializers.BooleanField(default=False)


class TakedownOutput(Strict):
    """A case. ``reached`` is complete up to edge ``as_of_edge``; ``reached_root`` is the RFC 6962 root over it."""

    id = serializers.UUIDField()
    trigger = serializers.ChoiceField(choices=TakedownTrigger.values)
    is_drill = serializers.BooleanField()
    reason = serializers.CharField()
    state = serializers.ChoiceField(choices=TakedownState.values)
    opened_at = serializers.DateTimeField()
    due_at = serializers.DateTimeField()
    ended_at = serializers.DateTimeField(allow_null=True)
    as_of_edge = serializers.IntegerField()
    reached = serializers.IntegerField()
    reached_root = serializers.CharField()
    counts = serializers.DictField(child=serializers.IntegerField())
    measured = serializers.DictField(child=serializers.IntegerField())


class TakedownItemOutput(Strict):
    """What is to be done about one manifest or model, or about all the material (``ref`` null)."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    ref = serializers.UUIDField(allow_null=True)
    title = serializers.CharField()
    choices = serializers.ListField(child=serializers.ChoiceField(choices=ItemAction.values))
    action = serializers.CharField(allow_blank=True)
    owner = serializers.UUIDField(allow_null=True)
    due_at = serializers.DateTimeField()
    done_at = serializers.DateTimeField(allow_null=True)
    evidence = serializers.CharField(allow_blank=True)
    evidence_sha256 = serializers.CharField(allow_blank=True)


class TakedownItemInput(Strict):
    """What was done, and what shows it."""

    action = serializers.ChoiceField(choices=ItemAction.values)
    evidence = serializers.CharField(max_length=2000)
    evidence_sha256 = serializers.RegexField(r"^[0-9a-f]{64}$", default="", allow_blank=True)


class TakedownsApi(TrainingView):
    """List cases, open one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="takedowns_list", responses=TakedownOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(takedowns_of(self.principal), write_takedown_row)

    @extend_schema(operation_id="takedowns_open", request=TakedownInput, responses={201: TakedownOutput})
    def post(self, request: Request) -> Response:
        told = self.parsed(TakedownInput)
        told |= {name: tuple(told[name]) for name in ("assets", "sources", "rights")}
        case = open_takedown(principal=self.principal, ask=TakedownAsk(**told))
        return Response(write_takedown_row(case), status=201)


class TakedownApi(TrainingView):
    """Read one case."""

    required_scope = "training:read"

    @extend_schema(operation_id="takedowns_read", responses=TakedownOutput)
    def get(self, request: Request, takedown_id: UUID) -> Any:
        return Response(write_takedown_row(self.found(takedown_id)))

    def found(self, takedown_id: UUID) -> Takedown:
        """The caller's case. Raises ``NotFound``."""
        row = takedowns_of(self.principal).filter(pk=takedown_id).first()
        if row is None:
            raise NotFound
        return row


class TakedownReachApi(TakedownApi):
    """Everything that a case reaches, one ``KIND:id`` a line, sorted: the root is over these lines."""

    @extend_schema(operation_id="takedowns_reach", responses={(200, _REACH): OpenApiTypes.STR})
    def get(self, request: Request, takedown_id: UUID) -> Any:
        return StreamingHttpResponse(
            reach_of(self.found(takedown_id)), content_type=f"{_REACH}; charset=utf-8"
        )


class TakedownItemsApi(TakedownApi):
    """List what is to be done about a case."""

    @extend_schema(operation_id="takedowns_items", responses=TakedownItemOutput(many=True))
    def get(self, request: Request, takedown_id: UUID) -> Any:
        return self.page(self.found(takedown_id).items.order_by("-created_at"), write_item)


class TakedownItemApi(TrainingView):
    """Say what was done about a model."""

    required_scope = "training:write"

    @extend_schema(operation_id="takedowns_answer", request=TakedownItemInput, responses=TakedownItemOutput)
    def post(self, request: Request, takedown_id: UUID, item_id: UUID) -> Response:
        told = self.parsed(TakedownItemInput)
        row = answer_item(principal=self.principal, takedown_id=takedown_id, item_id=item_id, **told)
        return Response(write_item(row))


class TakedownRemoveApi(TrainingView):
    """Counsel removes the material of a case, for good."""

    required_scope = "training:write"

    @extend_schema(operation_id="takedowns_remove", request=None, responses=TakedownOutput)
    def post(self, request: Request, takedown_id: UUID) -> Response:
        return Response(
            write_takedown_row(remove_material(principal=self.principal, takedown_id=takedown_id))
        )


class TakedownCallOffApi(TrainingView):
    """Counsel calls a case off before anything was removed."""

    required_scope = "training:write"

    @extend_schema(operation_id="takedowns_call_off", request=ReasonInput, responses=TakedownOutput)
    def post(self, request: Request, takedown_id: UUID) -> Response:
        case = call_off(principal=self.principal, takedown_id=takedown_id, **self.parsed(ReasonInput))
        return Response(write_takedown_row(case))


class TakedownCloseApi(TrainingView):
    """Counsel closes a case whose every item is done."""

    required_scope = "training:write"

    @extend_schema(operation_id="takedowns_close", request=None, responses=TakedownOutput)
    def post(self, request: Request, takedown_id: UUID) -> Response:
        return Response(write_takedown_row(close_takedown(principal=self.principal, takedown_id=takedown_id)))


class TakedownCertificateApi(TakedownApi):
    """The signed certificate of a case that has ended: a DSSE envelope."""

    @extend_schema(operation_id="takedowns_certificate", responses={(200, ENVELOPE): Envelope})
    def get(self, request: Request, takedown_id: UUID) -> Any:
        case = self.found(takedown_id)
        if case.certificate is None:
            raise NotFound
        return HttpResponse(bytes(case.certificate), content_type=ENVELOPE)


def write_takedown_row(row: Takedown) -> dict[str, Any]:
    """A case as the API shows it."""
    return {
        "id": str(row.pk), "trigger": row.trigger, "is_drill": row.is_drill, "reason": row.reason,
        "state": row.state, "opened_at": rfc3339(row.created_at), "due_at": rfc3339(row.due_at),
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None, "as_of_edge": row.as_of_edge,
        "reached": row.reached, "reached_root": row.reached_root, "counts": row.counts, "measured": row.measured,
    }  # fmt: skip


def write_item(row: TakedownItem) -> dict[str, Any]:
    """An item as the API shows it."""
    return {
        "id": str(row.pk), "kind": row.kind, "ref": str(row.ref) if row.ref else None, "title": row.label,
        "choices": list(row.choices), "action": row.action,
        "owner": str(row.owner_id) if row.owner_id else None, "due_at": rfc3339(row.due_at),
        "done_at": rfc3339(row.done_at) if row.done_at else None, "evidence": row.evidence,
        "evidence_sha256": row.evidence_sha256,
    }  # fmt: skip
