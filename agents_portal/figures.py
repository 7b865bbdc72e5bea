"""Geometry of meters and heat strips, drawn by templates as SVG: no script, no inline style.

A meter's x and width are percentages of its own width; a strip's cells are units of its viewBox.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Final

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.dates import day_words, month_words
from common.language import figure, later
from licensing.selectors import LicenceLine
from receipts.selectors import ShotStrip

UNITS: Final = (later("frames"), later("voice lines"), later("parts"), later("frame"), later("part"))
CELL_WIDTH: Final = 7
CELL_GAP: Final = 2
CELL_HEIGHT: Final = 14


@dataclass(frozen=True)
class Meter:
    """Used of granted; ``share`` in percent with one decimal, ``warn`` from 80 % on."""

    used: int
    most: int
    unit: str
    label: str

    @property
    def unit_words(self) -> str:
        """The unit in the reader's language."""
        return _(self.unit)

    @property
    def left(self) -> int:
        """What is left; never below zero."""
        return max(0, self.most - self.used)

    @property
    def share(self) -> float:
        """Percent used, 0 to 100."""
        return round(min(100.0, 100 * self.used / self.most), 1) if self.most else 0.0

    @property
    def width(self) -> str:
        """Width of the used part as SVG reads it, whatever the reader's language writes decimals with."""
        return f"{self.share:.1f}%"

    @property
    def reached(self) -> int:
        """The highest reminder that use has passed: 95, 80 or 0."""
        return next((mark for mark in (95, 80) if self.share >= mark), 0)


@dataclass(frozen=True)
class Cell:
    """One cell of a strip: where it stands and what it says."""

    x: int
    kind: str


@dataclass(frozen=True)
class Strip:
    """One shot's row; ``says`` tells the same in words."""

    shot: str
    first: int
    last: int
    rendered: int
    unauthorised: int
    cells: tuple[Cell, ...]
    frames_a_cell: int

    @property
    def width(self) -> int:
        """Width of the drawing."""
        return len(self.cells) * (CELL_WIDTH + CELL_GAP)

    @property
    def of(self) -> int:
        """How many frames the row spans."""
        return self.last - self.first + 1

    @property
    def says(self) -> str:
        """The strip in words, for who cannot see it."""
        return _(
            "Shot %(shot)s: %(rendered)s of %(all)s frames rendered, %(unauthorised)s without a lease. "
            "Frames %(first)s to %(last)s."
        ) % {
            "shot": self.shot,
            "rendered": figure(self.rendered),
            "all": figure(self.of),
            "unauthorised": figure(self.unauthorised),
            "first": self.first,
            "last": self.last,
        }


def strip_of(shot: ShotStrip) -> Strip:
    """Lay out one shot."""
    return Strip(
        shot=shot.shot,
        first=shot.first,
        last=shot.last,
        rendered=shot.rendered,
        unauthorised=shot.unauthorised,
        cells=tuple(
            Cell(at * (CELL_WIDTH + CELL_GAP), _kind(*counts)) for at, counts in enumerate(shot.cells)
        ),
        frames_a_cell=max(1, ceil((shot.last - shot.first + 1) / max(1, len(shot.cells)))),
    )


def strips_of(shots: Sequence[ShotStrip]) -> list[Strip]:
    """Lay out every shot of a licence."""
    return [strip_of(shot) for shot in shots]


@dataclass(frozen=True)
class Span:
    """A bar of the timeline: where it stands in percent, its words, its tone."""

    start: float
    end: float
    words: str
    tone: str

    @property
    def x(self) -> str:
        """Left edge."""
        return f"{self.start:.2f}%"

    @property
    def width(self) -> str:
        """Width, never less than a hair."""
        return f"{max(0.3, self.end - self.start):.2f}%"

    @property
    def text_x(self) -> str:
        """Where its words begin; a short bar has none."""
        return f"{self.start + 0.8:.2f}%"

    @property
    def has_room(self) -> bool:
        """Whether the words fit in."""
        return self.end - self.start > len(self.words) * 1.1


@dataclass(frozen=True)
class Timeline:
    """A licence from start to end: lanes of state and terms, months, reminders, today."""

    months: tuple[Span, ...]
    state: tuple[Span, ...]
    terms: tuple[Span, ...]
    reminders: tuple[str, ...]
    today: str

    @property
    def today_anchor(self) -> str:
        """Keeps the word "Today" inside the drawing at either end."""
        share = float(self.today.rstrip("%") or 0)
        return "start" if share < 4 else "end" if share > 96 else "middle"


def timeline_of(
    line: LicenceLine, lineage: Sequence[LicenceLine], reminders: Sequence[int], now: datetime
) -> Timeline:
    """Lay out a licence and its versions between the first day of the first and the last day of the last."""
    first, last = min(one.not_before for one in lineage), max(one.not_after for one in lineage)
    whole = (last - first).total_seconds()

    def at(moment: datetime) -> float:
        return min(100.0, max(0.0, 100 * (moment - first).total_seconds() / whole))

    ends = min(line.not_after, line.revoked_at or line.not_after)
    warned = max(reminders, default=0)
    soon = max(line.not_before, ends - timedelta(days=warned if line.revoked_at is None else 0))
    state = [Span(at(line.not_before), at(soon), _("May render"), "permit")]
    if line.revoked_at is not None:
        state.append(Span(at(ends), at(line.not_after), _("Revoked"), "deny"))
    elif soon < ends:
        ending = ngettext("Last %(days)s day", "Last %(days)s days", warned) % {"days": warned}
        state.append(Span(at(soon), at(ends), ending, "expire"))
    return Timeline(
        months=tuple(_months(first, last, at)),
        state=tuple(span for span in state if span.end > span.start),
        terms=tuple(
            Span(
                at(one.not_before),
                at(one.not_after),
                _("Version %(number)s") % {"number": one.version},
                "here" if one.jti == line.jti else "",
            )
            for one in lineage
        ),
        reminders=tuple(
            f"{at(line.not_after - timedelta(days=days)):.2f}%"
            for days in reminders
            if line.not_after - timedelta(days=days) > line.not_before
        ),
        today=f"{at(now):.2f}%" if first <= now <= last else "",
    )


def _months(first: datetime, last: datetime, at: Callable[[datetime], float]) -> Iterator[Span]:
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    yield Span(0, 0, day_words(first), "")
    while (month := (month + timedelta(days=32)).replace(day=1)) < last:
        if 6 < at(month) < 96:
            yield Span(at(month), at(month), month_words(month), "")


def _kind(rendered: int, failed: int, unauthorised: int) -> str:
    if unauthorised:
        return "no-lease"
    if rendered:
        return "rendered"
    return "no-receipt" if failed else "not-yet"
