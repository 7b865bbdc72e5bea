"""``/api/v1/render/leases/{id}``: keep a lease alive, give it back."""

from dataclasses import asdict
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.clock import rfc3339
from receipts import services
from receipts.api.base import DPOP, sender_of


class SettledSchema(serializers.Serializer[Any]):
    """What became of a settled lease's units; frames reconciled later are counted as used."""

    units_reserved = serializers.IntegerField()
    units_used = serializers.IntegerField()
    units_returned = serializers.IntegerField()


class LeaseStateOutput(serializers.Serializer[Any]):
    """How a lease stands. After ``ENDED`` no further frame may be begun; ``reason_codes`` says why."""

    state = serializers.ChoiceField(["ACTIVE", "ENDED"])
    reason_codes = serializers.ListField(child=serializers.CharField())
    expires_at = serializers.DateTimeField()
    heartbeat_seconds = serializers.IntegerField()
    signature = serializers.CharField(
        allow_null=True, help_text="The lease as extended, signed (render-lease+jwt); null once it has ended."
    )
    settled = SettledSchema(allow_null=True)


class LeaseHeartbeatApi(ApiView):
    """Extend a lease while its licence stands; end it as soon as it does not."""

    required_scope = "render:check"
    idempotent = False  # beating twice is harmless

    @extend_schema(
        operation_id="lease_heartbeat", request=None, responses=LeaseStateOutput, parameters=[DPOP]
    )
    def post(self, request: Request, uid: UUID) -> Response:
        return _response(services.heartbeat_lease(principal=sender_of(request), uid=uid))


class LeaseEndApi(ApiView):
    """Give a lease back; what it did not use returns to the quota."""

    required_scope = "render:check"
    idempotent = False  # ending twice is harmless

    @extend_schema(operation_id="lease_end", request=None, responses=LeaseStateOutput, parameters=[DPOP])
    def post(self, request: Request, uid: UUID) -> Response:
        return _response(services.end_lease(principal=sender_of(request), uid=uid))


def _response(answer: services.LeaseAnswer) -> Response:
    return Response(
        {
            "state": answer.state,
            "reason_codes": list(answer.reasons),
            "expires_at": rfc3339(answer.expires_at),
            "heartbeat_seconds": answer.heartbeat_seconds,
            "signature": answer.signature,
            "settled": asdict(answer.settled) if answer.settled else None,
        }
    )
