"""The period of a usage report."""

from datetime import date, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents_portal.days import DayField
from compliance.usage import PERIOD_DAYS_MOST


def _day(label: Any) -> forms.DateField:
    return DayField(label=label)


class PeriodForm(forms.Form):
    """``from`` and ``to``: whole days in the reader's zone, both included."""

    begins = _day(_("From"))
    until = _day(_("To, that day included"))

    @staticmethod
    def of_this_month() -> dict[str, date]:
        """The period that is shown first: this month so far."""
        today = timezone.localdate()
        return {"begins": today.replace(day=1), "until": today}

    def clean(self) -> dict[str, Any]:
        """A period ends after it begins, and has an end."""
        found = super().clean() or {}
        begins, until = found.get("begins"), found.get("until")
        if begins and until and until < begins:
            self.add_error("until", _("The period ends before it begins."))
        elif begins and until and until - begins > timedelta(days=PERIOD_DAYS_MOST):
            self.add_error("until", _("A period has at most ten years."))
        return found
