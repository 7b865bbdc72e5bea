"""How far licences are used up, how fast, and what a whole production's log counts."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from receipts.models import Counter, ProductionLog, Quota
from receipts.selectors.logs import frontier_of
from receipts.selectors.tally import production_counts, units_since


@dataclass(frozen=True, slots=True)
class QuotaUse:
    """What is reserved or rendered under one token; ``lately`` frames of it since the moment asked about."""

    frames: int = 0
    lines: int = 0
    lately: int = 0


@dataclass(frozen=True, slots=True)
class ProductionTotals:
    """What the log of one production counts, and where it stands; no ``root_hex`` before its first entry."""

    rendered: int = 0
    refused: int = 0
    unauthorised: int = 0
    size: int = 0
    root_hex: str = ""


def use_of_tokens(jtis: Iterable[UUID], since: datetime) -> dict[UUID, QuotaUse]:
    """How far each token is used up, and its frames since the quarter of an hour of ``since``; 2 queries.

    Never used: not there.
    """
    wanted = list(jtis)
    lately = units_since(wanted, since)
    rows = Quota.objects.filter(token_jti__in=wanted, counter__in=[Counter.FRAMES, Counter.LINES])
    found: dict[UUID, QuotaUse] = {}
    for jti, counter, granted in rows.values_list("token_jti", "counter", "granted"):
        now = found.get(jti, QuotaUse())
        found[jti] = (
            QuotaUse(granted, now.lines, lately.get((jti, Counter.FRAMES), 0))
            if counter == Counter.FRAMES
            else QuotaUse(now.frames, granted, now.lately)
        )
    return found


def totals_of_production(production_id: UUID) -> ProductionTotals:
    """Frames with a receipt, checks refused, frames without a lease; zeros before the first entry. One query."""
    found = production_counts(production_id)
    if found is None:
        return ProductionTotals()
    size, frontier, rendered, refused, strays = found
    root = frontier_of(ProductionLog(size=size, frontier=frontier)).root().hex()
    return ProductionTotals(rendered, refused, strays, size, root)
