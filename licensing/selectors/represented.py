"""The roster page by page: each represented person with how they stand now, and one person in full."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Count, Exists, IntegerField, OuterRef, Prefetch, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.principals import Principal
from accounts.selectors import organisation_names
from common import clock
from common.keyset import slice_of
from licensing.models import AutoRule, Hold, LicenceRequest, LicenceToken, Talent, VisibilityRule
from licensing.models.requests import OPEN_STATES
from licensing.selectors.people import (
    ConstructLine,
    MandateLine,
    deciding_rows,
    delegations_in_force,
    mandate_line,
    mandates_in_force,
    talents_on_roster,
)
from licensing.selectors.standing import SOON, live_now
from licensing.selectors.waiting import needs_of
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import Visibility

PAGE: Final = 40
FILTERS: Final = ("needs-you", "ends-soon", "stopped", "mandate-ends")
_BY_NAME: Final = ("stage_name", "id")


@dataclass(frozen=True, slots=True)
class PersonLine:
    """One person on a roster and how they stand.

    Attributes:
        stopped: the person has stopped everything, and nobody else lifts it.
        holds: reason codes of what else is held against all of the person's licences.
        i_decide: whether the caller may decide under the mandate now.
    """

    talent_id: UUID
    handle: str
    name: str
    visibility: str
    mode: str
    mandate_until: datetime | None
    mandate_ends_soon: bool
    i_decide: bool
    live: int
    ends_soon: int
    waiting: int
    needs_you: int
    stopped: bool
    holds: tuple[str, ...]
    agency_name: str
    agent_name: str
    agent_email: str


@dataclass(frozen=True, slots=True)
class RosterPage:
    """One page of a roster, and how many stand where on all of it."""

    every: int
    counts: dict[str, int]
    lines: tuple[PersonLine, ...]
    after: str


@dataclass(frozen=True, slots=True)
class RuleLine:
    """What a talent approved in advance."""

    id: UUID
    use_types: tuple[str, ...]
    limits: dict[str, object]
    licensees: tuple[str, ...]
    valid_from: datetime
    valid_until: datetime
    ended_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """One person: how they stand, their vault, who decides, what they approved in advance."""

    line: PersonLine
    listed_to: tuple[str, ...]
    constructs: tuple[ConstructLine, ...]
    mandate: MandateLine | None
    rules: tuple[RuleLine, ...]


def roster_page(
    principal: Principal, *, search: str = "", state: str = "", after: str = "", size: int = PAGE
) -> RosterPage:
    """The people whom the caller represents, by name; 2 queries however many there are.

    Args:
        search: part of a name or handle.
        state: one of ``FILTERS``, or empty for everybody.
    """
    at = clock.now()
    everybody = talents_on_roster(principal)
    if search:
        everybody = everybody.filter(Q(stage_name__icontains=search) | Q(handle__icontains=search))
    rules = _rules(principal, at)
    counted = everybody.order_by().aggregate(
        every=Count("pk"),
        **{name.replace("-", "_"): Count("pk", filter=rule) for name, rule in rules.items()},
    )
    rows = everybody.filter(rules[state]) if state in rules else everybody
    page = slice_of(_annotated(rows, principal, at), by=_BY_NAME, after=after, size=size)
    return RosterPage(
        every=counted["every"],
        counts={name: counted[name.replace("-", "_")] for name in rules},
        lines=tuple(_line(row) for row in page.rows),
        after=page.after,
    )


def own_line(principal: Principal) -> PersonLine | None:
    """How the caller in person stands; None: the caller is no talent. 1 query."""
    own = talents_on_roster(principal).filter(user=principal.person)
    row = _annotated(own, principal, clock.now()).first()
    return _line(row) if row else None


def person_line(principal: Principal, talent_id: UUID) -> PersonLine | None:
    """How one person on the caller's roster stands; None: nobody for this caller. 1 query."""
    row = _annotated(talents_on_roster(principal), principal, clock.now()).filter(pk=talent_id).first()
    return _line(row) if row else None


def person_on_roster(principal: Principal, talent_id: UUID, *, with_rules: bool = False) -> Person | None:
    """One person whom the caller represents, is, or speaks for; None: nobody for this caller.

    At most 6 queries, with the rules made in advance 8.
    """
    at = clock.now()
    rows = _annotated(talents_on_roster(principal), principal, at).prefetch_related(
        "constructs",
        "visibility_rules",
        Prefetch(
            "mandates",
            mandates_in_force(at)
            .select_related("agency", "agent")
            .prefetch_related(Prefetch("delegations", delegations_in_force(at).select_related("to_user"))),
            to_attr="in_force",
        ),
    )
    talent = rows.filter(pk=talent_id).first()
    if talent is None:
        return None
    levels = {rule.construct: rule for rule in talent.visibility_rules.all()}
    named = organisation_names({one for rule in levels.values() for one in rule.listed_ids})
    held: Any = talent
    return Person(
        line=_line(talent),
        listed_to=_listed(levels.get(""), named),
        constructs=tuple(
            ConstructLine(
                row.kind,
                row.sha256,
                row.location_uri,
                row.created_at,
                _level(levels, row.kind),
                _listed(levels.get(row.kind, levels.get("")), named),
            )
            for row in talent.constructs.all()
        ),
        mandate=mandate_line(principal, held.in_force[0]) if held.in_force else None,
        rules=rules_in_force(talent_id) if with_rules else (),
    )


