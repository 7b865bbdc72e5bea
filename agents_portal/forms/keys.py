"""A new API key: name, what it may do, how long, and the proof key or certificate that its tokens are bound to."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _

from accounts.models import Organisation, Scope
from accounts.principals import Principal
from common import clock
from common.language import later

_MOST_JWK = 4096
_MOST_PEM = 16_384


_RENDERS = (Scope.LICENCE_READ, Scope.LICENCE_HEARTBEAT, Scope.RENDER_CHECK, Scope.RENDER_RECEIPT)
_DELIVERS = (Scope.VISIBILITY_READ, Scope.ASSET_WRITE, Scope.ASSET_READ, Scope.WATERMARK_DETECT)
_FOLLOWS = (Scope.EVENT_READ, Scope.WEBHOOK_MANAGE)
_EXPORTS = (Scope.BUNDLE_WRITE, Scope.BUNDLE_READ)


def scopes_for(principal: Principal) -> list[tuple[str, str]]:
    """The scopes that a key made by this person can use: a key does nothing that its maker may not.

    Neither a studio nor a vendor revokes. A studio alone exports bundles, and asks for licences through the
    keys of its producers and administrators.
    """
    usable = {*_RENDERS, *_DELIVERS, *_FOLLOWS, Scope.SCRIPT_ACCESS}
    if principal.organisation.kind == Organisation.Kind.STUDIO:
        usable.update((*_EXPORTS, Scope.SCRIPT_READ))
        if principal.is_role("PRODUCER", "ADMIN"):
            usable.update((Scope.LICENCE_REQUEST, Scope.SCRIPT_WRITE))
    return [(value, label) for value, label in Scope.choices if value in usable]


class KeyForm(forms.Form):
    """Fields of ``/keys/new/``."""

    name = forms.CharField(
        label=later("Name"), max_length=80, help_text=later("As your team calls the machine or service.")
    )
    scopes = forms.MultipleChoiceField(
        label=later("May do"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": later("Choose at least one thing the key may do.")},
    )
    days = forms.IntegerField(
        label=later("Ends after"),
        min_value=1,
        max_value=730,
        initial=90,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
    proof_jwk = forms.CharField(
        label=later("Public proof key (JWK)"),
        required=False,
        max_length=_MOST_JWK,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=later(
            "Ed25519, public part only. Tokens fetched with this key work for its holder alone. Leave empty for keys that fetch none."
        ),
    )
    certificate = forms.CharField(
        label=later("Client certificate (PEM)"),
        required=False,
        max_length=_MOST_PEM,
        widget=forms.Textarea(attrs={"rows": 4, "class": "mono", "spellcheck": "false"}),
        help_text=later(
            "For farms that connect by mutual TLS: tokens work over connections made with this certificate alone. Instead of a proof key, or as well."
        ),
    )

    networks = forms.CharField(
        label=later("Works from"),
        required=False,
        max_length=4096,
        widget=forms.Textarea(attrs={"rows": 3, "class": "mono", "spellcheck": "false"}),
        help_text=later(
            "One network a line, as 10.20.0.0/16. Leave empty for a key that works from anywhere."
        ),
    )

    def __init__(self, data: QueryDict | None = None, *, scopes: Sequence[tuple[str, str]]) -> None:
        super().__init__(data)
        field = self.fields["scopes"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = list(scopes)

    def clean_proof_jwk(self) -> dict[str, Any] | None:
        """The JWK as an object; the private part is refused before it goes any further."""
        text = self.cleaned_data["proof_jwk"].strip()
        if not text:
            return None
        try:
            jwk = json.loads(text)
        except (ValueError, RecursionError) as error:
            raise forms.ValidationError(_("This is not JSON.")) from error
        if not isinstance(jwk, dict):
            raise forms.ValidationError(_("Paste one JWK object."))
        if "d" in jwk:
            # never sent back to the page: it must not lie in a browser's history or a screenshot
            if isinstance(self.data, QueryDict):
                self.data = self.data.copy()
                self.data["proof_jwk"] = ""
            raise forms.ValidationError(
                _("That is a private key. Make a new pair and paste the public part.")
            )
        return jwk

    def clean_certificate(self) -> str:
        """The certificate's text; a private key beside it is refused before it goes any further."""
        text: str = self.cleaned_data["certificate"].strip()
        if "PRIVATE KEY" in text:
            if isinstance(self.data, QueryDict):
                self.data = self.data.copy()
                self.data["certificate"] = ""
            raise forms.ValidationError(
                _("That holds a private key. Make a new pair and paste the certificate.")
            )
        return text

    @property
    def expires_at(self) -> datetime:
        """When the key ends."""
        return clock.now() + timedelta(days=self.cleaned_data["days"])
