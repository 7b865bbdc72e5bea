"""Whom an event of a request or licence concerns, and what each of them may know of it.

Nobody is told more than the portal shows them: a vendor reads a pseudonym, and only parties are told at all.
Who did it is not told of it; a stop is told to everybody who could render, the person stopped included.
"""

from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from accounts.models import Membership, Organisation, User
from audit.models import Event
from audit.services import record
from common import clock
from licensing.models import (
    LicenceRequest,
    LicenceToken,
    Mandate,
    MandateSigner,
    RevocationDuty,
    Talent,
    TrainingRequest,
)
from licensing.models.requests import OPEN_STATES, Side
from licensing.selectors.inbox import ask_in_one_line
from licensing.selectors.people import authority_wanted, pairwise_pseudonym
from licensing.selectors.requests import waiting_on
from licensing.selectors.tokens import tokens
from licensing.selectors.working import performer_name
from licensing.services.recipients import (
    RUNS_WORK,
    agents_of,
    asking,
    home_of,
    in_person,
    members_with,
    own_side,
    speaking_for,
)
from licensing.services.trail import parties_of
from notify.services import Told
from notify.topics import OF_OUTPUTS, OF_THE_ORGANISATION, TOPIC_OF
from trustcore.policy.terms import parse_terms

KINDS: Final = frozenset(TOPIC_OF) - OF_THE_ORGANISATION - OF_OUTPUTS
DEADLINE_NEAR: Final = timedelta(hours=24)
_TO_WHOM_IT_WAITS = frozenset(
    {
        "request.submitted",
        "request.revised",
        "request.counter_accepted",
        "request.deadline_near",
        "request.countered",
        "request.escalated",
    }
)
_STOPS = frozenset({"licence.revoked", "licence.terminated", "licence.suspended", "licence.resumed"})
_NO_ONE = UUID(int=0)


def told_of(event: Event) -> list[Told]:
    """Whom to tell of ``event``, and what; empty when what it is of is gone or concerns nobody."""
    match event.object_type:
        case "request":
            told = _told_of_request(event)
        case "licence":
            told = _told_of_licence(event)
        case "talent":
            told = _told_of_stop(event)
        case "training_request":
            told = _told_of_training(event)
        case _:
            told = []
    told_once = {(one.person.pk, one.organisation_id): one for one in told}
    is_mine_too = event.kind in _STOPS or event.kind in {"talent.emergency_stop", "training.revoked"}
    return [one for one in told_once.values() if is_mine_too or one.person.pk != event.person_id]


def note_deadlines() -> int:
    """Say once of each open request that its time ends within a day; one worker at a time. Returns how many."""
    at = clock.now()
    near = LicenceRequest.objects.filter(
        state__in=OPEN_STATES, answer_by__gt=at, answer_by__lte=at + DEADLINE_NEAR
    ).select_related("talent")
    noted = 0
    for request in near:
        said = Event.objects.filter(
            object_type="request", object_id=str(request.pk), kind="request.deadline_near"
        )
        if said.filter(at__gt=request.answer_by - DEADLINE_NEAR - timedelta(hours=1)).exists():
            continue
        record(
            kind="request.deadline_near",
            principal=None,
            organisation_id=request.licensee_id,
            visible_to=parties_of(request),
            object_type="request",
            object_id=request.pk,
            production_id=request.production_id,
            details={"until": clock.rfc3339(request.answer_by)},
        )
        noted += 1
    return noted


def _told_of_request(event: Event) -> list[Told]:
    request = (
        LicenceRequest.objects.select_related(
            "talent", "talent__user", "production", "licensee", "agency", "current", "mandate", "requested_by"
        )
        .filter(pk=event.object_id)
        .first()
    )
    if request is None or request.current is None:
        return []
    facts = _request_facts(request, event)
    asked_by_licensee = event.organisation_id == request.licensee_id and event.person_id is not None
    if event.kind in _TO_WHOM_IT_WAITS:
        sides = waiting_on(request, list(request.actions.all()))
    elif event.kind in {"request.question", "request.answer"}:
        sides = _deciding_sides(request) if asked_by_licensee else frozenset({Side.LICENSEE})
    elif event.kind == "request.declined":
        sides = frozenset({Side.LICENSEE})
    elif event.kind == "request.withdrawn":
        sides = _deciding_sides(request)
    else:
        sides = _deciding_sides(request) | {Side.LICENSEE}
    return [Told(person, organisation, facts) for person, organisation in _people(request, sides)]


def _deciding_sides(request: LicenceRequest) -> frozenset[Side]:
    """Who decides, were it open: the agent where there is a mandate, else the talent."""
    sides = {Side.AGENT} if request.mandate_id else {Side.TALENT}
    if request.mode in {"DUAL", "TALENT_ONLY", "UNION_NOTICE"}:
        sides.add(Side.TALENT)
    if request.mode == "QUORUM":
        sides.add(Side.SIGNER)
    if request.mode == "GUARDIAN_AND_COURT":
        sides.add(Side.GUARDIAN)
    return frozenset(sides)


def _people(request: LicenceRequest, sides: Iterable[Side]) -> list[tuple[User, UUID]]:
    people: list[tuple[User, UUID]] = []
    for side in sides:
        match side:
            case Side.LICENSEE:
                people += [(one, request.licensee_id) for one in asking(request)]
            case Side.AGENT if request.mandate is not None:
                people += [(one, request.mandate.agency_id) for one in agents_of(request.mandate)]
            case Side.TALENT:
                people += [(one, request.talent.organisation_id) for one in in_person(request.talent)]
            case Side.SIGNER:
                signers = MandateSigner.objects.filter(mandate=request.mandate).select_related("user")
                people += [(one.user, home_of(one.user, request)) for one in signers]
            case Side.GUARDIAN:
                people += [(one, home_of(one, request)) for one in speaking_for(request.talent)]
    return people


