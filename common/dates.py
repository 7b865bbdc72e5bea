"""Days as people read them, in their language; the zone is the caller's business.

>>> from datetime import datetime
>>> date_words(datetime(2026, 10, 18))
'18 Oct 2026'
>>> weekday_words(datetime(2026, 10, 18))
'Sun 18 Oct'
"""

from datetime import date
from typing import Final

from django.utils.translation import pgettext, pgettext_lazy

_MONTHS: Final = (
    pgettext_lazy("month", "Jan"),
    pgettext_lazy("month", "Feb"),
    pgettext_lazy("month", "Mar"),
    pgettext_lazy("month", "Apr"),
    pgettext_lazy("month", "May"),
    pgettext_lazy("month", "Jun"),
    pgettext_lazy("month", "Jul"),
    pgettext_lazy("month", "Aug"),
    pgettext_lazy("month", "Sep"),
    pgettext_lazy("month", "Oct"),
    pgettext_lazy("month", "Nov"),
    pgettext_lazy("month", "Dec"),
)
_WEEKDAYS: Final = (
    pgettext_lazy("weekday", "Mon"),
    pgettext_lazy("weekday", "Tue"),
    pgettext_lazy("weekday", "Wed"),
    pgettext_lazy("weekday", "Thu"),
    pgettext_lazy("weekday", "Fri"),
    pgettext_lazy("weekday", "Sat"),
    pgettext_lazy("weekday", "Sun"),
)


def month_words(at: date) -> str:
    """``Oct``."""
    return str(_MONTHS[at.month - 1])


def day_words(at: date) -> str:
    """``18 Oct``."""
    return pgettext("date", "%(day)s %(month)s") % _parts(at)


def date_words(at: date) -> str:
    """``18 Oct 2026``."""
    return pgettext("date", "%(day)s %(month)s %(year)s") % _parts(at)


def weekday_words(at: date) -> str:
    """``Sun 18 Oct``."""
    return pgettext("date", "%(weekday)s %(day)s %(month)s") % _parts(at)


def weekdate_words(at: date) -> str:
    """``Sun 18 Oct 2026``."""
    return pgettext("date", "%(weekday)s %(day)s %(month)s %(year)s") % _parts(at)


def _parts(at: date) -> dict[str, str | int]:
    return {
        "weekday": str(_WEEKDAYS[at.weekday()]),
        "day": at.day,
        "month": month_words(at),
        "year": at.year,
    }
