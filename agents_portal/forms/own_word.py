"""What a talent says in person: who sees them, what goes without asking, after death, who is paid, training."""

from typing import Any, Final

from django import forms
from django.utils.translation import gettext_lazy

from accounts.models import Organisation
from accounts.selectors import organisations_of_kind
from agents_portal import words
from agents_portal.bounds import LimitsForm
from agents_portal.days import DayField, begin_of, end_of
from agents_portal.forms.answers import HashForm
from common import clock
from licensing.models.consent import NEVER_BY_RULE
from licensing.services import LIFE_OF_WORK
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Channel, Construct, ReplicaClass, UseType

_LEVELS: Final = (
    ("HIDDEN", gettext_lazy("Nobody|To everybody else you are not here. They cannot tell that you exist.")),
    ("LISTED_ANONYMOUS", gettext_lazy("Everybody, without your name|They see that somebody with this is here.")),
    ("LISTED", gettext_lazy("Everybody, by name|Anybody on this server can find you and ask.")),
    ("LISTED_TO", gettext_lazy("Chosen organisations|Only those you choose below can find you.")),
)  # fmt: skip
_SEERS: Final = (Organisation.Kind.STUDIO, Organisation.Kind.VENDOR, Organisation.Kind.AGENCY)
_RULE_LIMITS: Final = ("frames_max", "lines_max", "days_max", "render_territory", "distribution_territory")
_RULE_LISTS: Final = ("constructs", "replica_classes", "channels", "vendors")
_NEVER_CLASSES: Final = (ReplicaClass.DECEASED_DIGITAL_REPLICA,)


def after_death_uses() -> list[tuple[str, str]]:
    """What may go on after a death, in the reader's language; training never."""
    return [(str(use), words.use_words(str(use))) for use in UseType if use not in TRAINING_USE_TYPES]


class VisibilityForm(forms.Form):
    """One level, and the organisations where it names any."""

    level = forms.ChoiceField(label=gettext_lazy("Who can see it"), choices=_LEVELS, widget=forms.RadioSelect)
    organisations = forms.MultipleChoiceField(
        label=gettext_lazy("Chosen organisations"), required=False,
        widget=forms.SelectMultiple(attrs={"size": 8}),
    )  # fmt: skip

    def __init__(self, data: Any = None, *, level: str = "", listed: tuple[str, ...] = ()) -> None:
        self._organisations = {one.slug: one for one in organisations_of_kind(*_SEERS)}
        chosen = [slug for slug, one in self._organisations.items() if one.name in listed]
        super().__init__(data, initial={"level": level, "organisations": chosen})
        field = self.fields["organisations"]
        assert isinstance(field, forms.MultipleChoiceField)
        field.choices = [(slug, one.name) for slug, one in self._organisations.items()]

    def rule(self) -> dict[str, Any]:
        """The arguments of ``set_visibility``; MUST be valid."""
        level = self.cleaned_data["level"]
        named = self.cleaned_data["organisations"] if level == "LISTED_TO" else []
        return {"level": level, "organisations": [self._organisations[slug] for slug in named]}


