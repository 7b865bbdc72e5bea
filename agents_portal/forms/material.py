"""A review's answer, a reason, an exception that is asked for."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents_portal.material_words import REASONS
from training.gate.policy import LIFTABLE
from training.models import Review

_DAY = {"type": "date", "class": "day"}


def _text(label: Any, *, rows: int = 3, most: int = 2000, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **options
    )


class StopForm(forms.Form):
    """Fields of ``/material/classes/<uuid>/stop/`` and ``open/``, ``/material/rights/<uuid>/end/``."""

    reason = _text(_("Why"), most=500, error_messages={"required": _("Say why. It is kept with the act.")})


class AnswerForm(forms.Form):
    """Fields of ``/material/queue/<uuid>/``."""

    answer = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[
            (
                Review.Answer.ADMIT,
                _("Admit it|Its bytes leave isolation. It may be trained on while its rights hold."),
            ),
            (Review.Answer.REFUSE, _("Refuse it|For good. Its bytes are removed; the record of it stays.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of both.")},
    )
    reason = _text(_("Why"), error_messages={"required": _("Say why. An auditor reads it later.")})


class ExceptionForm(forms.Form):
    """Fields of ``/material/exceptions/new/``."""

    codes = forms.MultipleChoiceField(
        label=_("What it lifts"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(code, REASONS[code].found) for code in sorted(LIFTABLE)],
        help_text=_("Nothing else can be lifted. Without rights nothing is ever admitted."),
        error_messages={"required": _("Choose at least one.")},
    )
    source_class = forms.ChoiceField(label=_("Class of sources"))
    source = forms.ChoiceField(label=_("Source"), required=False)
    owner = forms.ChoiceField(
        label=_("Who owns it"), help_text=_("Answers for it while it holds, and for its review.")
    )
    reason = _text(_("Why it is needed"))
    compensating_controls = _text(_("What is done instead of the rule"))
    rollback_plan = _text(_("How it is undone"))
    review_on = forms.DateField(
        label=_("Looked at again on"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        help_text=_("It ends by itself when this day is over, within half a year at most."),
    )

    def __init__(
        self,
        *args: Any,
        classes: list[tuple[str, str]],
        sources: list[tuple[str, str]],
        people: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        """Offer the house's own classes, sources and people."""
        super().__init__(*args, **kwargs)
        self.fields["source_class"].choices = classes  # type: ignore[attr-defined]
        self.fields["source"].choices = [("", _("Every source of the class")), *sources]  # type: ignore[attr-defined]
        self.fields["owner"].choices = people  # type: ignore[attr-defined]


def end_of(day: date) -> datetime:
    """The instant at which ``day`` is over where the reader is."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
