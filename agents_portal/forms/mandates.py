"""Who may sign for a talent, passing it on, and being out of office."""

from datetime import datetime
from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import Organisation, User
from accounts.selectors import organisations_of_kind, person_by_email
from agents_portal import words
from agents_portal.bounds import LimitsForm, initial_limits
from agents_portal.days import DayField, begin_of, end_of, last_day_of
from licensing.selectors import MandateLine
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, UseType

_MODES: Final = (
    ("AGENT_WITHIN_MANDATE", gettext_lazy("Signs alone, inside the limits|What is outside asks you, too.")),
    ("DUAL", gettext_lazy("Signs together with you|Nothing begins before both have said yes.")),
    ("TALENT_ONLY", gettext_lazy("Reads and advises|You sign each request in person.")),
    ("QUORUM", gettext_lazy("Several must agree|You name them, and how many of them it takes.")),
    ("UNION_NOTICE", gettext_lazy("You sign, after notice to the union|So many hours pass before anything begins.")),
)  # fmt: skip
_SIGNERS_MOST: Final = 100


def mandate_uses() -> list[tuple[str, str]]:
    """The uses that a mandate may name: never training."""
    return [(str(use), words.use_words(str(use))) for use in UseType if use not in TRAINING_USE_TYPES]


class PersonField(forms.ModelChoiceField):
    """A person, by name."""

    def label_from_instance(self, obj: User) -> str:
        """The name, or the address of somebody without one."""
        return obj.full_name or obj.email


