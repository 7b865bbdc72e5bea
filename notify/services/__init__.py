"""Writes: place waiting events, claim and attempt deliveries, manage endpoints."""

from notify.services.admission import claim_due
from notify.services.attempts import attempt, record_outcome
from notify.services.choices import choices_of, choose, stop_mail
from notify.services.endpoints import (
    WithSecret,
    change_endpoint,
    create_endpoint,
    delete_endpoint,
    ping_endpoint,
    replay_delivery,
    rotate_secret,
)
from notify.services.letters import Told, forget_letters, mark_read, write_letters
from notify.services.mailing import resend_letter, send_due
from notify.services.placing import place_waiting
from notify.services.security import told_of_security

__all__ = [
    "Told",
    "WithSecret",
    "attempt",
    "change_endpoint",
    "choices_of",
    "choose",
    "claim_due",
    "create_endpoint",
    "delete_endpoint",
    "forget_letters",
    "mark_read",
    "ping_endpoint",
    "place_waiting",
    "record_outcome",
    "replay_delivery",
    "resend_letter",
    "rotate_secret",
    "send_due",
    "stop_mail",
    "told_of_security",
    "write_letters",
]
