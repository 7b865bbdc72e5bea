"""A takedown that is asked for, and what was done about one model."""

from typing import Any
from uuid import UUID

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext_lazy as _

from training.vocabulary import ItemAction, TakedownTrigger

_MOST_NAMED = 10_000


class TakedownForm(forms.Form):
    """Fields of ``/material/takedowns/new/``."""

    trigger = forms.ChoiceField(label=_("What happened"), choices=TakedownTrigger.choices)
    source = forms.ChoiceField(
        label=_("A source"),
        required=False,
        help_text=_("With everything that was ever collected from it and made of that."),
    )
    assets = forms.CharField(
        label=_("Or single originals"),
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Their ids, one on each line."),
    )
    reason = forms.CharField(
        label=_("Why"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Say why. It stands on the certificate.")},
    )
    mode = forms.ChoiceField(
        label=_("For real, or a drill"),
        choices=[
            ("drill", _("A drill|Nothing changes. You see what it reaches and how long it takes.")),
            ("real", _("For real|You see what it reaches first. Then nothing of it may be used, at once.")),
        ],
        widget=forms.RadioSelect,
        initial="drill",
        error_messages={"required": _("Choose one of both.")},
    )

    def __init__(self, *args: Any, sources: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the house's own sources."""
        super().__init__(*args, **kwargs)
        self.fields["source"].choices = [("", _("None")), *sources]  # type: ignore[attr-defined]

    def clean_assets(self) -> tuple[UUID, ...]:
        """Ids, whatever space stands between them."""
        words = self.cleaned_data["assets"].replace(",", " ").split()
        if len(words) > _MOST_NAMED:
            raise ValidationError(_("These are too many at once: take their source."))
        try:
            return tuple(UUID(word) for word in words)
        except ValueError as error:
            raise ValidationError(_("One of these is no id.")) from error

    def clean(self) -> dict[str, Any]:
        """Something has to be named."""
        told = super().clean() or self.cleaned_data
        if not self.errors and not told.get("source") and not told.get("assets"):
            self.add_error("source", _("Name a source or originals."))
        return told


class ItemForm(forms.Form):
    """Fields of ``/material/takedowns/<uuid>/items/<uuid>/``."""

    action = forms.ChoiceField(
        label=_("What was done"),
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what was done.")},
    )
    evidence = forms.CharField(
        label=_("What shows it"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("A ticket, a commit, a report: what an auditor can ask for."),
        error_messages={"required": _("Say what shows it.")},
    )
    evidence_sha256 = forms.RegexField(
        r"^[0-9a-f]{64}$",
        label=_("Its sha256"),
        required=False,
        strip=True,
        help_text=_("Of the file, if there is one."),
        error_messages={"invalid": _("A sha256 is 64 lower-case hexadecimal digits.")},
    )

    def __init__(self, *args: Any, choices: list[str], **kwargs: Any) -> None:
        """Offer what may be done about this one."""
        super().__init__(*args, **kwargs)
        words = {
            ItemAction.WITHDRAW: _("Withdrawn|No version of it is used any more."),
            ItemAction.RETRAIN: _("Retrained without it|A later version never saw the material."),
            ItemAction.MITIGATE: _("Mitigated|It stays in use; the evidence says what stands against harm."),
        }
        self.fields["action"].choices = [(one, words[ItemAction(one)]) for one in choices]  # type: ignore[attr-defined]
