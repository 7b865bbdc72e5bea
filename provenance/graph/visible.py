"""Who may see what of a graph. What may not be seen is not there.

The studio and the guild of a production see its whole graph. Others see what they recorded, and what was made under
a licence of theirs: of talents they represent or are, or that they hold.
"""

from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.principals import Principal
from licensing.models import LicenceToken, Production
from provenance.graph.models import AssetVersion, GenerationRecord, GraphAsset


def sees_whole(principal: Principal, production: Production) -> bool:
    """Whether the caller sees every asset of the production."""
    return principal.organisation_id in {production.organisation_id, production.guild_id}


def versions_visible_to(principal: Principal) -> QuerySet[AssetVersion]:
    """Versions that the caller may see, of any production."""
    mine = principal.organisation_id
    return AssetVersion.objects.filter(
        Q(production__organisation=mine)
        | Q(production__guild=mine)
        | Q(asset__organisation=mine)
        | Q(token_jtis__overlap=list(licences_of(mine)))
    )


def assets_visible_to(principal: Principal) -> QuerySet[GraphAsset]:
    """Assets that the caller may see, of any production."""
    mine = principal.organisation_id
    licensed = AssetVersion.objects.filter(token_jtis__overlap=list(licences_of(mine))).values("asset_id")
    return GraphAsset.objects.filter(
        Q(production__organisation=mine)
        | Q(production__guild=mine)
        | Q(organisation=mine)
        | Q(pk__in=licensed)
    )


def generations_visible_to(principal: Principal) -> QuerySet[GenerationRecord]:
    """Generation records that the caller may see, of any production."""
    mine = principal.organisation_id
    return GenerationRecord.objects.filter(
        Q(production__organisation=mine)
        | Q(production__guild=mine)
        | Q(organisation=mine)
        | Q(token_jtis__overlap=list(licences_of(mine)))
    )


def licences_of(organisation_id: UUID) -> QuerySet[LicenceToken, UUID]:
    """Licences of the organisation's talents; a vendor's own work is what it recorded itself."""
    mine = Q(agency=organisation_id) | Q(talent__organisation=organisation_id)
    return LicenceToken.objects.filter(mine).values_list("jti", flat=True)
