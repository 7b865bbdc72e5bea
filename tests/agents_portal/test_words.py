"""Words, hashes, times, geometry and drafts: small rooms without a page."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from agents_portal import words
from agents_portal.changes import marked_sentence
from agents_portal.figures import Meter, strip_of, timeline_of
from agents_portal.rows import money_words
from agents_portal.templatetags import portal
from agents_portal.words import event_words
from common import clock
from licensing.selectors import LicenceLine, Pause
from receipts.selectors import ShotCell, ShotRow
from trustcore.policy.diff import TermChange
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import RequestState, TokenState, UseType


def test_every_code_a_person_can_meet_has_words() -> None:
    assert all(words.use_words(use) != words.lower_words(use) for use in UseType)
    assert all("_" not in words.reason_words(reason) for reason in DenyReason)
    assert set(RequestState) <= set(words.REQUEST_BADGES)
    assert set(TokenState) <= set(words.LICENCE_BADGES)
    assert words.reason_words("A_CODE_OF_TOMORROW") == "a code of tomorrow"


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "no"),
        (1, "one"),
        (12, "twelve"),
        (13, "13"),
        (4120, "4,120"),
    ],
)
def test_small_numbers_are_words_and_big_ones_figures(number: int, text: str) -> None:
    assert words.spelled(number) == text


def test_a_person_is_a_monogram() -> None:
    assert portal.monogram("Ilse Varga-Thorne") == "IV"
    assert portal.monogram("Cher") == "C"
    assert portal.monogram("  ") == "?"
    assert portal.monogram("Ana María Ruiz") == "AR"


def test_a_hash_reads_in_fours() -> None:
    value = "sha256:" + "".join(f"{n:04x}" for n in range(16))
    assert portal.fours(value) == [f"{n:04x}" for n in range(16)]
    shown = portal.short_hash(value)
    assert (shown["head"], shown["tail"]) == (["0000", "0001"], "000f")


def test_ago_is_said_only_under_an_hour() -> None:
    now = clock.now()
    assert ">5 min ago<" in portal.when(now - timedelta(minutes=5, seconds=3))
    assert "ago" not in portal.when(now - timedelta(hours=2))
    assert "ago" not in portal.when(now + timedelta(minutes=5))


def test_a_time_carries_utc_in_its_title() -> None:
    html = portal.clock_time(datetime(2026, 10, 8, 16, 12, tzinfo=UTC))
    assert 'datetime="2026-10-08T16:12:00Z"' in html
    assert 'title="2026-10-08 16:12:00 UTC"' in html


def test_invisible_controls_show_themselves() -> None:
    assert portal.show_controls("a\u202eb\x07c\u200bd") == "a⟨U+202E⟩b⟨U+0007⟩c⟨U+200B⟩d"
    assert portal.show_controls("Ana\nMaría’s") == "Ana\nMaría’s"


def test_a_change_is_struck_and_underlined_and_escaped() -> None:
    change = TermChange("x", "<b>3,000</b>", "4,200", "The limit grows from <b>3,000</b> to 4,200.")
    html = marked_sentence(change)
    assert "<del><bdi>&lt;b&gt;3,000&lt;/b&gt;</bdi></del>" in html
    assert "<ins><bdi>4,200</bdi></ins>" in html
    assert "<b>" not in html


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("", "De-ageing", "Added to the uses: De-ageing."),
        ("GB", "", "Taken out of the countries: GB."),
        ("30", "300", "The limit grows from 30 to 300."),
        ("any", "only any", "Any or only any."),
    ],
)
def test_marks_never_change_the_words_of_a_sentence(before: str, after: str, sentence: str) -> None:
    html = marked_sentence(TermChange("x", before, after, sentence))
    import re

    text = re.sub(r'<span class="vh">(was|now) </span>', "", html)
    assert re.sub(r"<[^>]+>", "", text) == sentence


def test_a_meter_never_runs_over_and_warns_at_its_ticks() -> None:
    assert Meter(2847, 3000, "frames", "").left == 153
    assert Meter(2847, 3000, "frames", "").width == "94.9%"
    assert (Meter(4000, 3000, "frames", "").width, Meter(4000, 3000, "frames", "").left) == ("100.0%", 0)
    assert [Meter(used, 100, "frames", "").reached for used in (79, 80, 95)] == [0, 80, 95]


def test_a_strip_marks_what_needs_eyes_before_what_went_well() -> None:
    cells = (
        ShotCell(rendered=8),
        ShotCell(rendered=8, again=2, refused=1),
        ShotCell(rendered=7, unauthorised=1),
        ShotCell(refused=1),
        ShotCell(failed=2),
        ShotCell(),
    )
    strip = strip_of(ShotRow("0410", 0, 47, 23, 2, 1, 2, cells))
    kinds = ["rendered", "again", "no-lease", "refused", "no-receipt", "not-yet"]
    assert [cell.kind for cell in strip.cells] == kinds
    assert strip.says == (
        "Shot 0410: 23 of 48 frames rendered, 2 of them again, 1 without a lease, 2 checks refused. Frames 0 to 47."
    )


def test_money_is_said_with_its_currency_and_never_as_a_float() -> None:
    from tests.trustcore.samples import terms

    assert "," in money_words(terms())


def test_an_event_reads_as_a_sentence() -> None:
    assert event_words("request.counter_accepted") == "Request: counter accepted"


def licence(begins: datetime, days: int, **changes: object) -> LicenceLine:
    facts = dict.fromkeys(LicenceLine.__dataclass_fields__)
    facts |= {
        "pauses": (),
        "jti": "x",
        "version": 1,
        "not_before": begins,
        "not_after": begins + timedelta(days=days),
    }
    return LicenceLine(**{**facts, **changes})


def test_a_timeline_ends_in_its_reminders_and_shows_today() -> None:
    begins = datetime(2026, 7, 21, tzinfo=UTC)
    line = licence(begins, 90)
    drawn = timeline_of(line, [line], (30, 14, 7, 1), begins + timedelta(days=45))
    assert [(span.words, span.x, span.width) for span in drawn.state] == [
        ("May render", "0.00%", "66.67%"),
        ("Last 30 days", "66.67%", "33.33%"),
    ]
    assert drawn.reminders == ("66.67%", "84.44%", "92.22%", "98.89%")
    assert drawn.today == "50.00%"
    assert [month.words for month in drawn.months] == ["21 Jul", "Aug", "Sep", "Oct"]


def test_a_revoked_licence_is_revoked_from_that_moment_on() -> None:
    begins = datetime(2026, 7, 21, tzinfo=UTC)
    line = licence(begins, 90, revoked_at=begins + timedelta(days=9))
    drawn = timeline_of(
        line, [line, licence(begins + timedelta(days=90), 90, jti="y", version=2)], (30,), begins
    )
    assert [(span.words, span.x, span.width) for span in drawn.state] == [
        ("May render", "0.00%", "5.00%"),
        ("Revoked", "5.00%", "45.00%"),
    ]
    assert [(span.words, span.x) for span in drawn.terms] == [("Version 1", "0.00%"), ("Version 2", "50.00%")]


def test_a_paused_licence_may_not_render_while_it_is_held() -> None:
    begins = datetime(2026, 7, 21, tzinfo=UTC)
    day = timedelta(days=1)

    def drawn(*pauses: Pause) -> list[tuple[str, str, str]]:
        line = licence(begins, 90, state="SUSPENDED", pauses=pauses)
        lane = timeline_of(line, [line], (30,), begins + 45 * day).state
        return [(span.words, span.x, span.width) for span in lane]

    lifted = Pause(begins + 9 * day, begins + 18 * day)
    assert drawn(lifted, Pause(begins + 17 * day, begins + 27 * day)) == [
        ("May render", "0.00%", "10.00%"),
        ("Paused", "10.00%", "20.00%"),
        ("May render", "30.00%", "36.67%"),
        ("Last 30 days", "66.67%", "33.33%"),
    ]
    # held before it began, and still
    assert drawn(Pause(begins - day, None), lifted) == [("Paused", "0.00%", "100.00%")]


@pytest.mark.parametrize(
    ("state", "words"), [("EXHAUSTED", "Used up"), ("TERMINATED_CHANGE_OF_CONTROL", "Ended")]
)
def test_a_licence_that_ended_early_may_render_no_more(state: str, words: str) -> None:
    begins = datetime(2026, 7, 21, tzinfo=UTC)
    line = licence(begins, 90, state=state)
    drawn = timeline_of(line, [line], (30,), begins + timedelta(days=45))
    assert [(span.words, span.x) for span in drawn.state] == [("May render", "0.00%"), (words, "50.00%")]


def test_a_replaced_licence_may_render_until_its_successor_begins() -> None:
    begins = datetime(2026, 7, 21, tzinfo=UTC)
    line = licence(begins, 90, state="SUPERSEDED")
    later = licence(begins + timedelta(days=45), 45, jti="y", version=2)
    drawn = timeline_of(line, [line, later], (30,), begins + timedelta(days=60))
    assert [(span.words, span.x) for span in drawn.state] == [("May render", "0.00%"), ("Replaced", "50.00%")]


def test_a_meter_shows_what_earlier_versions_used_before_this_ones_own_part() -> None:
    meter = Meter(500, 1000, "frames", "", ((1, 1000),))
    assert (meter.start, meter.width, meter.share, meter.left) == ("50.0%", "25.0%", 50.0, 500)
    assert meter.ticks == ((80, "90.0%"), (95, "97.5%"))
    assert meter.earlier_words == "1,000 under version 1"
