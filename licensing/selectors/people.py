"""Who speaks for whom, who may see whom, and the roster of an agency or a talent."""

import hmac
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.principals import Principal
from common import clock
from common.keys import derive_secret
from licensing.models import (
    Absence,
    Authority,
    Delegation,
    Mandate,
    MandateSigner,
    StudioBlock,
    Talent,
    VaultConstruct,
    VisibilityRule,
)
from licensing.models.consent import AuthorityKind
from licensing.models.requests import OPEN_STATES
from trustcore.policy.vocabulary import ApprovalMode, Visibility

OWN_WORD: Final = frozenset(
    {
        ApprovalMode.TALENT_ONLY,
        ApprovalMode.DUAL,
        ApprovalMode.QUORUM,
        ApprovalMode.GUARDIAN_AND_COURT,
        ApprovalMode.UNION_NOTICE,
    }
)
"""Modes of approval in which no agent alone decides."""

# Looked up when no talent has the handle asked for, so that both paths run the same statements.
NO_TALENT = UUID(int=0)
_BY_NAME = frozenset({Visibility.LISTED, Visibility.LISTED_TO})


@dataclass(frozen=True, slots=True)
class ConstructLine:
    """One construct in a vault and who may see it (``level`` is its own rule, or the default)."""

    kind: str
    sha256: str
    location_uri: str
    created_at: datetime
    level: str
    listed_to: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class MandateLine:
    """The mandate in force, in the words of a page."""

    id: UUID
    mode: str
    agency_id: UUID
    agency_name: str
    agent_id: UUID | None
    agent_name: str | None
    agent_email: str
    use_types: tuple[str, ...]
    limits: dict[str, object]
    valid_from: datetime
    valid_until: datetime | None
    delegated_to: tuple[str, ...]
    mine: bool
    quorum: int | None = None
    notice_hours: int = 0


@dataclass(frozen=True, slots=True)
class RosterLine:
    """One talent on the roster: who may see them, who decides, what is live, what waits."""

    talent_id: UUID
    handle: str
    name: str
    visibility: str
    listed_to: tuple[str, ...]
    constructs: tuple[ConstructLine, ...]
    mandate: MandateLine | None
    live_licences: int
    open_requests: int


@dataclass(frozen=True, slots=True)
class VisibleTalent:
    """What layer 1 lets a caller know: nothing here says that any use is granted."""

    talent_id: UUID
    handle: str
    name: str | None
    constructs: tuple[str, ...]


def pairwise_pseudonym(talent_id: UUID, production_id: UUID) -> str:
    """The talent's name in one production: the same person reads differently in every other."""
    message = b"talent-pseudonym\0" + talent_id.bytes + production_id.bytes
    return "tal_" + hmac.digest(derive_secret("talent-pseudonym"), message, "sha256").hex()[:32]


def person_pseudonym(person_id: UUID, production_id: UUID) -> str:
    """The name of somebody who signed, as one production's log and tokens carry it."""
    message = b"person-pseudonym\0" + person_id.bytes + production_id.bytes
    return "per_" + hmac.digest(derive_secret("person-pseudonym"), message, "sha256").hex()[:32]


def mandates_in_force(at: datetime | None = None) -> QuerySet[Mandate]:
    """Mandates that hold at ``at`` (now by default)."""
    at = at or clock.now()
    within = Q(valid_from__lte=at) & (Q(valid_until=None) | Q(valid_until__gt=at))
    return Mandate.objects.filter(within, revoked_at=None)


DELEGATIONS_DEEP = 3
"""How often a mandate may be passed on: from the named agent to the third person after them."""


def delegations_in_force(at: datetime | None = None) -> QuerySet[Delegation]:
    """Delegations that hold at ``at`` (now by default), and each one before them in their chain."""
    at = at or clock.now()
    holds = Q()
    for depth in range(DELEGATIONS_DEEP):
        up = "parent__" * depth
        within = Q(**{f"{up}valid_from__lte": at, f"{up}valid_until__gt": at, f"{up}ended_at__isnull": True})
        holds &= within | (Q(**{f"{up.removesuffix('__')}__isnull": True}) if depth else Q(pk__in=[]))
    return Delegation.objects.filter(holds)