class RuleForm(LimitsForm):
    """What goes without asking: uses, all the limits, for whom, until when."""

    use_types = forms.MultipleChoiceField(
        label=gettext_lazy("What goes without asking"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one use.")},
    )  # fmt: skip
    constructs = forms.MultipleChoiceField(
        label=gettext_lazy("From which parts of you"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one part.")},
    )  # fmt: skip
    replica_classes = forms.MultipleChoiceField(
        label=gettext_lazy("From which kinds of replica"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one kind.")},
    )  # fmt: skip
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Shown through"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one way of showing.")},
    )  # fmt: skip
    vendors = forms.MultipleChoiceField(
        label=gettext_lazy("Vendors that may do the work"), required=False,
        widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=gettext_lazy("None chosen: the studio alone, no vendor."),
    )  # fmt: skip
    shown_until = DayField(
        label=gettext_lazy("The work may be shown until"), required=False,
        help_text=gettext_lazy("Empty: for as long as the work lives."),
    )  # fmt: skip
    licensees = forms.MultipleChoiceField(
        label=gettext_lazy("For whom"), required=False, widget=forms.SelectMultiple(attrs={"size": 6}),
        help_text=gettext_lazy("None chosen: for whoever can see you."),
    )  # fmt: skip
    first_day = DayField(
        label=gettext_lazy("First day"), required=False, help_text=gettext_lazy("Empty: now.")
    )
    last_day = DayField(label=gettext_lazy("Last day"))

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        self._studios = {one.slug: one for one in organisations_of_kind(Organisation.Kind.STUDIO)}
        del self.fields["content"]
        for name in (*_RULE_LIMITS, "fee_least", "currency"):
            self.fields[name].required = True
        for name, choices in (
            ("use_types", [(str(use), words.use_words(str(use))) for use in UseType if str(use) not in NEVER_BY_RULE]),
            ("constructs", [(str(one), words.construct_words(str(one)).capitalize()) for one in Construct]),
            ("replica_classes", [(str(one), words.lower_words(str(one)).capitalize()) for one in ReplicaClass if one not in _NEVER_CLASSES]),
            ("channels", [(str(one), words.channel_words(str(one))) for one in Channel]),
            ("vendors", [(str(one.pk), one.name) for one in organisations_of_kind(Organisation.Kind.VENDOR)]),
            ("licensees", [(slug, one.name) for slug, one in self._studios.items()]),
        ):  # fmt: skip
            field = self.fields[name]
            assert isinstance(field, forms.MultipleChoiceField)
            field.choices = choices

    def rule(self) -> dict[str, Any]:
        """The arguments of ``set_auto_rule``; MUST be valid."""
        sent = self.cleaned_data
        return {
            "use_types": sent["use_types"],
            "limits": {
                **self.limits(),
                **{name: sorted(sent[name]) for name in _RULE_LISTS},
                "shown_until": clock.rfc3339(shown)
                if (shown := end_of(sent["shown_until"]))
                else LIFE_OF_WORK,
            },
            "licensees": [self._studios[slug] for slug in sent["licensees"]],
            "valid_from": begin_of(sent.get("first_day")),
            "valid_until": end_of(sent["last_day"]),
        }


class AfterDeathForm(forms.Form):
    """Whether anything is allowed after death, and what."""

    allowed = forms.ChoiceField(
        label=gettext_lazy("After your death"), widget=forms.RadioSelect,
        choices=(
            ("no", gettext_lazy("Nothing|Every licence is held until your estate decides.")),
            ("yes", gettext_lazy("Only what you choose below|Licences with other uses are held.")),
        ),
    )  # fmt: skip
    use_types = forms.MultipleChoiceField(
        label=gettext_lazy("What may go on"), widget=forms.CheckboxSelectMultiple, required=False,
        choices=after_death_uses,
    )  # fmt: skip
    text = forms.CharField(
        label=gettext_lazy("In your own words"), required=False, max_length=4000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=gettext_lazy("Those who speak for your estate read this. The server acts on the choices above."),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """A yes names what it allows."""
        sent: dict[str, Any] = super().clean() or {}
        if sent.get("allowed") == "yes" and not sent.get("use_types"):
            self.add_error("use_types", gettext_lazy("Choose at least one use."))
        return sent

    def body(self) -> dict[str, Any]:
        """The instruction as services take it; MUST be valid."""
        sent = self.cleaned_data
        yes = sent["allowed"] == "yes"
        return {"allowed": yes, "use_types": sent["use_types"] if yes else [], "text": sent["text"]}


class PayeeForm(forms.Form):
    """Who is paid, as terms name a payee: an id."""

    payee = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._:@/+-]{0,127}\Z",
        label=gettext_lazy("Who is paid for you"),
        help_text=gettext_lazy("As licences write it: the id of an account with your guild, your agency or your company, without spaces."),
        error_messages={"invalid": gettext_lazy("An id has letters, digits and . _ : @ / + - in it, and no spaces.")},
    )  # fmt: skip


class TrainingYesForm(HashForm):
    """The hash of the terms that were read."""


class ReasonForm(forms.Form):
    """A reason that the other side reads."""

    reason = forms.CharField(
        label=gettext_lazy("Why, in words the studio will read"), max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Give a reason. The studio reads it.")},
    )  # fmt: skip
