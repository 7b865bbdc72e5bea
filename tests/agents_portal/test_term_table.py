"""Every term has a row; whoever answers narrows it and no more, whoever asks revises it either way."""

from __future__ import annotations

import pytest

from agents_portal.fields import Kind
from agents_portal.term_table import FIELDS, KEY_OF, bound, choices, may_change, read_value, with_values
from common.errors import InvalidInput
from tests.trustcore.samples import terms
from trustcore.policy.clauses import NEGOTIABLE_CONTENT, PROHIBITED_CONTENT, RatingSystem
from trustcore.policy.diff import MONEY, READERS, widenings
from trustcore.policy.shape import Declared

NOBODYS = {
    "project.id", "project.kind", "project.title", "project.eidr", "licensor", "represented_by", "licensee", "talent",
    "consent_id", "training.allowed", "training.separate_token_required", "profiles",
    "approvals.mode", "approvals.quorum", "compensation.payee", "window.not_after",
}  # fmt: skip
"""Whom and which work it is about, what routing or the talent alone decides, and the day that follows from the others."""
THE_STUDIOS = {"anchors", "description", "governing_law", "replica_class", "script"}


def test_every_term_that_can_be_negotiated_has_a_row() -> None:
    told = {reader.path for reader in READERS} | set(MONEY)
    told |= {f"content.{name}" for name in (*PROHIBITED_CONTENT, *NEGOTIABLE_CONTENT)}
    told |= {f"ratings.{system}" for system in RatingSystem}
    told |= {f"declared.{name}" for name in Declared.__struct_fields__}
    assert {one.path for one in FIELDS.values()} == told - NOBODYS
    fixed = {one.path for one in FIELDS.values() if not may_change(one, answers=True)}
    declared = {path for path in told if path.startswith("declared.")}
    assert fixed == THE_STUDIOS | declared | {"content.SEXUAL_CONTENT_MINOR"}


def test_each_row_reads_back_what_it_shows_and_says_its_bound() -> None:
    asked = terms(
        content={"VIOLENCE": 3},
        ratings={"MPA": "R"},
        exclusivity={"kind": "FULL", "until": "2030-01-01T00:00:00Z", "territory": ["US"]},
        tools={"models_allowed": ["m1", "m2"], "engines": ["blender"]},
        script=[{"ref": "hollow-city", "version": "2", "sha256": "a1" * 32, "dated": "2026-05-01T00:00:00Z"}],
        anchors=["b2" * 32],
        compensation__use_fee_minor=5050,
        scope__words_max=400,
    )
    for field in FIELDS.values():
        value = field.value_of(asked)
        if value is not None or field.optional:
            assert field.read(field.typed(value, "USD"), "USD") == value, field.key
        assert str(field.label)
        assert str(bound(field, asked, answers=False))
        if may_change(field, answers=True):
            assert str(bound(field, asked, answers=True))


NARROWER = [
    ("scope-shots", ["sh10\nsh20"], ("sh10", "sh20")),
    ("scope-words_max", ["400"], 400),
    ("frames_max", ["2,999"], 2999),
    ("window_days", ["30"], 30),
    ("exploitation-until", ["2031-12-31"], "2031-12-31T00:00:00Z"),
    ("render_territory", ["US", "CA"], ("CA", "US")),
    ("exclusivity-kind", ["NONE"], "NONE"),
    ("content-VIOLENCE", ["2"], "2"),
    ("content-SMOKING", ["PROHIBITED"], "PROHIBITED"),
    ("ratings-MPA", ["PG"], "PG"),
    ("tools-models_denied", ["some-model"], ("some-model",)),
    ("tools-engines", ["blender"], ("blender",)),
    ("approvals-checkpoints", ["FINAL", "SCRIPT"], ("FINAL", "SCRIPT")),
    ("final_review_hours", ["96"], 96),
    ("marking-visible_label", ["ICON"], "ICON"),
    ("credit", ["As Ada Merrow"], "As Ada Merrow"),
    ("reporting-cadence", ["MONTHLY"], "MONTHLY"),
    ("vendors", [], ()),
    ("retention-scan", ["RETURN"], "RETURN"),
    ("compensation-amount_minor", ["20,000.00"], 2_000_000),
    ("compensation-use_fee_minor", ["500"], 50_000),
    ("compensation-tax_withholding_bps", ["30"], 3000),
    ("renewal-notify_days_before", ["60, 7"], ("60", "7")),
]


