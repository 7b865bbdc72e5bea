"""Days as people name them, and the moments they begin and end at in the reader's zone."""

from datetime import MAXYEAR, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy

from common import clock


class DayField(forms.DateField):
    """A day, chosen with the browser's own calendar."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs.setdefault("input_formats", ["%Y-%m-%d"])
        kwargs.setdefault("error_messages", {"invalid": gettext_lazy("Enter a day as year-month-day.")})
        widget = forms.DateInput(format="%Y-%m-%d", attrs={"type": "date", "class": "day"})
        super().__init__(widget=widget, **kwargs)

    def to_python(self, value: Any) -> date | None:
        """The day; the last ones that a calendar can name are none, for nothing begins after them."""
        day = super().to_python(value)
        if day is not None and day.year == MAXYEAR:
            raise forms.ValidationError(self.error_messages["invalid"], code="invalid")
        return day


def begin_of(day: date | None, *, earliest: datetime | None = None) -> datetime:
    """When ``day`` begins here; today, and no day at all, begin now. Never before ``earliest`` on its own day."""
    now = clock.now()
    if day is None or day == timezone.localdate(now):
        return now
    begins = timezone.make_aware(datetime.combine(day, time.min))
    if earliest is not None and begins < earliest and day == timezone.localdate(earliest):
        return earliest
    return begins


def end_of(day: date | None, *, latest: datetime | None = None) -> datetime | None:
    """When ``day`` is over here; never after ``latest`` on its own day. No day: ``latest`` itself."""
    if day is None:
        return latest
    ends = timezone.make_aware(datetime.combine(day + timedelta(days=1), time.min))
    if latest is not None and ends > latest and day == timezone.localdate(latest):
        return latest
    return ends


def last_day_of(moment: datetime | None) -> date | None:
    """The last day that ``moment`` leaves whole or in part: midnight belongs to the day before."""
    return timezone.localdate(moment - timedelta(microseconds=1)) if moment else None
