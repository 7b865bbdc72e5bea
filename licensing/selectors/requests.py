"""Requests as a party may see them: the inbox, and one request with all that a decision needs."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Organisation
from accounts.principals import Principal
from common import clock
from licensing.machine import REQUIRED_SIDES, sides_agreed, sides_missing, transition
from licensing.models import LicenceRequest, RequestAction, TermsVersion
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.selectors.people import deciding_mandates, is_talent
from trustcore.policy.diff import TermChange, diff_terms
from trustcore.policy.plain import PlainTerms, plain_terms
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.vocabulary import RequestState

_CLOSED_SHOWN = 50
_SIGNING_ACTS = (ActionKind.OPEN, ActionKind.COUNTER, ActionKind.APPROVE, ActionKind.DECLINE)


@dataclass(frozen=True, slots=True)
class RequestLine:
    """One request in a list: who, what, until when, and who must act next.

    ``flags``: ``RENEWAL``, ``TALENT_MUST_AGREE``, ``INSIDE_MANDATE``, ``COUNTER_CAME_BACK``, ``TALENT_ONLY``.
    """

    id: UUID
    short_id: str
    state: str
    mode: str
    talent_name: str
    talent_handle: str
    production_id: UUID
    production_title: str
    licensee_name: str
    agency_name: str | None
    ask: str
    flags: tuple[str, ...]
    submitted_at: datetime
    answer_by: datetime
    closed_at: datetime | None
    version: int
    terms_hash: str
    renews: UUID | None
    token: UUID | None
    waiting_on: tuple[str, ...]
    needs_me: bool


@dataclass(frozen=True, slots=True)
class Inbox:
    """Requests sorted by deadline: those that need the caller, those that wait on others, the latest closed."""

    needs_you: tuple[RequestLine, ...]
    waiting: tuple[RequestLine, ...]
    closed: tuple[RequestLine, ...]
    closed_count: int


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


@dataclass(frozen=True, slots=True)
class ActionLine:
    """One act in the trail between studio and agent: who agreed to which hash, and when."""

    kind: str
    side: str
    actor: str
    organisation: str
    version: int
    terms_hash: str
    note: str
    at: datetime


@dataclass(frozen=True, slots=True)
class RequestDetail:
    """Everything on the request's screen. ``may`` names the acts open to the caller now.

    ``may``: ``OPEN COUNTER APPROVE DECLINE`` (their side), ``ACCEPT_COUNTER WITHDRAW`` (the licensee's).
    """

    line: RequestLine
    licensee_kind: str
    requested_by: str
    guild_name: str | None
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


def requests_visible_to(principal: Principal) -> QuerySet[LicenceRequest]:
    """Requests of the caller's organisation: asked by it, routed to it, or for its talent; newest first."""
    organisation = principal.organisation
    parties = Q(licensee=organisation) | Q(agency=organisation) | Q(talent__organisation=organisation)
    if principal.credential is None:
        parties |= Q(talent__user=principal.person)
    return (
        LicenceRequest.objects.filter(parties)
        .select_related("production", "talent", "licensee", "agency", "current", "token", "requested_by")
        .order_by("-created_at")
    )


def sides_of(principal: Principal, request: LicenceRequest, deciding: frozenset[UUID]) -> frozenset[Side]:
    """In whose name the caller may act on ``request``; empty: may only read.

    Args:
        deciding: :func:`~licensing.selectors.people.deciding_mandates` of the caller.
    """
    sides = set()
    if request.licensee_id == principal.organisation_id and (
        principal.credential is not None or principal.is_role("PRODUCER", "ADMIN")
    ):
        sides.add(Side.LICENSEE)
    if request.mandate_id in deciding:
        sides.add(Side.AGENT)
    if is_talent(principal, request.talent):
        sides.add(Side.TALENT)
    return frozenset(sides)


def inbox(principal: Principal) -> Inbox:
    """The caller's requests, the most urgent first; at most 5 queries."""
    deciding = deciding_mandates(principal)
    visible = requests_visible_to(principal)
    live = visible.filter(state__in=OPEN_STATES).order_by("answer_by", "id").prefetch_related("actions")
    lines = [_line(principal, request, deciding) for request in live]
    past = visible.exclude(state__in=OPEN_STATES)
    closed = past.order_by("-closed_at").prefetch_related("actions")[:_CLOSED_SHOWN]
    return Inbox(
        needs_you=tuple(line for line in lines if line.needs_me),
        waiting=tuple(line for line in lines if not line.needs_me),
        closed=tuple(_line(principal, request, deciding) for request in closed),
        closed_count=past.count(),
    )


def request_detail(principal: Principal, request_id: UUID) -> RequestDetail | None:
    """One request as the caller may see it; None: there is none, or none for this caller."""
    request = (
        requests_visible_to(principal)
        .select_related("production__guild", "talent__user", "mandate__agent", "renews__terms")
        .filter(pk=request_id)
        .first()
    )
    if request is None:
        return None
    deciding = deciding_mandates(principal)
    actions = list(request.actions.select_related("actor", "organisation").order_by("at", "id"))
    versions = list(request.versions.select_related("created_by").order_by("version"))
    terms = parse_terms(_current(request).terms)
    last = request.renews.terms if request.renews else None
    previous = versions[-2] if len(versions) > 1 else None
    sides = sides_of(principal, request, deciding)
    return RequestDetail(
        line=_line(principal, request, deciding, actions),
        licensee_kind=request.licensee.kind,
        requested_by=request.requested_by.full_name,
        guild_name=request.production.guild.name if request.production.guild else None,
        vendor_names=_names_of(terms.vendors),
        earlier_licences=_earlier_licences(request),
        description=terms.description,
        terms=terms,
        terms_hash=_current(request).terms_hash,
        version=_current(request).version,
        plain=plain_terms(terms),
        changes_from_previous=diff_terms(parse_terms(previous.terms), terms) if previous else (),
        changes_from_last_licence=diff_terms(parse_terms(last.terms), terms) if last else (),
        last_licence=request.renews_id,
        outside_mandate=tuple(request.outside_mandate),
        signers=tuple(_signers(request, actions, sides)),
        versions=tuple(_version_line(row) for row in versions),
        actions=tuple(_action_line(row) for row in actions),
        decline_reason=request.decline_reason,
        may=_may(principal, request, sides, actions),
    )


def ask_in_one_line(terms: Terms, *, renewal: bool) -> str:
    """What is asked, in one sentence: ``Face render and voice render: 90 days, 3,000 frames, US, CA, GB.``"""
    uses = " and ".join(str(use).replace("_", " ").lower() for use in terms.use_types)
    quota = [f"{terms.window.days} days"]
    if terms.scope.frames_max:
        quota.append(f"{terms.scope.frames_max:,} frames")
    if terms.scope.lines_max:
        quota.append(f"{terms.scope.lines_max:,} lines")
    start = f"Renew {uses}" if renewal else uses[:1].upper() + uses[1:]
    return f"{start}: {', '.join([*quota, *terms.render_territory])}."


def _current(request: LicenceRequest) -> TermsVersion:
    if request.current is None:  # only between the two inserts of a submission, inside its transaction
        raise LookupError(f"request {request.pk} has no terms")
    return request.current


def _line(
    principal: Principal,
    request: LicenceRequest,
    deciding: frozenset[UUID],
    actions: Iterable[RequestAction] | None = None,
) -> RequestLine:
    current = _current(request)
    waiting = _waiting_on(request, list(request.actions.all()) if actions is None else list(actions))
    token = getattr(request, "token", None)
    return RequestLine(
        id=request.pk,
        short_id=str(request.pk)[-4:].upper(),
        state=request.state,
        mode=request.mode,
        talent_name=request.talent.stage_name,
        talent_handle=request.talent.handle,
        production_id=request.production_id,
        production_title=request.production.title,
        licensee_name=request.licensee.name,
        agency_name=request.agency.name if request.agency else None,
        ask=ask_in_one_line(parse_terms(current.terms), renewal=request.renews_id is not None),
        flags=_flags(request),
        submitted_at=request.submitted_at,
        answer_by=request.answer_by,
        closed_at=request.closed_at,
        version=current.version,
        terms_hash=current.terms_hash,
        renews=request.renews_id,
        token=token.pk if token else None,
        waiting_on=tuple(sorted(waiting)),
        needs_me=not waiting.isdisjoint(sides_of(principal, request, deciding)),
    )


def _flags(request: LicenceRequest) -> tuple[str, ...]:
    facts = {
        "RENEWAL": request.renews_id is not None,
        "TALENT_MUST_AGREE": request.mode == "DUAL",
        "TALENT_ONLY": request.mode == "TALENT_ONLY",
        "INSIDE_MANDATE": request.mode == "AGENT_WITHIN_MANDATE",
        "COUNTER_CAME_BACK": request.state == RequestState.COUNTER_ACCEPTED,
    }
    return tuple(flag for flag, holds in facts.items() if holds)


def _waiting_on(request: LicenceRequest, actions: list[RequestAction]) -> frozenset[Side]:
    if request.state not in OPEN_STATES:
        return frozenset()
    if request.state == RequestState.COUNTERED:
        return frozenset({Side.LICENSEE})
    return sides_missing(request.mode, actions, _current(request).terms_hash) - {Side.LICENSEE}


def _may(
    principal: Principal, request: LicenceRequest, sides: frozenset[Side], actions: list[RequestAction]
) -> frozenset[str]:
    if clock.now() >= request.answer_by:
        return frozenset()
    acts: set[ActionKind] = set()
    deciders = REQUIRED_SIDES[request.mode] & sides  # type: ignore[index]
    if deciders:
        acts.update(_SIGNING_ACTS)
        if not deciders & _waiting_on(request, actions):
            acts.discard(ActionKind.APPROVE)
    if Side.TALENT in sides:
        acts.add(ActionKind.DECLINE)
    if Side.LICENSEE in sides:
        acts.update({ActionKind.ACCEPT_COUNTER, ActionKind.WITHDRAW})
    if principal.person.pk == request.requested_by_id:
        acts.difference_update(_SIGNING_ACTS)
    return frozenset(str(act) for act in acts if transition(request.state, act) is not None)


def _signers(
    request: LicenceRequest, actions: list[RequestAction], mine: frozenset[Side]
) -> Iterable[Signer]:
    terms_hash = _current(request).terms_hash
    agreed = sides_agreed(actions, terms_hash)
    times = {Side(act.side): act.at for act in actions if act.terms_hash == terms_hash}
    agent = request.mandate.agent if request.mandate else None
    names = {
        Side.AGENT: (
            agent.full_name if agent else "Any agent",
            request.agency.name if request.agency else "",
        ),
        Side.TALENT: (request.talent.stage_name, ""),
        Side.LICENSEE: (request.requested_by.full_name, request.licensee.name),
    }
    for side in (Side.AGENT, Side.TALENT, Side.LICENSEE):
        if side is Side.LICENSEE or side in REQUIRED_SIDES[request.mode]:  # type: ignore[index]
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
    )


def _action_line(row: RequestAction) -> ActionLine:
    return ActionLine(
        kind=row.kind,
        side=row.side,
        actor=row.actor.full_name if row.actor else "The server",
        organisation=row.organisation.name if row.organisation else "",
        version=row.version,
        terms_hash=row.terms_hash,
        note=row.note,
        at=row.at,
    )


def _names_of(organisation_ids: Iterable[str]) -> tuple[str, ...]:
    rows = Organisation.objects.filter(pk__in=list(organisation_ids)).order_by("name")
    return tuple(rows.values_list("name", flat=True))


def _earlier_licences(request: LicenceRequest) -> int:
    """How many licences this studio was granted before by the same agency (or, direct, talent)."""
    rows = LicenceRequest.objects.filter(
        licensee=request.licensee_id, state=RequestState.APPROVED, submitted_at__lt=request.submitted_at
    )
    if request.agency_id is None:
        return rows.filter(talent=request.talent_id).count()
    return rows.filter(agency=request.agency_id).count()
