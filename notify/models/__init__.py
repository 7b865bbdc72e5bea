"""What waits to be told, to whom it was told, and by which ways."""

from notify.models.letters import Choice, Letter, Topic, UntoldEvent
from notify.models.webhooks import OPEN, Delivery, Notice, WaitingEvent, WebhookEndpoint

__all__ = [
    "OPEN",
    "Choice",
    "Delivery",
    "Letter",
    "Notice",
    "Topic",
    "UntoldEvent",
    "WaitingEvent",
    "WebhookEndpoint",
]
