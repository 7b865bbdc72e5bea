"""One request with all that a decision needs: who asks, the terms, what changed, who must agree."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import reduce
from operator import or_
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, F, OuterRef, Q, When
from django.db.models.functions import JSONObject

from accounts.principals import Principal
from accounts.selectors import organisation_names
from accounts.subject_keys import remember_sealed, sealed_key_of
from common import clock
from common.counting import count_of
from common.language import core
from licensing.machine import REQUIRED_SIDES, sides_agreed, transition
from licensing.models import GuildDefault, LicenceRequest, ProfileAdoption, RequestAction, TermsVersion
from licensing.models.requests import ActionKind, Side
from licensing.selectors.inbox import RequestLine, request_line
from licensing.selectors.people import deciding_mandates, mandates_in_force
from licensing.selectors.requests import current_terms, requests_visible_to, sides_of, waiting_on
from licensing.selectors.vendors import with_names
from trustcore.policy.diff import TermChange, diff_terms
from trustcore.policy.plain import PlainTerms, plain_terms
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.vocabulary import RequestState

_SIGNING_ACTS = (ActionKind.OPEN, ActionKind.COUNTER, ActionKind.APPROVE, ActionKind.DECLINE)


@dataclass(frozen=True, slots=True)
class Signer:
    """One party that must agree to the current terms. ``state``: ``AGREED`` or ``WAITING``."""

    side: str
    name: str
    organisation: str
    state: str
    at: datetime | None
    is_me: bool


@dataclass(frozen=True, slots=True)
class VersionLine:
    """One version of the terms: whose it is and why."""

    version: int
    side: str
    by: str
    at: datetime
    terms_hash: str
    note: str
    terms: Terms
    field_notes: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One act in the trail between studio and agent: who agreed to which hash, and when.

    ``key`` is the thumbprint of the passkey that signed it; empty: none did.
    """

    kind: str
    side: str
    actor: str
    organisation: str
    version: int
    terms_hash: str
    note: str
    at: datetime
    about: str = ""
    id: UUID | None = None
    key: str = ""


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """Everything on the request's screen. ``may`` names the acts open to the caller now.

    ``may``: ``OPEN COUNTER APPROVE DECLINE`` (their side), ``ESCALATE`` (an agent who decides alone),
    ``ACCEPT_COUNTER REVISE WITHDRAW`` (the licensee's). ``request`` is the row it was read from, for services that say
    more of it. ``vendors``: names by id, of these terms and those they are compared with.
    """

    request: LicenceRequest
    line: RequestLine
    licensee_kind: str
    requested_by: str
    guild_name: str | None
    vendors: Mapping[str, str]
    vendor_names: tuple[str, ...]
    earlier_licences: int
    description: str
    terms: Terms
    terms_hash: str
    version: int
    plain: PlainTerms
    changes_from_previous: tuple[TermChange, ...]
    changes_from_last_licence: tuple[TermChange, ...]
    last_licence: UUID | None
    outside_mandate: tuple[str, ...]
    signers: tuple[Signer, ...]
    versions: tuple[VersionLine, ...]
    actions: tuple[ActionLine, ...]
    decline_reason: str
    may: frozenset[str]
    needs_passkey: bool = False
    # in whose name the caller acts on it; empty: reads only
    sides: frozenset[str] = frozenset()
    # whether the caller is the talent or the agency that represents it now, who alone are told of its other licences
    is_talents_side: bool = False


