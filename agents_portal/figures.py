"""Geometry of meters and heat strips, drawn by templates as SVG: no script, no inline style.

A meter's x and width are percentages of its own width; a strip's cells are units of its viewBox.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _

from agents_portal.lanes import state_lane
from common.dates import day_words, month_words
from common.language import core, figure, later
from licensing.selectors import LicenceLine
from receipts.selectors import Day, ShotCell, ShotRow

UNITS: Final = (
    later("frames"),
    later("voice lines"),
    later("words"),
    later("seconds on screen"),
    later("parts"),
    later("frame"),
    later("part"),
)
CELL_WIDTH: Final = 7
CELL_GAP: Final = 2
CELL_HEIGHT: Final = 14
BAR_FOOT: Final = 134
BAR_HEIGHT: Final = 40
_REFUSED_APART: Final = 3.2  # percent of the width: closer marks are told as one


@dataclass(frozen=True)
class Meter:
    """Used of granted; ``share`` in percent with one decimal, ``warn`` from 80 % on.

    ``earlier`` is what versions before this one used, apart from it: it stands before the bar in the lighter tone.
    """

    used: int
    most: int
    unit: str
    label: str
    earlier: tuple[tuple[int, int], ...] = ()

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
    def start(self) -> str:
        """Where this version's part begins, as SVG reads it, whatever the reader's language writes decimals with."""
        return self._at(0)

    @property
    def width(self) -> str:
        """Width of the used part."""
        return f"{100 * min(self.used, self.most) / self._whole:.1f}%"

    @property
    def ticks(self) -> tuple[tuple[int, str], ...]:
        """The reminders, and where they stand."""
        return tuple((mark, self._at(mark)) for mark in (80, 95))

    @property
    def earlier_words(self) -> str:
        """What the versions before this one used, each on its own."""
        parts = [
            _("%(number)s under version %(version)s") % {"number": figure(used), "version": version}
            for version, used in self.earlier
        ]
        return core().listed(parts)

    @property
    def _before(self) -> int:
        return sum(used for _version, used in self.earlier)

    @property
    def _whole(self) -> int:
        return max(1, self._before + self.most)

    def _at(self, mark: int) -> str:
        return f"{100 * (self._before + self.most * mark / 100) / self._whole:.1f}%"

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
    again: int
    unauthorised: int
    refused: int
    cells: tuple[Cell, ...]

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
            "Shot %(shot)s: %(rendered)s of %(all)s frames rendered, %(again)s of them again, "
            "%(unauthorised)s without a lease, %(refused)s checks refused. Frames %(first)s to %(last)s."
        ) % {
            "shot": self.shot,
            "rendered": figure(self.rendered),
            "all": figure(self.of),
            "again": figure(self.again),
            "unauthorised": figure(self.unauthorised),
            "refused": figure(self.refused),
            "first": self.first,
            "last": self.last,
        }


def strip_of(shot: ShotRow) -> Strip:
    """Lay out one shot."""
    return Strip(
        shot=shot.shot,
        first=shot.first,
        last=shot.last,
        rendered=shot.rendered,
        again=shot.again,
        unauthorised=shot.unauthorised,
        refused=shot.refused,
        cells=tuple(Cell(at * (CELL_WIDTH + CELL_GAP), _kind(cell)) for at, cell in enumerate(shot.cells)),
    )


def strips_of(shots: Sequence[ShotRow]) -> list[Strip]:
    """Lay out every shot of a page."""
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
class Bar:
    """A day on the timeline: where it stands, how high it is out of ``BAR_HEIGHT``, its number, and the words."""

    x: str
    height: float
    number: int
    words: str
    tone: str = ""

    @property
    def y(self) -> str:
        """Where the bar's upper edge stands."""
        return f"{BAR_FOOT - self.height:.1f}"

    @property
    def tall(self) -> str:
        """The bar's height."""
        return f"{self.height:.1f}"


