"""Fields of sign-in and security."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from accounts.answers import AnswerField
from accounts.enrolment import clean_name
from accounts.passkeys import NAME_MAX


class PasskeyForm(forms.Form):
    """What a passkey is called, and what the browser made."""

    name = forms.CharField(
        label=_("What you call it"), max_length=NAME_MAX, help_text=_("“Laptop”, “phone”, “key in the safe”.")
    )
    credential = AnswerField()

    def clean_name(self) -> str:
        """One line, visible."""
        return _named(self.cleaned_data["name"])


class RenameForm(forms.Form):
    """Another name."""

    name = forms.CharField(label=_("What you call it"), max_length=NAME_MAX)

    def clean_name(self) -> str:
        """One line, visible."""
        return _named(self.cleaned_data["name"])


class NewPasswordForm(forms.Form):
    """A password, twice."""

    password = forms.CharField(
        label=_("New password"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=_("At least twelve characters. A few words in a row are easy to keep."),
    )
    again = forms.CharField(
        label=_("The same again"),
        max_length=500,
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
    )

    def clean(self) -> dict[str, Any]:
        """Both are the same."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "password" in cleaned and "again" in cleaned and cleaned["password"] != cleaned["again"]:
            self.add_error("again", _("The two differ."))
        return cleaned


def _named(text: str) -> str:
    name = clean_name(text)
    if not name:
        raise forms.ValidationError(_("Give it a name."))
    return name
