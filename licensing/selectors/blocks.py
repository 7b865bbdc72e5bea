"""Studios from which a talent's side takes no requests."""

from collections.abc import Collection
from typing import Final
from uuid import UUID

from django.db.models import BooleanField, Exists, ExpressionWrapper, OuterRef, Q, QuerySet

from accounts.principals import Principal
from licensing.models import LicenceToken, StudioBlock
from licensing.models.requests import Side
from licensing.selectors.people import (
    is_agent_of,
    mandate_in_force,
    speaks_for,
    talents_on_roster,
)

_IN_FORCE: Final = ExpressionWrapper(Q(ended_at__isnull=True), output_field=BooleanField())


def may_open(principal: Principal, row: StudioBlock) -> bool:
    """Whether the caller takes the studio's requests again: the talent's own voice, or the agent what agents blocked."""
    if speaks_for(principal, row.talent):
        return True
    mandate = mandate_in_force(row.talent_id)
    is_agent = mandate is not None and is_agent_of(principal, mandate)
    return is_agent and row.side == Side.AGENT


def refused_renewals(principal: Principal, jtis: Collection[UUID]) -> frozenset[UUID]:
    """Those of ``jtis``, licences of the caller, whose talent's side takes no requests from it; 1 query."""
    rows = LicenceToken.objects.filter(
        refuses_the_licensee(), pk__in=jtis, licensee=principal.organisation_id
    )
    return frozenset(rows.values_list("pk", flat=True))


def refuses_the_licensee() -> Exists:
    """Of a licence: whether its talent's side takes no requests from its licensee."""
    return Exists(
        StudioBlock.objects.filter(talent=OuterRef("talent"), studio=OuterRef("licensee"), ended_at=None)
    )


def page_of_blocks(
    principal: Principal, *, after: UUID | None, limit: int
) -> tuple[list[StudioBlock], UUID | None]:
    """The blocks seen by the caller, those in force first, then newest first; and the last of a page that another follows."""
    rows = blocks_seen_by(principal)
    last = rows.filter(pk=after).first() if after else None
    if last is not None:
        following = Q(pk__lt=last.pk, ended_at__isnull=last.ended_at is None)
        rows = rows.filter(following | Q(ended_at__isnull=False) if last.ended_at is None else following)
    found = list(rows.order_by(_IN_FORCE.desc(), "-pk")[: limit + 1])
    return found[:limit], found[limit - 1].pk if len(found) > limit else None


def blocks_seen_by(principal: Principal) -> QuerySet[StudioBlock]:
    """Blocks of the talents on the caller's roster, newest first."""
    mine = talents_on_roster(principal).order_by().values("pk")
    rows = StudioBlock.objects.filter(talent__in=mine).select_related("talent", "studio", "placed_by")
    return rows.order_by("-created_at")
