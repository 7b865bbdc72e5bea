"""Writes of this floor."""

from verification.services.asking import request_verification
from verification.services.checking import (
    digest_of,
    drop_checks,
    run_check,
    switch_public_page,
    take_answer,
    take_check,
)
from verification.services.leftovers import drop_leftovers
from verification.services.promoting import ask_promotion, confirm_promotion, withdraw_promotion
from verification.services.replaying import replay
from verification.services.reviewing import give_word
from verification.services.stored import stored_output
from verification.services.verifying import drop_copies, run_verification

__all__ = [
    "ask_promotion",
    "confirm_promotion",
    "digest_of",
    "drop_checks",
    "drop_copies",
    "drop_leftovers",
    "give_word",
    "replay",
    "request_verification",
    "run_check",
    "run_verification",
    "stored_output",
    "switch_public_page",
    "take_answer",
    "take_check",
    "withdraw_promotion",
]
