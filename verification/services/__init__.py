"""Writes of this floor."""

from verification.services.asking import request_verification
from verification.services.replaying import replay
from verification.services.reviewing import give_word
from verification.services.verifying import drop_copies, run_verification

__all__ = ["drop_copies", "give_word", "replay", "request_verification", "run_verification"]
