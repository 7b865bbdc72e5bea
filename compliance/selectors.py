"""Reads of bundles: who may ask for one, who may fetch one, and what its page shows.

A production's studio and its guild may export it. An agency or a talent may when every licence of the
production is theirs, and always for the part of a talent of theirs: other people's terms are withheld from it.
Strangers learn nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID, uuid5

from django.db.models import Q, QuerySet

from accounts.models import Organisation
from accounts.principals import Principal
from common.clock import rfc3339
from compliance.models import Audience, Bundle, BundleState
from compliance.scope import Scope
from licensing.models import LicenceToken, Production
from licensing.selectors import productions_visible_to
from trustcore.encoding import canonical_json


@dataclass(frozen=True, slots=True)
class Total:
    """One of the four figures at the head of a bundle's page."""

    name: str
    value: int


@dataclass(frozen=True, slots=True)
class Finding:
    """Something to look at first.

    Attributes:
        code: ``UNAUTHORISED_FRAMES``, ``FRAMES_WITHOUT_RECEIPT`` or ``REFUSED_CHECKS``.
        count: how many; zero is shown as zero.
        rows: the first of them, as the log tells them.
    """

    code: str
    count: int
    rows: tuple[dict[str, object], ...]


@dataclass(frozen=True, slots=True)
class BundleDetail:
    """Everything a bundle's page shows; figures are zero until it is ready."""

    bundle: Bundle
    production_title: str
    totals: tuple[Total, ...]
    exceptions: tuple[Finding, ...]
    withheld: tuple[str, ...]
    file_name: str
    sha256: str
    size_bytes: int
    tree_size: int | None
    root_hex: str
    origin: str
    key_id: str
    built_at: datetime | None


def exportable_productions(principal: Principal) -> QuerySet[Production]:
    """Productions of which the caller may ask for a bundle."""
    mine = principal.organisation
    theirs = LicenceToken.objects.filter(Q(agency=mine) | Q(talent__organisation=mine))
    others = LicenceToken.objects.exclude(Q(agency=mine) | Q(talent__organisation=mine))
    whole = Q(pk__in=theirs.values("production_id")) & ~Q(pk__in=others.values("production_id"))
    return productions_visible_to(principal).filter(Q(organisation=mine) | Q(guild=mine) | whole)


def productions_to_ask_about(principal: Principal) -> QuerySet[Production]:
    """Productions of which the caller may ask for the whole, or for the part of a talent of theirs."""
    mine = principal.organisation
    theirs = LicenceToken.objects.filter(Q(agency=mine) | Q(talent__organisation=mine))
    part = productions_visible_to(principal).filter(pk__in=theirs.values("production_id"))
    return exportable_productions(principal) | part


def exportable_talents(principal: Principal) -> list[tuple[UUID, str]]:
    """Performers in the caller's exportable productions, by name; to a guild its members alone; 1 query."""
    mine = principal.organisation
    theirs = Q(production__organisation=mine) | Q(agency=mine) | Q(talent__organisation=mine)
    members = Q(production__guild=mine, talent__membership__guild=mine)
    rows = LicenceToken.objects.filter(theirs | members).order_by("talent__stage_name", "talent_id")
    return list(rows.values_list("talent_id", "talent__stage_name").distinct())


def licences_of_talent(
    reader: Organisation, production: Production, talent_id: UUID
) -> QuerySet[LicenceToken]:
    """A talent's licences in a production, as far as the reader may export them.

    Its studio and its guild have them all; an agency those that it agreed to, a talent their own; others none.
    """
    rows = LicenceToken.objects.filter(production=production, talent=talent_id)
    if reader.pk in {production.organisation_id, production.guild_id}:
        return rows
    return rows.filter(Q(agency=reader) | Q(talent__organisation=reader))


def scope_of(bundle: Bundle) -> Scope:
    """Which entries of the log are of the part that a bundle was asked for."""
    jtis = None
    if bundle.talent_id is not None:
        mine = licences_of_talent(bundle.organisation, bundle.production, bundle.talent_id)
        jtis = frozenset(str(jti) for jti in mine.values_list("jti", flat=True))
    return Scope(jtis, bundle.begins, bundle.until)


