"""A guild's roll, and what it sets for all its members."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext_lazy as _

from common.language import core_later
from licensing.services.limits import MandateLimits
from trustcore.policy.clauses import NEVER_CHANGEABLE_CONTENT, PROHIBITED_CONTENT
from trustcore.policy.territory import expand_territories
from trustcore.policy.words import CONTENT, minor_digits

ENCODINGS = (
    ("", _("Find out (UTF-8, or UTF-16 with its mark)")),
    ("cp1252", _("Windows, Western Europe (cp1252)")),
    ("iso8859-1", _("Latin 1 (ISO 8859-1)")),
)


class RollForm(forms.Form):
    """Fields of ``/members/roll/``."""

    file = forms.FileField(
        label=_("The roll, as CSV"),
        help_text=_(
            "Columns: member_number, stage_name, and if you like majority_on (YYYY-MM-DD). At most 200 MiB."
        ),
        widget=forms.FileInput(attrs={"accept": ".csv,text/csv"}),
        error_messages={"empty": _("The file is empty.")},
    )
    encoding = forms.ChoiceField(label=_("How it is encoded"), choices=ENCODINGS, required=False)


def _number(label: Any, help_text: Any) -> forms.IntegerField:
    return forms.IntegerField(label=label, help_text=help_text, min_value=0, max_value=10**9, required=False)


class DefaultsForm(forms.Form):
    """Fields of ``/members/defaults/``; an empty field sets no limit in this respect."""

    frames_max = _number(_("Most frames in one licence"), _("Beyond it the member agrees beside the agent."))
    lines_max = _number(_("Most lines in one licence"), _("Beyond it the member agrees beside the agent."))
    days_max = _number(_("Longest window, in days"), _("Beyond it the member agrees beside the agent."))
    render_territory = forms.CharField(
        label=_("Machines may run in"),
        required=False,
        max_length=600,
        help_text=_("Country codes with spaces between them, such as US CA GB. Empty: anywhere."),
    )
    distribution_territory = forms.CharField(
        label=_("Works may be shown in"),
        required=False,
        max_length=600,
        help_text=_("Country codes with spaces between them. Empty: anywhere."),
    )
    fee_least = forms.DecimalField(
        label=_("Smallest flat fee"),
        required=False,
        min_value=0,
        max_digits=12,
        decimal_places=3,
        help_text=_("An offer below it asks the member. Say the currency, too."),
    )
    currency = forms.RegexField(
        r"^[A-Z]{3}$",
        label=_("Currency of that fee"),
        required=False,
        help_text=_("Three letters, such as USD."),
    )
    content = forms.MultipleChoiceField(
        label=_("Closed content that an agent may open alone"),
        required=False,
        choices=[
            (one, core_later(CONTENT[one]))
            for one in PROHIBITED_CONTENT
            if one not in NEVER_CHANGEABLE_CONTENT
        ],
        widget=forms.CheckboxSelectMultiple,
    )

    @staticmethod
    def initial_of(limits: MandateLimits) -> dict[str, Any]:
        """What the fields show for ``limits``."""
        fee, currency = limits.fee_least_minor, limits.currency or ""
        return {
            "frames_max": limits.frames_max,
            "lines_max": limits.lines_max,
            "days_max": limits.days_max,
            "render_territory": " ".join(limits.render_territory),
            "distribution_territory": " ".join(limits.distribution_territory),
            "fee_least": None if fee is None else Decimal(fee).scaleb(-minor_digits(currency)),
            "currency": currency,
            "content": list(limits.content),
        }

    def clean_render_territory(self) -> list[str]:
        """The codes, each a country or a subdivision."""
        return self._places("render_territory")

    def clean_distribution_territory(self) -> list[str]:
        """The codes, each a country or a subdivision."""
        return self._places("distribution_territory")

    def clean(self) -> dict[str, Any]:
        """A fee has its currency, and the whole can be read as limits."""
        found = super().clean() or {}
        if (found.get("fee_least") is None) != (not found.get("currency")) and "currency" not in self.errors:
            self.add_error("currency", _("A fee and its currency belong together."))
        return found

    def limits(self) -> dict[str, Any]:
        """The limits as the service takes them."""
        given = self.cleaned_data
        limits: dict[str, Any] = {
            name: given[name] for name in ("frames_max", "lines_max", "days_max") if given[name] is not None
        }
        for name in ("render_territory", "distribution_territory", "content"):
            if given[name]:
                limits[name] = given[name]
        if given["fee_least"] is not None:
            minor = given["fee_least"].scaleb(minor_digits(given["currency"]))
            limits |= {"fee_least_minor": int(minor), "currency": given["currency"]}
        return limits

    def _places(self, name: str) -> list[str]:
        codes = self.cleaned_data[name].upper().replace(",", " ").split()
        try:
            return list(expand_territories(codes))
        except ValueError as error:
            raise forms.ValidationError(
                _("One of these is no code of a country or a region."), code="TERRITORY_UNKNOWN"
            ) from error