def _request_facts(request: LicenceRequest, event: Event) -> dict[str, Any]:
    if request.current is None:
        raise LookupError(f"request {request.pk} has no terms")
    acting = (
        Organisation.objects.filter(pk__in=[event.organisation_id]).values_list("name", flat=True).first()
    )
    return {
        "talent": request.talent.stage_name,
        "production": request.production.title,
        "licensee": request.licensee.name,
        "agency": request.agency.name if request.agency else "",
        "other": acting or "",
        "ask": ask_in_one_line(parse_terms(request.current.terms), renewal=request.renews_id is not None),
        "answer_by": clock.rfc3339(request.answer_by),
        "path": f"/requests/{request.pk}/",
    }


def _told_of_licence(event: Event) -> list[Told]:
    rows = tokens().select_related("talent__user", "request__mandate", "request__requested_by")
    token = rows.filter(pk=event.object_id).first()
    if token is None:
        return []
    facts = _licence_facts(token, event)
    asked = event.kind == "licence.release_asked"
    told = [] if asked else [Told(one, token.licensee_id, facts) for one in _licensees(token, event)]
    told += [
        Told(one, mandate.agency_id, facts) for mandate in _mandates(token) for one in agents_of(mandate)
    ]
    if asked or event.kind in {*_STOPS, "licence.issued"}:
        told += [Told(one, token.talent.organisation_id, facts) for one in own_side(token.talent)]
    if event.kind in {*_STOPS, "revocation.overdue"}:
        told += _vendors(token, event, facts)
        if token.production.guild_id:
            guild = token.production.guild_id
            told += [Told(one, guild, facts) for one in members_with(guild, (Membership.Role.AUDITOR,))]
    return [Told(one.person, one.organisation_id, _with_duty(one, token, event)) for one in told]


def _licensees(token: LicenceToken, event: Event) -> list[User]:
    if event.kind in _STOPS:
        return members_with(token.licensee_id, RUNS_WORK)
    return asking(token.request)


def _mandates(token: LicenceToken) -> list[Mandate]:
    """The mandate under which it was made; its agents go on hearing of it while they are there."""
    return [token.request.mandate] if token.request.mandate is not None else []


def _vendors(token: LicenceToken, event: Event, facts: dict[str, Any]) -> list[Told]:
    named = performer_name(pairwise_pseudonym(token.talent_id, token.production_id))
    theirs = {**facts, "talent": named, "agency": ""}
    wanted = token.vendor_ids
    if event.kind == "revocation.overdue":
        wanted = [one for one in token.vendor_ids if str(one) == str(event.details.get("organisation", ""))]
    return [Told(one, vendor, theirs) for vendor in wanted for one in members_with(vendor, RUNS_WORK)]


def _licence_facts(token: LicenceToken, event: Event) -> dict[str, Any]:
    details = event.details
    debtor = Organisation.objects.filter(pk=details.get("organisation") or _NO_ONE).first()
    return {
        "talent": token.talent.stage_name,
        "production": token.production.title,
        "licensee": token.licensee.name,
        "agency": token.agency.name if token.agency else "",
        "short_id": str(token.pk)[-4:].upper(),
        "not_after": clock.rfc3339(token.not_after),
        "path": f"/licences/{token.pk}/",
        "debtor": debtor.name if debtor else "",
        **{
            name: details[name]
            for name in (
                "days_left",
                "percent",
                "counter",
                "granted",
                "most",
                "disposition",
                "due_at",
                "ended_by",
            )
            if name in details
        },
    }


def _with_duty(told: Told, token: LicenceToken, event: Event) -> dict[str, Any]:
    """The facts with the time until which this very organisation acknowledges, where it owes that."""
    facts = dict(told.facts)
    if event.kind in {"licence.revoked", "licence.terminated"}:
        duty = RevocationDuty.objects.filter(token=token, organisation=told.organisation_id).first()
        if duty is not None:
            facts |= {"due_at": clock.rfc3339(duty.due_at), "path": f"/duties/{duty.pk}/"}
    return facts


def _told_of_stop(event: Event) -> list[Told]:
    """The talent who stopped everything has it in writing; the parties hear of each licence."""
    talent = Talent.objects.select_related("user").filter(pk=event.object_id).first()
    if talent is None:
        return []
    facts = {
        "talent": talent.stage_name,
        "licences": len(event.details.get("licences", ())),
        "path": "/audit/",
    }
    return [Told(one, talent.organisation_id, facts) for one in own_side(talent)]


def _told_of_training(event: Event) -> list[Told]:
    """Training is between the licensee and the talent: no agent and no guild is told of it."""
    rows = TrainingRequest.objects.select_related("talent__user", "production", "licensee")
    made = rows.filter(pk=event.object_id).first()
    if made is None:
        return []
    facts = {
        "talent": made.talent.stage_name,
        "production": made.production.title,
        "licensee": made.licensee.name,
        "answer_by": clock.rfc3339(made.answer_by),
        "path": f"/training/{made.pk}/",
    }
    theirs = speaking_for(made.talent) if authority_wanted(made.talent) else in_person(made.talent)
    talents = [Told(one, made.talent.organisation_id, facts) for one in theirs]
    if event.kind in {"training.requested", "training.withdrawn"}:
        return talents
    people = members_with(made.licensee_id, RUNS_WORK)
    if event.kind != "training.revoked":  # a stop is told to everybody who could train
        people = [one for one in people if one.pk == made.requested_by_id] or people
    licensees = [Told(one, made.licensee_id, facts) for one in people]
    return licensees if event.kind == "training.declined" else [*licensees, *talents]
