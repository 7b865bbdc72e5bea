"""What a studio says when it asks to train: the fields of a request that apply, and how many runs of which model."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy

from agents_portal import words
from agents_portal.asking import DECLARED, filled, pay_of
from agents_portal.forms.compose import ComposeForm, Members
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, UseType

_RETENTION: Final = ("replica_model", "scan", "outputs")

GROUPS: Final = (
    ("what", gettext_lazy("What you want to do"), ("description", "use_types", "constructs", "replica_class")),
    ("much", gettext_lazy("For how long, and how often"), ("days", "runs_max", "models")),
    ("where", gettext_lazy("Where"), ("render_territory", "distribution_territory", "channels")),
    ("money", gettext_lazy("Money"), ("basis", "currency", "amount", "scale_reference")),
    ("after", gettext_lazy("When it ends"), _RETENTION),
    ("declared", gettext_lazy("What agreements and statutes ask you to say"), DECLARED),
)  # fmt: skip
"""The form's sections in order: key, title, fields."""


class TrainingAskForm(ComposeForm):
    """Everything a studio says when it asks to train."""

    runs_max = forms.IntegerField(
        label=gettext_lazy("Runs"), min_value=1, max_value=1_000_000, initial=1,
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
        help_text=gettext_lazy("Each run of a training asks before it begins, and counts."),
    )  # fmt: skip
    models = Members(
        label=gettext_lazy("Models that may learn"), most=50, required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=gettext_lazy("One a line, by the name that the machine gives. Empty: any model of this production."),
    )  # fmt: skip

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        constructs: Iterable[str],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(
            data, constructs=constructs, initial={"days": 60, "recognisable": True, **(initial or {})}
        )

    def _fit(self) -> None:
        kept = {name for _key, _title, names in GROUPS for name in names}
        self.fields = {name: field for name, field in self.fields.items() if name in kept}
        uses = self.fields["use_types"]
        assert isinstance(uses, forms.MultipleChoiceField)
        uses.choices = [(str(one), words.use_words(one)) for one in UseType if one in TRAINING_USE_TYPES]
        for name, label, told in (
            ("use_types", gettext_lazy("What learns from the likeness"), ""),
            ("render_territory", gettext_lazy("Where the machines stand that train"), None),
            ("distribution_territory", gettext_lazy("Where the production is shown"), gettext_lazy("It lets nothing be rendered: that is asked for apart.")),
            ("channels", gettext_lazy("How the production is shown"), ""),
            ("replica_model", gettext_lazy("The model, when it ends"), gettext_lazy("As usual: it is destroyed.")),
        ):  # fmt: skip
            self.fields[name].label = label
            if told is not None:
                self.fields[name].help_text = told

    def said(self) -> dict[str, Any]:
        """The arguments of ``TrainingAsk`` beside production and talent; MUST be valid."""
        sent = self.cleaned_data
        declared = filled({name: sent[name] for name in DECLARED if name != "recognisable"})
        if not sent["recognisable"]:  # true is what leaving it out means
            declared["recognisable"] = False
        return {
            "use_types": tuple(sent["use_types"]),
            "constructs": tuple(sent["constructs"]),
            "replica_class": sent["replica_class"],
            "description": sent["description"],
            "days": sent["days"],
            "runs_max": sent["runs_max"],
            "models": tuple(sent["models"]),
            "render_territory": tuple(sent["render_territory"]),
            "distribution_territory": tuple(sent["distribution_territory"]),
            "channels": tuple(sent["channels"]),
            "compensation": pay_of(self, sent, {}),
            "declared": declared,
            "retention": filled({name: sent[name] for name in _RETENTION}),
        }
