"""How far licences are used up, how fast, and what a whole production's log counts: a query each."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Count, F, IntegerField, OuterRef, QuerySet, Subquery, Sum, Value
from django.db.models.functions import Coalesce

from receipts.models import (
    Counter,
    EntryKind,
    FrameOutcome,
    Lease,
    LogEntry,
    ProductionLog,
    Quota,
    RenderCheck,
    UnauthorisedFrame,
)
from receipts.selectors.logs import frontier_of
from trustcore.policy.vocabulary import DecisionOutcome

_PRODUCED = [FrameOutcome.RENDERED, FrameOutcome.RERENDER_OF]
_ALLOWED = [DecisionOutcome.ALLOW.value, DecisionOutcome.ALLOW_WITH_OBLIGATIONS.value]


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
    """How far each token is used up, and its frames since ``since``; never used: not there. One query."""
    units = Coalesce(F("units_used"), F("last") - F("first") + 1)
    leases = Lease.objects.filter(
        token_jti=OuterRef("token_jti"), counter=OuterRef("counter"), granted_at__gte=since
    )
    lately = leases.order_by().values("token_jti").annotate(used=Sum(units)).values("used")
    rows = Quota.objects.filter(token_jti__in=list(jtis), counter__in=[Counter.FRAMES, Counter.LINES])
    found: dict[UUID, QuotaUse] = {}
    for jti, counter, granted, recent in rows.annotate(recent=_number(lately)).values_list(
        "token_jti", "counter", "granted", "recent"
    ):
        now = found.get(jti, QuotaUse())
        found[jti] = (
            QuotaUse(granted, now.lines, recent)
            if counter == Counter.FRAMES
            else QuotaUse(now.frames, granted, now.lately)
        )
    return found


def totals_of_production(production_id: UUID) -> ProductionTotals:
    """Frames with a receipt, checks refused, frames without a lease; zeros before the first entry. One query."""
    rendered = LogEntry.objects.filter(log=OuterRef("pk"), kind=EntryKind.FRAME, outcome__in=_PRODUCED)
    refused = RenderCheck.objects.filter(production_id=OuterRef("production_id")).exclude(
        outcome__in=_ALLOWED
    )
    strays = UnauthorisedFrame.objects.filter(log=OuterRef("pk"))
    row = (
        ProductionLog.objects.filter(production_id=production_id)
        .annotate(
            rendered=_number(_counted(rendered, "log")),
            refused=_number(_counted(refused, "production_id")),
            strays=_number(_counted(strays, "log")),
        )
        .first()
    )
    if row is None:
        return ProductionTotals()
    root = frontier_of(row).root().hex()
    return ProductionTotals(row.rendered, row.refused, row.strays, row.size, root)


def _counted(
    rows: QuerySet[LogEntry] | QuerySet[RenderCheck] | QuerySet[UnauthorisedFrame], by: str
) -> QuerySet:  # type: ignore[type-arg]
    return rows.order_by().values(by).annotate(n=Count("*")).values("n")


def _number(rows: QuerySet) -> Coalesce:  # type: ignore[type-arg]
    return Coalesce(Subquery(rows, output_field=IntegerField()), Value(0))
