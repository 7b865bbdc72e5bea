"""Whether a quota ends before its licence does, at the pace of the last seven days."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from licensing.selectors import LicenceLine
from receipts.selectors import QuotaUse

PACE_DAYS: Final = 7


@dataclass(frozen=True)
class Forecast:
    """Frames run out at ``ends_at``, before the licence does; ``left`` are left now."""

    line: LicenceLine
    left: int
    a_day: int
    ends_at: datetime


def pace_since(now: datetime) -> datetime:
    """Since when use counts for the pace."""
    return now - timedelta(days=PACE_DAYS)


def forecasts_of(
    lines: Sequence[LicenceLine], used: Mapping[UUID, QuotaUse], now: datetime
) -> tuple[Forecast, ...]:
    """Those of the live ``lines`` that run out before they end, the soonest first.

    A licence younger than the seven days is measured by the days it has had.
    """
    found = []
    for line in lines:
        use = used.get(line.jti, QuotaUse())
        if line.state == "ACTIVE" and line.frames_max:
            found.append(forecast_of(line, use.frames, use.lately, now))
    return tuple(sorted((one for one in found if one), key=lambda one: one.ends_at))


def forecast_of(line: LicenceLine, used: int, lately: int, now: datetime) -> Forecast | None:
    """When the frames of ``line`` run out, of which ``lately`` went in the last seven days; None: in time, or unknown."""
    left = line.frames_max - used
    measured = min(timedelta(days=PACE_DAYS), max(now - line.not_before, timedelta(hours=1)))
    if left <= 0 or lately <= 0:
        return None
    pace = lately / measured.total_seconds()
    try:
        ends_at = now + timedelta(seconds=left / pace)
    except OverflowError:
        return None
    if ends_at >= line.not_after:
        return None
    return Forecast(line, left, round(pace * 86_400), ends_at)
