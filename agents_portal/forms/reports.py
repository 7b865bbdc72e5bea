"""A rights report that is asked for."""

from django import forms
from django.utils.translation import gettext_lazy as _

from training.vocabulary import ReportScope


class RightsReportForm(forms.Form):
    """Fields of ``/material/reports/new/``."""

    scope = forms.ChoiceField(label=_("What it is about"), choices=ReportScope.choices)
    about = forms.CharField(
        label=_("Which one"),
        required=False,
        max_length=80,
        help_text=_("Its id; of a manifest also sha256:… Empty where it is about everything."),
    )
    until = forms.DateTimeField(
        label=_("As it stood at"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local", "step": "1"}, format="%Y-%m-%dT%H:%M:%S"),
        help_text=_("Empty: now. What happened afterwards changes nothing of the answer."),
    )
