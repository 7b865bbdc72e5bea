"""Writes: place waiting events, claim and attempt deliveries, manage endpoints."""

from notify.services.admission import claim_due
from notify.services.attempts import attempt, record_outcome
from notify.services.endpoints import (
    WithSecret,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    ping_endpoint,
    replay_delivery,
    rotate_secret,
)
from notify.services.placing import place_waiting

__all__ = [
    "WithSecret",
    "attempt",
    "change_endpoint",
    "claim_due",
    "create_endpoint",
    "delete_endpoint",
    "ping_endpoint",
    "place_waiting",
    "record_outcome",
    "replay_delivery",
    "rotate_secret",
]
