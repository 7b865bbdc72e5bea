"""What a studio asks for: the fields of TAXONOMY 12 in groups, each with the unit that people use.

The form reads what was typed; ``agents_portal.asking`` turns it into the body of a submission and back.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal, InvalidOperation
from typing import Any, Final

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agents_portal import words
from common.language import core
from trustcore.policy.clauses import (
    LEVELLED_CONTENT,
    NEGOTIABLE_CONTENT,
    NEVER_CHANGEABLE_CONTENT,
    PROHIBITED_CONTENT,
    RATINGS,
    Assignability,
    ChangeOfControl,
    ConsentForm,
    Counsel,
    Exclusivity,
    OnEnd,
    PayBasis,
    ReportCadence,
    VisibleLabel,
)
from trustcore.policy.territory import COUNTRIES, PRESETS, is_territory, territory_name
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, Channel, ReplicaClass, UseType
from trustcore.policy.words import CONTENT

_BY_NAME: Final = {territory_name(code).casefold(): code for code in COUNTRIES}
_COUNT_MOST: Final = 1_000_000_000


class Territories(forms.CharField):
    """Countries by name or code, or a preset as WORLD; read into codes in order."""

    def clean(self, value: Any) -> Any:
        """The codes; presets stay as they are and are written out when the terms are."""
        text = super().clean(value)
        found: list[str] = []
        wrong: list[str] = []
        for name in _members(text):
            code = _BY_NAME.get(name.casefold(), name.upper())
            if code in PRESETS or is_territory(code):
                found.append(code)
            else:
                wrong.append(name)
        if wrong:
            raise forms.ValidationError(_("Not a country: %(names)s.") % {"names": ", ".join(wrong[:5])})
        return list(dict.fromkeys(found))


class Members(forms.CharField):
    """Several short names: one a line, or with commas between."""

    def __init__(self, *, most: int, longest: int = 128, **options: Any) -> None:
        """``most`` names of at most ``longest`` characters."""
        super().__init__(**options)
        self.most, self.longest = most, longest

    def clean(self, value: Any) -> Any:
        """The names, each once."""
        found = list(dict.fromkeys(_members(super().clean(value))))
        if len(found) > self.most:
            raise forms.ValidationError(_("At most %(most)d of them.") % {"most": self.most})
        if long := [name for name in found if len(name) > self.longest]:
            raise forms.ValidationError(_("Too long: %(name)s…") % {"name": long[0][:40]})
        return found


class Amount(forms.CharField):
    """Money in whole units with a decimal point, as ``12,450.00``; read as a decimal."""

    def clean(self, value: Any) -> Any:
        """The amount; None where nothing is offered."""
        text = super().clean(value).replace(",", "").replace(" ", "")
        if not text:
            return None
        try:
            amount = Decimal(text)
        except InvalidOperation as error:
            raise forms.ValidationError(_("Enter an amount, as 12,450.00.")) from error
        if (
            not amount.is_finite()
            or amount < 0
            or amount > 10**12
            or amount != amount.quantize(Decimal("0.001"))
        ):
            raise forms.ValidationError(_("Enter an amount, as 12,450.00."))
        return amount


def _members(text: str) -> list[str]:
    return [
        name for line in text.replace(";", "\n").replace(",", "\n").splitlines() if (name := line.strip())
    ]


def _codes(codes: Iterable[Any], *, first: str = "") -> list[tuple[str, str]]:
    """Choices of a closed vocabulary in small words; ``first`` stands for leaving it out."""
    rows = [(str(code), words.lower_words(str(code)).capitalize()) for code in codes]
    return [("", first), *rows] if first else rows


def _lines(rows: int = 3, **attrs: str) -> forms.Textarea:
    return forms.Textarea(attrs={"rows": rows, **attrs})


def _count(label: Any, **options: Any) -> forms.IntegerField:
    return forms.IntegerField(
        label=label,
        required=False,
        min_value=0,
        max_value=_COUNT_MOST,
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
        **options,
    )


def _short(label: Any, most: int = 200, **options: Any) -> forms.CharField:
    return forms.CharField(label=label, required=False, max_length=most, **options)


class ComposeForm(forms.Form):
    """Everything a studio says when it asks."""

    use_types = forms.MultipleChoiceField(
        label=gettext_lazy("What is made with the likeness"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one use. No use includes another.")},
    )  # fmt: skip
    constructs = forms.MultipleChoiceField(
        label=gettext_lazy("From which parts of the person"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one part.")},
    )  # fmt: skip
    replica_class = forms.ChoiceField(label=gettext_lazy("How the replica came about"))
    description = forms.CharField(
        label=gettext_lazy("What you want to do, in words the person will read"), max_length=8000, widget=_lines(5),
        help_text=gettext_lazy("Who does what, in which scenes. The law asks for a reasonably specific description."),
    )  # fmt: skip
    script_ref = _short(gettext_lazy("Script"), 128, help_text=gettext_lazy("Its name or number with you."))
    script_version = _short(gettext_lazy("Its version"), 128)
    script_sha256 = _short(
        gettext_lazy("Its SHA-256"),
        64,
        widget=forms.TextInput(attrs={"class": "mono", "spellcheck": "false"}),
    )
    script_dated = forms.DateField(
        label=gettext_lazy("Its date"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date", "class": "date"}, format="%Y-%m-%d"),
    )

    days = forms.IntegerField(
        label=gettext_lazy("For how long"),
        min_value=1,
        max_value=3650,
        widget=forms.NumberInput(attrs={"class": "short", "inputmode": "numeric"}),
    )
    not_before = forms.DateField(
        label=gettext_lazy("From"), required=False, widget=forms.DateInput(attrs={"type": "date", "class": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Leave empty to begin when it is approved."),
    )  # fmt: skip
    production_end_event = _short(
        gettext_lazy("Ends earlier with"),
        help_text=gettext_lazy("An event of the production, as picture lock."),
    )
    frames_max = _count(
        gettext_lazy("Frames"), help_text=gettext_lazy("24 frames are one second. 0 or empty: none.")
    )
    max_screen_seconds = _count(gettext_lazy("Seconds on screen, at most"))
    lines_max = _count(gettext_lazy("Voice lines"))
    words_max = _count(gettext_lazy("Words in all lines, at most"))
    seconds_max = _count(gettext_lazy("Seconds of sound"))
    runs_max = _count(gettext_lazy("Outputs or sessions"))
    sequences = Members(
        label=gettext_lazy("Only in these sequences"), most=500, required=False, widget=_lines(2)
    )
    shots = Members(
        label=gettext_lazy("Only in these shots"),
        most=2000,
        required=False,
        widget=_lines(2),
        help_text=gettext_lazy("One a line, or with commas. Empty: any shot of the production."),
    )
    characters = Members(
        label=gettext_lazy("As these characters"), most=50, longest=200, required=False, widget=_lines(2)
    )

    render_territory = Territories(
        label=gettext_lazy("Where machines may render it"),
        help_text=gettext_lazy("Countries by name or code, with commas: Canada, GB, US-CA. Or a preset: EU, WORLD."),
        error_messages={"required": gettext_lazy("Name at least one country.")},
    )  # fmt: skip
    distribution_territory = Territories(
        label=gettext_lazy("Where it is shown"), error_messages={"required": gettext_lazy("Name at least one country.")}
    )  # fmt: skip
    channels = forms.MultipleChoiceField(
        label=gettext_lazy("How it is shown"), widget=forms.CheckboxSelectMultiple,
        error_messages={"required": gettext_lazy("Choose at least one way.")},
    )  # fmt: skip
    vendors = Members(
        label=gettext_lazy("Who else works on it"), most=50, longest=60, required=False,
        help_text=gettext_lazy("Vendors by their short name on this server, with commas. Nobody else can use the licence."),
    )  # fmt: skip
    assignability = forms.ChoiceField(label=gettext_lazy("Whether you may hand it on"), required=False)
    change_of_control = forms.ChoiceField(
        label=gettext_lazy("When your company changes hands"), required=False
    )

    basis = forms.ChoiceField(label=gettext_lazy("What is paid by"))
    currency = forms.RegexField(
        r"^[A-Za-z]{3}\Z",
        label=gettext_lazy("Currency"),
        required=False,
        initial="USD",
        max_length=3,
        widget=forms.TextInput(attrs={"class": "short", "autocapitalize": "characters"}),
        error_messages={"invalid": gettext_lazy("Three letters, as USD.")},
    )
    amount = Amount(
        label=gettext_lazy("Amount"),
        required=False,
        max_length=24,
        widget=forms.TextInput(attrs={"inputmode": "decimal", "class": "short"}),
        help_text=gettext_lazy(
            "Computed and reported here, never moved. Below the floor that the person set, which is not shown to you, the person is asked too."
        ),
    )
    residuals = forms.BooleanField(label=gettext_lazy("Residuals as if in person"), required=False)
    equivalent_days_estimated = _count(gettext_lazy("Days the person would have worked"))
    equivalent_days_method = _short(gettext_lazy("How that was estimated, and by whom"))
    equivalent_days_author = _short(gettext_lazy("Whose estimate it is"))
    audit_rights = _short(gettext_lazy("Who may see the books, and how"))
    scale_reference = _short(gettext_lazy("Scale it refers to"))

    exclusivity = forms.ChoiceField(label=gettext_lazy("Who else is kept out"), required=False)
    exclusive_categories = Members(
        label=gettext_lazy("In which categories"), most=20, longest=200, required=False
    )
    scan = forms.ChoiceField(label=gettext_lazy("Scans, when it ends"), required=False)
    replica_model = forms.ChoiceField(label=gettext_lazy("The replica, when it ends"), required=False)
    outputs = forms.ChoiceField(label=gettext_lazy("Outputs, when it ends"), required=False)
    visible_label = forms.ChoiceField(label=gettext_lazy("A label that people see or hear"), required=False)
    cadence = forms.ChoiceField(label=gettext_lazy("How often use is reported"), required=False)
    credit = _short(gettext_lazy("Credit"))
    storage_class = _short(
        gettext_lazy("How scans are stored"),
        128,
        help_text=gettext_lazy("A name of your security plan, as TPN-GOLD."),
    )
    encryption = _short(gettext_lazy("How they are encrypted"), 128)
    tpn_level = _short(gettext_lazy("TPN level"), 128)

    consent_form = forms.ChoiceField(label=gettext_lazy("Form of the consent"), required=False)
    represented_by = forms.ChoiceField(label=gettext_lazy("Who advised the person"), required=False)
    counsel_name = _short(gettext_lazy("Name of counsel"))
    bargaining_agreement = _short(gettext_lazy("Agreement it is made under"), 128)
    purpose = forms.CharField(
        label=gettext_lazy("Purpose"), required=False, max_length=2000, widget=_lines(2)
    )
    scan_reason = forms.CharField(
        label=gettext_lazy("Why a scan is needed"), required=False, max_length=2000, widget=_lines(2)
    )
    value_justification = forms.CharField(
        label=gettext_lazy("What a synthetic performer adds"),
        required=False,
        max_length=2000,
        widget=_lines(2),
    )
    deletion = forms.CharField(
        label=gettext_lazy("How and when the replica is deleted"),
        required=False,
        max_length=2000,
        widget=_lines(2),
    )
    union_notice_at = _short(gettext_lazy("When the union was told"), 128)
    authority_ref = _short(gettext_lazy("Guardian’s or estate’s document on file"), 128)
    exemption = _short(gettext_lazy("Exemption that is claimed"), 128)
    rider_id = _short(gettext_lazy("Rider"), 128)
    advertiser = _short(gettext_lazy("Advertiser"))
    product_line = _short(gettext_lazy("Product line"))
    product_category = _short(gettext_lazy("Product category"))
    ad_id = _short(gettext_lazy("Ad-ID"), 128)
    provider = _short(gettext_lazy("Provider of the tool"))
    tool_record = _short(gettext_lazy("Record of the tool"), 128)
    consent_written = forms.BooleanField(label=gettext_lazy("A written release is on file"), required=False)
    brand_approved = forms.BooleanField(label=gettext_lazy("The brand has approved"), required=False)
    struck_work = forms.BooleanField(label=gettext_lazy("The work is under a strike"), required=False)
    prompt_names_performer = forms.BooleanField(
        label=gettext_lazy("A prompt names the performer"), required=False
    )
    recognisable = forms.BooleanField(
        label=gettext_lazy("The person is recognisable in it"), required=False, initial=True
    )

    def __init__(
        self,
        data: QueryDict | None = None,
        *,
        constructs: Iterable[str],
        initial: Mapping[str, Any] | None = None,
    ) -> None:
        """Offer the constructs that the studio may know of."""
        super().__init__(data, initial=dict(initial or {}))
        self._choices(constructs)
        self._content_fields()
        self._fit()
        for name, field in self.fields.items():
            field.widget.attrs.setdefault("autocomplete", "off")
            if self.is_bound and name in self.errors:
                field.widget.attrs["aria-invalid"] = "true"

    def _fit(self) -> None:
        """Leave out, or rename, what another kind of request does not need; before anything is read."""

    def _choices(self, constructs: Iterable[str]) -> None:
        usual = _("As usual")
        offered: dict[str, list[tuple[str, str]]] = {
            "use_types": [
                (str(one), words.use_words(one)) for one in UseType if one not in TRAINING_USE_TYPES
            ],
            "constructs": [(one, words.construct_words(one).capitalize()) for one in constructs],
            "replica_class": _codes(ReplicaClass),
            "channels": [(str(one), words.channel_words(one)) for one in Channel],
            "assignability": _codes(Assignability, first=usual),
            "change_of_control": _codes(ChangeOfControl, first=usual),
            "basis": _codes(PayBasis),
            "exclusivity": _codes(Exclusivity, first=usual),
            "scan": _codes(OnEnd, first=usual),
            "replica_model": _codes(OnEnd, first=usual),
            "outputs": _codes(OnEnd, first=usual),
            "visible_label": _codes(VisibleLabel, first=usual),
            "cadence": _codes(ReportCadence, first=usual),
            "consent_form": _codes(ConsentForm, first=_("Not said")),
            "represented_by": _codes(Counsel, first=_("Not said")),
        }
        for name, choices in offered.items():
            self.fields[name].choices = choices  # type: ignore[attr-defined]

    def _content_fields(self) -> None:
        for code in (*PROHIBITED_CONTENT, *NEGOTIABLE_CONTENT):
            if code in NEVER_CHANGEABLE_CONTENT:
                continue
            levels = [(str(level), _("Up to %(level)d of 5") % {"level": level}) for level in range(6)]
            rules = [
                ("PROHIBITED", _("Never")),
                ("APPROVAL_REQUIRED", _("Ask each time")),
                ("ALLOWED", _("Allowed")),
            ]
            self.fields[f"content_{code}"] = forms.ChoiceField(
                label=core().say(CONTENT[code]) if code in CONTENT else words.lower_words(code).capitalize(),
                choices=[("", _("As usual")), *(levels if code in LEVELLED_CONTENT else rules)],
                required=False,
            )
        for system, grades in RATINGS.items():
            self.fields[f"rating_{system}"] = forms.ChoiceField(
                label=_("At most, by %(system)s") % {"system": system},
                choices=[("", _("Not said")), *((grade, grade) for grade in grades)],
                required=False,
            )


GROUPS: Final = (
    ("what", gettext_lazy("What you want to do"), ("description", "use_types", "constructs", "replica_class")),
    ("script", gettext_lazy("Script"), ("script_ref", "script_version", "script_sha256", "script_dated")),
    ("much", gettext_lazy("When and how much"), ("days", "not_before", "production_end_event", "frames_max", "max_screen_seconds", "lines_max", "words_max", "seconds_max", "runs_max", "sequences", "shots", "characters")),
    ("where", gettext_lazy("Where"), ("render_territory", "distribution_territory", "channels")),
    ("who", gettext_lazy("Who works on it"), ("vendors", "assignability", "change_of_control")),
    ("money", gettext_lazy("Money"), ("basis", "currency", "amount", "equivalent_days_estimated", "equivalent_days_method", "equivalent_days_author", "scale_reference", "residuals", "audit_rights")),
    ("content", gettext_lazy("Content"), ()),
    ("after", gettext_lazy("Marks, reports and afterwards"), ("scan", "replica_model", "outputs", "visible_label", "cadence", "credit", "exclusivity", "exclusive_categories", "storage_class", "encryption", "tpn_level")),
    ("declared", gettext_lazy("What agreements and statutes ask you to say"), ("consent_form", "represented_by", "counsel_name", "bargaining_agreement", "purpose", "scan_reason", "value_justification", "deletion", "union_notice_at", "authority_ref", "exemption", "rider_id", "advertiser", "product_line", "product_category", "ad_id", "provider", "tool_record", "consent_written", "brand_approved", "struck_work", "prompt_names_performer", "recognisable")),
)  # fmt: skip
"""The form's sections in order: key, title, fields; ``content`` holds the fields made for it."""
FOLDED: Final = frozenset({"script", "content", "after", "declared"})
"""Sections that a first look does not need; one with an error or a demand is open."""


def sections_of(
    form: forms.Form, wanted: Iterable[str], groups: Sequence[tuple[str, Any, tuple[str, ...]]] = GROUPS
) -> list[dict[str, Any]]:
    """The form in sections; ``wanted`` fields, which a profile asks for, stand open."""
    asked = set(wanted)
    sections = []
    for key, title, names in groups:
        held = (
            list(names)
            if names
            else [name for name in form.fields if name.startswith(("content_", "rating_"))]
        )
        fields = [form[name] for name in held]
        sections.append(
            {
                "key": key,
                "title": title,
                "fields": fields,
                "is_folded": key in FOLDED
                and not asked.intersection(held)
                and not any(one.errors for one in fields),
                "wanted": [name for name in held if name in asked],
            }
        )
    return sections