def absences_in_force(at: datetime | None = None) -> QuerySet[Absence]:
    """Absences that hold at ``at`` (now by default)."""
    at = at or clock.now()
    return Absence.objects.filter(valid_from__lte=at, valid_until__gt=at, ended_at=None)


def authorities_in_force(at: datetime | None = None) -> QuerySet[Authority]:
    """Documents by which somebody speaks for a minor or an estate at ``at`` (now by default)."""
    today = (at or clock.now()).date()
    within = Q(issued_on__lte=today) & (Q(expires_on=None) | Q(expires_on__gt=today))
    return Authority.objects.filter(within, ended_at=None).exclude(court_required=True, court_sha256="")


def voices_of(talent: Talent, at: datetime | None = None) -> QuerySet[Authority]:
    """The documents by which somebody speaks for this talent now; none for an adult who lives."""
    wanted = authority_wanted(talent, at)
    rows = authorities_in_force(at).filter(talent=talent)
    return rows.filter(kind=wanted) if wanted else rows.none()


def spoken_for_by(principal: Principal, at: datetime | None = None) -> QuerySet[Talent]:
    """Minors and estates for whom the caller speaks by a document: an executor for nobody who lives, say."""
    at = at or clock.now()
    held = authorities_in_force(at).filter(user=principal.person)
    dead, guardian = Q(died_on__lte=at.date()), held.filter(kind=AuthorityKind.GUARDIAN).values("talent_id")
    executor = held.filter(kind=AuthorityKind.ESTATE_EXECUTOR).values("talent_id")
    return Talent.objects.filter(
        (dead & Q(pk__in=executor))
        | ((Q(died_on=None) | ~dead) & Q(majority_on__gt=at.date()) & Q(pk__in=guardian)),
        pk__in=held.values("talent_id"),  # said once more, so that nobody else's row is looked at
    )


def is_minor(talent: Talent, at: datetime | None = None) -> bool:
    """Whether the talent has not come of age at ``at`` (now by default)."""
    return talent.majority_on is not None and (at or clock.now()).date() < talent.majority_on


def is_deceased(talent: Talent, at: datetime | None = None) -> bool:
    """Whether the talent has died by ``at`` (now by default)."""
    return talent.died_on is not None and (at or clock.now()).date() >= talent.died_on


def authority_wanted(talent: Talent, at: datetime | None = None) -> AuthorityKind | None:
    """Whose authority speaks for the talent at ``at``; None: the talent in person."""
    if is_deceased(talent, at):
        return AuthorityKind.ESTATE_EXECUTOR
    return AuthorityKind.GUARDIAN if is_minor(talent, at) else None


def has_authority(principal: Principal, talent: Talent, at: datetime | None = None) -> bool:
    """Whether the caller, signed in, speaks for this minor or estate by a document that holds."""
    if principal.credential is not None or authority_wanted(talent, at) is None:
        return False
    return voices_of(talent, at).filter(user=principal.person).exists()


def speaks_for(principal: Principal, talent: Talent, at: datetime | None = None) -> bool:
    """Whether the caller may do what the talent alone may: in person, or for a minor or an estate by authority."""
    if authority_wanted(talent, at) is not None:
        return has_authority(principal, talent, at)
    return is_talent(principal, talent)


def is_signer(principal: Principal, mandate_id: UUID | None) -> bool:
    """Whether the caller, signed in, is one of those whom the mandate's quorum counts while it is in force."""
    if mandate_id is None or principal.credential is not None:
        return False
    return MandateSigner.objects.filter(
        mandate=mandate_id, mandate__in=mandates_in_force(), user=principal.person
    ).exists()


def standing_in_under(principal: Principal, mandate: Mandate, at: datetime | None = None) -> list[Delegation]:
    """The delegations under which the caller decides; empty for the named agent and who is in for an absent one."""
    if mandate.agent_id in {None, principal.person.pk} or _stands_in_for_absent(principal, mandate, at):
        return []
    return list(delegations_in_force(at).filter(mandate=mandate, to_user=principal.person))