def request_detail(
    principal: Principal, request_id: UUID, *, deciding: frozenset[UUID] | None = None
) -> RequestDetail | None:
    """One request as the caller may see it; None: there is none, or none for this caller.

    Args:
        deciding: ``deciding_mandates`` of the caller, where they were read already.
    """
    request = (
        requests_visible_to(principal)
        .select_related(
            "production__guild", "talent__user", "talent__organisation", "mandate__agent", "renews__terms"
        )
        .annotate(
            earlier_licences=_earlier_licences(),
            talents_key=sealed_key_of("talent"),
            guilds_limits=_guilds_limits(),
            members_limits=F("talent__membership__own_limits"),
            signed_off=_signed_off(),
            agency_now=mandates_in_force().filter(talent=OuterRef("talent")).values("agency")[:1],
        )
        .filter(pk=request_id)
        .first()
    )
    if request is None:
        return None
    remember_sealed(request.talent_id, request.talents_key)  # what was written of the talent is read with it
    deciding = deciding_mandates(principal) if deciding is None else deciding
    actions = list(request.actions.select_related("actor", "organisation", "signature").order_by("at", "id"))
    versions = list(request.versions.select_related("created_by").order_by("version"))
    terms = parse_terms(current_terms(request).terms)
    last = request.renews.terms if request.renews else None
    previous = versions[-2] if len(versions) > 1 else None
    sides = sides_of(principal, request, deciding)
    before = parse_terms(previous.terms) if previous else None
    renewed = parse_terms(last.terms) if last else None
    named = [one.vendors for one in (terms, before, renewed) if one is not None]
    vendors = organisation_names({vendor for some in named for vendor in some})
    return RequestDetail(
        request=request,
        line=request_line(principal, request, deciding, actions),
        licensee_kind=request.licensee.kind,
        requested_by=request.requested_by.full_name,
        guild_name=request.production.guild.name if request.production.guild else None,
        vendors=vendors,
        vendor_names=tuple(
            sorted((vendors[one] for one in terms.vendors if one in vendors), key=str.casefold)
        ),
        earlier_licences=request.earlier_licences,
        description=terms.description,
        terms=terms,
        terms_hash=current_terms(request).terms_hash,
        version=current_terms(request).version,
        plain=plain_terms(terms, core()),
        changes_from_previous=with_names(diff_terms(before, terms, core()) if before else (), vendors),
        changes_from_last_licence=with_names(diff_terms(renewed, terms, core()) if renewed else (), vendors),
        last_licence=request.renews_id,
        outside_mandate=tuple(request.outside_mandate),
        signers=tuple(_signers(request, actions, sides)),
        versions=tuple(_version_line(row) for row in versions),
        actions=tuple(action_line(row) for row in actions),
        decline_reason=request.decline_reason,
        may=_may(principal, request, sides, actions),
        needs_passkey=principal.organisation.passkey_required or request.talent.organisation.passkey_required,
        sides=frozenset(str(side) for side in sides),
        is_talents_side=principal.organisation_id in {request.talent.organisation_id, request.agency_now},
    )


def difference_between(
    principal: Principal, request_id: UUID, older: int, newer: int
) -> tuple[TermChange, ...] | None:
    """The changes between any two versions in a request's lineage; None: none that the caller may read."""
    request = requests_visible_to(principal).filter(pk=request_id).first()
    if request is None:
        return None
    rows = TermsVersion.objects.filter(request__in=requests_visible_to(principal).order_by().values("pk"))
    found = dict(
        rows.filter(licence_id=request.licence_id, version__in=[older, newer]).values_list("version", "terms")
    )
    if older not in found or newer not in found:
        return None
    old, new = parse_terms(found[older]), parse_terms(found[newer])
    return with_names(diff_terms(old, new, core()), organisation_names({*old.vendors, *new.vendors}))


def _may(
    principal: Principal, request: LicenceRequest, sides: frozenset[Side], actions: list[RequestAction]
) -> frozenset[str]:
    if clock.now() >= request.answer_by:
        return frozenset()
    acts: set[ActionKind] = set()
    deciders = REQUIRED_SIDES[request.mode] & sides
    if deciders:
        acts.update(_SIGNING_ACTS)
        if not deciders & waiting_on(request, actions):
            acts.discard(ActionKind.APPROVE)
    if REQUIRED_SIDES[request.mode] == deciders == {Side.AGENT}:
        acts.add(ActionKind.ESCALATE)
    if Side.TALENT in sides:
        acts.add(ActionKind.DECLINE)
    if Side.LICENSEE in sides:
        acts.update({ActionKind.ACCEPT_COUNTER, ActionKind.REVISE, ActionKind.WITHDRAW})
    if principal.person.pk == request.requested_by_id:
        acts.difference_update({*_SIGNING_ACTS, ActionKind.ESCALATE})
    return frozenset(str(act) for act in acts if transition(request.state, act) is not None)


