"""Events that touch live licences, shown before they are confirmed; duties after a licence ended."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from licensing import services
from licensing.api.base import LicensingView, PersonView, StrictSerializer
from licensing.models import RevocationDuty


class EventPreviewInput(StrictSerializer):
    """Which event, of what.

    ``STRIKE DISPUTE MAJORITY DEATH REPRESENTATION CHANGE_OF_CONTROL PRODUCTION_END``
    """

    kind = serializers.CharField(max_length=20)
    covers = serializers.ChoiceField(choices=["token", "talent", "production", "organisation"])
    id = serializers.UUIDField()


class EventDeclareInput(EventPreviewInput):
    """The effect that was read, by its hash, and why."""

    effect_hash = serializers.RegexField(r"^sha256:[0-9a-f]{64}$")
    why = serializers.CharField(max_length=2000)


class EffectOutput(StrictSerializer):
    """What becomes of one licence: ``HELD``, ``TERMINATED``, ``NEEDS_CONSENT`` or ``UNCHANGED``."""

    jti = serializers.UUIDField()
    becomes = serializers.CharField()
    reason = serializers.CharField(allow_blank=True)


class EventPreviewOutput(StrictSerializer):
    """The whole effect, and the hash to confirm it by."""

    effects = EffectOutput(many=True)
    effect_hash = serializers.CharField()


class DeclaredEventOutput(EventPreviewOutput):
    """An event that was declared."""

    id = serializers.UUIDField()
    kind = serializers.CharField()
    at = serializers.DateTimeField()


class RevocationDutyInput(StrictSerializer):
    """The certificate of destruction by its SHA-256; only where frames are to be destroyed."""

    certificate_sha256 = serializers.RegexField(
        r"^([0-9a-f]{64})?$", required=False, allow_blank=True, default=""
    )


class RevocationDutyOutput(StrictSerializer):
    """What the caller's organisation owes after a licence ended."""

    id = serializers.UUIDField()
    jti = serializers.UUIDField()
    disposition = serializers.CharField()
    due_at = serializers.DateTimeField()
    acknowledged_at = serializers.DateTimeField(allow_null=True)


class EventPreviewApi(PersonView):
    """Show what an event would do to every live licence; nothing happens."""

    @extend_schema(operation_id="events_preview", request=EventPreviewInput, responses=EventPreviewOutput)
    def post(self, request: Request) -> Response:
        fields = self.parsed(EventPreviewInput)
        shown = services.preview_event(principal=self.person, covered_id=fields.pop("id"), **fields)
        effects = [one.to_dict() for one in shown.effects]
        return Response({"effects": effects, "effect_hash": shown.effect_hash})


class EventDeclareApi(PersonView):
    """Declare an event whose effect was read."""

    @extend_schema(
        operation_id="events_declare", request=EventDeclareInput, responses={201: DeclaredEventOutput}
    )
    def post(self, request: Request) -> Response:
        fields = self.parsed(EventDeclareInput)
        row = services.declare_event(principal=self.person, covered_id=fields.pop("id"), **fields)
        answer = {
            "id": str(row.pk),
            "kind": row.kind,
            "at": rfc3339(row.created_at),
            "effects": row.effects,
            "effect_hash": row.effect_hash,
        }
        return Response(answer, status=201)


class DutiesApi(LicensingView):
    """What the caller's organisation owes after licences ended."""

    required_scope = "licence:read"

    @extend_schema(operation_id="revocation_duties_list", responses=RevocationDutyOutput(many=True))
    def get(self, request: Request) -> Response:
        mine = RevocationDuty.objects.filter(organisation=self.principal.organisation)
        return self.page(mine.order_by("-created_at"), write_duty)


class DutyApi(LicensingView):
    """Acknowledge that the caller's organisation has stopped."""

    required_scope = "licence:heartbeat"

    @extend_schema(
        operation_id="revocation_duties_acknowledge",
        request=RevocationDutyInput,
        responses=RevocationDutyOutput,
    )
    def post(self, request: Request, duty_id: UUID) -> Response:
        duty = services.acknowledge_revocation(
            principal=self.principal, duty_id=duty_id, **self.parsed(RevocationDutyInput)
        )
        return Response(write_duty(duty))


def write_duty(duty: RevocationDuty) -> dict[str, Any]:
    """A duty as the API shows it."""
    return {
        "id": str(duty.pk),
        "jti": str(duty.token_id),
        "disposition": duty.disposition,
        "due_at": rfc3339(duty.due_at),
        "acknowledged_at": rfc3339(duty.acknowledged_at) if duty.acknowledged_at else None,
    }
