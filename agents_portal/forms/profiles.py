"""Counsel's sign-off of a compliance profile."""

from django import forms
from django.utils.translation import gettext_lazy as _


class SignOffForm(forms.Form):
    """Who read the text, and the hash of what was read."""

    counsel_name = forms.CharField(
        label=_("Counsel who read it"),
        max_length=200,
        help_text=_("The name stays with the sign-off and in the audit trail."),
    )
    profile_hash = forms.RegexField(r"^sha256:[0-9a-f]{64}$", widget=forms.HiddenInput)
