"""Reason codes: public, stable and documented."""

import pickle
from pathlib import Path

import pytest

from trustcore.policy.reasons import DenyReason, reason_codes_markdown

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reason-codes.md"


def test_document_is_what_the_module_writes():
    assert DOCUMENT.read_text(encoding="utf-8") == reason_codes_markdown()


@pytest.mark.parametrize("reason", DenyReason)
def test_reason_explains_itself_in_one_sentence(reason):
    assert reason.value == reason.name
    assert reason.explanation.endswith(".")
    assert reason.explanation.count(". ") == 0
    assert reason.group in {"Token", "Scope", "Quota", "Consent", "Content", "Process"}


def test_reason_is_found_by_its_code_and_survives_pickling():
    assert DenyReason("EXPIRED") is DenyReason.EXPIRED
    assert pickle.loads(pickle.dumps(DenyReason.EXPIRED)) is DenyReason.EXPIRED


def test_unknown_code_is_no_reason():
    with pytest.raises(ValueError, match="MAYBE"):
        DenyReason("MAYBE")


def test_codes_of_the_main_groups_are_all_there():
    assert len(DenyReason) == 52
    assert {"TOKEN_UNKNOWN", "TRAINING_NOT_GRANTED", "FRAMES_EXHAUSTED", "CLOCK_SKEW"} <= set(DenyReason)
