"""How the portal looks and listens, kept in this browser."""

from django import forms
from django.conf import settings

from common.language import later


class SettingsForm(forms.Form):
    """Language, theme and single-letter keys."""

    language = forms.ChoiceField(
        label=later("Language"),
        choices=[("", later("As this browser asks")), *settings.LANGUAGES],
        widget=forms.RadioSelect,
        required=False,
    )

    theme = forms.ChoiceField(
        label=later("Look"),
        choices=[("auto", later("As this device")), ("light", later("Light")), ("dark", later("Dark"))],
        widget=forms.RadioSelect,
    )
    keys = forms.ChoiceField(
        label=later("Single-letter keys"),
        choices=[("on", later("On: J K A C Q D ?")), ("off", later("Off"))],
        widget=forms.RadioSelect,
    )
