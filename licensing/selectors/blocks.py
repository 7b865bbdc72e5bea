"""Studios from which a talent's side takes no requests."""

from django.db.models import QuerySet

from accounts.principals import Principal
from licensing.models import StudioBlock
from licensing.selectors.people import talents_on_roster


def blocks_seen_by(principal: Principal) -> QuerySet[StudioBlock]:
    """Blocks of the talents on the caller's roster, those in force first, then newest first."""
    mine = talents_on_roster(principal).order_by().values("pk")
    rows = StudioBlock.objects.filter(talent__in=mine).select_related("talent", "studio", "placed_by")
    return rows.order_by("-created_at")
