"""Asking for an erasure: on what ground, and where the operator asks, of whom."""

from django import forms

from agents_portal.erasure_words import GROUNDS
from agents_portal.words import later


class GroundForm(forms.Form):
    """On what ground of Article 17."""

    ground = forms.ChoiceField(label=later("Why"), choices=[*GROUNDS.items()], initial="CONSENT_WITHDRAWN")


class WhomForm(GroundForm):
    """The operator names the person."""

    talent = forms.CharField(
        label=later("Talent"),
        max_length=160,
        required=False,
        help_text=later("Handle or id. The talent’s own user goes with it."),
    )
    user = forms.CharField(
        label=later("Or a user who is no talent"),
        max_length=254,
        required=False,
        help_text=later("E-mail address or id."),
    )
    field_order = ("talent", "user", "ground")

    def clean(self) -> dict[str, object]:
        """Exactly one person."""
        given = super().clean() or {}
        if bool(given.get("talent")) == bool(given.get("user")):
            self.add_error(None, later("Name one person: a talent, or a user."))
        return given
