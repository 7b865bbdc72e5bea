"""The rules that counsel defines for the house's material."""

from collections.abc import Iterator
from typing import Any, Final

from django import forms
from django.forms import BoundField
from django.utils.translation import gettext_lazy as _

from agents_portal.forms.material import _text
from training.models import HouseRules
from training.selectors.rules import MODEL_ACTIONS
from training.services.rules import RulesAsk
from training.vocabulary import CollectionMethod, ItemAction, LicenceClass, SourceType, TakedownTrigger

_WORLD = "WORLD"
ACTIONS: Final = {
    ItemAction.WITHDRAW: _("Withdraw it"),
    ItemAction.RETRAIN: _("Retrain without it"),
    ItemAction.MITIGATE: _("Mitigate what it does"),
}
"""What may be done about a model, as a rule says it; a case says what was done."""


def _several(label: Any, choices: Any, *, required: bool = False) -> forms.MultipleChoiceField:
    return forms.MultipleChoiceField(
        label=label, choices=choices, widget=forms.CheckboxSelectMultiple, required=required
    )


class RulesForm(forms.Form):
    """Fields of ``/material/rules/``; the next version is written whole."""

    licence_classes = _several(_("Licences that we accept"), LicenceClass.choices, required=True)
    prohibited_source_types = _several(_("Sources that we take nothing from"), SourceType.choices)
    prohibited_methods = _several(_("Ways of collecting that we prohibit"), CollectionMethod.choices)
    territories = forms.CharField(
        label=_("Where it may be meant for"), max_length=2000,
        help_text=_("Codes of countries, or names of presets such as WORLD, with spaces between."),
    )  # fmt: skip
    retention_days = forms.IntegerField(
        label=_("Days that anything is kept after its rights end"), min_value=0, max_value=36_500, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
        help_text=_("Empty: as long as its rights record allows."),
    )  # fmt: skip
    note = _text(_("Why"), most=500, error_messages={"required": _("Say why. It is kept with the act.")})

    def __init__(self, data: Any, *, held: HouseRules | None) -> None:
        super().__init__(data, initial=_initial(held))
        actions = [(str(one), ACTIONS[one]) for one in MODEL_ACTIONS]
        for trigger, label in TakedownTrigger.choices:
            self.fields[f"hours_{trigger}"] = forms.IntegerField(
                label=_("%(trigger)s: hours until it is due") % {"trigger": label},
                min_value=1,
                max_value=2160,
                widget=forms.NumberInput(attrs={"class": "short"}),
            )
            self.fields[f"actions_{trigger}"] = _several(
                _("%(trigger)s: what may be done about a model") % {"trigger": label}, actions, required=True
            )
        self.order_fields([name for name in self.fields if name != "note"] + ["note"])

    @property
    def plain(self) -> list[BoundField]:
        """What stands before the takedowns."""
        return [one for one in self if one.name != "note" and not one.name.startswith(("hours_", "actions_"))]

    def procedures(self) -> Iterator[tuple[str, str, BoundField, BoundField]]:
        """Each trigger of a takedown, its words, and its two fields."""
        for trigger, label in TakedownTrigger.choices:
            yield trigger, str(label), self[f"hours_{trigger}"], self[f"actions_{trigger}"]

    def ask(self) -> RulesAsk:
        """What is asked for; the form is valid."""
        told = self.cleaned_data
        return RulesAsk(
            licence_classes=tuple(told["licence_classes"]), territories=tuple(told["territories"].upper().split()),
            prohibited_source_types=tuple(told["prohibited_source_types"]),
            prohibited_methods=tuple(told["prohibited_methods"]), retention_days=told["retention_days"],
            takedowns={
                one: {"hours": told[f"hours_{one}"], "model_actions": told[f"actions_{one}"]}
                for one in TakedownTrigger.values
            },
            note=told["note"],
        )  # fmt: skip


def _initial(held: HouseRules | None) -> dict[str, Any]:
    actions = [str(one) for one in MODEL_ACTIONS]
    plain = {one: {"hours": 96, "model_actions": actions} for one in TakedownTrigger.values}
    procedures = held.takedowns if held else plain
    told: dict[str, Any] = {
        "licence_classes": held.licence_classes if held else LicenceClass.values,
        "prohibited_source_types": held.prohibited_source_types if held else [],
        "prohibited_methods": held.prohibited_methods if held else [],
        "territories": " ".join(held.territories) if held else _WORLD,
        "retention_days": held.retention_days if held else None,
    }
    for trigger, one in procedures.items():
        told |= {f"hours_{trigger}": one["hours"], f"actions_{trigger}": one["model_actions"]}
    return told
