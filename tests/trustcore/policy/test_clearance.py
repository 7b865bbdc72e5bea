"""A cut that is cleared, and each way in which it is not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from tests.trustcore import samples
from trustcore.policy.clearance import Showing, Standing, clearance_gaps
from trustcore.policy.terms import Terms, format_time

TERMS = samples.terms()
BEGINS = datetime(2026, 11, 22, tzinfo=UTC)
ACTIVE = Standing("ACTIVE", BEGINS)
LATER = BEGINS + timedelta(days=400)


def showing(**changes: object) -> Showing:
    use = TERMS.exploitation
    told = {
        "cut": "FULL_WORK",
        "channel": str(use.channels[0]),
        "territories": tuple(use.distribution_territory[:2]),
        "at": LATER,
    }
    return Showing(**(told | changes))  # type: ignore[arg-type]


def gaps(standing: Standing = ACTIVE, terms: Terms = TERMS, **changes: object) -> tuple[str, ...]:
    shot = terms.scope.shots[0] if terms.scope.shots else "sh010"
    sequence = terms.scope.sequences[0] if terms.scope.sequences else None
    return clearance_gaps(terms, standing, showing(**changes), shot=shot, sequence=sequence)


def exploited(**changes: object) -> Terms:
    return samples.terms(exploitation=samples.body()["exploitation"] | changes)


@pytest.mark.parametrize("state", ["ACTIVE", "EXPIRING", "EXHAUSTED", "EXPIRED"])
def test_frames_of_a_licence_may_be_shown_after_its_window_for_rendering_has_closed(state: str) -> None:
    assert gaps(Standing(state, BEGINS)) == ()


@pytest.mark.parametrize(
    ("standing", "gap"),
    [
        (Standing("SUSPENDED", BEGINS), "SUSPENDED"),
        (Standing("A_STATE_OF_NEXT_YEAR", BEGINS), "SUSPENDED"),
        (Standing("PENDING_ACTIVATION", BEGINS), "NOT_YET_VALID"),
        (Standing("TERMINATED_CHANGE_OF_CONTROL", BEGINS), "CHANGE_OF_CONTROL"),
        (Standing("SUPERSEDED", BEGINS), "SUPERSEDED"),
        (Standing("REVOKED", BEGINS, "PROSPECTIVE", "QUARANTINE"), "REVOKED"),
        (Standing("REVOKED", BEGINS, "RECALL_REQUEST", "KEEP"), "REVOKED"),
        (Standing("REVOKED", BEGINS), "REVOKED"),
        (Standing("REVOKED", BEGINS, "EMERGENCY_STOP", "KEEP"), "EMERGENCY_STOP"),
        (Standing("ACTIVE", BEGINS, holds=("DISPUTE_HOLD",)), "DISPUTE_HOLD"),
    ],
)
def test_licence_that_was_taken_back_or_is_held_clears_nothing(standing: Standing, gap: str) -> None:
    assert gaps(standing) == (gap,)


def test_revocation_that_lets_finished_frames_be_kept_leaves_them_in_the_cut() -> None:
    assert gaps(Standing("REVOKED", BEGINS, "PROSPECTIVE", "KEEP")) == ()


def test_channel_territory_and_date_are_each_asked_for() -> None:
    assert gaps(channel="OOH_DOOH") == ("CHANNEL_NOT_GRANTED",)
    assert gaps(channel="A_CHANNEL_OF_NEXT_YEAR") == ("CHANNEL_NOT_GRANTED",)
    granted = TERMS.exploitation.distribution_territory[0]
    assert gaps(territories=(granted, "AQ")) == ("TERRITORY_DENIED",)
    assert gaps(territories=()) == ("TERRITORY_DENIED",)
    assert gaps(at=BEGINS - timedelta(seconds=1)) == ("NOT_YET_VALID",)
    assert gaps(Standing("ACTIVE", None)) == ("NOT_YET_VALID",), "its window was never opened"
    ending = exploited(until=format_time(LATER))
    assert gaps(terms=ending, at=LATER - timedelta(seconds=1)) == ()
    assert gaps(terms=ending, at=LATER) == ("EXPIRED",)
    assert gaps(at=datetime(2199, 1, 1, tzinfo=UTC)) == (), "no end was agreed"


def test_kind_of_cut_and_length_of_a_clip_are_granted_apart() -> None:
    assert gaps(cut="TRAILER") == ("EDIT_NOT_GRANTED",)
    clips = exploited(edit_rights=["CLIP_MAX_SECONDS(15)"])
    assert gaps(terms=clips, cut="CLIP", seconds=15.0) == ()
    assert gaps(terms=clips, cut="CLIP", seconds=15.1) == ("EDIT_NOT_GRANTED",)
    assert gaps(terms=clips) == ("EDIT_NOT_GRANTED",)


def test_shot_and_use_outside_the_licence_are_gaps_and_all_gaps_are_named() -> None:
    scope = samples.body()["scope"] | {"shots": ["sh010"], "sequences": []}
    narrow = samples.terms(scope=scope)
    granted = str(narrow.use_types[0])
    assert clearance_gaps(narrow, ACTIVE, showing(), shot="sh010", use_types=[granted]) == ()
    found = clearance_gaps(
        narrow, ACTIVE, showing(channel="RADIO"), shot="sh020", use_types=["TRAINING_REPLICA"]
    )
    assert found == ("USE_TYPE_NOT_GRANTED", "SHOT_OUT_OF_SCOPE", "CHANNEL_NOT_GRANTED")
