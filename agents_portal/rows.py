"""Term rows: each term with what it was, what they ask and what you give, in pieces a template can draw.

Rows stand in groups, in the order of the approval screen (TAXONOMY 16); what says nothing yet is folded below its group.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.code_words import BASES
from agents_portal.drafts import Draft
from agents_portal.fields import TermField, Value, Way
from agents_portal.talk import Remark
from agents_portal.templatetags.portal import screen_time
from agents_portal.term_table import FIELDS, in_group, may_change
from agents_portal.words import figure, later
from common.dates import date_words
from common.language import core
from trustcore.policy.clauses import ContentRule
from trustcore.policy.terms import Terms, parse_terms, parse_time
from trustcore.policy.words import CONTENT, money

_CHIPS_MOST: Final = 24
GROUPS: Final[Mapping[str, str]] = {
    "use": later("What is used"),
    "when": later("When"),
    "shown": later("Where it is shown"),
    "rendered": later("Where and by whom it is made"),
    "quotas": later("How much"),
    "content": later("Content"),
    "exclusive": later("Exclusivity"),
    "money": later("Money"),
    "review": later("Review, marks and reports"),
    "ends": later("What ends it, and what happens then"),
    "declared": later("What the studio declares"),
}


@dataclass(frozen=True)
class Piece:
    """A part of a value. ``kind``: ``text``, ``chip``, ``was``, ``now``, ``chip-was``, ``chip-now``, ``asked``."""

    kind: str
    text: str


@dataclass(frozen=True)
class TermRow:
    """One row. ``act``: ``change``, ``undo`` or empty; then ``fixed`` says why."""

    key: str
    label: str
    pieces: tuple[Piece, ...]
    limit: str = ""
    note: str = ""
    question: str = ""
    act: str = ""
    fixed: str = ""
    talk: tuple[Remark, ...] = ()
    path: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is drawn as chips."""
        return any(piece.kind.startswith("chip") for piece in self.pieces)

    @property
    def is_yours(self) -> bool:
        """Whether the reader changed it, or asks about it."""
        return self.act == "undo"

    @property
    def is_open(self) -> bool:
        """Whether the other side asked about it and nobody answered."""
        return any(one.is_open for one in self.talk)


@dataclass(frozen=True)
class RowGroup:
    """Rows under one heading; ``quiet`` ones are folded."""

    key: str
    title: str
    rows: tuple[TermRow, ...]
    quiet: tuple[TermRow, ...] = field(default=())
    is_unfolded: bool = False


@dataclass(frozen=True)
class Reading:
    """How the terms are read: what they say, what they said before, and what may be said of them.

    Attributes:
        last: the version before, or the licence that is renewed.
        names: of organisations, by id.
        talk: notes, questions and answers by row.
        editing: the row whose form is open.
    """

    asked: Terms
    draft: Draft
    names: Mapping[str, str]
    may_change: bool
    last: Terms | None = None
    talk: Mapping[str, tuple[Remark, ...]] = field(default_factory=dict)
    editing: str = ""


def term_groups(reading: Reading) -> dict[str, RowGroup]:
    """Every row of a request in its group, by the group's key."""
    yours = reading.draft.apply(reading.asked)
    return {key: _group(key, str(title), reading, yours) for key, title in GROUPS.items()}


def _group(key: str, title: str, reading: Reading, yours: Terms) -> RowGroup:
    shown: list[TermRow] = []
    quiet: list[TermRow] = []
    if key == "content":
        shown.append(_content_row(yours))
    for one in in_group(key):
        row = _row(one, reading, yours)
        (shown if _is_shown(one, row, reading) else quiet).append(row)
    return RowGroup(
        key, title, tuple(shown), tuple(quiet), is_unfolded=any(row.key == reading.editing for row in quiet)
    )


def _is_shown(one: TermField, row: TermRow, reading: Reading) -> bool:
    if one.main or row.is_yours or row.talk:
        return True
    value = one.value_of(reading.asked)
    if reading.last is not None and one.value_of(reading.last) != value:
        return True
    return value != one.value_of(_USUAL)


def _row(one: TermField, reading: Reading, yours: Terms) -> TermRow:
    asked, draft, last = reading.asked, reading.draft, reading.last
    value = one.value_of(asked)
    before = one.value_of(last) if last else value
    given = draft.values.get(one.key, value)
    pieces = (
        _members(_tuple(before), _tuple(value), _tuple(given), one, reading)
        if one.is_list
        else _scalars(before, value, given, one, reading)
    )
    said = one.key in draft.values or one.key in draft.questions
    changes = reading.may_change and may_change(one, answers=draft.answers)
    return TermRow(
        key=one.key,
        label=str(one.label),
        pieces=tuple(pieces) or (Piece("text", _("Any") if one.way is Way.WITHIN else _("None")),),
        limit=_limit(one, yours),
        note=draft.notes.get(one.key, ""),
        question=draft.questions.get(one.key, ""),
        act="undo" if said and reading.may_change else "change" if changes else "",
        fixed=_("Fixed") if reading.may_change and not changes else "",
        talk=reading.talk.get(one.key, ()),
        path=one.path,
    )