def bundles_visible_to(principal: Principal) -> QuerySet[Bundle]:
    """Bundles the caller may fetch, newest first."""
    mine = principal.organisation
    shared = Q(audience=Audience.SHARED) & (Q(production__organisation=mine) | Q(production__guild=mine))
    return (
        Bundle.objects.filter(Q(organisation=mine) | shared)
        .select_related("production", "organisation", "production__guild")
        .order_by("-created_at")
    )


def bundle_for(principal: Principal, bundle_id: UUID) -> Bundle | None:
    """The bundle, if the caller may fetch it."""
    return bundles_visible_to(principal).filter(pk=bundle_id).first()


def bundle_detail(principal: Principal, bundle_id: UUID) -> BundleDetail | None:
    """What a bundle's page shows: four totals, then the exceptions; ``None`` if it is not the caller's."""
    bundle = bundle_for(principal, bundle_id)
    if bundle is None:
        return None
    findings = bundle.findings
    counts = findings.get("asked") or bundle.counts
    return BundleDetail(
        bundle=bundle,
        production_title=bundle.production.title,
        totals=(
            Total("licences", counts.get("token_versions", 0)),
            Total("receipts", counts.get("receipts", 0)),
            Total("checks", counts.get("checks", 0)),
            Total("outputs verified", counts.get("verified", 0)),
        ),
        exceptions=tuple(
            Finding(code, found.get("count") or 0, tuple(found.get("rows", ())))
            for code, found in (
                ("UNAUTHORISED_FRAMES", findings.get("unauthorised", {})),
                ("FRAMES_WITHOUT_RECEIPT", findings.get("without_receipt", {})),
                ("REFUSED_CHECKS", findings.get("refused", {})),
            )
        ),
        withheld=withheld_from(bundle.audience, is_part=bundle.talent_id is not None),
        file_name=file_name(bundle),
        sha256=bundle.sha256,
        size_bytes=bundle.size_bytes,
        tree_size=bundle.tree_size,
        root_hex=bundle.root_hex,
        origin=bundle.origin,
        key_id=bundle.key_id,
        built_at=bundle.built_at,
    )


def withheld_from(audience: str, *, is_part: bool = False) -> tuple[str, ...]:
    """What a reader of such a bundle cannot see, in words."""
    always: tuple[str, ...] = (
        "names of people (pseudonyms stand in their place)",
        "the media and the captures themselves",
    )
    if is_part:
        always = (*always, "terms and acts of other performers")
    return (
        (
            *always,
            "remarks that the parties wrote to each other",
            "terms and acts of performers who are not on the guild's roll",
        )
        if audience == Audience.SHARED
        else always
    )


def name_of(bundle: Bundle) -> UUID:
    """What a bundle calls itself inside: the same for every making of one cut, for one part and the same eyes.

    The row's own id names one making, and would have two of them differ.
    """
    facts = {
        "purpose": bundle.purpose,
        "audience": bundle.audience,
        "reader": str(reader_of(bundle) or ""),
        "talent": str(bundle.talent_id or ""),
        "begins": rfc3339(bundle.begins) if bundle.begins else "",
        "until": rfc3339(bundle.until) if bundle.until else "",
        "cut_at": rfc3339(bundle.cut_at) if bundle.cut_at else "",
        "root": bundle.root_hex,
        "size": bundle.tree_size or 0,
        "asked_size": bundle.size or 0,
    }
    return uuid5(bundle.production_id, canonical_json(facts).decode())


def reader_of(bundle: Bundle) -> UUID | None:
    """The organisation for which events are picked out; None: the studio or its guild, who are shown all of them."""
    owners = {bundle.production.organisation_id, bundle.production.guild_id}
    return None if bundle.organisation_id in owners else bundle.organisation_id


def file_name(bundle: Bundle) -> str:
    """What the file is called when it is saved."""
    return f"bundle-{name_of(bundle)}.zip"


def bundles_stuck(since: datetime) -> QuerySet[Bundle]:
    """Bundles of anybody that are not made and that nobody has moved on since then."""
    states = [BundleState.QUEUED, BundleState.BUILDING]
    return Bundle.objects.filter(state__in=states, touched_at__lt=since).order_by("touched_at")