@pytest.mark.parametrize(("key", "typed", "value"), NARROWER, ids=[one[0] for one in NARROWER])
def test_whoever_answers_may_narrow(key: str, typed: list[str], value: object) -> None:
    asked = terms(exclusivity={"kind": "FULL"}, content={"VIOLENCE": 3})
    read = read_value(FIELDS[key], typed, asked)
    assert read == value
    narrowed = with_values(asked, {key: read})
    assert narrowed != asked
    assert widenings(asked, narrowed) == ()


WIDER = [
    ("frames_max", ["3001"]),
    ("window_days", ["91"]),
    ("window-not_before", ["2026-07-01"]),
    ("channels", ["SVOD", "AVOD"]),
    ("render_territory", ["US", "DE"]),
    ("exclusivity-kind", ["FULL"]),
    ("content-NUDITY", ["ALLOWED"]),
    ("content-VIOLENCE", ["5"]),
    ("marking-c2pa", ["0"]),
    ("marking-watermark", ["PIXEL"]),
    ("assignability", ["AFFILIATES"]),
    ("change_of_control", ["SURVIVE"]),
    ("retention-scan", ["KEEP"]),
    ("final_review_hours", ["24"]),
]


@pytest.mark.parametrize(("key", "typed"), WIDER, ids=[one[0] for one in WIDER])
def test_whoever_answers_never_widens_and_whoever_asks_may(key: str, typed: list[str]) -> None:
    asked = terms(content={"VIOLENCE": 3})
    with pytest.raises(InvalidInput) as refused:
        read_value(FIELDS[key], typed, asked)
    assert refused.value.code == "VALUE_INVALID"
    assert refused.value.title
    revised = with_values(asked, {key: read_value(FIELDS[key], typed, asked, answers=False)}, answers=False)
    assert widenings(asked, revised)


def test_what_is_offered_to_whoever_answers_is_never_wider() -> None:
    asked = terms(content={"NUDITY": "APPROVAL_REQUIRED", "VIOLENCE": 3}, exclusivity={"kind": "CHARACTER"})
    assert choices(FIELDS["content-NUDITY"], asked) == ("PROHIBITED", "APPROVAL_REQUIRED")
    assert choices(FIELDS["content-VIOLENCE"], asked) == ("PROHIBITED", "0", "1", "2", "3")
    assert choices(FIELDS["exclusivity-kind"], asked) == ("NONE", "CHARACTER")
    for field in FIELDS.values():
        if field.kind is Kind.CHOICE and may_change(field, answers=True):
            for code in choices(field, asked):
                assert read_value(field, [code], asked) == code


def test_first_day_moved_by_an_answer_keeps_the_last_day() -> None:
    asked = terms()
    later = read_value(FIELDS["window-not_before"], ["2026-09-01"], asked)
    moved = with_values(asked, {"window-not_before": later})
    assert (moved.window.not_after, moved.window.days) == (asked.window.not_after, 59)
    both = with_values(asked, {"window-not_before": later, "window_days": 10})
    assert both.window.not_after == "2026-09-11T00:00:00Z"


@pytest.mark.parametrize(
    ("key", "typed"),
    [
        ("scope-words_max", ["0"]),
        ("scope-words_max", ["٣"]),
        ("exploitation-until", ["soon"]),
        ("compensation-amount_minor", ["-1"]),
        ("compensation-amount_minor", ["1e30"]),
        ("compensation-amount_minor", ["NaN"]),
        ("scope-resolution_max", ["large"]),
        ("distribution_territory", ["Atlantis"]),
        ("marking-visible_label", ["BLINKING"]),
        ("approvals-checkpoints", ["LUNCH"]),
        ("scope-shots", ["x" * 129]),
        ("use_types", []),
    ],
)
def test_what_is_no_value_of_its_kind_is_refused_with_a_sentence(key: str, typed: list[str]) -> None:
    for answers in (True, False):
        with pytest.raises(InvalidInput) as refused:
            read_value(FIELDS[key], typed, terms(), answers=answers)
        assert refused.value.code == "VALUE_INVALID"


def test_a_part_of_a_group_leads_to_the_row_of_its_group() -> None:
    assert KEY_OF["window"] == KEY_OF["window.days"] == "window_days"
    assert KEY_OF["scope.words_max"] == "scope-words_max"
