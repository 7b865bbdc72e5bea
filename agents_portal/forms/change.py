"""One term changed in place: its value, a line that the other side will read, and a question about it."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import QueryDict
from django.utils.translation import gettext as _

from agents_portal.drafts import NOTE_MOST, Draft
from agents_portal.fields import Kind, TermField
from agents_portal.forms.script_rows import ScriptRows, rows_of
from agents_portal.term_table import bound, choices, read_value
from common.errors import InvalidInput
from common.language import later
from licensing.selectors import vendors_named
from trustcore.errors import InvalidTerms
from trustcore.policy.terms import Terms

_LONG = 400


class ChangeForm(forms.Form):
    """``value`` (as its kind is written), ``note`` and ``question``."""

    note = forms.CharField(label=later("Why, in a line they will read"), max_length=NOTE_MOST, required=False)
    question = forms.CharField(
        label=later("Or ask about it: they answer before you decide"), max_length=NOTE_MOST, required=False
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        field: TermField,
        terms: Terms,
        names: Mapping[str, str],
        draft: Draft,
    ) -> None:
        """Build the one value field that this term needs."""
        self.term, self.terms, self.answers = field, terms, draft.answers
        value = draft.values.get(field.key, field.value_of(terms))
        super().__init__(
            data,
            initial={
                "note": draft.notes.get(field.key, ""),
                "question": draft.questions.get(field.key, ""),
            },
            auto_id=f"{field.key}-%s",
        )
        self.currency = draft.currency(terms)
        self.names = names
        self.fields["value"] = self._value_field(names, field.typed(value, self.currency))
        if field.path == "vendors" and not draft.answers:
            self.fields["added"] = forms.CharField(
                label=_("Add a vendor"),
                help_text=_("By the short name it has on this server; several with commas."),
                required=False,
                max_length=_LONG,
                widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "none"}),
            )
        self.order_fields(["value", "added", "note", "question"])

    @property
    def is_boxes(self) -> bool:
        """Whether the value is chosen by ticking members."""
        return isinstance(self.fields["value"], forms.MultipleChoiceField)

    @property
    def script_rows(self) -> list[list[dict[str, str]]]:
        """The rows of a term that names scripts; empty for any other."""
        held = self["value"].value()
        return rows_of(list(held or [])) if self.term.kind is Kind.SCRIPTS else []

    @property
    def bound(self) -> str:
        """The bound, in one sentence."""
        return bound(self.term, self.terms, answers=self.answers)

    def clean(self) -> dict[str, Any]:
        """Read the value as the term's field reads it: one that this side may choose, or refused."""
        cleaned: dict[str, Any] = super().clean() or {}
        if "value" not in cleaned:
            return cleaned
        sent = cleaned["value"]
        typed = [str(one) for one in sent] if isinstance(sent, list) else [str(sent)]
        typed += self._added(str(cleaned.get("added", "")))
        try:
            cleaned["value"] = read_value(
                self.term, typed, self.terms, answers=self.answers, currency=self.currency
            )
        except InvalidInput as error:
            self.add_error("value", ValidationError(str(error.title)))
        except InvalidTerms as error:
            self.add_error("value", ValidationError(error.detail))
        return cleaned

    def _added(self, text: str) -> list[str]:
        """The ids of vendors that were named; a name that no vendor has is an error of its field."""
        slugs = dict.fromkeys(one.strip().lower() for one in text.replace(";", ",").split(",") if one.strip())
        found = vendors_named(slugs) if slugs else {}
        if missing := [slug for slug in slugs if slug not in found]:
            self.add_error("added", _("No vendor has this name: %(names)s.") % {"names": ", ".join(missing)})
        return list(found.values())

    def _value_field(self, names: Mapping[str, str], typed: list[str]) -> forms.Field:
        field = self.term
        if field.kind is Kind.SCRIPTS:
            return ScriptRows(label=field.question, initial=typed, required=False)
        if self._is_ticked():
            asked = field.value_of(self.terms)
            codes = choices(field, self.terms, answers=self.answers)
            offered = (
                tuple(dict.fromkeys([*codes, *self._written(typed)])) if field.kind is Kind.MEMBERS else asked
            )
            return forms.MultipleChoiceField(
                label=field.question,
                choices=[
                    (one, names.get(one) or field.words(one))
                    for one in (offered if isinstance(offered, tuple) else ())
                ],
                initial=typed,
                widget=forms.CheckboxSelectMultiple,
                required=False,
            )
        if field.kind is Kind.FLAG:
            return self._select([("1", _("Yes")), ("0", _("No"))], typed[0])
        if field.kind is Kind.CHOICE:
            codes = choices(field, self.terms, answers=self.answers)
            empty = [("", _("Nothing agreed"))] if not typed[0] or field.optional else []
            return self._select([*empty, *((one, field.words(one)) for one in codes)], typed[0])
        return forms.CharField(
            label=field.question,
            initial="\n".join(typed),
            required=False,
            max_length=_LONG * field.longest if field.is_list else max(field.longest, 12),
            widget=self._widget(),
        )

    def _written(self, typed: list[str]) -> list[str]:
        """What the draft added already: it can be taken out again."""
        return typed if self.term.path == "vendors" and not self.answers else []

    def _is_ticked(self) -> bool:
        """Countries are ticked by the side that takes them out, and typed by the side that names them."""
        places = self.term.kind is Kind.PLACES and self.answers and bool(self.term.value_of(self.terms))
        return self.term.kind is Kind.MEMBERS or places

    def _select(self, offered: list[tuple[str, Any]], typed: str) -> forms.Field:
        return forms.ChoiceField(
            label=self.term.question, choices=offered, initial=typed, required=False,
            widget=forms.Select(attrs={"data-focus": ""}),
        )  # fmt: skip

    def _widget(self) -> forms.Widget:
        field = self.term
        attrs = {"autocomplete": "off", "data-focus": ""}
        if field.kind is Kind.HASHES:
            attrs |= {"class": "mono", "spellcheck": "false"}
        if field.is_list or field.longest > _LONG:
            return forms.Textarea(attrs={**attrs, "rows": "4"})
        if field.kind is Kind.DATE:
            return forms.DateInput(attrs={**attrs, "type": "date", "class": "short"}, format="%Y-%m-%d")
        if field.kind is Kind.NUMBER:
            return forms.TextInput(attrs={**attrs, "inputmode": "numeric", "class": "short"})
        if field.kind in {Kind.MONEY, Kind.POINTS}:
            return forms.TextInput(attrs={**attrs, "inputmode": "decimal", "class": "short"})
        return forms.TextInput(attrs=attrs)
