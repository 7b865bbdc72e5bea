"""Writes of this floor."""

from verification.services.asking import request_verification
from verification.services.promoting import ask_promotion, confirm_promotion, withdraw_promotion
from verification.services.replaying import replay
from verification.services.reviewing import give_word
from verification.services.verifying import drop_copies, run_verification

__all__ = [
    "ask_promotion",
    "confirm_promotion",
    "drop_copies",
    "give_word",
    "replay",
    "request_verification",
    "run_verification",
    "withdraw_promotion",
]
