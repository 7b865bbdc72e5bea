"""What was rendered where, shot by shot, counted by the database: a licence may have a million frames.

A cell is a block of frames of equal size in every row, so that rows can be compared; frame 0 begins a block.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, IntegerField, Max, Min, Q, Value
from django.db.models.functions import Cast, TruncDate

from receipts.models import Counter, EntryKind, FrameOutcome, Lease, LogEntry, RenderCheck, UnauthorisedFrame
from receipts.selectors.tokens import ALLOWED, PRODUCED

_BLOCKS: Final = (1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 2400, 4800, 9600, 24_000, 48_000, 96_000)
_REFUSED_READ: Final = 2000


@dataclass(frozen=True, slots=True)
class ShotCell:
    """One block of frames: how many of them in which way."""

    rendered: int = 0
    again: int = 0
    failed: int = 0
    unauthorised: int = 0
    refused: int = 0


@dataclass(frozen=True, slots=True)
class ShotRow:
    """One shot: what was leased or met there, and its cells from the first block to the last.

    Attributes:
        first, last: the frames that were leased, or that came without a lease, both included.
        refused: checks that were denied or held.
    """

    shot: str
    first: int
    last: int
    rendered: int
    again: int
    unauthorised: int
    refused: int
    cells: tuple[ShotCell, ...]


@dataclass(frozen=True, slots=True)
class ShotPage:
    """Some shots in order, the frames in a cell, how many shots there are, and the last shot shown, if more follow."""

    rows: tuple[ShotRow, ...]
    block: int
    shots: int
    next_after: str


def shots_of_token(jti: UUID, *, cells: int, after: str = "", limit: int = 40) -> ShotPage:
    """A page of shots behind the shot ``after``, in at most ``cells`` cells each; 5 queries."""
    spans = _spans(jti)
    names = sorted(spans)
    chosen = [name for name in names if name > after][: limit + 1]
    shown = chosen[:limit]
    longest = max((spans[name].last - spans[name].first + 1 for name in shown), default=1)
    block = next((size for size in _BLOCKS if longest // size < cells), _BLOCKS[-1])
    marks = _marks(jti, spans, shown, block)
    rows = tuple(_row(name, spans[name], marks[name], block) for name in shown)
    return ShotPage(rows, block, len(names), shown[-1] if len(chosen) > limit else "")


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    leases: list[int]
    logs: set[int]
    refused: int = 0

    def reach(self, first: int, last: int) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)


def _spans(jti: UUID) -> dict[str, _Span]:
    spans: dict[str, _Span] = {}
    leased = Lease.objects.filter(token_jti=jti, counter=Counter.FRAMES)
    for number, log, shot, first, last in leased.values_list("pk", "log_id", "shot", "first", "last"):
        span = spans.setdefault(shot, _Span(first, last, [], set()))
        span.reach(first, last)
        span.leases.append(number)
        span.logs.add(log)
    strays = UnauthorisedFrame.objects.filter(token_jti=jti).values("shot").order_by()
    for row in strays.annotate(first=Min("frame"), last=Max("frame")):
        spans.setdefault(row["shot"], _Span(row["first"], row["last"], [], set())).reach(
            row["first"], row["last"]
        )
    denied = _refused(jti).values("shot").order_by()
    for row in denied.annotate(n=Count("pk"), low=Min("first"), high=Max("last")):
        if row["shot"] not in spans and row["low"] is None:
            continue
        span = spans.setdefault(row["shot"], _Span(row["low"] or 0, row["high"] or 0, [], set()))
        span.refused = row["n"]
    return spans


def _refused(jti: UUID) -> Any:
    return RenderCheck.objects.filter(token_jti=jti).exclude(outcome__in=ALLOWED)


_Cells = dict[int, dict[str, int]]


def _marks(jti: UUID, spans: dict[str, _Span], shown: list[str], block: int) -> dict[str, _Cells]:
    """Counts by shot and by block."""
    found: dict[str, _Cells] = {name: defaultdict(lambda: defaultdict(int)) for name in shown}
    shot_of = {lease: name for name in shown for lease in spans[name].leases}
    logs = {log for name in shown for log in spans[name].logs}
    cell = Cast(F("frame") / Value(block), IntegerField())
    frames = LogEntry.objects.filter(log_id__in=logs, lease__in=list(shot_of), kind=EntryKind.FRAME)
    counted = frames.annotate(cell=cell).values("lease", "cell").order_by()
    for row in counted.annotate(
        rendered=Count("frame", distinct=True, filter=Q(outcome__in=PRODUCED)),
        again=Count("frame", distinct=True, filter=Q(outcome=FrameOutcome.RERENDER_OF)),
        failed=Count("frame", distinct=True, filter=~Q(outcome__in=PRODUCED)),
    ):
        into = found[shot_of[row["lease"] or 0]][row["cell"]]
        for name in ("rendered", "again", "failed"):
            into[name] += row[name]
    strays = UnauthorisedFrame.objects.filter(token_jti=jti, shot__in=shown).annotate(cell=cell)
    for row in strays.values("shot", "cell").order_by().annotate(n=Count("pk")):
        found[row["shot"]][row["cell"]]["unauthorised"] += row["n"]
    denied = _refused(jti).filter(shot__in=shown, first__isnull=False, last__isnull=False)
    for shot, first, last in denied.order_by("-pk").values_list("shot", "first", "last")[:_REFUSED_READ]:
        for at in range(max(first, spans[shot].first) // block, min(last, spans[shot].last) // block + 1):
            found[shot][at]["refused"] += 1
    return found


def _row(name: str, span: _Span, marks: _Cells, block: int) -> ShotRow:
    cells = tuple(
        ShotCell(**marks[at]) if at in marks else ShotCell()
        for at in range(span.first // block, span.last // block + 1)
    )
    return ShotRow(
        shot=name,
        first=span.first,
        last=span.last,
        rendered=sum(cell.rendered for cell in cells),
        again=sum(cell.again for cell in cells),
        unauthorised=sum(cell.unauthorised for cell in cells),
        refused=span.refused,
        cells=cells,
    )


@dataclass(frozen=True, slots=True)
class Day:
    """One day under a token."""

    day: date
    rendered: int
    refused: int


def days_of_token(jti: UUID, *, zone: ZoneInfo, since: datetime, until: datetime) -> tuple[Day, ...]:
    """Frames rendered and checks refused, day by day as ``zone`` has days; days without either are left out. 3 queries."""
    leases = dict(Lease.objects.filter(token_jti=jti).values_list("pk", "log_id"))
    entries = LogEntry.objects.filter(
        log_id__in=set(leases.values()), lease__in=list(leases), outcome__in=PRODUCED,
        received_at__gte=since, received_at__lt=until,
    ).annotate(day=TruncDate("received_at", tzinfo=zone))  # fmt: skip
    checks = _refused(jti).filter(at__gte=since, at__lt=until).annotate(day=TruncDate("at", tzinfo=zone))
    rendered = _by_day(entries.values("day").order_by().annotate(n=Count("idx")))
    refused = _by_day(checks.values("day").order_by().annotate(n=Count("pk")))
    return tuple(
        Day(day, rendered.get(day, 0), refused.get(day, 0)) for day in sorted({*rendered, *refused})
    )


def _by_day(rows: Iterable[dict[str, Any]]) -> dict[date, int]:
    return {row["day"]: row["n"] for row in rows}
