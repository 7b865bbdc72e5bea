"""How fast licences are used up."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from django.db.models import F, Sum
from django.db.models.functions import Coalesce

from receipts.models import Counter, Lease


def frames_used_since(jtis: Iterable[UUID], since: datetime) -> dict[UUID, int]:
    """Frames reserved under each token from ``since`` on, less what was given back; none used: not there."""
    rows = Lease.objects.filter(token_jti__in=list(jtis), counter=Counter.FRAMES, granted_at__gte=since)
    units = Coalesce(F("units_used"), F("last") - F("first") + 1)
    return {
        row["token_jti"]: row["used"]
        for row in rows.values("token_jti").annotate(used=Sum(units)).order_by()
        if row["used"]
    }
