"""Saying that one stopped."""

import re

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

_SHA256 = re.compile(r"[0-9a-f]{64}", re.ASCII)


class AcknowledgeForm(forms.Form):
    """Nothing to fill in, but for the certificate's hash where frames are destroyed."""

    def __init__(self, data: QueryDict | None = None, *, destroys: bool) -> None:
        """Ask for the certificate only where one is owed."""
        super().__init__(data)
        if destroys:
            self.fields["certificate_sha256"] = forms.CharField(
                label=_("SHA-256 of the certificate of destruction"),
                max_length=100,
                widget=forms.TextInput(attrs={"class": "mono", "autocomplete": "off", "spellcheck": "false"}),
                help_text=_("64 hexadecimal digits. The certificate itself stays with you; keep it."),
            )

    def clean_certificate_sha256(self) -> str:
        """The digest in small letters, without spaces and prefix."""
        text: str = self.cleaned_data["certificate_sha256"].lower().removeprefix("sha256:")
        digest = "".join(text.split())
        if not _SHA256.fullmatch(digest):
            raise forms.ValidationError(_("Enter the 64 hexadecimal digits of its SHA-256."))
        return digest
