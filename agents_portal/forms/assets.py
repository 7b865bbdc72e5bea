"""The form that finds assets: by production, by the model that made them, by what the model was given."""

from collections.abc import Iterable
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from licensing.models import Production
from provenance.graph.models import GraphKind


class FindForm(forms.Form):
    """Fields of ``/assets/``."""

    production = forms.ChoiceField(label=_("Production"), required=False)
    model = forms.CharField(
        label=_("Made by the model"), max_length=220, required=False,
        widget=forms.TextInput(attrs={"placeholder": _("name@version or sha256:…")}),
    )  # fmt: skip
    reference = forms.CharField(
        label=_("From the reference"), max_length=220, required=False,
        widget=forms.TextInput(attrs={"placeholder": _("id, sha256:… or external:…")}),
    )  # fmt: skip
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, productions: Iterable[Production], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["production"].choices = [(str(one.pk), one.title) for one in productions]  # type: ignore[attr-defined]
        self.fields["kind"].choices = [("", _("Every kind")), *GraphKind.choices]  # type: ignore[attr-defined]
