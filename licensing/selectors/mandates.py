"""Mandates of an agency, what was passed on under them, and who is in while somebody is out."""

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db.models import Prefetch, Q, QuerySet

from accounts.models import Membership, User
from accounts.principals import Principal
from common import clock
from common.keyset import slice_of
from licensing.models import Absence, Delegation, Mandate, MandateSigner
from licensing.selectors.people import (
    MandateLine,
    deciding_mandates,
    delegations_in_force,
    is_agent_of,
    mandate_line,
    mandates_in_force,
)

PAGE: Final = 25
_SHOWN: Final = 100
_BY_NAME: Final = ("talent__stage_name", "id")


@dataclass(frozen=True, slots=True)
class HeldMandate:
    """A mandate of the caller's agency, whose it is, and whether the caller decides under it now."""

    talent_id: UUID
    talent_name: str
    mandate: MandateLine
    i_decide: bool


@dataclass(frozen=True, slots=True)
class MandatesPage:
    """One page of an agency's mandates."""

    lines: tuple[HeldMandate, ...]
    after: str


@dataclass(frozen=True, slots=True)
class DelegationLine:
    """A delegation that holds, or will: from whom, to whom, within what.

    Attributes:
        begun: whether its first day is past.
        may_end: whether the caller may take it back.
        chain: those through whose hands it went before, the named agent first.
    """

    id: UUID
    mandate_id: UUID
    talent_name: str
    from_name: str
    to_name: str
    to_me: bool
    from_me: bool
    use_types: tuple[str, ...] | None
    limits: dict[str, object]
    valid_from: datetime
    valid_until: datetime
    begun: bool
    may_pass_on: bool
    may_end: bool
    chain: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AbsenceLine:
    """Somebody of the agency is out, or will be, and who decides meanwhile."""

    id: UUID
    name: str
    stand_in: str
    mine: bool
    valid_from: datetime
    valid_until: datetime
    begun: bool


def mandates_page(principal: Principal, *, after: str = "", size: int = PAGE) -> MandatesPage:
    """The mandates of the caller's agency, by name of whose they are; 3 queries."""
    deciding = deciding_mandates(principal)
    page = slice_of(_of_agency(principal), by=_BY_NAME, after=after, size=size)
    return MandatesPage(tuple(_held(principal, row, deciding) for row in page.rows), page.after)


def held_mandate(principal: Principal, mandate_id: UUID) -> HeldMandate | None:
    """One mandate of the caller's agency that is in force; None: there is none."""
    row = _of_agency(principal).filter(pk=mandate_id).first()
    return _held(principal, row, deciding_mandates(principal)) if row else None


def delegations_seen_by(
    principal: Principal, *, mandate_id: UUID | None = None
) -> tuple[DelegationLine, ...]:
    """What the caller passed on and was passed, and what else was passed on under the caller's own mandates.

    Those that have ended are left out; those that begin later are not. With ``mandate_id``: all of that mandate.
    """
    at, me = clock.now(), principal.person
    rows = Delegation.objects.filter(
        mandate__in=mandates_in_force(at).filter(agency=principal.organisation),
        ended_at=None,
        valid_until__gt=at,
    )
    if mandate_id is None:
        rows = rows.filter(Q(from_user=me) | Q(to_user=me) | Q(mandate__agent=me))
    else:
        rows = rows.filter(mandate=mandate_id)
    rows = rows.select_related(
        "mandate__talent", "mandate__agent", "from_user", "to_user",
        "parent__from_user", "parent__parent__from_user",
    ).order_by("valid_until", "id")  # fmt: skip
    return tuple(_delegation_line(principal, row, at) for row in rows[:_SHOWN])


def delegation_of(principal: Principal, delegation_id: UUID) -> DelegationLine | None:
    """One delegation of the caller's agency that has not ended; None: there is none."""
    row = (
        Delegation.objects.select_related(
            "mandate__talent", "mandate__agent", "from_user", "to_user",
            "parent__from_user", "parent__parent__from_user",
        )
        .filter(pk=delegation_id, mandate__agency=principal.organisation, ended_at=None)
        .first()
    )  # fmt: skip
    return _delegation_line(principal, row, clock.now()) if row else None


def absences_seen_by(principal: Principal) -> tuple[AbsenceLine, ...]:
    """The caller's own absences and those in which the caller decides, now or later."""
    rows = Absence.objects.filter(
        Q(user=principal.person) | Q(stand_in=principal.person),
        agency=principal.organisation,
        ended_at=None,
        valid_until__gt=clock.now(),
    ).select_related("user", "stand_in")
    return tuple(
        AbsenceLine(
            id=row.pk,
            name=row.user.full_name,
            stand_in=row.stand_in.full_name,
            mine=row.user_id == principal.person.pk,
            valid_from=row.valid_from,
            valid_until=row.valid_until,
            begun=row.valid_from <= clock.now(),
        )
        for row in rows.order_by("valid_from")[:_SHOWN]
    )


def colleagues_of(principal: Principal) -> QuerySet[User]:
    """The other agents of the caller's organisation."""
    agents = Membership.objects.filter(
        organisation=principal.organisation, role=Membership.Role.AGENT, ended_at=None
    ).exclude(user=principal.person)
    return User.objects.filter(pk__in=agents.values("user")).order_by("full_name", "pk")


def signers_of(mandate_id: UUID) -> tuple[str, ...]:
    """The addresses of those whose yes a quorum counts, in order."""
    rows = MandateSigner.objects.filter(mandate=mandate_id).order_by("user__email")
    return tuple(rows.values_list("user__email", flat=True))


def may_pass_on(principal: Principal, mandate: Mandate) -> bool:
    """Whether the caller may delegate under ``mandate`` now."""
    if principal.credential is not None or not is_agent_of(principal, mandate):
        return False
    if mandate.agent_id in {None, principal.person.pk}:
        return True
    held = delegations_in_force().filter(mandate=mandate, to_user=principal.person, may_pass_on=True)
    return held.exists()


def _of_agency(principal: Principal) -> QuerySet[Mandate]:
    return (
        mandates_in_force()
        .filter(agency=principal.organisation)
        .select_related("talent", "agency", "agent")
        .prefetch_related(Prefetch("delegations", delegations_in_force().select_related("to_user")))
    )


def _held(principal: Principal, row: Mandate, deciding: frozenset[UUID]) -> HeldMandate:
    return HeldMandate(row.talent_id, row.talent.stage_name, mandate_line(principal, row), row.pk in deciding)


def _delegation_line(principal: Principal, row: Delegation, at: datetime) -> DelegationLine:
    me, chain, earlier = principal.person.pk, [row.from_user.full_name], row.parent
    while earlier is not None:
        chain.insert(0, earlier.from_user.full_name)
        earlier = earlier.parent
    named = row.mandate.agent_id in {None, me} and principal.is_role("AGENT")
    return DelegationLine(
        id=row.pk,
        mandate_id=row.mandate_id,
        talent_name=row.mandate.talent.stage_name,
        from_name=row.from_user.full_name,
        to_name=row.to_user.full_name,
        to_me=row.to_user_id == me,
        from_me=row.from_user_id == me,
        use_types=None if row.use_types is None else tuple(row.use_types),
        limits=dict(row.limits),
        valid_from=row.valid_from,
        valid_until=row.valid_until,
        begun=row.valid_from <= at,
        may_pass_on=row.may_pass_on,
        may_end=row.from_user_id == me or named,
        chain=tuple(chain),
    )
