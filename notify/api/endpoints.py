"""``/api/v1/webhooks``: the addresses that an organisation wants called."""

from datetime import datetime
from typing import Any
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from notify import selectors, services
from notify.api.base import WebhookView
from notify.api.deliveries import DeliveryOutput, write_delivery
from notify.models import WebhookEndpoint


class WebhookInput(serializers.Serializer[Any]):
    """A new endpoint; without ``kinds`` it hears of everything that the organisation may know."""

    url = serializers.CharField(max_length=500)
    kinds = serializers.ListField(child=serializers.CharField(max_length=60), required=False, default=list)


class WebhookChange(serializers.Serializer[Any]):
    """What may change; the address and the owner do not."""

    enabled = serializers.BooleanField(required=False)
    kinds = serializers.ListField(child=serializers.CharField(max_length=60), required=False)


class WebhookOutput(serializers.Serializer[Any]):
    """An endpoint; its secret is shown when it is made and never again."""

    id = serializers.UUIDField()
    url = serializers.CharField()
    kinds = serializers.ListField(child=serializers.CharField())
    enabled = serializers.BooleanField()
    disabled_reason = serializers.ChoiceField(
        choices=WebhookEndpoint.Disabled.values, allow_null=True, help_text="Why it is switched off."
    )
    failing_since = serializers.DateTimeField(allow_null=True)
    last_success_at = serializers.DateTimeField(allow_null=True)
    previous_secret_until = serializers.DateTimeField(allow_null=True)
    created_at = serializers.DateTimeField()


class WebhookSecretOutput(WebhookOutput):
    """An endpoint with its new secret."""

    secret = serializers.CharField(help_text="`whsec_...`, shown this once.")


class RotateInput(serializers.Serializer[Any]):
    """For how long the old secret signs beside the new one."""

    overlap_hours = serializers.IntegerField(min_value=0, max_value=168, required=False, default=24)


class WebhooksApi(WebhookView):
    """List endpoints, register one.

    The answer holds a secret, so it is not kept for a repeated Idempotency-Key: the repetition of a
    registration is refused with ``WEBHOOK_EXISTS``.
    """

    idempotent = False

    @extend_schema(operation_id="webhooks_list", responses=WebhookOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.endpoints_of(self.principal), write_endpoint)

    @extend_schema(operation_id="webhooks_create", request=WebhookInput, responses={201: WebhookSecretOutput})
    def post(self, request: Request) -> Response:
        made = services.create_endpoint(principal=self.principal, **self.parsed(WebhookInput))
        return Response(_with_secret(made), status=201)


class WebhookApi(WebhookView):
    """Read, change or remove one endpoint."""

    @extend_schema(operation_id="webhooks_read", responses=WebhookOutput)
    def get(self, request: Request, endpoint_id: UUID) -> Response:
        return Response(write_endpoint(self.endpoint(endpoint_id)))

    @extend_schema(operation_id="webhooks_change", request=WebhookChange, responses=WebhookOutput)
    def patch(self, request: Request, endpoint_id: UUID) -> Response:
        changes = self.parsed(WebhookChange)
        endpoint = services.change_endpoint(principal=self.principal, endpoint_id=endpoint_id, **changes)
        return Response(write_endpoint(endpoint))

    @extend_schema(operation_id="webhooks_delete", responses={204: None})
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        services.delete_endpoint(principal=self.principal, endpoint_id=endpoint_id)
        return Response(status=204)


class RotateApi(WebhookView):
    """Make a new secret; not repeatable by Idempotency-Key, for the answer holds the secret."""

    idempotent = False

    @extend_schema(
        operation_id="webhooks_rotate_secret", request=RotateInput, responses={200: WebhookSecretOutput}
    )
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        fields = self.parsed(RotateInput)
        made = services.rotate_secret(principal=self.principal, endpoint_id=endpoint_id, **fields)
        return Response(_with_secret(made))


class PingApi(WebhookView):
    """Send a ``webhook.ping`` to the endpoint, whatever kinds it wants."""

    @extend_schema(operation_id="webhooks_ping", request=None, responses={202: DeliveryOutput})
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        delivery = services.ping_endpoint(principal=self.principal, endpoint_id=endpoint_id)
        return Response(write_delivery(delivery), status=202)


def write_endpoint(endpoint: WebhookEndpoint) -> dict[str, Any]:
    """An endpoint as the API shows it."""
    return {
        "id": str(endpoint.pk),
        "url": endpoint.url,
        "kinds": list(endpoint.kinds),
        "enabled": endpoint.enabled,
        "disabled_reason": endpoint.disabled_reason or None,
        "failing_since": _time(endpoint.failing_since),
        "last_success_at": _time(endpoint.last_success_at),
        "previous_secret_until": _time(endpoint.previous_until),
        "created_at": rfc3339(endpoint.created_at),
    }


def _with_secret(made: services.WithSecret) -> dict[str, Any]:
    return {**write_endpoint(made.endpoint), "secret": made.secret}


def _time(moment: datetime | None) -> str | None:
    return rfc3339(moment) if moment else None
