"""The decision is pure: no purpose implies another, and every reason is told."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from screenplays.deciding import GrantFacts, decide, purpose_of
from trustcore.policy.reasons import DenyReason

NOW = datetime(2026, 11, 26, 12, tzinfo=UTC)
DAY = timedelta(days=1)
VERSION, OTHER = uuid4(), uuid4()
PURPOSES = ("READ", "ANALYSE", "SUMMARISE", "TRAIN")


def _grant(purpose: str, **changes: object) -> GrantFacts:
    facts = {
        "id": uuid4(), "purpose": purpose, "version_id": None,
        "not_before": NOW - DAY, "not_after": NOW + DAY, "ended_at": None, **changes,
    }  # fmt: skip
    return GrantFacts(**facts)  # type: ignore[arg-type]


def _decide(purpose: str, *grants: GrantFacts, standing: str = "NONE") -> object:
    return decide(purpose, VERSION, grants, standing=standing, now=NOW, lasting=timedelta(minutes=5))


@pytest.mark.req("ST-080")
@pytest.mark.parametrize("asked", PURPOSES)
@pytest.mark.parametrize("granted", PURPOSES)
def test_no_purpose_implies_another(asked: str, granted: str) -> None:
    decision = _decide(asked, _grant(granted))
    assert decision.permitted is (asked == granted)
    assert decision.training_granted is (granted == "TRAIN")
    if asked != granted:
        reason = "TRAINING_NOT_GRANTED" if asked == "TRAIN" else "USE_TYPE_NOT_GRANTED"
        assert list(decision.reasons) == [reason]


def test_own_house_reads_and_needs_grants_for_the_rest() -> None:
    for standing in ("KEEPER", "WRITER"):
        assert _decide("READ", standing=standing).permitted
        for purpose in PURPOSES[1:]:
            assert not _decide(purpose, standing=standing).permitted


@pytest.mark.parametrize(
    ("changes", "reasons"),
    [
        ({"version_id": OTHER}, ["SCRIPT_VERSION_MISMATCH"]),
        ({"ended_at": NOW}, ["REVOKED"]),
        ({"not_before": NOW + timedelta(seconds=1)}, ["NOT_YET_VALID"]),
        ({"not_after": NOW}, ["EXPIRED"]),
        ({"licence": (DenyReason.SUSPENDED,)}, ["SUSPENDED"]),
        ({"ended_at": NOW, "not_after": NOW}, ["REVOKED", "EXPIRED"]),
    ],
)
def test_what_a_grant_lacks_is_told(changes: dict[str, object], reasons: list[str]) -> None:
    decision = _decide("TRAIN", _grant("TRAIN", **changes))
    assert not decision.permitted
    assert not decision.training_granted
    assert [str(one) for one in decision.reasons] == reasons
    assert _decide("TRAIN", _grant("TRAIN", **changes), _grant("TRAIN")).permitted


def test_a_permission_never_outlasts_its_grant() -> None:
    soon = _grant("READ", not_after=NOW + timedelta(seconds=9))
    assert _decide("READ", soon).until == NOW + timedelta(seconds=9)
    assert _decide("READ", _grant("READ")).until == NOW + timedelta(minutes=5)


def test_use_types_and_purposes_belong_together() -> None:
    assert purpose_of("SCRIPT_ANALYSIS", "SUMMARISE") == "SUMMARISE"
    for use_type, purpose in (
        ("SCRIPT_ACCESS", "TRAIN"),
        ("FACE_RENDER", ""),
        ("NONSENSE", "READ"),
        ("", ""),
    ):
        assert purpose_of(use_type, purpose) is None


_GRANTS = st.builds(
    lambda purpose, version, before, after, ended: _grant(
        purpose, version_id=version, not_before=NOW + before * DAY, not_after=NOW + after * DAY,
        ended_at=NOW if ended else None,
    ),
    st.sampled_from(PURPOSES), st.sampled_from([None, VERSION, OTHER]), st.integers(-2, 2), st.integers(-2, 2),
    st.booleans(),
)  # fmt: skip


@given(st.lists(_GRANTS, max_size=5), st.sampled_from(PURPOSES))
def test_only_a_grant_of_that_purpose_in_force_permits(grants: list[GrantFacts], asked: str) -> None:
    in_force = [
        one
        for one in grants
        if one.purpose == asked
        and one.version_id in {None, VERSION}
        and one.not_before <= NOW < one.not_after
        and one.ended_at is None
    ]
    decision = _decide(asked, *grants)
    assert decision.permitted is bool(in_force)
    assert bool(decision.reasons) is not decision.permitted
