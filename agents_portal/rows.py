"""Term rows: each term with what it was, what they ask and what you give, in pieces a template can draw."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from agents_portal import words
from agents_portal.drafts import Draft
from agents_portal.fields import FIELDS, TermField
from agents_portal.templatetags.portal import screen_time
from trustcore.policy.clauses import ContentRule
from trustcore.policy.terms import Terms, parse_time
from trustcore.policy.words import CONTENT, money

_ON_END = {
    "DESTROY": "destroyed, with a certificate",
    "RETURN": "returned",
    "VAULT": "kept in the vault",
    "KEEP": "kept",
}
_CONTROL = {"TERMINATE": "ends it", "RECONSENT": "needs a new yes", "SURVIVE": "leaves it in force"}


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
        pieces = _numbers(before, value, yours)
    return TermRow(
        key=field.key,
        label=field.label,
        pieces=tuple(pieces) or (Piece("text", "None"),),
        limit=_limit(field.key, draft.apply(asked) if draft else asked),
        note=draft.notes.get(field.key, ""),
        act="" if not may_change else "undo" if field.key in draft.values else "change",
    )


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


def _numbers(before: object, asked: object, yours: object) -> list[Piece]:
    if yours != asked:
        return [
            *([Piece("was", f"{before:,}")] if before != asked else []),
            Piece("asked", f"they ask {asked:,}"),
            Piece("now", f"{yours:,}"),
        ]
    if before != asked:
        return [Piece("was", f"{before:,}"), Piece("now", f"{asked:,}")]
    return [Piece("text", f"{asked:,}")]


def _limit(key: str, terms: Terms) -> str:
    """The human unit below the value."""
    match key:
        case "frames_max":
            return f"{screen_time(terms.scope.frames_max)} at 24 fps"
        case "lines_max":
            return "Spoken lines, each one counted"
        case "window_days":
            return _window_words(terms)
        case "render_territory" | "distribution_territory":
            return "Not: every other country"
        case "channels":
            until = terms.exploitation.until
            return f"Until {_day(until)}. Not: every other channel" if until else "Not: every other channel"
        case "use_types":
            return "No use includes another"
        case "final_review_hours":
            return "Hours to see the final shots before they leave the studio"
        case _:
            return ""


def _day(text: str) -> str:
    moment: datetime = parse_time(text)
    return f"{moment.day} {moment:%b %Y}"


def _window_words(terms: Terms) -> str:
    window = terms.window
    if window.not_before is None or window.not_after is None:
        return "Counted from the day the licence is issued"
    return f"{_day(window.not_before)} to {_day(window.not_after)}"


def _fixed_rows(terms: Terms) -> list[TermRow]:
    never = [CONTENT[name].lower() for name, rule in terms.content.items() if rule == ContentRule.PROHIBITED]
    ask = [
        CONTENT[name].lower() for name, rule in terms.content.items() if rule == ContentRule.APPROVAL_REQUIRED
    ]
    graded = [
        f"{CONTENT[name].lower()} up to {rule} of 5"
        for name, rule in terms.content.items()
        if isinstance(rule, int)
    ]
    content = f"No {', '.join(never[:-1])} or {never[-1]}." if len(never) > 1 else ""
    return [
        TermRow(
            "content",
            "Content",
            (Piece("text", content),),
            limit=_content_limit(ask, graded),
            fixed="As asked",
        ),
        TermRow(
            "money",
            "Money",
            (Piece("text", money_words(terms)),),
            limit=_money_limit(terms),
            fixed="As asked",
        ),
    ]


def _content_limit(ask: list[str], graded: list[str]) -> str:
    parts = [f"{part[:1].upper()}{part[1:]}." for part in graded]
    return " ".join([*parts, f"Ask each time: {', '.join(ask)}." if ask else ""]).strip()


def money_words(terms: Terms) -> str:
    """``USD 12,450, flat``; no fee is said as such."""
    pay = terms.compensation
    if not pay.amount_minor:
        return "No fee agreed" if pay.basis == "NO_FEE_CONSENTED" else f"By {words.lower_words(pay.basis)}"
    amount = money(pay.amount_minor, pay.currency).removesuffix(".00")
    basis = "flat" if pay.basis == "FLAT" else words.lower_words(pay.basis)
    return f"{amount}, {basis}{', plus residuals as if in person' if pay.residuals else ''}"


def _money_limit(terms: Terms) -> str:
    days = terms.compensation.equivalent_days_estimated
    return f"Estimated as {days} days of work" if days else "Computed and reported here, never moved"


def _closing_rows(terms: Terms) -> list[TermRow]:
    marks = " and ".join(
        {"PIXEL": "picture", "AUDIO": "sound"}[str(layer)] for layer in reversed(terms.marking.watermark)
    )
    credentials = ", Content Credentials" if terms.marking.c2pa else ""
    retention = terms.retention
    return [
        TermRow(
            "marking",
            "Marks",
            (Piece("text", f"Hidden mark in {marks or 'nothing'}{credentials}" if marks else "None"),),
            limit="On every output, checked before it leaves",
            fixed="Fixed by agreement",
        ),
        TermRow(
            "ends",
            "Ends or pauses it",
            (
                Piece(
                    "text",
                    f"A change of studio owner {_CONTROL[str(terms.change_of_control)]}; the talent may stop it at any time",
                ),
            ),
            fixed="Fixed by agreement",
        ),
        TermRow(
            "retention",
            "Scans afterwards",
            (
                Piece(
                    "text",
                    f"Scans {_ON_END[str(retention.scan)]}; replica {_ON_END[str(retention.replica_model)]}",
                ),
            ),
            fixed="As asked",
        ),
    ]
