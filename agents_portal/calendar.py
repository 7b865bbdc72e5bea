"""Geometry of the expiry calendar: weeks, bars, reminder ticks, asked renewals; drawn as SVG, said in a table.

All places are shares of the drawing's width, as SVG reads them whatever the reader's language.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from common.dates import day_words, month_words
from licensing.selectors import LicenceLine

WEEKS: Final = 14
_LETTER = 0.95  # per cent of the drawing that a letter of a bar's words takes, a little more than it does


@dataclass(frozen=True)
class Week:
    """A grid line with its day; the month stands where it begins."""

    x: str
    day: int
    month: str


@dataclass(frozen=True)
class Bar:
    """One licence in the window: where it begins and ends there, its ticks, and what follows."""

    line: LicenceLine
    x: str
    width: str
    end: str
    tone: str
    ticks: tuple[str, ...]
    ends_here: bool
    words: str
    anchor: str
    renewal_x: str = ""
    renewal_width: str = ""
    renewal_words: str = ""
    says: str = ""


@dataclass(frozen=True)
class Calendar:
    """Fourteen weeks from this week's Monday."""

    weeks: tuple[Week, ...]
    bars: tuple[Bar, ...]
    today: str
    until: datetime


def window(now: datetime) -> tuple[datetime, datetime]:
    """From Monday of this week, in the reader's zone, for fourteen weeks."""
    here = timezone.localtime(now)
    first = (here - timedelta(days=here.weekday())).replace(hour=0, minute=0, second=0, microsecond=0)
    return first, first + timedelta(weeks=WEEKS)


def calendar_of(lines: Sequence[LicenceLine], now: datetime) -> Calendar:
    """Lay ``lines`` out from this week on."""
    first, last = window(now)

    def at(moment: datetime) -> float:
        share = 100 * (moment - first).total_seconds() / (last - first).total_seconds()
        return min(100.0, max(0.0, share))

    weeks: list[Week] = []
    for number in range(WEEKS):
        day = first + timedelta(weeks=number)
        begins = not weeks or day.day <= 7
        weeks.append(Week(f"{at(day):.2f}%", day.day, month_words(day) if begins else ""))
    bars = tuple(_bar(line, at, last) for line in lines)
    return Calendar(tuple(weeks), bars, f"{at(now):.2f}%", last)


def _bar(line: LicenceLine, at: Callable[[datetime], float], last: datetime) -> Bar:
    start, end = at(line.not_before), at(line.not_after)
    ticks = tuple(
        f"{at(when):.2f}%"
        for days in line.reminders
        if line.not_before < (when := line.not_after - timedelta(days=days)) < last and at(when) > 0
    )
    days = line.renewal_days if line.open_renewal else None
    goes_on = line.not_after + timedelta(days=days) if days else None
    words = _end_words(line)
    return Bar(
        line=line,
        x=f"{start:.2f}%",
        width=f"{max(0.4, end - start):.2f}%",
        end=f"{end:.2f}%",
        tone=_tone(line),
        ticks=ticks,
        ends_here=line.not_after <= last,
        words=words,
        anchor="end" if end + _LETTER * len(words) > 100 else "start",
        renewal_x=f"{min(end + 8, 99):.2f}%" if goes_on and end < 92 else "",
        renewal_width=f"{max(1.0, at(goes_on) - end - 8):.2f}%" if goes_on and end < 92 else "",
        renewal_words=_renewal_words(days) if days else "",
        says=_says(line, days),
    )


def _tone(line: LicenceLine) -> str:
    if line.state == "SUSPENDED":
        return "unsure"
    return "expire" if line.renewal_due else "permit"


def _day(moment: datetime) -> str:
    return day_words(timezone.localtime(moment))


def _end_words(line: LicenceLine) -> str:
    if line.state == "SUSPENDED":
        return _("%(day)s, clock runs while paused") % {"day": _day(line.not_after)}
    return _day(line.not_after)


def _renewal_words(days: int) -> str:
    return ngettext("Renewal asked: %(days)d day", "Renewal asked: %(days)d days", days) % {"days": days}


def _says(line: LicenceLine, days: int | None) -> str:
    said = _("%(talent)s until %(day)s") % {"talent": line.talent_name, "day": _day(line.not_after)}
    return f"{said}. {_renewal_words(days)}" if days else said
