"""Who may place a hold, and who may lift it: a table without gaps, and nobody lifts what was placed against them."""

import pytest

from trustcore.policy.holds import PLACED_BY, may_lift, may_place
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide

TALENT, AGENT, GUILD, LICENSEE = HoldSide.TALENT, HoldSide.AGENT, HoldSide.GUILD, HoldSide.LICENSEE


def test_holds_are_exactly_the_reasons_of_the_step_of_holds_and_the_stop():
    assert set(PLACED_BY) == {r for r in DenyReason if 18 in r.steps} | {DenyReason.EMERGENCY_STOP}


@pytest.mark.parametrize("reason", PLACED_BY)
def test_each_hold_can_be_placed_by_somebody_and_lifted_by_somebody(reason):
    for side in PLACED_BY[reason]:
        assert may_place(reason, [side]) is side
        assert any(may_lift(reason, placed_by=side, sides=[other]) for other in HoldSide)


@pytest.mark.parametrize("reason", PLACED_BY)
def test_licensee_never_lifts_what_another_side_placed(reason):
    for side in PLACED_BY[reason] - {LICENSEE}:
        assert not may_lift(reason, placed_by=side, sides=[LICENSEE])


@pytest.mark.parametrize("reason", PLACED_BY)
def test_agent_never_lifts_what_the_talent_placed_unless_an_authority_came_on_file(reason):
    if TALENT in PLACED_BY[reason]:
        authorities = {
            "CONSENT_MISSING",
            "GUARDIAN_REQUIRED",
            "ESTATE_AUTHORITY_REQUIRED",
            "REPRESENTATION_CHANGED",
        }
        assert may_lift(reason, placed_by=TALENT, sides=[AGENT]) is (reason in authorities)


def test_stop_and_strike_belong_to_one_side_each():
    everybody_else = [side for side in HoldSide if side is not TALENT]
    assert may_place(DenyReason.EMERGENCY_STOP, everybody_else) is None
    assert not may_lift(DenyReason.EMERGENCY_STOP, placed_by=TALENT, sides=everybody_else)
    assert may_place(DenyReason.STRIKE_SUSPENSION, [TALENT, AGENT, LICENSEE]) is None
    assert not may_lift(DenyReason.STRIKE_SUSPENSION, placed_by=GUILD, sides=[TALENT, AGENT, LICENSEE])


def test_talent_lifts_what_the_agent_placed():
    assert may_lift(DenyReason.PAYMENT_HOLD, placed_by=AGENT, sides=[TALENT])
    assert not may_lift(DenyReason.PAYMENT_HOLD, placed_by=TALENT, sides=[AGENT])


def test_reason_that_is_no_hold_is_placed_by_nobody():
    assert may_place(DenyReason.PROJECT_MISMATCH, list(HoldSide)) is None
