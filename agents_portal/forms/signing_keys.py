"""A signing key that is trusted no more."""

from datetime import UTC

from django import forms
from django.utils.translation import gettext_lazy as _


class RevokeKeyForm(forms.Form):
    """Since when somebody else may have signed with it, where that is known."""

    compromised_at = forms.DateTimeField(
        label=_("Compromised since (UTC), where it is known"),
        required=False,
        widget=forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
        help_text=_("Empty: it is only retired from trust. Every log tells it."),
    )

    def clean_compromised_at(self) -> object:
        """The time in UTC, whatever zone the reader lives in."""
        given = self.cleaned_data["compromised_at"]
        return given.replace(tzinfo=UTC) if given else None
