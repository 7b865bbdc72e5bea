"""Writes: ask, confirm, take back; carry out what is due; do again what a restored backup has forgotten."""

from compliance.erasure.services.asking import (
    ask_erasure,
    confirm_erasure,
    is_subject,
    require_own_or_operator,
    withdraw_erasure,
)
from compliance.erasure.services.carrying import (
    CERTIFICATE,
    Plan,
    carry_out_erasure,
    certificate_message,
    due_erasures,
    plan_erasure,
    reapply_tombstones,
)

__all__ = [
    "CERTIFICATE",
    "Plan",
    "ask_erasure",
    "carry_out_erasure",
    "certificate_message",
    "confirm_erasure",
    "due_erasures",
    "is_subject",
    "plan_erasure",
    "reapply_tombstones",
    "require_own_or_operator",
    "withdraw_erasure",
]
