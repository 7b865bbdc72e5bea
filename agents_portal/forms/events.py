"""An event that is declared, and a hold that is lifted."""

from django import forms
from django.utils.translation import gettext_lazy as _


class WhyForm(forms.Form):
    """Why; the parties read it."""

    why = forms.CharField(
        label=_("Why, in words the parties will read"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why. The parties read it, and it stays with the event.")},
    )
