"""What was rendered and refused under one licence, by shot and by day, counted by the database.

A licence may have a million frames. A cell is a block of frames of equal size in every row, so that rows can be
compared; frame 0 begins a block.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import QuerySet

from receipts.models import Lease, RenderCheck, UnauthorisedFrame
from receipts.selectors.tally import Quarter, ShotFrames, frames_of, leased_shots, quarters_of
from receipts.selectors.tokens import REFUSED

_BLOCKS: Final = (1, 2, 4, 8, 12, 24, 48, 96, 240, 480, 960, 2400, 4800, 9600, 24_000, 48_000, 96_000)
_STRAYS_READ: Final = 5000
_REFUSED_DRAWN: Final = 1000


@dataclass(frozen=True, slots=True)
class ShotCell:
    """One block of frames: how many of them in which way, each once, under however many leases."""

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
    strays = list(UnauthorisedFrame.objects.filter(token_jti=jti).values_list("shot", "frame")[:_STRAYS_READ])
    refused = list(_refused(jti).order_by("-pk")[: max(refused_shown, _REFUSED_DRAWN)])
    quarters = quarters_of(jti)
    spans = _spans(leased_shots(jti), strays, refused)
    names = sorted(spans)
    chosen = [name for name in names if name > after][: limit + 1]
    shown = chosen[:limit]
    longest = max((spans[name].last - spans[name].first + 1 for name in shown), default=1)
    block = next((size for size in _BLOCKS if longest // size < cells), _BLOCKS[-1])
    marks = _cells_of_frames(frames_of(jti, shown), shown, block)
    _add_others(marks, spans, strays, refused, block)
    return TokenUse(
        shots=tuple(_row(name, spans[name], marks[name], block) for name in shown),
        shots_in_all=len(names),
        block=block,
        next_after=shown[-1] if len(chosen) > limit else "",
        days=tuple(_days(quarters, zone)),
        refused=tuple(refused[:refused_shown]),
        refused_checks=sum(one.refused for one in quarters),
        allowed_checks=sum(one.allowed for one in quarters),
        unauthorised=len(strays),
        live_leases=Lease.objects.filter(token_jti=jti, state=Lease.State.ACTIVE).count(),
        first_receipt_at=min(
            (one.first_receipt_at for one in quarters if one.first_receipt_at), default=None
        ),
        last_receipt_at=max((one.last_receipt_at for one in quarters if one.last_receipt_at), default=None),
        last_check_at=max((one.last_check_at for one in quarters if one.last_check_at), default=None),
    )


@dataclass(slots=True)
class _Span:
    first: int
    last: int
    refused: int = 0

    def reach(self, first: int, last: int) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)


_Cells = dict[int, dict[str, int]]


def _spans(
    leased: Mapping[str, tuple[int, int]],
    strays: Iterable[tuple[str, int]],
    refused: Iterable[RenderCheck],
) -> dict[str, _Span]:
    spans = {shot: _Span(first, last) for shot, (first, last) in leased.items()}
    for shot, frame in strays:
        spans.setdefault(shot, _Span(frame, frame)).reach(frame, frame)
    for check in refused:
        if check.first is not None and check.last is not None:
            spans.setdefault(check.shot, _Span(check.first, check.last))
        if check.shot in spans:
            spans[check.shot].refused += 1
    return spans


def _refused(jti: UUID) -> QuerySet[RenderCheck]:
    return RenderCheck.objects.filter(token_jti=jti, outcome__in=REFUSED)


def _cells_of_frames(frames: Mapping[str, ShotFrames], shown: list[str], block: int) -> dict[str, _Cells]:
    found: dict[str, _Cells] = {name: defaultdict(lambda: defaultdict(int)) for name in shown}
    for name, told in frames.items():
        for way, ranges in (("rendered", told.made), ("again", told.again), ("failed", told.lost)):
            for first, end in ranges:
                for at in range(first // block, (end - 1) // block + 1):
                    found[name][at][way] += min(end, (at + 1) * block) - max(first, at * block)
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


def _days(quarters: Iterable[Quarter], zone: ZoneInfo) -> Iterable[Day]:
    made: dict[date, int] = defaultdict(int)
    refused: dict[date, int] = defaultdict(int)
    for one in quarters:
        day = datetime.fromtimestamp(one.begins, zone).date()
        made[day] += one.made
        refused[day] += one.refused
    for day in sorted(made):
        if made[day] or refused[day]:
            yield Day(day, made[day], refused[day])
