"""Granted and not granted, in plain words and with equal weight."""

import pytest

from tests.trustcore.samples import terms, training_terms
from trustcore.policy.plain import plain_terms
from trustcore.policy.vocabulary import TRAINING_USE_TYPES
from trustcore.policy.words import USES, frames, listed, moment, money


def titles(lines):
    return [line.title for line in lines]


@pytest.mark.parametrize(
    "change",
    [{}, {"use_types": ["VOICE_RENDER"]}, {"render_territory": ["WORLD"]}, {"exclusivity__kind": "FULL"}],
)
def test_training_heads_what_is_not_granted(change):
    first = plain_terms(terms(**change)).not_granted[0]
    assert first.title == "Training any model"
    assert "separately" in first.detail


def test_training_licence_still_says_which_training_is_not_granted():
    told = plain_terms(training_terms())
    assert told.granted[0].title == USES["TRAINING_REPLICA"]
    assert told.not_granted[0].title == "Training of any other kind"
    assert "fine-tuning a model" in told.not_granted[0].detail
    assert "this person" not in told.not_granted[0].detail


def test_granted_uses_come_first_with_their_limits():
    granted = plain_terms(terms()).granted
    assert (granted[0].title, granted[0].detail) == (
        "Face in a frame",
        "Up to 3,000 frames (2 min 5 s at 24 fps)",
    )
    assert (granted[1].title, granted[1].detail) == ("Voice, spoken lines", "Up to 14 lines")


def test_uses_next_to_those_granted_are_named_as_not_granted():
    told = " ".join(titles(plain_terms(terms()).not_granted))
    for words in ("De-ageing", "lines never recorded", "posters", "Face on another performer"):
        assert words.lower() in told.lower()
    assert "Face in a frame" not in told


def test_granting_a_use_takes_it_off_the_other_side():
    told = plain_terms(terms(use_types=["FACE_RENDER", "DE_AGING"]))
    assert "De-ageing" in titles(told.granted)
    assert "De-ageing" not in " ".join(titles(told.not_granted))


@pytest.mark.parametrize("use_type", sorted(TRAINING_USE_TYPES))
def test_render_terms_never_show_training_as_granted(use_type):
    told = plain_terms(terms())
    assert USES[use_type] not in titles(told.granted)


def test_countries_and_channels_stand_on_both_sides():
    told = plain_terms(terms())
    rendered = next(line for line in told.granted if line.title == "Rendered in")
    assert rendered.detail == "Canada, United Kingdom and United States"
    assert "Rendering it in any other country" in titles(told.not_granted)
    channels = next(line for line in told.not_granted if line.title == "Other channels")
    assert "merchandise" in channels.detail
    assert "cinemas" not in channels.detail.lower()


def test_world_leaves_no_other_country():
    told = plain_terms(terms(render_territory=["WORLD"]))
    assert next(line for line in told.granted if line.title == "Rendered in").detail == "Every country"
    assert "Rendering it in any other country" not in titles(told.not_granted)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (frames(1), "1 frame (0 s at 24 fps)"),
        (frames(900), "900 frames (37.5 s at 24 fps)"),
        (money(5, "USD"), "USD 0.05"),
        (money(1_245_000, "JPY"), "JPY 1,245,000"),
        (money(1_245_000, "KWD"), "KWD 1,245.000"),
        (moment("2026-10-18T00:00:00Z"), "18 October 2026"),
        (listed(["a", "b, c"]), "a; b, c"),
        (listed([]), ""),
    ],
)
def test_numbers_money_and_times_read_as_people_write_them(text, expected):
    assert text == expected


def test_rating_ceiling_is_among_what_is_not_granted():
    lines = {line.title: line.detail for line in plain_terms(terms(ratings={"MPA": "PG-13"})).not_granted}
    assert lines["A stronger rating"] == "Nothing above MPA PG-13."
    assert "A stronger rating" not in {line.title for line in plain_terms(terms()).not_granted}


def test_caps_and_the_end_of_production_are_named_among_what_is_not_granted():
    days = {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-10-30T00:00:00Z"}
    capped = terms(
        scope__words_max=400, scope__max_screen_seconds=1, window={**days, "production_end_event": "wrap"}
    )
    told = {line.title: line.detail for line in plain_terms(capped).not_granted}
    assert told["More words"] == "All lines together have at most 400 words."
    assert told["More time on screen"] == "At most 1 second of the finished work."
    assert told["Work after this event"] == "“wrap”"
    plain = {line.title for line in plain_terms(terms()).not_granted}
    assert plain.isdisjoint({"More words", "More time on screen", "Work after this event"})