def _signers(
    request: LicenceRequest, actions: list[RequestAction], mine: frozenset[Side]
) -> Iterable[Signer]:
    terms_hash = current_terms(request).terms_hash
    agreed = sides_agreed(actions, terms_hash, request.quorum)
    times = {Side(act.side): act.at for act in actions if act.terms_hash == terms_hash}
    agent = request.mandate.agent if request.mandate else None
    names = {
        Side.AGENT: (
            agent.full_name if agent else "Any agent",
            request.agency.name if request.agency else "",
        ),
        Side.TALENT: (request.talent.stage_name, ""),
        Side.SIGNER: (f"{request.quorum or 0} of those who must agree", ""),
        Side.GUARDIAN: (f"Whoever speaks for {request.talent.stage_name}", ""),
        Side.SERVER: ("The talent's own rule", ""),
        Side.LICENSEE: (request.requested_by.full_name, request.licensee.name),
    }
    for side in (Side.AGENT, Side.TALENT, Side.SIGNER, Side.GUARDIAN, Side.SERVER, Side.LICENSEE):
        if side is Side.LICENSEE or side in REQUIRED_SIDES[request.mode]:
            done = side in agreed
            yield Signer(
                side=str(side),
                name=names[side][0],
                organisation=names[side][1],
                state="AGREED" if done else "WAITING",
                at=times[side] if done else None,
                is_me=side in mine,
            )


def _version_line(row: TermsVersion) -> VersionLine:
    return VersionLine(
        row.version,
        row.side,
        row.created_by.full_name,
        row.created_at,
        row.terms_hash,
        row.note,
        parse_terms(row.terms),
        dict(row.field_notes),
    )


def action_line(row: RequestAction) -> ActionLine:
    """One act in the words of a page; needs ``actor``, ``organisation`` and ``signature`` selected."""
    signature = getattr(row, "signature", None)
    return ActionLine(
        kind=row.kind,
        side=row.side,
        actor=row.actor.full_name if row.actor else "The server",
        organisation=row.organisation.name if row.organisation else "",
        version=row.version,
        terms_hash=row.terms_hash,
        note=row.note,
        at=row.at,
        about=row.about,
        id=row.pk,
        key=signature.thumbprint if signature is not None else "",
    )


def _guilds_limits() -> ArraySubquery:
    """The limits that the talent's guild set since the version that the talent accepted; empty: no guild."""
    rows = GuildDefault.objects.filter(
        guild__members__talent=OuterRef("talent"), version__gte=F("guild__members__accepted_version")
    )
    return ArraySubquery(rows.order_by("version").values("limits"))


def _signed_off() -> ArraySubquery:
    """Each profile in force of a party to the request, with the party's name: ``[ref, name]``."""
    parties = ("licensee", "production__guild", "talent__organisation", "agency")
    rows = ProfileAdoption.objects.filter(
        reduce(or_, (Q(organisation=OuterRef(party)) for party in parties)), ended_at=None
    )
    pair = JSONObject(profile="profile", name="organisation__name")
    return ArraySubquery(rows.order_by("profile", "organisation__name").annotate(pair=pair).values("pair"))


def _earlier_licences() -> Case:
    """How many licences the studio was granted before by the same agency (or, direct, talent)."""
    rows = LicenceRequest.objects.filter(
        licensee=OuterRef("licensee"), state=RequestState.APPROVED, submitted_at__lt=OuterRef("submitted_at")
    )
    return Case(
        When(agency=None, then=count_of(rows.filter(talent=OuterRef("talent")))),
        default=count_of(rows.filter(agency=OuterRef("agency"))),
    )
