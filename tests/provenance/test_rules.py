"""When an output may leave: licences of this production, in a state that releases, with receipts."""

from __future__ import annotations

from uuid import uuid4

import pytest

from provenance.rules import HoldCode, LicenceStanding, hold_reasons
from trustcore.policy.vocabulary import FrameDisposition, RevocationKind, TokenState

PRODUCTION = uuid4()


def standing(**changes) -> LicenceStanding:
    given = {"jti": uuid4(), "production_id": PRODUCTION, "state": "ACTIVE", "rendered": 24} | changes
    return LicenceStanding(**given)


def codes(*standings) -> list[str]:
    return [reason.code for reason in hold_reasons(PRODUCTION, standings)]


def test_a_licence_with_receipts_does_not_hold():
    assert codes(standing(), standing(state="SUPERSEDED"), standing(state="EXPIRED")) == []


def test_final_review_that_was_agreed_and_not_passed_holds():
    assert codes(standing(awaits_final=True)) == [HoldCode.CHECKPOINT_OPEN]
    assert codes(standing(awaits_final=True), standing()) == [HoldCode.CHECKPOINT_OPEN]
    assert codes(standing(awaits_final=False)) == []


@pytest.mark.parametrize(
    "state",
    [
        TokenState.PENDING_ACTIVATION,
        TokenState.SUSPENDED,
        TokenState.TERMINATED_CHANGE_OF_CONTROL,
        "",
        "SOMETHING_NEW",
    ],
)
def test_any_other_state_holds_the_unknown_included(state):
    assert codes(standing(state=state)) == [HoldCode.TOKEN_STATE]


@pytest.mark.parametrize("kind", list(RevocationKind))
@pytest.mark.parametrize("disposition", list(FrameDisposition))
def test_only_a_revocation_for_the_future_that_keeps_frames_does_not_hold(kind, disposition):
    kept = kind is RevocationKind.PROSPECTIVE and disposition is FrameDisposition.KEEP
    found = codes(standing(state="REVOKED", revocation_kind=kind, frame_disposition=disposition))
    assert found == ([] if kept else [HoldCode.DISTRIBUTION_HOLD])


def test_a_revocation_that_does_not_say_what_it_means_holds():
    assert codes(standing(state="REVOKED")) == [HoldCode.DISTRIBUTION_HOLD]


def test_a_licence_without_receipts_holds():
    assert codes(standing(rendered=0)) == [HoldCode.RECEIPTS_MISSING]


def test_another_productions_licence_and_an_unknown_one_hold():
    assert codes(standing(production_id=uuid4())) == [HoldCode.TOKEN_NOT_OF_PRODUCTION]
    assert codes(standing(production_id=None)) == [HoldCode.TOKEN_UNKNOWN]


def test_every_reason_of_every_licence_is_named():
    found = codes(standing(), standing(state="SUSPENDED", rendered=0), standing(production_id=None))
    assert found == [HoldCode.TOKEN_STATE, HoldCode.RECEIPTS_MISSING, HoldCode.TOKEN_UNKNOWN]
