"""Limits of a mandate, a delegation or a rule: read from a form, and said in words.

>>> limits_in_words({"frames_max": 5000, "render_territory": ["US", "CA"]})
[('Most frames', '5,000'), ('Rendered in', 'United States and Canada')]
"""

from collections.abc import Mapping
from decimal import Decimal
from typing import Any, Final

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents_portal import words
from agents_portal.days import last_day_of
from agents_portal.words import and_list
from common.dates import date_words
from common.language import core, core_later, figure
from licensing.services import LIFE_OF_WORK
from trustcore.policy.clauses import PROHIBITED_CONTENT
from trustcore.policy.terms import parse_time
from trustcore.policy.territory import COUNTRIES
from trustcore.policy.words import CONTENT, money

CURRENCIES: Final = ("USD", "CAD", "GBP", "EUR", "AUD", "NZD", "CHF", "MXN")  # all of two digits
_MOST: Final = 1_000_000_000
_NUMBERS: Final = ("frames_max", "lines_max", "days_max")
_PLACES: Final = ("render_territory", "distribution_territory")
_COUNTRIES_NAMED: Final = 12
NAMES: Final = {
    "frames_max": gettext_lazy("Most frames"),
    "lines_max": gettext_lazy("Most voice lines"),
    "days_max": gettext_lazy("Most days"),
    "render_territory": gettext_lazy("Rendered in"),
    "distribution_territory": gettext_lazy("Shown in"),
    "fee_least_minor": gettext_lazy("Least fee"),
    "content": gettext_lazy("May open alone"),
    "constructs": gettext_lazy("From"),
    "replica_classes": gettext_lazy("Kinds of replica"),
    "channels": gettext_lazy("Shown through"),
    "shown_until": gettext_lazy("Shown until"),
    "vendors": gettext_lazy("Vendors"),
}
_LISTS: Final = {
    "constructs": words.construct_words,
    "replica_classes": words.lower_words,
    "channels": words.channel_words,
}


def limits_in_words(limits: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Each limit that is set: its name and its value."""
    found = []
    for key, name in NAMES.items():
        value = limits.get(key)
        if value in (None, [], ()):
            continue
        found.append((str(name), _words(key, value, limits)))
    return found


def _words(key: str, value: Any, limits: Mapping[str, Any]) -> str:
    if key in _PLACES:
        if len(value) > _COUNTRIES_NAMED:
            return _("%(number)s countries") % {"number": len(value)}
        return and_list([words.country(str(one)) for one in value])
    if key in _LISTS:
        return and_list([_LISTS[key](str(one)) for one in value])
    if key == "shown_until":
        return _shown_until(str(value))
    if key == "vendors":
        return figure(len(value))
    if key == "content":
        return and_list(
            [core().say(CONTENT.get(str(one), words.lower_words(str(one)))).lower() for one in value]
        )
    if key == "fee_least_minor":
        return money(value, str(limits.get("currency") or "USD"), core()).removesuffix(f"{core().decimal}00")
    return figure(value)


def _shown_until(value: str) -> str:
    last = None if value == LIFE_OF_WORK else last_day_of(parse_time(value))
    return _("the end of the work’s life") if last is None else date_words(last)


def countries() -> list[tuple[str, str]]:
    """Every country by name."""
    return sorted(((code, words.country(code)) for code in COUNTRIES), key=lambda one: one[1])


class LimitsForm(forms.Form):
    """The limits as fields; empty: not limited in this respect."""

    frames_max = forms.IntegerField(
        label=gettext_lazy("Most frames"), min_value=0, max_value=_MOST, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    lines_max = forms.IntegerField(
        label=gettext_lazy("Most voice lines"), min_value=0, max_value=_MOST, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    days_max = forms.IntegerField(
        label=gettext_lazy("Most days"), min_value=0, max_value=36_500, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    fee_least = forms.DecimalField(
        label=gettext_lazy("Least fee"), min_value=0, max_value=_MOST, decimal_places=2, required=False,
        widget=forms.NumberInput(attrs={"class": "short", "step": "0.01"}),
    )  # fmt: skip
    currency = forms.ChoiceField(
        label=gettext_lazy("Currency of the fee"), required=False,
        choices=[(code, code) for code in CURRENCIES],
        widget=forms.Select(attrs={"class": "short"}),
    )  # fmt: skip
    render_territory = forms.MultipleChoiceField(
        label=gettext_lazy("Countries where machines may render"), required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )  # fmt: skip
    distribution_territory = forms.MultipleChoiceField(
        label=gettext_lazy("Countries where the work may be shown"), required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
    )  # fmt: skip
    content = forms.MultipleChoiceField(
        label=gettext_lazy("May open alone, though closed to others"), required=False,
        choices=[(one, core_later(CONTENT.get(one, one))) for one in PROHIBITED_CONTENT],
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        named = countries()
        for key in _PLACES:
            field = self.fields[key]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = named

    def limits(self) -> dict[str, Any]:
        """The limits as services take them; MUST be valid."""
        sent, found = self.cleaned_data, {}
        found.update({key: sent[key] for key in _NUMBERS if sent.get(key) is not None})
        found.update({key: sorted(sent[key]) for key in _PLACES if sent.get(key)})
        if sent.get("fee_least") is not None:
            found["fee_least_minor"] = int(Decimal(sent["fee_least"]) * 100)
            found["currency"] = sent.get("currency") or CURRENCIES[0]
        if sent.get("content"):
            found["content"] = sorted(sent["content"])
        return found


def initial_limits(limits: Mapping[str, Any]) -> dict[str, Any]:
    """Stored limits as the fields begin with them."""
    found = {
        key: limits[key]
        for key in (*_NUMBERS, *_PLACES, "content", "currency")
        if limits.get(key) is not None
    }
    if limits.get("fee_least_minor") is not None:
        found["fee_least"] = Decimal(limits["fee_least_minor"]) / 100
    return found
