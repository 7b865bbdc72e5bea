"""Term rows: each term with what it was, what they ask and what you give, in pieces a template can draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agents_portal.code_words import BASES
from agents_portal.drafts import Draft
from agents_portal.fields import FIELDS, TermField
from agents_portal.templatetags.portal import screen_time
from agents_portal.words import figure, later
from common.dates import date_words
from common.language import core
from trustcore.policy.clauses import ContentRule
from trustcore.policy.terms import Terms, parse_time
from trustcore.policy.words import CONTENT, money

_ON_END = {
    "DESTROY": later("destroyed, with a certificate"),
    "RETURN": later("returned"),
    "VAULT": later("kept in the vault"),
    "KEEP": later("kept"),
}
_CONTROL = {
    "TERMINATE": later("A change of studio owner ends it; the talent may stop it at any time"),
    "RECONSENT": later("A change of studio owner needs a new yes; the talent may stop it at any time"),
    "SURVIVE": later("A change of studio owner leaves it in force; the talent may stop it at any time"),
}
_MARKS = {
    ("PIXEL",): later("Hidden mark in picture"),
    ("AUDIO",): later("Hidden mark in sound"),
    ("AUDIO", "PIXEL"): later("Hidden mark in picture and sound"),
    (): later("None"),
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
    act: str = ""
    fixed: str = ""

    @property
    def is_list(self) -> bool:
        """Whether the value is drawn as chips."""
        return any(piece.kind.startswith("chip") for piece in self.pieces)

    @property
    def is_yours(self) -> bool:
        """Whether the reader changed it."""
        return self.act == "undo"


def term_rows(
    asked: Terms, *, last: Terms | None, draft: Draft, names: Mapping[str, str], may_change: bool
) -> list[TermRow]:
    """The rows of a request, in the order of the approval screen (TAXONOMY 16)."""
    readers: dict[str, Callable[[str], str]] = {
        "vendors": lambda identifier: names.get(identifier, identifier)
    }
    rows = [
        _row(field, asked, last, draft, readers.get(field.key, field.words), may_change=may_change)
        for field in FIELDS.values()
        if not (
            field.key == "lines_max" and not asked.scope.lines_max and not (last and last.scope.lines_max)
        )
    ]
    review = rows.pop()
    return [*rows, *_fixed_rows(asked), review, *_closing_rows(asked)]


def _row(
    field: TermField,
    asked: Terms,
    last: Terms | None,
    draft: Draft,
    reader: Callable[[str], str],
    *,
    may_change: bool,
) -> TermRow:
    value = field.value_of(asked)
    before = field.value_of(last) if last else value
    yours = draft.values.get(field.key, value)
    if isinstance(value, tuple):
        pieces = _members(set(_tuple(before)), value, set(_tuple(yours)), reader)
    else:
        pieces = _numbers(_number(before), value, _number(yours))
    return TermRow(
        key=field.key,
        label=field.label,
        pieces=tuple(pieces) or (Piece("text", _("None")),),
        limit=_limit(field.key, draft.apply(asked) if draft else asked),
        note=draft.notes.get(field.key, ""),
        act="" if not may_change else "undo" if field.key in draft.values else "change",
    )


def _number(value: int | tuple[str, ...]) -> int:
    return 0 if isinstance(value, tuple) else value


def _tuple(value: int | tuple[str, ...]) -> tuple[str, ...]:
    return value if isinstance(value, tuple) else ()


def _members(
    before: set[str], asked: tuple[str, ...], yours: set[str], reader: Callable[[str], str]
) -> list[Piece]:
    pieces = []
    for one in asked:
        if one not in yours:
            pieces.append(Piece("chip-was", reader(one)))
        elif one not in before:
            pieces.append(Piece("chip-now", f"+ {reader(one)}"))
        else:
            pieces.append(Piece("chip", reader(one)))
    return pieces + [Piece("chip-was", reader(one)) for one in sorted(before - set(asked))]


def _numbers(before: int, asked: int, yours: int) -> list[Piece]:
    if yours != asked:
        return [
            *([Piece("was", figure(before))] if before != asked else []),
            Piece("asked", _("they ask %(number)s") % {"number": figure(asked)}),
            Piece("now", figure(yours)),
        ]
    if before != asked:
        return [Piece("was", figure(before)), Piece("now", figure(asked))]
    return [Piece("text", figure(asked))]


def _limit(key: str, terms: Terms) -> str:
    """The human unit below the value."""
    match key:
        case "frames_max":
            return _("%(time)s at 24 fps") % {"time": screen_time(terms.scope.frames_max)}
        case "lines_max":
            return _("Spoken lines, each one counted")
        case "window_days":
            return _window_words(terms)
        case "render_territory" | "distribution_territory":
            return _("Not: every other country")
        case "channels":
            until = terms.exploitation.until
            if not until:
                return _("Not: every other channel")
            return _("Until %(day)s. Not: every other channel") % {"day": _day(until)}
        case "use_types":
            return _("No use includes another")
        case "final_review_hours":
            return _("Hours to see the final shots before they leave the studio")
        case _:
            return ""


def _day(text: str) -> str:
    moment: datetime = parse_time(text)
    return date_words(moment)


def _window_words(terms: Terms) -> str:
    window = terms.window
    if window.not_before is None or window.not_after is None:
        return _("Counted from the day the licence is issued")
    return _("%(first)s to %(last)s") % {"first": _day(window.not_before), "last": _day(window.not_after)}


def _fixed_rows(terms: Terms) -> list[TermRow]:
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
    return [
        TermRow(
            "content",
            _("Content"),
            (Piece("text", content),),
            limit=_content_limit(ask, graded),
            fixed=_("As asked"),
        ),
        TermRow(
            "money",
            _("Money"),
            (Piece("text", money_words(terms)),),
            limit=_money_limit(terms),
            fixed=_("As asked"),
        ),
    ]


def _content(name: str) -> str:
    return core().say(CONTENT[name]).lower()


def _content_limit(ask: list[str], graded: list[str]) -> str:
    parts = [f"{part[:1].upper()}{part[1:]}." for part in graded]
    return " ".join(
        [*parts, _("Ask each time: %(contents)s.") % {"contents": ", ".join(ask)} if ask else ""]
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


def _money_limit(terms: Terms) -> str:
    days = terms.compensation.equivalent_days_estimated
    if days:
        text = ngettext("Estimated as %(days)s day of work", "Estimated as %(days)s days of work", days)
        return text % {"days": figure(days)}
    return _("Computed and reported here, never moved")


def _closing_rows(terms: Terms) -> list[TermRow]:
    marks = str(_MARKS[tuple(sorted(str(layer) for layer in terms.marking.watermark))])
    if terms.marking.c2pa and terms.marking.watermark:
        marks = _("%(marks)s, Content Credentials") % {"marks": marks}
    retention = terms.retention
    return [
        TermRow(
            "marking",
            _("Marks"),
            (Piece("text", marks),),
            limit=_("On every output, checked before it leaves"),
            fixed=_("Fixed by agreement"),
        ),
        TermRow(
            "ends",
            _("Ends or pauses it"),
            (Piece("text", _CONTROL[str(terms.change_of_control)]),),
            fixed=_("Fixed by agreement"),
        ),
        TermRow(
            "retention",
            _("Scans afterwards"),
            (
                Piece(
                    "text",
                    _("Scans %(scans)s; replica %(replica)s")
                    % {
                        "scans": _ON_END[str(retention.scan)],
                        "replica": _ON_END[str(retention.replica_model)],
                    },
                ),
            ),
            fixed=_("As asked"),
        ),
    ]
