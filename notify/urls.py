"""Routes of webhooks and the stream's address."""

from django.urls import path

from notify import api

_ONE = "api/v1/webhooks/<uuid:endpoint_id>"

urlpatterns = [
    path("api/v1/webhooks", api.WebhooksApi.as_view(), name="api-webhooks"),
    path(_ONE, api.WebhookApi.as_view(), name="api-webhook"),
    path(f"{_ONE}/ping", api.PingApi.as_view(), name="api-webhook-ping"),
    path(f"{_ONE}/rotate-secret", api.RotateApi.as_view(), name="api-webhook-rotate-secret"),
    path(f"{_ONE}/deliveries", api.DeliveriesApi.as_view(), name="api-webhook-deliveries"),
    path(f"{_ONE}/deliveries/<uuid:delivery_id>/replay", api.ReplayApi.as_view(), name="api-webhook-replay"),
    path("api/v1/events/stream", api.StreamApi.as_view(), name="api-events-stream"),
]
