"""How the portal looks and listens, kept in this browser."""

from django import forms


class SettingsForm(forms.Form):
    """Theme and single-letter keys."""

    theme = forms.ChoiceField(
        label="Look",
        choices=[("auto", "As this device"), ("light", "Light"), ("dark", "Dark")],
        widget=forms.RadioSelect,
    )
    keys = forms.ChoiceField(
        label="Single-letter keys",
        choices=[("on", "On: J K A C D"), ("off", "Off")],
        widget=forms.RadioSelect,
    )
