"""``/api/v1/webhooks/{id}/deliveries``: what was sent, how it ended, and once more."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import InvalidInput
from notify import selectors, services
from notify.api.base import WebhookView
from notify.models import Delivery


class DeliveryOutput(serializers.Serializer[Any]):
    """One event for one endpoint. ``event`` is the ``webhook-id`` of every attempt."""

    id = serializers.UUIDField()
    event = serializers.UUIDField()
    kind = serializers.CharField()
    state = serializers.ChoiceField(choices=selectors.STATES)
    attempts = serializers.IntegerField()
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    last_attempt_at = serializers.DateTimeField(allow_null=True)
    last_status = serializers.IntegerField(allow_null=True)
    last_error = serializers.CharField(allow_null=True)
    delivered_at = serializers.DateTimeField(allow_null=True)
    dead_at = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class DeliveriesApi(WebhookView):
    """List deliveries, newest first."""

    @extend_schema(
        operation_id="webhooks_deliveries",
        parameters=[OpenApiParameter("state", str, enum=selectors.STATES, description="Only these.")],
        responses=DeliveryOutput(many=True),
    )
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        state = request.query_params.get("state", "")
        if state and state not in selectors.STATES:
            raise InvalidInput("STATE_UNKNOWN", "Deliveries are PENDING, DELIVERED or DEAD.")
        return self.page(selectors.deliveries_of(self.endpoint(endpoint_id), state), write_delivery)


class ReplayApi(WebhookView):
    """Send a delivery that has ended once more."""

    @extend_schema(operation_id="webhooks_replay", request=None, responses={202: DeliveryOutput})
    def post(self, request: Request, endpoint_id: UUID, delivery_id: UUID) -> Response:
        delivery = services.replay_delivery(
            principal=self.principal, endpoint_id=endpoint_id, delivery_id=delivery_id
        )
        return Response(write_delivery(delivery), status=202)


def write_delivery(delivery: Delivery) -> dict[str, Any]:
    """A delivery as the API shows it."""
    return {
        "id": str(delivery.pk),
        "event": str(delivery.event.id),
        "kind": delivery.event.kind,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "next_attempt_at": _time(delivery.next_attempt_at) if delivery.state == "PENDING" else None,
        "last_attempt_at": _time(delivery.last_attempt_at),
        "last_status": delivery.last_status,
        "last_error": delivery.last_error or None,
        "delivered_at": _time(delivery.delivered_at),
        "dead_at": _time(delivery.dead_at),
        "created_at": rfc3339(delivery.created_at),
    }


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
