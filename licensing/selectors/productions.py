"""Productions as an organisation may see them."""

from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.principals import Principal
from licensing.models import LicenceRequest, LicenceToken, Production


def productions_visible_to(principal: Principal) -> QuerySet[Production]:
    """A studio's own, a guild's overseen, a vendor's licensed, an agency's or talent's asked-for ones."""
    organisation = principal.organisation
    asked = LicenceRequest.objects.filter(production=OuterRef("pk")).filter(
        Q(agency=organisation) | Q(talent__organisation=organisation)
    )
    licensed = LicenceToken.objects.filter(production=OuterRef("pk"), vendor_ids__contains=[organisation.pk])
    return (
        Production.objects.filter(
            Q(organisation=organisation) | Q(guild=organisation) | Exists(asked) | Exists(licensed)
        )
        .select_related("organisation", "guild")
        .order_by("-created_at")
    )


def production_for(principal: Principal, production_id: UUID) -> Production | None:
    """The production, if the caller may see it."""
    return productions_visible_to(principal).filter(pk=production_id).first()


def takes_part(organisation_id: UUID, production_id: UUID) -> bool:
    """Whether the organisation is licensee or listed vendor of a licence of the production, past ones too."""
    mine = Q(licensee=organisation_id) | Q(vendor_ids__contains=[organisation_id])
    return LicenceToken.objects.filter(mine, production=production_id).exists()
