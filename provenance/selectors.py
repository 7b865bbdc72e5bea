"""Reads of outputs. Whose output it is decides who may see it; what may not be seen is not there.

The studio and the guild of a production see all of its outputs; a vendor those it delivered; an agency or
a talent those that cite a licence of theirs. The media itself goes to the production and the deliverer only.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.principals import Principal
from licensing.models import LicenceToken, Production
from licensing.selectors import effective_state
from provenance.models import Asset, AssetEvent, AssetState, ManifestRecord
from receipts import selectors as receipts
from watermarking import selectors as marks


def assets_visible_to(principal: Principal) -> QuerySet[Asset]:
    """Outputs the caller may know of, newest first, with production, manifests and events at hand."""
    mine = principal.organisation
    licensed = LicenceToken.objects.filter(Q(agency=mine) | Q(talent__organisation=mine)).values("jti")
    return (
        Asset.objects.filter(
            Q(production__organisation=mine)
            | Q(production__guild=mine)
            | Q(organisation=mine)
            | Q(token_jtis__overlap=licensed)
        )
        .select_related("production", "organisation")
        .prefetch_related(
            Prefetch("manifests", ManifestRecord.objects.order_by("-created_at")),
            Prefetch("events", AssetEvent.objects.order_by("number")),
        )
        .order_by("-created_at")
    )


def asset_for(principal: Principal, asset_id: UUID) -> Asset | None:
    """The output, if the caller may know of it."""
    return assets_visible_to(principal).filter(pk=asset_id).first()


def assets_of(production_id: UUID) -> QuerySet[Asset]:
    """Every output of a production, oldest first, for whoever may see the production as a whole."""
    return (
        Asset.objects.filter(production_id=production_id)
        .prefetch_related("manifests", "events")
        .order_by("created_at", "pk")
    )


def asset_by_mark(mark_id: str) -> Asset | None:
    """The output that carries a mark."""
    return Asset.objects.filter(mark_id=mark_id).first() if mark_id else None


def parties_of(asset: Asset) -> set[UUID]:
    """Who may know of an output: the production, its guild, the deliverer, both sides of each licence.

    Vendors other than the deliverer are not among them: they do not learn of each other.
    """
    production = asset.production
    parties = {production.organisation_id, production.guild_id, asset.organisation_id}
    for token in LicenceToken.objects.filter(jti__in=asset.token_jtis).select_related("talent"):
        parties |= {token.licensee_id, token.agency_id, token.talent.organisation_id}
    return {party for party in parties if party is not None}


@dataclass(frozen=True)
class TokenTrail:
    """A licence that a mark leads to: as it stands, and the receipts under it."""

    jti: UUID
    state: str
    terms_hash: str
    receipts: int
    rendered: int
    first_receipt_at: datetime | None
    last_receipt_at: datetime | None


@dataclass(frozen=True)
class MarkTrail:
    """Everything behind a mark. ``manifest`` is the C2PA id of the output's manifest; ``reports`` are kinds."""

    payload: str
    registered_at: datetime
    segment: str
    project: UUID
    title: str
    log_origin: str
    log_size: int
    tokens: list[TokenTrail]
    asset: UUID | None
    asset_state: str | None
    asset_sha256: str | None
    manifest: str | None
    reports: list[str]


def trail_of_mark(principal: Principal, mark_id: str) -> MarkTrail | None:
    """Follow a mark to production, licences and receipts, if the caller may be told of it."""
    mark = marks.registrations_visible_to(principal).filter(mark_id=mark_id).first()
    if mark is None:
        return None
    production = Production.objects.get(pk=mark.production_id)
    tokens = LicenceToken.objects.filter(jti__in=mark.token_jtis).select_related("terms", "superseded_by")
    counts = receipts.counts_for_tokens(mark.token_jtis)
    asset = Asset.objects.filter(mark_id=mark_id).first()
    manifest = current_manifest(asset) if asset else None
    log = receipts.log_state(production.pk)
    return MarkTrail(
        payload=mark.mark_id,
        registered_at=mark.created_at,
        segment=mark.segment,
        project=production.pk,
        title=production.title,
        log_origin=production.origin,
        log_size=log.size if log else 0,
        tokens=[_token_trail(token, counts[token.jti]) for token in tokens.order_by("created_at")],
        asset=asset.pk if asset else mark.asset_id,
        asset_state=asset.state if asset else None,
        asset_sha256=asset.sha256 or None if asset else None,
        manifest=manifest.report["manifests"][0]["label"] if manifest else None,
        reports=[report.kind for report in mark.reports.all()],
    )


def _token_trail(token: LicenceToken, counts: receipts.TokenCounts) -> TokenTrail:
    return TokenTrail(
        jti=token.jti,
        state=effective_state(token),
        terms_hash=token.terms.terms_hash,
        receipts=counts.receipts,
        rendered=counts.rendered,
        first_receipt_at=counts.first_receipt_at,
        last_receipt_at=counts.last_receipt_at,
    )


def may_download(principal: Principal, asset: Asset) -> bool:
    """Whether the media itself may go to the caller: the production's studio and who delivered it."""
    return principal.organisation_id in {asset.production.organisation_id, asset.organisation_id}


def current_manifest(asset: Asset) -> ManifestRecord | None:
    """The manifest inside the file as it stands, or ``None`` before signing."""
    return max(asset.manifests.all(), key=lambda row: row.created_at, default=None)


def state_from_events(asset: Asset) -> str:
    """Tell the state from the events alone; it equals ``asset.state`` unless somebody meddled."""
    state = ""
    for event in sorted(asset.events.all(), key=lambda row: row.number):
        if event.state_before != state or state in {AssetState.RELEASED, AssetState.HELD}:
            return "INCONSISTENT"
        state = event.state_after
    return state
