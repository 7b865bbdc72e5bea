"""A new production, and a bundle of one."""

from collections.abc import Iterable
from uuid import UUID

from django import forms
from django.db.models import QuerySet

from accounts.models import Organisation
from common.language import later
from licensing.models import Production
from trustcore.bundle.layout import Purpose

KINDS = (
    ("PRODUCTION", later("Film or series")),
    ("PROJECT", later("Project")),
    ("CAMPAIGN", later("Campaign")),
)
PURPOSES = {
    Purpose.UNION_REPORTING: later("For the guild: shared between studio and guild"),
    Purpose.DISTRIBUTION_CLEARANCE: later("To clear distribution"),
    Purpose.EO_INSURANCE: later("For errors and omissions insurance"),
    Purpose.REGULATORY: later("For a regulator"),
}


class ProductionForm(forms.Form):
    """Fields of ``/productions/new/``."""

    title = forms.CharField(label=later("Title"), max_length=200)
    kind = forms.ChoiceField(label=later("Kind"), choices=KINDS)
    guild = forms.ChoiceField(
        label=later("Overseen by"),
        required=False,
        help_text=later("Its auditors see licences, receipts and bundles."),
    )
    eidr = forms.CharField(label=later("EIDR"), required=False, max_length=80)

    def __init__(self, *args: object, guilds: QuerySet[Organisation], **kwargs: object) -> None:
        """Offer the guilds of this server."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        choices = [("", later("No guild")), *((one.slug, one.name) for one in guilds)]
        self.fields["guild"].choices = choices  # type: ignore[attr-defined]


class BundleForm(forms.Form):
    """Fields of ``/bundles/new/``."""

    production = forms.ChoiceField(label=later("Production"))
    purpose = forms.ChoiceField(
        label=later("What it is for"), choices=[(str(key), text) for key, text in PURPOSES.items()]
    )

    talent = forms.ChoiceField(
        label=later("Performer"),
        required=False,
        help_text=later("Their part alone; other performers' terms are withheld."),
    )
    size = forms.IntegerField(
        label=later("Up to log entry"),
        required=False,
        min_value=0,
        help_text=later("The size of a published checkpoint. Empty: up to now."),
    )
    begins = forms.DateField(
        label=later("Receipts from"), required=False, widget=forms.DateInput(attrs={"type": "date"})
    )
    until = forms.DateField(
        label=later("Receipts to"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text=later("This day is included. Both empty: every receipt."),
    )

    def __init__(
        self,
        *args: object,
        productions: QuerySet[Production],
        talents: Iterable[tuple[UUID, str]],
        **kwargs: object,
    ) -> None:
        """Offer the productions and the performers that the reader may export."""
        super().__init__(*args, **kwargs)  # type: ignore[arg-type]
        people = [("", later("Everybody")), *((str(pk), name) for pk, name in talents)]
        self.fields["talent"].choices = people  # type: ignore[attr-defined]
        self.fields["production"].choices = [(str(one.pk), one.title) for one in productions]  # type: ignore[attr-defined]
