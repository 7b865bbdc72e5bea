"""The HTTP operations on webhooks, and the address of the event stream."""

from notify.api.deliveries import DeliveriesApi, ReplayApi
from notify.api.endpoints import PingApi, RotateApi, WebhookApi, WebhooksApi
from notify.api.events import StreamApi

__all__ = ["DeliveriesApi", "PingApi", "ReplayApi", "RotateApi", "StreamApi", "WebhookApi", "WebhooksApi"]