class MandateForm(LimitsForm):
    """What an agency may decide for the talent who fills this in."""

    agency = forms.ChoiceField(label=gettext_lazy("Agency"))
    agent = forms.EmailField(
        label=gettext_lazy("One agent there, by e-mail"), required=False,
        help_text=gettext_lazy("Leave empty for any agent of the agency."),
    )  # fmt: skip
    mode = forms.ChoiceField(
        label=gettext_lazy("How they sign"), choices=_MODES, initial="AGENT_WITHIN_MANDATE",
        widget=forms.RadioSelect,
    )  # fmt: skip
    use_types = forms.MultipleChoiceField(
        label=gettext_lazy("What they may decide"), widget=forms.CheckboxSelectMultiple, required=False,
        help_text=gettext_lazy("Everything else asks you. Training always does."),
    )  # fmt: skip
    quorum = forms.IntegerField(
        label=gettext_lazy("How many must agree"), min_value=1, max_value=_SIGNERS_MOST, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    signers = forms.CharField(
        label=gettext_lazy("Whose yes counts, one e-mail in each line"), required=False, max_length=10_000,
        widget=forms.Textarea(attrs={"rows": 3}),
    )  # fmt: skip
    notice_hours = forms.IntegerField(
        label=gettext_lazy("Hours of notice to the union"), min_value=0, max_value=8760, required=False,
        widget=forms.NumberInput(attrs={"class": "short"}),
    )  # fmt: skip
    first_day = DayField(
        label=gettext_lazy("First day"), required=False, help_text=gettext_lazy("Empty: now.")
    )
    last_day = DayField(
        label=gettext_lazy("Last day"), required=False,
        help_text=gettext_lazy("Empty: until you end it."),
    )  # fmt: skip

    def __init__(
        self, data: Any = None, *, now: MandateLine | None = None, signers: tuple[str, ...] = ()
    ) -> None:
        """Begin with the mandate in force, whole: what nobody touches must not become wider."""
        super().__init__(data, initial=_initial(now, signers) if now else None)
        self._agencies = {one.slug: one for one in organisations_of_kind(Organisation.Kind.AGENCY)}
        if now and data is None:
            slug = next((one.slug for one in self._agencies.values() if one.pk == now.agency_id), "")
            self.initial["agency"] = slug
        _choices(self, "agency", [("", "—"), *((slug, one.name) for slug, one in self._agencies.items())])
        _choices(self, "use_types", mandate_uses())

    def clean(self) -> dict[str, Any]:
        """Look up whom the form names; one answer for who is not there and who is of another place."""
        sent: dict[str, Any] = super().clean() or {}
        agency = self._agencies.get(sent.get("agency", ""))
        sent["organisation"] = agency
        sent["person"] = None
        if sent.get("agent") and agency:
            sent["person"] = person_by_email(sent["agent"], of=agency)
            if sent["person"] is None:
                self.add_error("agent", gettext_lazy("This person is not an agent of that agency."))
        sent["voices"] = self._voices(sent.get("signers", "")) if sent.get("mode") == "QUORUM" else []
        return sent

    def _voices(self, text: str) -> list[User]:
        lines = [line.strip() for line in text.splitlines() if line.strip()][: _SIGNERS_MOST + 1]
        found = [person_by_email(line) for line in lines]
        if any(one is None for one in found):
            self.add_error("signers", gettext_lazy("One of these people cannot be named here."))
        return [one for one in found if one is not None]

    def mandate(self) -> dict[str, Any]:
        """The arguments of ``grant_mandate``; MUST be valid."""
        sent = self.cleaned_data
        return {
            "agency": sent["organisation"],
            "agent": sent["person"],
            "mode": sent["mode"],
            "use_types": sent["use_types"],
            "limits": self.limits(),
            "valid_from": begin_of(sent.get("first_day")),
            "valid_until": end_of(sent.get("last_day")),
            "quorum": sent.get("quorum") if sent["mode"] == "QUORUM" else None,
            "signers": sent["voices"],
            "notice_hours": (sent.get("notice_hours") or 0) if sent["mode"] == "UNION_NOTICE" else 0,
        }


class DelegationForm(LimitsForm):
    """To which colleague, between which days, within what."""

    to = PersonField(User.objects.none(), label=gettext_lazy("Colleague"), empty_label="—")
    use_types = forms.MultipleChoiceField(
        label=gettext_lazy("What they may decide"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one use.")},
    )  # fmt: skip
    first_day = DayField(
        label=gettext_lazy("First day"), required=False, help_text=gettext_lazy("Empty: now.")
    )
    last_day = DayField(label=gettext_lazy("Last day"))
    may_pass_on = forms.BooleanField(
        label=gettext_lazy("May pass it on to a further colleague"), required=False
    )

    def __init__(
        self, data: Any = None, *, colleagues: Any, use_types: tuple[str, ...], limits: dict[str, Any],
        earliest: datetime | None, latest: datetime | None,
    ) -> None:  # fmt: skip
        self._earliest, self._latest = earliest, latest
        super().__init__(
            data,
            initial={"use_types": list(use_types), "last_day": last_day_of(latest), **initial_limits(limits)},
        )
        people = self.fields["to"]
        assert isinstance(people, forms.ModelChoiceField)
        people.queryset = colleagues
        _choices(self, "use_types", [(use, words.use_words(use)) for use in use_types])
        if not limits.get("content"):
            del self.fields["content"]

    def delegation(self) -> dict[str, Any]:
        """The arguments of ``delegate_mandate``; MUST be valid."""
        sent = self.cleaned_data
        return {
            "to_user": sent["to"],
            "use_types": sent["use_types"],
            "limits": self.limits(),
            "valid_from": begin_of(sent.get("first_day"), earliest=self._earliest),
            "valid_until": end_of(sent["last_day"], latest=self._latest),
            "may_pass_on": sent["may_pass_on"],
        }


class AbsenceForm(forms.Form):
    """From when to when, and who is in."""

    stand_in = PersonField(User.objects.none(), label=gettext_lazy("Who decides meanwhile"), empty_label="—")
    first_day = DayField(
        label=gettext_lazy("First day out"), required=False, help_text=gettext_lazy("Empty: now.")
    )
    last_day = DayField(label=gettext_lazy("Last day out"))

    def __init__(self, data: Any = None, *, colleagues: Any) -> None:
        super().__init__(data)
        people = self.fields["stand_in"]
        assert isinstance(people, forms.ModelChoiceField)
        people.queryset = colleagues

    def absence(self) -> dict[str, Any]:
        """The arguments of ``set_absence``; MUST be valid."""
        sent = self.cleaned_data
        return {
            "stand_in": sent["stand_in"],
            "valid_from": begin_of(sent.get("first_day")),
            "valid_until": end_of(sent["last_day"]),
        }


def _choices(form: forms.Form, name: str, choices: list[tuple[str, str]]) -> None:
    field = form.fields[name]
    assert isinstance(field, forms.ChoiceField)
    field.choices = choices


def _initial(now: MandateLine, signers: tuple[str, ...]) -> dict[str, Any]:
    return {
        "agent": now.agent_email,
        "quorum": now.quorum,
        "signers": "\n".join(signers),
        "mode": now.mode,
        "use_types": list(now.use_types),
        "last_day": last_day_of(now.valid_until),
        "notice_hours": now.notice_hours or None,
        **initial_limits(now.limits),
    }
