"""What was rendered and refused under one licence, by shot and by day, counted by the database.

A licence may have a million frames. A cell is a block of frames of equal size in every row, so that rows can be
compared; frame 0 begins a block.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Count, F, IntegerField, Max, Min, Q, QuerySet, Value
from django.db.models.functions import Cast, TruncDate

from receipts.models import Counter, EntryKind, FrameOutcome, Lease, LogEntry, RenderCheck, UnauthorisedFrame
from receipts.selectors.tokens import ALLOWED, PRODUCED

_BLOCKS: Final = (1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 2400, 4800, 9600, 24_000, 48_000, 96_000)
_STRAYS_READ: Final = 5000
_REFUSED_DRAWN: Final = 1000


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
class Day:
    """One day under a token."""

    day: date
    rendered: int
    refused: int


@dataclass(frozen=True, slots=True)
class TokenUse:
    """What happened under one token.

    Attributes:
        shots: a page of shots in order; ``block`` frames are one cell; ``next_after`` the last shot shown, if more follow.
        days: days with frames or refusals, in order.
        refused: the latest checks that were denied or held; ``refused_checks`` of them in all.
    """

    shots: tuple[ShotRow, ...]
    shots_in_all: int
    block: int
    next_after: str
    days: tuple[Day, ...]
    refused: tuple[RenderCheck, ...]
    refused_checks: int
    allowed_checks: int
    unauthorised: int
    live_leases: int
    first_receipt_at: datetime | None
    last_receipt_at: datetime | None
    last_check_at: datetime | None


def token_use(
    jti: UUID, *, zone: ZoneInfo, cells: int, after: str = "", limit: int = 40, refused_shown: int = 50
) -> TokenUse:
    """What happened under a token: shots behind ``after`` in at most ``cells`` cells each, days as ``zone`` has them.

    6 queries, however many frames.
    """
    leases = list(
        Lease.objects.filter(token_jti=jti).only("pk", "log_id", "shot", "first", "last", "state", "counter")
    )
    strays = list(UnauthorisedFrame.objects.filter(token_jti=jti).values_list("shot", "frame")[:_STRAYS_READ])
    refused = list(_refused(jti).order_by("-pk")[: max(refused_shown, _REFUSED_DRAWN)])
    checks = _checks_by_day(jti, zone)
    spans = _spans(leases, strays, refused)
    names = sorted(spans)
    chosen = [name for name in names if name > after][: limit + 1]
    shown = chosen[:limit]
    longest = max((spans[name].last - spans[name].first + 1 for name in shown), default=1)
    block = next((size for size in _BLOCKS if longest // size < cells), _BLOCKS[-1])
    marks = _cells_of_frames(spans, shown, block)
    _add_others(marks, spans, strays, refused, block)
    entries = _entries(leases)
    days: dict[date, dict[str, Any]] = {
        row["day"]: dict(row)
        for row in entries.annotate(day=TruncDate("received_at", tzinfo=zone))
        .values("day")
        .order_by()
        .annotate(
            n=Count("idx", filter=Q(outcome__in=PRODUCED)), first=Min("received_at"), last=Max("received_at")
        )
    }
    return TokenUse(
        shots=tuple(_row(name, spans[name], marks[name], block) for name in shown),
        shots_in_all=len(names),
        block=block,
        next_after=shown[-1] if len(chosen) > limit else "",
        days=tuple(_days(days, checks)),
        refused=tuple(refused[:refused_shown]),
        refused_checks=sum(row["refused"] for row in checks),
        allowed_checks=sum(row["allowed"] for row in checks),
        unauthorised=len(strays),
        live_leases=sum(lease.state == Lease.State.ACTIVE for lease in leases),
        first_receipt_at=min((row["first"] for row in days.values()), default=None),
        last_receipt_at=max((row["last"] for row in days.values()), default=None),
        last_check_at=max((row["latest"] for row in checks), default=None),
    )


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    leases: dict[int, int] = field(default_factory=dict)
    refused: int = 0

    def reach(self, first: int, last: int) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)


_Cells = dict[int, dict[str, int]]


def _spans(
    leases: Iterable[Lease], strays: Iterable[tuple[str, int]], refused: Iterable[RenderCheck]
) -> dict[str, _Span]:
    spans: dict[str, _Span] = {}
    for lease in leases:
        if lease.counter == Counter.FRAMES:
            span = spans.setdefault(lease.shot, _Span(lease.first, lease.last))
            span.reach(lease.first, lease.last)
            span.leases[lease.pk] = lease.log_id
    for shot, frame in strays:
        spans.setdefault(shot, _Span(frame, frame)).reach(frame, frame)
    for check in refused:
        if check.first is not None and check.last is not None:
            spans.setdefault(check.shot, _Span(check.first, check.last))
        if check.shot in spans:
            spans[check.shot].refused += 1
    return spans


def _refused(jti: UUID) -> QuerySet[RenderCheck]:
    return RenderCheck.objects.filter(token_jti=jti).exclude(outcome__in=ALLOWED)


def _checks_by_day(jti: UUID, zone: ZoneInfo) -> Sequence[Mapping[str, Any]]:
    rows = RenderCheck.objects.filter(token_jti=jti).annotate(day=TruncDate("at", tzinfo=zone))
    counted = (
        rows.values("day")
        .order_by()
        .annotate(
            allowed=Count("pk", filter=Q(outcome__in=ALLOWED)),
            refused=Count("pk", filter=~Q(outcome__in=ALLOWED)),
            latest=Max("at"),
        )
    )
    return [dict(row) for row in counted]


def _entries(leases: Iterable[Lease]) -> QuerySet[LogEntry]:
    numbers = {lease.pk: lease.log_id for lease in leases}
    return LogEntry.objects.filter(
        log_id__in=set(numbers.values()), lease__in=list(numbers), kind=EntryKind.FRAME
    )


def _cells_of_frames(spans: dict[str, _Span], shown: list[str], block: int) -> dict[str, _Cells]:
    found: dict[str, _Cells] = {name: defaultdict(lambda: defaultdict(int)) for name in shown}
    shot_of = {lease: name for name in shown for lease in spans[name].leases}
    frames = LogEntry.objects.filter(
        log_id__in={log for name in shown for log in spans[name].leases.values()},
        lease__in=list(shot_of),
        kind=EntryKind.FRAME,
    ).annotate(cell=Cast(F("frame") / Value(block), IntegerField()))
    for row in (
        frames.values("lease", "cell")
        .order_by()
        .annotate(
            rendered=Count("frame", distinct=True, filter=Q(outcome__in=PRODUCED)),
            again=Count("frame", distinct=True, filter=Q(outcome=FrameOutcome.RERENDER_OF)),
            failed=Count("frame", distinct=True, filter=~Q(outcome__in=PRODUCED)),
        )
    ):
        into = found[shot_of[row["lease"] or 0]][row["cell"]]
        for name in ("rendered", "again", "failed"):
            into[name] += row[name]
    return found


def _add_others(
    marks: dict[str, _Cells],
    spans: dict[str, _Span],
    strays: Iterable[tuple[str, int]],
    refused: Iterable[RenderCheck],
    block: int,
) -> None:
    for shot, frame in strays:
        if shot in marks:
            marks[shot][frame // block]["unauthorised"] += 1
    for check in refused:
        if check.shot in marks and check.first is not None and check.last is not None:
            span = spans[check.shot]
            first, last = max(check.first, span.first), min(check.last, span.last)
            for at in range(first // block, last // block + 1):
                marks[check.shot][at]["refused"] += 1


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


def _days(rendered: Mapping[date, Mapping[str, Any]], checks: Sequence[Mapping[str, Any]]) -> Iterable[Day]:
    refused = {row["day"]: row["refused"] for row in checks if row["refused"]}
    made = {day: row["n"] for day, row in rendered.items() if row["n"]}
    for day in sorted({*made, *refused}):
        yield Day(day, made.get(day, 0), refused.get(day, 0))
