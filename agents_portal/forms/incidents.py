"""An incident, its files, and what is written down about it."""

from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from agents_portal.incident_words import EVIDENCE_KINDS
from agents_portal.words import construct_words, use_words
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Construct, UseType

_WHEN = {"type": "datetime-local"}


def _moment(label: Any, **options: Any) -> forms.DateTimeField:
    return forms.DateTimeField(
        label=label, widget=forms.DateTimeInput(attrs=_WHEN, format="%Y-%m-%dT%H:%M"), **options
    )


def _text(label: Any, *, rows: int = 4, **options: Any) -> forms.CharField:
    return forms.CharField(
        label=label, max_length=5000, widget=forms.Textarea(attrs={"rows": rows}), **options
    )


def _codes(codes: Any, words: Any) -> list[tuple[str, str]]:
    named = ((str(one), words(str(one))) for one in codes)
    return sorted(((code, text[:1].upper() + text[1:]) for code, text in named), key=lambda pair: pair[1])


class IncidentForm(forms.Form):
    """Fields of ``/incidents/new/``."""

    talent = forms.CharField(
        label=_("Whose likeness"),
        max_length=80,
        help_text=_("The handle of the person, as on the roster."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false", "list": "people"}),
    )
    platform = forms.CharField(
        label=_("Where it was seen"), max_length=120, help_text=_("The site, service or place, by its name.")
    )
    url = forms.CharField(
        label=_("Address"),
        required=False,
        max_length=2000,
        help_text=_("As copied from the browser. The server never opens it."),
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "inputmode": "url"}),
    )
    seen_at = _moment(_("When it was seen"), help_text=_("In your time zone."))
    constructs = forms.MultipleChoiceField(
        label=_("What of the likeness"),
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one.")},
    )
    use_types = forms.MultipleChoiceField(
        label=_("What seems to have been made"),
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("Leave open what nobody can say."),
    )
    description = _text(
        _("What you saw"), rows=6, help_text=_("Facts, in your own words. They are quoted in the package.")
    )

    def __init__(self, *args: Any, own: list[tuple[str, str]] | None = None, **kwargs: Any) -> None:
        """Offer the codes; who is the only person it can be about is not asked for a name.

        Args:
            own: handle and name of the persons that a talent's own side can speak of.
        """
        super().__init__(*args, **kwargs)
        self.fields["constructs"].choices = _codes(Construct, construct_words)  # type: ignore[attr-defined]
        uses = [one for one in UseType if one not in TRAINING_USE_TYPES and not one.startswith("SCRIPT")]
        self.fields["use_types"].choices = _codes(uses, use_words)  # type: ignore[attr-defined]
        if own is not None:
            self.fields["talent"] = forms.ChoiceField(label=_("Whose likeness"), choices=own)


class EvidenceForm(forms.Form):
    """Fields of ``/incidents/<uuid>/evidence/``."""

    file = forms.FileField(
        label=_("File"),
        allow_empty_file=True,
        help_text=_("A picture, film, sound, PDF, saved page, web archive (WARC) or plain text."),
    )
    kind = forms.ChoiceField(label=_("What it is"), choices=list(EVIDENCE_KINDS.items()))
    captured_at = _moment(_("When it was captured"), required=False)
    source_url = forms.CharField(
        label=_("Address it comes from"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false", "inputmode": "url"}),
    )


class NoteForm(forms.Form):
    """Fields of ``/incidents/<uuid>/note/``."""

    text = _text(_("Note"))


class NoticeForm(forms.Form):
    """Fields of ``/incidents/<uuid>/notice/``."""

    sent_to = forms.CharField(label=_("Sent to"), max_length=200)
    sent_at = _moment(_("Sent"), help_text=_("In your time zone."))
    law = forms.CharField(
        label=_("Under which law"),
        max_length=200,
        help_text=_("As the notice itself says, for example Cal. Civ. Code 3344."),
    )
    sent_by = forms.CharField(
        label=_("How it went"),
        required=False,
        max_length=200,
        help_text=_("By e-mail, by courier, by the site’s form."),
    )
    evidence = forms.MultipleChoiceField(
        label=_("What went with it"), required=False, widget=forms.CheckboxSelectMultiple
    )
    text = _text(_("What it asks"), required=False)

    def __init__(self, *args: Any, files: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the incident's files."""
        super().__init__(*args, **kwargs)
        if files:
            self.fields["evidence"].choices = files  # type: ignore[attr-defined]
        else:
            del self.fields["evidence"]


class AnswerForm(forms.Form):
    """Fields of ``/incidents/<uuid>/answer/``."""

    received_from = forms.CharField(label=_("From"), max_length=200)
    received_at = _moment(_("Received"), help_text=_("In your time zone."))
    text = _text(_("What it says"))
    evidence = forms.MultipleChoiceField(
        label=_("What came with it"), required=False, widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, files: list[tuple[str, str]], **kwargs: Any) -> None:
        """Offer the incident's files."""
        super().__init__(*args, **kwargs)
        if files:
            self.fields["evidence"].choices = files  # type: ignore[attr-defined]
        else:
            del self.fields["evidence"]


class EndForm(forms.Form):
    """Fields of ``/incidents/<uuid>/state/``."""

    state = forms.ChoiceField(
        label=_("From now on it is"),
        choices=[
            ("RESOLVED", _("Resolved: the use has ended")),
            ("DISMISSED", _("Dismissed: nothing to pursue")),
        ],
    )
    reason = _text(_("Why"))


class ReopenForm(forms.Form):
    """Fields of ``/incidents/<uuid>/state/`` of a closed one."""

    reason = _text(_("Why"))
