"""A review's answer, a reason, an exception that is asked for."""

from datetime import date, datetime, time, timedelta
from typing import Any

from django import forms
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from agents_portal.material_words import REASONS
from training.contracts.reading import BYTES_MAX
from training.gate.policy import LIFTABLE
from training.models import Review
from training.vocabulary import RightsReviewAnswer

_DAY = {"type": "date", "class": "day"}


def _text(label: Any, *, rows: int = 3, most: int = 2000, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=most, widget=forms.Textarea(attrs={"rows": rows}), **options
    )


class StopForm(forms.Form):
    """Fields of ``/material/classes/<uuid>/stop/`` and ``open/``, ``/material/rights/<uuid>/end/``."""

    reason = _text(_("Why"), most=500, error_messages={"required": _("Say why. It is kept with the act.")})


class HandOverForm(forms.Form):
    """Fields of ``/material/sources/<uuid>/hand-over/``."""

    owner = forms.EmailField(label=_("To whom"), help_text=_("The address of a colleague in this house."))
    reason = _text(_("Why"), most=500, error_messages={"required": _("Say why. It is kept with the act.")})


class WordingForm(forms.Form):
    """Fields of ``/material/wording/``: the words that were read, by their hash."""

    hash = forms.RegexField(r"^sha256:[0-9a-f]{64}$", widget=forms.HiddenInput)
    note = _text(_("Note"), most=500)


class AnswerForm(forms.Form):
    """Fields of ``/material/queue/<uuid>/``."""

    answer = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[
            (
                Review.Answer.ADMIT,
                _("Admit it|Its bytes leave isolation. It may be trained on while its rights hold."),
            ),
            (Review.Answer.REFUSE, _("Refuse it|For good. Its bytes are removed; the record of it stays.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of both.")},
    )
    reason = _text(_("Why"), error_messages={"required": _("Say why. An auditor reads it later.")})


class ImportForm(forms.Form):
    """Fields of ``/material/imports/new/``."""

    file = forms.FileField(
        label=_("The captures, one JSON object a line"),
        help_text=_("Plain NDJSON in UTF-8, with the fields of a single registration."),
        widget=forms.FileInput(attrs={"accept": ".ndjson,.jsonl,application/x-ndjson"}),
        error_messages={"empty": _("The file is empty."), "required": _("Choose a file.")},
    )


class ContractForm(forms.Form):
    """Fields of ``/material/contracts/new/``: a file, or the text itself."""

    file = forms.FileField(
        label=_("The contract as a file"),
        required=False,
        help_text=_("YAML or JSON of the Open Data Contract Standard, version 3. At most 256 KiB."),
        widget=forms.FileInput(attrs={"accept": ".yaml,.yml,.json"}),
        error_messages={"empty": _("The file is empty.")},
    )
    text = forms.CharField(
        label=_("Or its text"),
        required=False,
        strip=False,
        max_length=BYTES_MAX,
        widget=forms.Textarea(attrs={"rows": 16, "spellcheck": "false", "class": "code"}),
    )

    def clean(self) -> dict[str, Any]:
        """One of both, as text; ``written`` is what is registered."""
        told = super().clean() or {}
        upload, text = told.get("file"), told.get("text") or ""
        if bool(upload) == bool(text.strip()) and not self.errors:
            self.add_error("file", _("Choose a file, or write the text: one of both."))
        elif upload:
            told["written"] = self._read(upload)
        else:
            told["written"] = text.replace("\r\n", "\n")  # as browsers send lines
        return told

    def _read(self, upload: Any) -> str:
        try:
            return str(upload.read(BYTES_MAX + 1).decode("utf-8"))
        except UnicodeDecodeError:
            self.add_error("file", _("This is no text in UTF-8."))
            return ""


class RightsReviewForm(forms.Form):
    """Fields of ``/material/rights-reviews/<uuid>/``."""

    answer = forms.ChoiceField(
        label=_("What becomes of it"),
        choices=[
            (RightsReviewAnswer.KEEP, _("It stands|Until the day on which it is looked at again.")),
            (RightsReviewAnswer.END, _("It ends now|What came in under it is taken down by itself.")),
        ],
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose one of both.")},
    )
    next_on = forms.DateField(
        label=_("Looked at again on"),
        required=False,
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        help_text=_("Needed where it stands."),
    )
    note = _text(_("Why"), error_messages={"required": _("Say why. An auditor reads it later.")})


class ExceptionForm(forms.Form):
    """Fields of ``/material/exceptions/new/``."""

    codes = forms.MultipleChoiceField(
        label=_("What it lifts"),
        widget=forms.CheckboxSelectMultiple,
        choices=[(code, REASONS[code].found) for code in sorted(LIFTABLE)],
        help_text=_("Nothing else can be lifted. Without rights nothing is ever admitted."),
        error_messages={"required": _("Choose at least one.")},
    )
    source_class = forms.ChoiceField(label=_("Class of sources"))
    source = forms.ChoiceField(label=_("Source"), required=False)
    owner = forms.ChoiceField(
        label=_("Who owns it"), help_text=_("Answers for it while it holds, and for its review.")
    )
    reason = _text(_("Why it is needed"))
    compensating_controls = _text(_("What is done instead of the rule"))
    rollback_plan = _text(_("How it is undone"))
    review_on = forms.DateField(
        label=_("Looked at again on"), widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=_("Last day"),
        widget=forms.DateInput(attrs=_DAY, format="%Y-%m-%d"),
        help_text=_("It ends by itself when this day is over, within half a year at most."),
    )

    def __init__(
        self,
        *args: Any,
        classes: list[tuple[str, str]],
        sources: list[tuple[str, str]],
        people: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        """Offer the house's own classes, sources and people."""
        super().__init__(*args, **kwargs)
        self.fields["source_class"].choices = classes  # type: ignore[attr-defined]
        self.fields["source"].choices = [("", _("Every source of the class")), *sources]  # type: ignore[attr-defined]
        self.fields["owner"].choices = people  # type: ignore[attr-defined]


def end_of(day: date) -> datetime:
    """The instant at which ``day`` is over where the reader is."""
    return timezone.make_aware(datetime.combine(day + timedelta(days=1), time()))
