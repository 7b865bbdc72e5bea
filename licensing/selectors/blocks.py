"""Studios from which a talent's side takes no requests."""

from django.db.models import QuerySet

from accounts.principals import Principal
from licensing.models import StudioBlock
from licensing.models.requests import Side
from licensing.selectors.people import (
    is_agent_of,
    mandate_in_force,
    speaks_for,
    talents_on_roster,
)


def may_open(principal: Principal, row: StudioBlock) -> bool:
    """Whether the caller takes the studio's requests again: the talent's own voice, or the agent what agents blocked."""
    if speaks_for(principal, row.talent):
        return True
    mandate = mandate_in_force(row.talent_id)
    is_agent = mandate is not None and is_agent_of(principal, mandate)
    return is_agent and row.side == Side.AGENT


def blocks_seen_by(principal: Principal) -> QuerySet[StudioBlock]:
    """Blocks of the talents on the caller's roster, those in force first, then newest first."""
    mine = talents_on_roster(principal).order_by().values("pk")
    rows = StudioBlock.objects.filter(talent__in=mine).select_related("talent", "studio", "placed_by")
    return rows.order_by("-created_at")
