"""Reason codes: public, stable and documented."""

import inspect
import pickle
import re
from pathlib import Path

import pytest

from trustcore.policy import decide as decide_module
from trustcore.policy import matter
from trustcore.policy.holds import PLACED_BY
from trustcore.policy.reasons import DenyReason, reason_codes_markdown
from trustcore.policy.rules import REASON_OF_QUOTA, REASON_OF_STATE, STEPS

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "reason-codes.md"


def test_document_is_what_the_module_writes():
    assert DOCUMENT.read_text(encoding="utf-8") == reason_codes_markdown()


@pytest.mark.parametrize("reason", DenyReason)
def test_reason_explains_itself_in_one_sentence(reason):
    assert reason.value == reason.name
    assert reason.explanation.endswith(".")
    assert reason.explanation.count(". ") == 0
    assert reason.group in {"Token", "Scope", "Quota", "Consent", "Content", "Process"}


@pytest.mark.parametrize("reason", DenyReason)
def test_reason_says_how_to_mend_it_and_which_steps_yield_it(reason):
    assert reason.mend.endswith(".")
    assert "|" not in reason.mend
    assert reason.steps == tuple(sorted(set(reason.steps)))
    assert set(reason.steps) <= set(range(len(STEPS)))  # the last step answers and refuses nothing


def test_steps_named_are_those_whose_code_yields_the_reason():
    """Read from the source: each step's block names its reasons, or a table that it reads."""
    blocks = re.split(r"^# (\d+)\. .*$", inspect.getsource(decide_module), flags=re.MULTILINE)
    source = {int(number): block for number, block in zip(blocks[1::2], blocks[2::2], strict=True)}
    source[14] = inspect.getsource(matter.against_inputs)
    source[15] = "".join(
        inspect.getsource(part)
        for part in (matter.against_content, matter._against_switch, matter.against_rating)
    )
    found = {number: set(re.findall(r"DenyReason\.(\w+)", block)) for number, block in source.items()}
    found[3] |= {*REASON_OF_STATE.values(), *REASON_OF_QUOTA.values()}
    found[16] |= set(REASON_OF_QUOTA.values())
    found[18] |= set(PLACED_BY) - {"EMERGENCY_STOP"}
    for number in range(1, len(STEPS)):
        assert {reason.value for reason in DenyReason if number in reason.steps} == found[number], number


def test_reason_is_found_by_its_code_and_survives_pickling():
    assert DenyReason("EXPIRED") is DenyReason.EXPIRED
    assert pickle.loads(pickle.dumps(DenyReason.EXPIRED)) is DenyReason.EXPIRED


def test_unknown_code_is_no_reason():
    with pytest.raises(ValueError, match="MAYBE"):
        DenyReason("MAYBE")


def test_codes_of_the_main_groups_are_all_there():
    assert len(DenyReason) == 52
    assert {"TOKEN_UNKNOWN", "TRAINING_NOT_GRANTED", "FRAMES_EXHAUSTED", "CLOCK_SKEW"} <= set(DenyReason)
