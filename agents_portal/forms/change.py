"""One term changed in place: its value, and a line that the other side will read."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict

from agents_portal.drafts import Draft
from agents_portal.fields import TermField, Value
from common.errors import InvalidInput
from common.language import later
from trustcore.errors import InvalidTerms
from trustcore.policy.terms import Terms


class ChangeForm(forms.Form):
    """``value`` (one number, or the members that stay) and ``note``."""

    note = forms.CharField(label=later("Why, in a line they will read"), max_length=500, required=False)

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        field: TermField,
        terms: Terms,
        names: Mapping[str, str],
        draft: Draft | None = None,
    ) -> None:
        """Build the one value field that this term needs."""
        self.term, self.terms = field, terms
        now: Value = draft.values.get(field.key, field.value_of(terms)) if draft else field.value_of(terms)
        super().__init__(
            data, initial={"note": draft.notes.get(field.key, "") if draft else ""}, auto_id=f"{field.key}-%s"
        )
        self.fields["value"] = _value_field(field, terms, names, now)
        self.order_fields(["value", "note"])

    @property
    def is_list(self) -> bool:
        """Whether the value is a set of members."""
        return self.term.is_list(self.terms)

    @property
    def bound(self) -> str:
        """The bound, in one sentence."""
        return self.term.bound(self.terms)

    def clean(self) -> dict[str, Any]:
        """Read the value as the term's field reads it: narrower than what is asked, or refused."""
        cleaned: dict[str, Any] = super().clean() or {}
        sent = cleaned.get("value", [])
        try:
            cleaned["value"] = self.term.read(sent if isinstance(sent, list) else [str(sent)], self.terms)
        except (InvalidInput, InvalidTerms) as error:
            self.add_error("value", ValidationError(getattr(error, "title", str(error))))
        return cleaned


def _value_field(field: TermField, terms: Terms, names: Mapping[str, str], now: Value) -> forms.Field:
    asked = field.value_of(terms)
    if isinstance(asked, tuple):
        return forms.MultipleChoiceField(
            label=field.question,
            choices=[(one, names.get(one) or field.words(one)) for one in asked],
            initial=list(now) if isinstance(now, tuple) else [],
            widget=forms.CheckboxSelectMultiple,
            required=False,
        )
    return forms.CharField(
        label=field.question,
        initial=str(now),
        max_length=12,
        widget=forms.TextInput(
            attrs={"inputmode": "numeric", "class": "short", "autocomplete": "off", "data-focus": ""}
        ),
    )
