"""Exclusive rights are found in each other's way, and nobody learns whose they are."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.trustcore.samples import terms
from trustcore.policy.exclusivity import Claim, Conflict, conflicts

NOW = datetime(2026, 9, 1, tzinfo=UTC)
OTHER = {"licensee": "0199b000-0000-7000-8000-0000000000ff", "project__title": "The Secret Film"}


def _claim(category: str | None = None, **changes: Any) -> Claim:
    return Claim.of(terms(**changes), begins=NOW, category=category)


def _holder(kind: str, category: str | None = None, **changes: Any) -> Claim:
    return _claim(category, **{**OTHER, "exclusivity": {"kind": kind}, **changes})


def test_full_right_keeps_everybody_out_of_its_territory_and_time() -> None:
    assert conflicts(_claim(), [_holder("FULL")]) == (Conflict("use_types"),)
    elsewhere = _claim(exploitation={"channels": ["SVOD"], "distribution_territory": ["DE"]})
    assert conflicts(elsewhere, [_holder("FULL")]) == ()
    past = _holder("FULL", exclusivity={"kind": "FULL", "until": "2026-07-01T00:00:00Z"})
    assert conflicts(_claim(), [past]) == ()


def test_no_right_keeps_nobody_out() -> None:
    assert conflicts(_claim(), [_claim(**OTHER), _claim(**OTHER)]) == ()


def test_medium_names_only_the_channels_that_both_want() -> None:
    holder = _holder("MEDIUM", exploitation={"channels": ["SVOD", "RADIO"], "distribution_territory": ["US"]})
    assert conflicts(_claim(), [holder]) == (Conflict("exploitation.channels", ("SVOD",)),)
    cinema = _claim(exploitation={"channels": ["THEATRICAL"], "distribution_territory": ["US"]})
    assert conflicts(cinema, [holder]) == ()


def test_character_is_kept_and_an_ask_for_every_character_meets_it() -> None:
    holder = _holder("CHARACTER", scope={"characters": ["Ada Merrow"], "frames_max": 1})
    assert conflicts(_claim(scope={"characters": ["Someone else"], "frames_max": 1}), [holder]) == ()
    assert conflicts(_claim(scope={"characters": ["Ada Merrow"], "frames_max": 1}), [holder]) == (
        Conflict("scope.characters", ("Ada Merrow",)),
    )
    assert conflicts(_claim(), [holder]) == (Conflict("scope.characters"),)


def test_category_binds_advertising_and_an_unstated_category_is_not_free() -> None:
    holder = _holder("CATEGORY", exclusivity={"kind": "CATEGORY", "categories": ["Perfume"]})
    spot = {"exploitation": {"channels": ["LINEAR_ADS"], "distribution_territory": ["US"]}}
    assert conflicts(_claim("perfume", **spot), [holder]) == (Conflict("product_category", ("perfume",)),)
    assert conflicts(_claim(**spot), [holder]) == (Conflict("product_category"),)
    assert conflicts(_claim("Cars", **spot), [holder]) == ()
    assert conflicts(_claim("Perfume"), [holder]) == ()  # a film advertises nothing


def test_listed_competitor_is_kept_out_and_another_licensee_is_not() -> None:
    named = _holder(
        "COMPETITOR_LIST", exclusivity={"kind": "COMPETITOR_LIST", "categories": [terms().licensee]}
    )
    other = _holder("COMPETITOR_LIST", exclusivity={"kind": "COMPETITOR_LIST", "categories": ["someone"]})
    assert conflicts(_claim(), [named]) == (Conflict("licensee"),)
    assert conflicts(_claim(), [other]) == ()


def test_asking_for_an_exclusive_right_meets_what_others_were_granted() -> None:
    asked = _claim(exclusivity={"kind": "FULL"})
    assert conflicts(asked, [_claim(**OTHER)]) == (Conflict("exclusivity", ("FULL",)),)


@pytest.mark.parametrize(("wide", "narrow"), [("US", "US-CA"), ("US-CA", "US"), ("US-CA", "US-CA")])
def test_a_country_holds_its_subdivisions(wide: str, narrow: str) -> None:
    holder = _holder("FULL", exploitation={"channels": ["SVOD"], "distribution_territory": [wide]})
    guest = _claim(exploitation={"channels": ["SVOD"], "distribution_territory": [narrow]})
    assert conflicts(guest, [holder])


def test_two_subdivisions_do_not_meet() -> None:
    holder = _holder("FULL", exploitation={"channels": ["SVOD"], "distribution_territory": ["US-NY"]})
    guest = _claim(exploitation={"channels": ["SVOD"], "distribution_territory": ["US-CA"]})
    assert conflicts(guest, [holder]) == ()


def test_a_right_that_begins_when_the_work_is_no_longer_shown_is_not_met() -> None:
    shown = _claim(
        exploitation={"channels": ["SVOD"], "distribution_territory": ["US"], "until": "2027-01-01T00:00:00Z"}
    )
    later = Claim.of(
        terms(**OTHER, exclusivity={"kind": "FULL"}, window={"days": 30}), begins=NOW + timedelta(days=400)
    )
    assert conflicts(shown, [later]) == ()
    assert conflicts(_claim(), [later])  # shown for ever


_CHANNELS = ["SVOD", "AVOD", "THEATRICAL", "LINEAR_ADS", "RADIO"]


@given(
    kind=st.sampled_from(["FULL", "MEDIUM", "CHARACTER", "CATEGORY", "COMPETITOR_LIST"]),
    theirs=st.sets(st.sampled_from(_CHANNELS), min_size=1),
    ours=st.sets(st.sampled_from(_CHANNELS), min_size=1),
    places=st.sets(st.sampled_from(["US", "DE", "FR", "GB"]), min_size=1),
)
@settings(max_examples=80, deadline=None)
def test_no_answer_holds_a_word_of_the_other_side(kind: str, theirs: set, ours: set, places: set) -> None:
    holder = _holder(
        kind,
        exclusivity={"kind": kind, "categories": ["Secret category"]},
        scope={"characters": ["Secret role"], "frames_max": 1},
        exploitation={"channels": sorted(theirs), "distribution_territory": sorted(places)},
    )
    guest = _claim(exploitation={"channels": sorted(ours), "distribution_territory": ["US", "DE"]})
    for one in conflicts(guest, [holder]):
        assert "Secret" not in one.sentence
        assert OTHER["licensee"] not in one.sentence
        assert set(one.values) <= ours
