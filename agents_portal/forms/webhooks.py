"""A webhook's address and what it hears of; for how long an old secret signs beside the new one."""

from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from notify.models import WebhookEndpoint

KINDS: Final = (
    ("licence.*", _("Licences: issued, ending, quota, revoked, paused")),
    ("request.*", _("Requests: every act on them")),
    ("talent.emergency_stop", _("Emergency stops")),
    ("revocation.*", _("Acknowledgements after a revocation")),
    ("event.*", _("Strikes, disputes, changes of parties")),
    ("training.*", _("Training licences")),
    ("asset.*", _("Outputs: received, marked, released, held")),
    ("bundle.*", _("Bundles")),
    ("production.*", _("Productions")),
    ("key.*", _("API keys made and revoked")),
    ("webhook.*", _("Webhooks made, changed, switched off")),
    ("token.minted", _("Every short-lived token (many)")),
)


class WebhookForm(forms.Form):
    """Fields of ``/webhooks/new/``; on an endpoint that exists the address is fixed."""

    url = forms.CharField(
        label=_("Address"),
        max_length=500,
        widget=forms.URLInput(attrs={"autocomplete": "off", "placeholder": "https://"}),
        help_text=_("https, and reachable from this server. It answers 2xx within 15 seconds."),
    )
    kinds = forms.MultipleChoiceField(
        label=_("Hears of"),
        choices=KINDS,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Choose none to hear of everything your organisation may know."),
    )

    def __init__(
        self, data: QueryDict | None = None, *, endpoint: WebhookEndpoint | None = None, **options: Any
    ) -> None:
        """Without an endpoint both fields, with one its kinds alone; kinds set by the API stay choosable."""
        super().__init__(data, **options)
        if endpoint is not None:
            del self.fields["url"]
            known = {kind for kind, _words in KINDS}
            further = [(kind, kind) for kind in endpoint.kinds if kind not in known]
            self.fields["kinds"].choices = [*KINDS, *further]  # type: ignore[attr-defined]


class RotateForm(forms.Form):
    """For how long the old secret signs too."""

    overlap_hours = forms.IntegerField(
        label=_("Hours that the old secret signs too"),
        min_value=0,
        max_value=168,
        initial=24,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )
