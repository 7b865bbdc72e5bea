"""Holds as their parties see them: what is held, in whose name a caller may act on it, which licences it covers."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, TypeAlias
from uuid import UUID

from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q, QuerySet
from django.db.models.functions import JSONObject

from accounts.models import Organisation
from accounts.principals import Principal
from common import clock
from licensing.models import Hold, LicenceToken, Mandate, Production, Talent
from licensing.selectors.people import (
    has_authority,
    is_agent_of,
    is_talent,
    mandate_in_force,
    talents_on_roster,
)
from licensing.selectors.productions import productions_visible_to
from licensing.selectors.tokens import tokens_visible_to
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide, TokenState

Holdable: TypeAlias = LicenceToken | Talent | Production | Organisation

ENDABLE: Final = frozenset(
    {
        str(state)
        for state in (
            TokenState.ACTIVE,
            TokenState.PENDING_ACTIVATION,
            TokenState.SUSPENDED,
            TokenState.EXHAUSTED,
        )
    }
)
"""Stored states of licences that have not ended."""


def thing_visible_to(principal: Principal, kind: str, identifier: UUID) -> Holdable | None:
    """What a hold covers or shall cover, if the caller may know of it."""
    match kind:
        case "token":
            return tokens_visible_to(principal).filter(pk=identifier).first()
        case "talent":
            return talents_on_roster(principal).filter(pk=identifier).first()
        case "production":
            return productions_visible_to(principal).filter(pk=identifier).first()
        case "organisation":
            own = principal.organisation
            return own if own.pk == identifier else None
        case _:
            return None


def sides_over(
    principal: Principal, thing: Holdable, *, known: tuple[Mandate | None] | None = None
) -> frozenset[HoldSide]:
    """The sides in whose name the caller may hold ``thing``; empty for those who may only look.

    ``known`` holds the talent's mandate in force where the caller has asked for it already.
    """
    match thing:
        case LicenceToken():
            licensee = thing.licensee_id == principal.organisation_id
            return (
                _talents_side(principal, thing.talent, known)
                | _guild(principal, thing.production)
                | ({HoldSide.LICENSEE} if licensee and principal.acts_as("PRODUCER", "ADMIN") else set())
            )
        case Talent():
            return _talents_side(principal, thing, known)
        case Production():
            own = thing.organisation_id == principal.organisation_id
            return _guild(principal, thing) | (
                {HoldSide.LICENSEE} if own and principal.acts_as("PRODUCER", "ADMIN") else set()
            )
        case Organisation():
            own = thing.pk == principal.organisation_id
            return frozenset({HoldSide.ORGANISATION} if own and principal.acts_as("ADMIN") else ())


@dataclass(frozen=True, slots=True)
class Pause:
    """From when until when a licence was held; ``ends`` None: it is held still."""

    begins: datetime
    ends: datetime | None


def pauses_within() -> ArraySubquery:
    """Every time that a licence was held within its life, as objects, for :func:`told_pauses`."""
    covers = [OuterRef(name) for name in ("pk", "talent_id", "production_id", "licensee_id", "agency_id")]
    rows = Hold.objects.filter(
        Q(lifted_at=None) | Q(lifted_at__gt=OuterRef("created_at")),
        covers__in=covers,
        placed_at__lt=OuterRef("not_after"),
    )
    told = JSONObject(begins="placed_at", ends="lifted_at")
    return ArraySubquery(rows.order_by("placed_at", "pk").values(told=told))


def told_pauses(told: Iterable[dict[str, str | None]]) -> tuple[Pause, ...]:
    """What :func:`pauses_within` brought, the first first."""
    return tuple(
        Pause(
            datetime.fromisoformat(str(one["begins"])),
            datetime.fromisoformat(one["ends"]) if one["ends"] else None,
        )
        for one in told
    )


def whole_hold(hold_id: UUID) -> Hold:
    """A hold with what its events name."""
    return Hold.objects.select_related("talent", "production").get(pk=hold_id)


def holds_placed_by(principal: Principal) -> QuerySet[Hold]:
    """Holds that the caller's organisation placed, lifted ones too, newest first; a stop belongs to its talent."""
    own = Q(placed_for=principal.organisation)
    mine = Q(placed_by=principal.person) if principal.credential is None else Q(pk__in=[])
    return Hold.objects.filter(mine | (own & ~Q(reason=str(DenyReason.EMERGENCY_STOP)))).order_by(
        "-created_at"
    )


def stop_in_force(talent_id: UUID) -> Hold | None:
    """The talent's emergency stop, while it has not been lifted."""
    stops = Hold.objects.filter(talent=talent_id, reason=str(DenyReason.EMERGENCY_STOP), lifted_at=None)
    return stops.first()


def covered_by(hold: Hold) -> list[LicenceToken]:
    """The licences that a hold covers and that have not ended, oldest first."""
    covered = (
        Q(pk=hold.token_id)
        if hold.token_id
        else Q(talent=hold.talent_id)
        if hold.talent_id
        else Q(production=hold.production_id)
        if hold.production_id
        else Q(licensee=hold.organisation_id) | Q(agency=hold.organisation_id)
    )
    rows = LicenceToken.objects.filter(covered, state__in=ENDABLE, not_after__gt=clock.now())
    return list(rows.select_related("terms", "production", "request__talent").order_by("created_at", "pk"))


def _talents_side(
    principal: Principal, talent: Talent, known: tuple[Mandate | None] | None
) -> frozenset[HoldSide]:
    if is_talent(principal, talent) or has_authority(principal, talent):
        return frozenset({HoldSide.TALENT})
    mandate = mandate_in_force(talent.pk) if known is None else known[0]
    speaks = mandate is not None and is_agent_of(principal, mandate)
    return frozenset({HoldSide.AGENT} if speaks else ())


def _guild(principal: Principal, production: Production) -> frozenset[HoldSide]:
    overseen = production.guild_id is not None and production.guild_id == principal.organisation_id
    return frozenset({HoldSide.GUILD} if overseen and principal.acts_as("AUDITOR", "ADMIN") else ())