def _stands_in_for_absent(principal: Principal, mandate: Mandate, at: datetime | None) -> bool:
    away = absences_in_force(at).filter(user=mandate.agent_id, agency=mandate.agency_id)
    return away.filter(stand_in=principal.person).exists()


def mandate_in_force(talent_id: UUID, at: datetime | None = None) -> Mandate | None:
    """The one mandate that holds for the talent, with its agency and agent; None: the talent decides."""
    return (
        mandates_in_force(at).filter(talent_id=talent_id).select_related("agency", "agent", "talent").first()
    )


def is_agent_of(principal: Principal, mandate: Mandate, at: datetime | None = None) -> bool:
    """Whether this person may decide under ``mandate``: named, or of an unnamed agency, or delegated to.

    An API key is judged by the person who made it; the operation's scope limits it further.
    """
    if mandate.agency_id != principal.organisation_id or not principal.acts_as("AGENT"):
        return False
    if mandate.agent_id is None or mandate.agent_id == principal.person.pk:
        return True
    if _stands_in_for_absent(principal, mandate, at):
        return True
    return delegations_in_force(at).filter(mandate=mandate, to_user=principal.person).exists()


def deciding_mandates(principal: Principal, at: datetime | None = None) -> frozenset[UUID]:
    """Ids of the mandates under which this person may decide now (see :func:`is_agent_of`)."""
    return frozenset(deciding_rows(principal, at).values_list("pk", flat=True))


def deciding_rows(principal: Principal, at: datetime | None = None) -> QuerySet[Mandate]:
    """The mandates of :func:`deciding_mandates`, not read yet."""
    if not principal.is_role("AGENT"):
        return Mandate.objects.none()
    at = at or clock.now()
    standing_in = delegations_in_force(at).filter(to_user=principal.person).values("mandate_id")
    away = absences_in_force(at).filter(stand_in=principal.person, agency=principal.organisation)
    mine = (
        Q(agent=None) | Q(agent=principal.person) | Q(pk__in=standing_in) | Q(agent__in=away.values("user"))
    )
    return mandates_in_force(at).filter(mine, agency=principal.organisation)


def is_talent(principal: Principal, talent: Talent) -> bool:
    """Whether the caller is this very person, signed in; an API key never is, nor whoever has a dead talent's login."""
    is_their_login = principal.credential is None and talent.user_id == principal.person.pk
    return is_their_login and not is_deceased(talent)


def visible_constructs(handle: str, organisation_id: UUID) -> VisibleTalent | None:
    """What an organisation may see of the talent with that handle; None: hidden, or no such talent.

    Layer 1 (ST-010, ST-012). A hidden talent and an unknown handle run the same three statements over
    the same indexes, so that neither the answer nor its timing tells them apart.
    """
    found = Talent.objects.filter(handle=handle).values_list("id", "stage_name").first()
    talent_id, name = found or (NO_TALENT, "")
    kinds = VaultConstruct.objects.filter(talent_id=talent_id).values_list("kind", flat=True).order_by("kind")
    held = tuple(dict.fromkeys(kinds))
    named = VisibilityRule.organisations.through.objects.filter(
        visibilityrule=OuterRef("pk"), organisation=organisation_id
    )
    rules = {
        construct: Visibility.HIDDEN if level == Visibility.LISTED_TO and not to_me else Visibility(level)
        for construct, level, to_me in VisibilityRule.objects.filter(
            ~is_blocked(OuterRef("talent_id"), organisation_id), talent_id=talent_id
        )
        .annotate(to_me=Exists(named))
        .values_list("construct", "level", "to_me")
    }
    default = rules.get("", Visibility.HIDDEN)
    levels = {kind: rules.get(kind, default) for kind in held}
    seen = tuple(kind for kind, level in levels.items() if level != Visibility.HIDDEN)
    if found is None or (default == Visibility.HIDDEN and not seen):
        return None
    by_name = _BY_NAME.intersection([default, *levels.values()])
    return VisibleTalent(talent_id, handle, name if by_name else None, seen)