@dataclass(frozen=True)
class Timeline:
    """A licence from start to end: lanes of state and terms, months, reminders, today."""

    months: tuple[Span, ...]
    state: tuple[Span, ...]
    terms: tuple[Span, ...]
    reminders: tuple[str, ...]
    today: str
    bars: tuple[Bar, ...] = ()
    refused: tuple[Bar, ...] = ()
    most: int = 0
    asked: Span | None = None
    ends: str = ""
    ends_words: str = ""

    @property
    def today_anchor(self) -> str:
        """Keeps the word "Today" inside the drawing at either end."""
        share = float(self.today.rstrip("%") or 0)
        return "start" if share < 4 else "end" if share > 96 else "middle"


def timeline_of(
    line: LicenceLine,
    lineage: Sequence[LicenceLine],
    reminders: Sequence[int],
    now: datetime,
    days: Sequence[Day] = (),
) -> Timeline:
    """Lay out a licence and its versions between the first day of the first and the last day of the last."""
    first, last = min(one.not_before for one in lineage), max(one.not_after for one in lineage)
    asked_until = last + (last - first) * 0.08 if line.open_renewal else None
    whole = ((asked_until or last) - first).total_seconds()

    def at(moment: datetime) -> float:
        return min(100.0, max(0.0, 100 * (moment - first).total_seconds() / whole))

    ends_here = timezone.localtime(line.not_after)
    lane = state_lane(line, lineage, warned_days=max(reminders, default=0), now=now)
    return Timeline(
        months=tuple(_months(first, last, at)),
        state=tuple(Span(at(one.begins), at(one.ends), one.words, one.tone) for one in lane),
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
        bars=_bars(days, at, line),
        refused=_refused(days, at),
        most=max((day.rendered for day in days), default=0),
        asked=Span(at(last), 100, _("asked"), "asked") if asked_until else None,
        ends=f"{at(line.not_after):.2f}%",
        ends_words=day_words(ends_here),
    )


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))


def _bars(days: Sequence[Day], at: Callable[[datetime], float], line: LicenceLine) -> tuple[Bar, ...]:
    most = max((day.rendered for day in days), default=0)
    return tuple(
        Bar(
            f"{at(_noon(day.day)):.2f}%",
            max(1.5, BAR_HEIGHT * day.rendered / most),
            day.rendered,
            f"{day_words(day.day)}: {figure(day.rendered)}",
            "here" if _noon(day.day) >= line.not_before else "before",
        )
        for day in days
        if day.rendered
    )


def _refused(days: Sequence[Day], at: Callable[[datetime], float]) -> tuple[Bar, ...]:
    """Refused checks as numbers on their lane; days that would overlap are added up."""
    found: list[tuple[float, int, date]] = []
    for day in days:
        if not day.refused:
            continue
        x = at(_noon(day.day))
        if found and x - found[-1][0] < _REFUSED_APART:
            found[-1] = (found[-1][0], found[-1][1] + day.refused, found[-1][2])
        else:
            found.append((x, day.refused, day.day))
    # a number at either end stands whole inside the drawing
    return tuple(
        Bar(f"{min(98.5, max(1.5, x)):.2f}%", 0, n, f"{day_words(day)}: {figure(n)}") for x, n, day in found
    )


def _months(first: datetime, last: datetime, at: Callable[[datetime], float]) -> Iterator[Span]:
    month = first.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    yield Span(0, 0, day_words(first), "")
    while (month := (month + timedelta(days=32)).replace(day=1)) < last:
        if 6 < at(month) < 96:
            yield Span(at(month), at(month), month_words(month), "")


def _kind(cell: ShotCell) -> str:
    """What a cell shows: what needs eyes before what went well, and a refusal where nothing was rendered after it."""
    if cell.unauthorised:
        return "no-lease"
    if cell.rendered:
        return "again" if cell.again else "rendered"
    if cell.refused:
        return "refused"
    return "no-receipt" if cell.failed else "not-yet"
