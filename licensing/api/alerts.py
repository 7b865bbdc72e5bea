"""``GET /api/v1/alerts``: licences that near their end."""

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common import clock
from common.clock import rfc3339
from licensing import selectors
from licensing.api.base import LicensingView, StrictSerializer
from licensing.models import Alert
from licensing.selectors.licences import days_left


class AlertOutput(StrictSerializer):
    """A notice that the licence ends; ``threshold_days`` is the agreed notice that fell due."""

    id = serializers.UUIDField()
    kind = serializers.ChoiceField(choices=Alert.Kind.values)
    token = serializers.UUIDField()
    project = serializers.UUIDField()
    threshold_days = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    raised_at = serializers.DateTimeField()
    window_ends_at = serializers.DateTimeField()
    days_left = serializers.IntegerField()


class AlertsApi(LicensingView):
    """List alerts, newest first."""

    required_scope = "licence:read"

    @extend_schema(operation_id="alerts_list", responses=AlertOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.alerts_visible_to(self.principal), write_alert)


def write_alert(alert: Alert) -> dict[str, Any]:
    """An alert as the API shows it."""
    return {
        "id": str(alert.pk),
        "kind": alert.kind,
        "token": str(alert.token_id),
        "project": str(alert.token.production_id),
        "threshold_days": alert.threshold_days,
        "due_at": rfc3339(alert.due_at),
        "raised_at": rfc3339(alert.raised_at),
        "window_ends_at": rfc3339(alert.token.not_after),
        "days_left": days_left(alert.token, clock.now()),
    }
