"""The one clock. A demonstration may move it: ``TRUSTMARK_TEST_CLOCK_FILE`` holds an offset in seconds.

Rules about time (windows, expiry, heartbeats) ask this clock, so that a test moves a quarter of a year
without sleeping. A production deployment leaves the variable empty; the system check ``common.W001`` says so.
"""

from datetime import UTC, datetime, timedelta
from pathlib import Path

from django.conf import settings


def offset() -> timedelta:
    """How far the test clock is ahead of real time; zero without one, or while its file is unreadable."""
    if not settings.TEST_CLOCK_FILE:
        return timedelta()
    try:
        return timedelta(seconds=float(Path(settings.TEST_CLOCK_FILE).read_text(encoding="ascii")))
    except (OSError, ValueError):
        return timedelta()


def now() -> datetime:
    """The present moment, aware, UTC."""
    return datetime.now(tz=UTC) + offset()


def rfc3339(moment: datetime) -> str:
    """``2026-11-22T08:05:00Z``: UTC, whole seconds, as records and tokens write time."""
    if moment.tzinfo is not UTC:
        moment = moment.astimezone(UTC)
    return f"{moment.isoformat(timespec='seconds')[:19]}Z"
