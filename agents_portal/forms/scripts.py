"""A work, its versions, who may use it, and where a copy turned up."""

from datetime import timedelta
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents_portal.script_words import KINDS, PURPOSES
from common import clock
from screenplays.models import Purpose
from screenplays.reading.texts import DECLARED

_PLAIN = {"autocomplete": "off", "spellcheck": "false"}


class WorkForm(forms.Form):
    """Fields of ``/scripts/new/``."""

    title = forms.CharField(label=_("Title"), max_length=200)
    kind = forms.ChoiceField(label=_("Kind"), choices=list(KINDS.items()))
    authors = forms.CharField(
        label=_("Written by"), required=False, max_length=300, help_text=_("As it stands on the title page.")
    )
    production_id = forms.TypedChoiceField(
        label=_("Made as"), required=False, coerce=lambda value: value or None, empty_value=None
    )
    writer_email = forms.EmailField(
        label=_("The writer’s e-mail address"),
        required=False,
        help_text=_("Where the writer has an account here: they see who reads it."),
    )

    def __init__(self, *args: Any, productions: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the productions of the house."""
        super().__init__(*args, **kwargs)
        self.fields["production_id"].choices = [("", _("No production yet")), *productions]  # type: ignore[attr-defined]


class VersionForm(forms.Form):
    """Fields of ``/scripts/<uuid>/versions/new/``."""

    file = forms.FileField(
        label=_("File"), allow_empty_file=True, help_text=_("Fountain, Final Draft (FDX), PDF or plain text.")
    )
    label = forms.CharField(
        label=_("What it is called"), max_length=80, help_text=_("For example: Blue revision.")
    )
    dated = forms.DateField(
        label=_("Day that it bears"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=_("As it stands on the draft. What counts as proof is when it comes in here."),
    )
    encoding = forms.ChoiceField(
        label=_("Letters of a text file"),
        required=False,
        choices=[("", _("As the file says, or UTF-8")), *((one, one) for one in DECLARED)],
    )


class GrantForm(forms.Form):
    """Fields of ``/scripts/<uuid>/grants/new/``."""

    purpose = forms.ChoiceField(
        label=_("May"),
        choices=[(str(one), words) for one, words in PURPOSES.items() if one != Purpose.TRAIN],
        help_text=_("One thing. None brings another with it, and training is granted apart."),
    )
    organisation = forms.CharField(
        label=_("Organisation"),
        max_length=60,
        help_text=_("The short name of the house they act for."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    to = forms.CharField(
        label=_("Person or machine"),
        max_length=254,
        help_text=_("An e-mail address, or the beginning of an API key as its list shows it."),
        widget=forms.TextInput(attrs=_PLAIN),
    )
    version_id = forms.TypedChoiceField(
        label=_("Of"), required=False, coerce=lambda value: value or None, empty_value=None
    )
    until = forms.DateField(
        label=_("Until"), widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")
    )
    basis = forms.CharField(
        label=_("It rests on"),
        required=False,
        max_length=300,
        help_text=_("The contract or letter, in your words."),
    )

    def __init__(self, *args: Any, versions: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the versions."""
        super().__init__(*args, **kwargs)
        self.fields["version_id"].choices = [("", _("Every version")), *versions]  # type: ignore[attr-defined]
        self.fields["until"].initial = (clock.now() + timedelta(days=90)).date()


class TrainingForm(GrantForm):
    """Fields of ``/scripts/<uuid>/training/``."""

    purpose = None  # type: ignore[assignment]  # training alone
    basis = forms.CharField(
        label=_("Contract that allows it"), max_length=300, help_text=_("It is kept with the grant.")
    )
    training_licence = forms.UUIDField(
        label=_("Training licence"),
        required=False,
        widget=forms.TextInput(attrs={"class": "mono", **_PLAIN}),
        help_text=_("Its id, if theirs covers scripts: the grant then ends when it ends."),
    )


class ReasonForm(forms.Form):
    """Fields of ``/scripts/grants/<uuid>/end/`` and ``/scripts/<uuid>/destroy/``."""

    reason = forms.CharField(label=_("Why"), max_length=500, widget=forms.Textarea(attrs={"rows": 3}))


class CopyForm(forms.Form):
    """Fields of ``/scripts/<uuid>/copies/new/``."""

    version_id = forms.ChoiceField(label=_("Version"))
    recipient = forms.CharField(
        label=_("For"),
        required=False,
        max_length=120,
        help_text=_("The name printed on every page. Empty: your own."),
    )

    def __init__(self, *args: Any, versions: list[tuple[str, str]], may_name: bool, **kwargs: Any) -> None:
        """Offer the versions; only keepers make copies for others."""
        super().__init__(*args, **kwargs)
        self.fields["version_id"].choices = versions  # type: ignore[attr-defined]
        if not may_name:
            del self.fields["recipient"]


class LeakForm(forms.Form):
    """Fields of ``/scripts/<uuid>/leak/``."""

    file = forms.FileField(
        label=_("What turned up"),
        allow_empty_file=True,
        help_text=_("A PDF, or a picture of a page: PNG, JPEG or TIFF. It is read and not kept."),
    )


class ShotsForm(forms.Form):
    """Fields of ``/scripts/<uuid>/versions/<uuid>/scenes/``."""

    ordinal = forms.IntegerField(min_value=1)
    shots = forms.CharField(label=_("Shots"), required=False, max_length=8000)
