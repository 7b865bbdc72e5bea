"""A domain, and a sign-in service of an organisation's own."""

from django import forms
from django.utils.translation import gettext_lazy as _


class DomainForm(forms.Form):
    """Which domain."""

    domain = forms.CharField(
        label=_("Domain"), max_length=254, help_text=_("As it stands after the @ of your addresses: lanternfish.example."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none", "spellcheck": "false", "inputmode": "url"}),
    )  # fmt: skip


class ServiceForm(forms.Form):
    """What the service told you when you registered this server there."""

    name = forms.CharField(
        label=_("What your people read"), max_length=80, required=False,
        widget=forms.TextInput(attrs={"autocomplete": "off"}), help_text=_("Empty: your organisation’s name."),
    )  # fmt: skip
    issuer = forms.CharField(
        label=_("Issuer"), max_length=300, help_text=_("Its https address, exactly as the service gives it."),
        widget=forms.URLInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    client_id = forms.CharField(
        label=_("Client ID"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )  # fmt: skip
    secret = forms.CharField(
        label=_("Client secret"), max_length=500, strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}), help_text=_("Kept sealed, and never shown again."),
    )  # fmt: skip
