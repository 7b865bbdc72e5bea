"""Forms of the verifier: a file to look at, and a person's word on what was held."""

from django import forms
from django.utils.translation import gettext_lazy as _


class VerifyForm(forms.Form):
    """Fields of ``/verify/``."""

    file = forms.FileField(
        label=_("File"), allow_empty_file=True, help_text=_("A film, a picture or a sound.")
    )
    impact = forms.ChoiceField(
        label=_("If the answer were wrong"),
        choices=[("low", _("Little would follow")), ("high", _("Somebody would be harmed"))],
        help_text=_("Where harm would follow, a person looks sooner."),
    )


class WordForm(forms.Form):
    """Fields of ``/verify/<uuid>/review/``."""

    # nothing is chosen beforehand: a word cannot be changed
    verdict = forms.ChoiceField(
        label=_("Your word"),
        choices=[("LET_GO", _("Let it go")), ("KEEP_BACK", _("Keep it back"))],
        widget=forms.RadioSelect,
    )
    reason = forms.CharField(
        label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}), strip=True
    )