def rules_in_force(talent_id: UUID) -> tuple[RuleLine, ...]:
    """What the talent approved in advance and has not ended, the newest first; 2 queries."""
    rows = AutoRule.objects.filter(talent=talent_id, ended_at=None, valid_until__gt=clock.now())
    return tuple(rule_line(row) for row in rows.prefetch_related("licensees").order_by("-created_at")[:50])


def rule_line(row: AutoRule) -> RuleLine:
    """A rule as pages show it."""
    return RuleLine(
        id=row.pk,
        use_types=tuple(row.use_types),
        limits=dict(row.limits),
        licensees=tuple(one.name for one in row.licensees.all()),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        ended_at=row.ended_at,
    )


def _rules(principal: Principal, at: datetime) -> dict[str, Q]:
    mine = OuterRef("pk")
    tokens = LicenceToken.objects.filter(live_now(at), talent=mine)
    needing = LicenceRequest.objects.filter(needs_of(principal), talent=mine, state__in=OPEN_STATES)
    ending = mandates_in_force(at).filter(talent=mine, valid_until__lte=at + SOON)
    return {
        "needs-you": Q(Exists(needing)),
        "ends-soon": Q(Exists(tokens.filter(not_after__lte=at + SOON))),
        "stopped": Q(Exists(_holds(mine))),
        "mandate-ends": Q(Exists(ending)),
    }


def _holds(talent: OuterRef) -> QuerySet[Hold]:
    return Hold.objects.filter(talent=talent, lifted_at=None)


def _number(rows: QuerySet[Any]) -> Coalesce:
    counted = rows.order_by().values("talent").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


def _annotated(rows: QuerySet[Talent], principal: Principal, at: datetime) -> QuerySet[Talent]:
    mine = OuterRef("pk")
    tokens = LicenceToken.objects.filter(live_now(at), talent=mine)
    opened = LicenceRequest.objects.filter(talent=mine, state__in=OPEN_STATES)
    mandates = mandates_in_force(at).filter(talent=mine)
    default = VisibilityRule.objects.filter(talent=mine, construct="")
    return rows.annotate(
        n_live=_number(tokens),
        n_ending=_number(tokens.filter(not_after__lte=at + SOON)),
        n_waiting=_number(opened),
        n_needing=_number(opened.filter(needs_of(principal))),
        held_by=ArraySubquery(_holds(mine).order_by("pk").values("reason")),
        level=Coalesce(Subquery(default.values("level")[:1]), Value(str(Visibility.HIDDEN))),
        mandate_mode=Subquery(mandates.values("mode")[:1]),
        mandate_until=Subquery(mandates.values("valid_until")[:1]),
        agency_name=Subquery(mandates.values("agency__name")[:1]),
        agent_name=Subquery(mandates.values("agent__full_name")[:1]),
        agent_email=Subquery(mandates.values("agent__email")[:1]),
        i_decide=Exists(deciding_rows(principal, at).filter(talent=mine)),
    )


def _line(row: Any) -> PersonLine:
    stop = str(DenyReason.EMERGENCY_STOP)
    return PersonLine(
        talent_id=row.pk,
        handle=row.handle,
        name=row.stage_name,
        visibility=row.level,
        mode=row.mandate_mode or "",
        mandate_until=row.mandate_until,
        mandate_ends_soon=row.mandate_until is not None and row.mandate_until <= clock.now() + SOON,
        i_decide=row.i_decide,
        live=row.n_live,
        ends_soon=row.n_ending,
        waiting=row.n_waiting,
        needs_you=row.n_needing,
        stopped=stop in row.held_by,
        holds=tuple(one for one in row.held_by if one != stop),
        agency_name=row.agency_name or "",
        agent_name=row.agent_name or "",
        agent_email=row.agent_email or "",
    )


def _level(levels: dict[str, VisibilityRule], kind: str) -> str:
    rule = levels.get(kind) or levels.get("")
    return rule.level if rule else str(Visibility.HIDDEN)


def _listed(rule: VisibilityRule | None, names: dict[str, str]) -> tuple[str, ...]:
    if rule is None:
        return ()
    return tuple(sorted(names[str(one)] for one in rule.listed_ids if str(one) in names))