def is_blocked(talent: Any, studio_id: UUID) -> Exists:
    """Whether a talent's side (an id, or a column of an outer query) takes no requests from a studio now."""
    return Exists(StudioBlock.objects.filter(talent=talent, studio=studio_id, ended_at=None))


def talents_on_roster(principal: Principal) -> QuerySet[Talent]:
    """The talents an agency represents now; for a talent, that person alone."""
    own = Q(user=principal.person) if principal.credential is None else Q(pk__in=[])
    represented = mandates_in_force().filter(agency=principal.organisation).values("talent_id")
    if principal.credential is None:
        own |= Q(pk__in=spoken_for_by(principal).values("pk"))
    return Talent.objects.filter(
        own | Q(organisation=principal.organisation) | Q(pk__in=represented)
    ).order_by("stage_name", "id")


def roster(principal: Principal) -> tuple[RosterLine, ...]:
    """Every talent of :func:`talents_on_roster` with vault, visibility, mandate and counts; 6 queries."""
    at = clock.now()
    talents = (
        talents_on_roster(principal)
        .annotate(
            live=Count("tokens", filter=Q(tokens__state="ACTIVE", tokens__not_after__gt=at), distinct=True),
            waiting=Count("requests", filter=Q(requests__state__in=OPEN_STATES), distinct=True),
        )
        .prefetch_related(
            "constructs",
            Prefetch("visibility_rules", VisibilityRule.objects.prefetch_related("organisations")),
            Prefetch(
                "mandates",
                mandates_in_force(at)
                .select_related("agency", "agent")
                .prefetch_related(
                    Prefetch("delegations", delegations_in_force(at).select_related("to_user"))
                ),
                to_attr="in_force",
            ),
        )
    )
    return tuple(_roster_line(principal, talent) for talent in talents)


def _roster_line(principal: Principal, talent: Talent) -> RosterLine:
    rules = {rule.construct: rule for rule in talent.visibility_rules.all()}
    default = rules.get("")
    level = default.level if default else str(Visibility.HIDDEN)
    in_force: list[Mandate] = talent.in_force  # type: ignore[attr-defined]
    return RosterLine(
        talent_id=talent.pk,
        handle=talent.handle,
        name=talent.stage_name,
        visibility=level,
        listed_to=tuple(one.name for one in default.organisations.all()) if default else (),
        constructs=tuple(
            ConstructLine(
                row.kind,
                row.sha256,
                row.location_uri,
                row.created_at,
                rules[row.kind].level if row.kind in rules else level,
            )
            for row in talent.constructs.all()
        ),
        mandate=mandate_line(principal, in_force[0]) if in_force else None,
        live_licences=talent.live,  # type: ignore[attr-defined]
        open_requests=talent.waiting,  # type: ignore[attr-defined]
    )


def mandate_line(principal: Principal, mandate: Mandate) -> MandateLine:
    """A mandate in the words of a page; its agency, agent and delegations in force MUST be read already."""
    stand_ins = tuple(mandate.delegations.all())
    mine = mandate.agency_id == principal.organisation_id and (
        mandate.agent_id in {None, principal.person.pk}
        or any(one.to_user_id == principal.person.pk for one in stand_ins)
    )
    return MandateLine(
        id=mandate.pk,
        mode=mandate.mode,
        agency_id=mandate.agency_id,
        agency_name=mandate.agency.name,
        agent_id=mandate.agent_id,
        agent_name=mandate.agent.full_name if mandate.agent else None,
        agent_email=mandate.agent.email if mandate.agent else "",
        use_types=tuple(mandate.use_types),
        limits=dict(mandate.limits),
        valid_from=mandate.valid_from,
        valid_until=mandate.valid_until,
        delegated_to=tuple(one.to_user.full_name for one in stand_ins),
        mine=mine,
        quorum=mandate.quorum,
        notice_hours=mandate.notice_hours,
    )
