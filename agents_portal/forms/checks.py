"""The form of the page where anybody checks a file."""

from django import forms
from django.utils.translation import gettext_lazy as _


class CheckForm(forms.Form):
    """Fields of ``/check/``."""

    file = forms.FileField(
        label=_("File"), allow_empty_file=True, help_text=_("A film, a picture or a sound.")
    )