def _tuple(value: Value) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _members(
    before: tuple[str, ...], asked: tuple[str, ...], yours: tuple[str, ...], one: TermField, reading: Reading
) -> list[Piece]:
    def told(code: str) -> str:
        return one.told(code, reading.asked.compensation.currency, reading.names)

    pieces = []
    kept = [code for code in asked if code in yours and code in before]
    whole = len(kept) > _CHIPS_MOST
    if whole:
        pieces.append(Piece("chip", _("%(number)s, named in the full text") % {"number": figure(len(kept))}))
    for code in asked:
        if code not in yours:
            pieces.append(Piece("chip-was", told(code)))
        elif code not in before:
            pieces.append(Piece("chip-now", f"+ {told(code)}"))
        elif not whole:
            pieces.append(Piece("chip", told(code)))
    pieces += [Piece("chip-now", f"+ {told(code)}") for code in yours if code not in asked]
    return pieces + [Piece("chip-was", told(code)) for code in before if code not in (*asked, *yours)]


def _scalars(before: Value, asked: Value, yours: Value, one: TermField, reading: Reading) -> list[Piece]:
    asks_in = reading.asked.compensation.currency

    def told(value: Value, currency: str = asks_in) -> str:
        return one.told(value, currency, reading.names)

    if yours != asked:
        said = _("they ask %(number)s") if reading.draft.answers else _("so far %(number)s")
        return [
            *([Piece("was", told(before))] if before != asked else []),
            Piece("asked", said % {"number": told(asked)}),
            Piece("now", told(yours, reading.draft.currency(reading.asked))),
        ]
    if before != asked:
        return [Piece("was", told(before)), Piece("now", told(asked))]
    return [Piece("text", told(asked))]


def _limit(one: TermField, terms: Terms) -> str:
    """The human unit below the value."""
    match one.key:
        case "frames_max":
            return _("%(time)s at 24 fps") % {"time": screen_time(terms.scope.frames_max)}
        case "window_days":
            return _window_words(terms)
        case "channels":
            until = terms.exploitation.until
            if not until:
                return _("Not: every other channel")
            return _("Until %(day)s. Not: every other channel") % {"day": _day(until)}
        case "compensation-amount_minor":
            return ". ".join(part for part in (money_words(terms), _estimate(terms)) if part)
        case _:
            return "" if one.is_hint else str(one.limit)


def _day(text: str) -> str:
    moment: datetime = parse_time(text)
    return date_words(moment)


def _window_words(terms: Terms) -> str:
    window = terms.window
    if window.not_before is None or window.not_after is None:
        return _("Counted from the day the licence is issued")
    return _("%(first)s to %(last)s") % {"first": _day(window.not_before), "last": _day(window.not_after)}


def _content_row(terms: Terms) -> TermRow:
    """The switches in one sentence; each has a row of its own below."""
    never = [_content(name) for name, rule in terms.content.items() if rule == ContentRule.PROHIBITED]
    ask = [_content(name) for name, rule in terms.content.items() if rule == ContentRule.APPROVAL_REQUIRED]
    graded = [
        _("%(content)s up to %(level)s of 5") % {"content": _content(name), "level": rule}
        for name, rule in terms.content.items()
        if isinstance(rule, int)
    ]
    content = ""
    if len(never) > 1:
        content = _("No %(some)s or %(last)s.") % {"some": ", ".join(never[:-1]), "last": never[-1]}
    return TermRow("content", _("In short"), (Piece("text", content),), limit=_content_limit(ask, graded))


def _content(name: str) -> str:
    return core().say(CONTENT[name]).lower()


def _content_limit(ask: Iterable[str], graded: Iterable[str]) -> str:
    parts = [f"{part[:1].upper()}{part[1:]}." for part in graded]
    asked = ", ".join(ask)
    return " ".join(
        [*parts, _("Ask each time: %(contents)s.") % {"contents": asked} if asked else ""]
    ).strip()


def money_words(terms: Terms) -> str:
    """``USD 12,450, flat``; no fee is said as such."""
    pay = terms.compensation
    if not pay.amount_minor:
        return (
            _("No fee agreed")
            if pay.basis == "NO_FEE_CONSENTED"
            else _("By %(basis)s") % {"basis": BASES[str(pay.basis)]}
        )
    said = {
        "amount": money(pay.amount_minor, pay.currency, core()).removesuffix(f"{core().decimal}00"),
        "basis": BASES[str(pay.basis)],
    }
    if pay.residuals:
        return _("%(amount)s, %(basis)s, plus residuals as if in person") % said
    return _("%(amount)s, %(basis)s") % said


def _estimate(terms: Terms) -> str:
    days = terms.compensation.equivalent_days_estimated
    if days:
        text = ngettext("Estimated as %(days)s day of work", "Estimated as %(days)s days of work", days)
        return text % {"days": figure(days)}
    return ""


_USUAL: Final = parse_terms(
    {
        "project": {"id": "usual", "title": "usual"},
        "licensor": "usual",
        "licensee": "usual",
        "talent": "usual",
        "constructs": ["FACE_2D"],
        "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
        "use_types": ["FACE_RENDER"],
        "description": "What terms say where nobody says otherwise.",
        "window": {"days": 1},
        "exploitation": {"channels": ["THEATRICAL"], "distribution_territory": ["US"]},
        "render_territory": ["US"],
    }
)
"""Terms in which everything that has a default stands at it: what differs from them is shown."""

__all__ = ["FIELDS", "Piece", "Reading", "RowGroup", "TermRow", "money_words", "term_groups"]
