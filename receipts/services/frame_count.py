"""Count the frames of a batch while the database works on them, for :mod:`receipts.tallies`."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import repeat
from operator import rshift
from typing import Any, Final
from uuid import UUID

from django.db import connection

from receipts.models import ProductionLog
from receipts.services.framing import LEASE_AT, Framed
from receipts.services.tally import quarter_of
from receipts.tallies import LEAF_BITS, NO_LICENCE
from trustcore.receipt import FrameRow

_RENDERED, _AGAIN, _FAILED, _DISCARDED = "RENDERED", "RERENDER_OF", "FAILED", "DISCARDED"
_OUTCOMES: Final = (_RENDERED, _AGAIN, _FAILED, _DISCARDED)
_Place = tuple[UUID, int, str, str]


@dataclass(slots=True)
class _Tally:
    """What one batch adds to one row."""

    first: int
    last: int
    numbers: Counter[str] = field(default_factory=Counter)
    frames: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def add(self, first: int, last: int, rows: Sequence[FrameRow]) -> None:
        self.first, self.last = min(self.first, first), max(self.last, last)
        outcomes = {row.outcome for row in rows}
        if len(outcomes) == 1:
            (outcome,) = outcomes
            self.numbers[outcome] += len(rows)
            self.frames[outcome] += [row.frame for row in rows]
            return
        for row in rows:
            self.numbers[row.outcome] += 1
            self.frames[row.outcome].append(row.frame)


class FrameCount:
    """Counts the frames of one batch in one log.

    ``append_frames(log=log, packed=count.behind(packed)); count.keep()``: the counting is done while the database still
    works on the rows it was sent.
    """

    def __init__(
        self, log: ProductionLog, framed: Framed, at: datetime, positions: Sequence[int] | None = None
    ) -> None:
        """``positions``: which frames of ``framed`` are appended, ascending; all by default."""
        self._log, self._framed, self._at, self._positions = log, framed, at, positions
        self._first = log.size
        self._tallies: dict[_Place, _Tally] = {}
        self._strays: Counter[UUID] = Counter()

    def behind(
        self, packed: Iterable[tuple[Sequence[bytes], Sequence[bytes]]]
    ) -> Iterator[tuple[Sequence[bytes], Sequence[bytes]]]:
        """Hand on what is appended, then count it."""
        yield from packed
        self._count()

    def _count(self) -> None:
        framed, chosen = self._framed, self._positions
        if chosen is None:
            keys, rows, strays = framed.keys, framed.rows, framed.strays
        else:
            keys, rows = [framed.keys[at] for at in chosen], [framed.rows[at] for at in chosen]
            strays = {n: framed.strays[at] for n, at in enumerate(chosen) if at in framed.strays}
        for stray in strays.values():
            self._strays[stray.lease.facts.token_jti if stray.lease else NO_LICENCE] += 1
        leases = {lease.facts.pk: lease.facts for lease in framed.leases}
        begin = 0
        while begin < len(keys):
            block = self._first + begin >> LEAF_BITS
            end = min(len(keys), (block + 1 << LEAF_BITS) - self._first)
            found: dict[int, list[int]] = defaultdict(list)
            for at, lease in enumerate(map(rshift, keys[begin:end], repeat(LEASE_AT)), begin):
                found[lease].append(at)
            for lease, places in found.items():
                if lease < 0:  # without leave
                    continue
                facts = leases[lease]
                place = (facts.token_jti, block, facts.shot, facts.counter)
                first, last = self._first + places[0], self._first + places[-1]
                tally = self._tallies.get(place)
                if tally is None:
                    tally = self._tallies[place] = _Tally(first, last)
                tally.add(first, last, [rows[at] for at in places])
            begin = end

    def keep(self) -> None:
        """Write what was counted; the caller still holds the log."""
        rows = [
            (
                jti, block, shot, counter, one.first, one.last, *(one.numbers[name] for name in _OUTCOMES),
                _ranges(one.frames[_RENDERED]), _ranges(one.frames[_AGAIN]),
                _ranges(one.frames[_FAILED] + one.frames[_DISCARDED]),
            )
            for (jti, block, shot, counter), one in self._tallies.items()
        ]  # fmt: skip
        facts = (quarter_of(self._at), self._log.pk, self._at)
        with connection.cursor() as cursor:
            if rows:
                cursor.execute(_FRAMES, [*facts, *map(list, zip(*rows, strict=True))])
            if self._strays:
                told: list[Any] = [self._log.pk, list(self._strays), list(self._strays.values())]
                cursor.execute(_STRAYS, told)


def _ranges(frames: list[int]) -> str:
    """Numbers as a multirange; in whatever order, however often each."""
    if not frames:
        return "{}"
    low, high = min(frames), max(frames)
    if high - low < len(frames) and len(set(frames)) == high - low + 1:
        return f"{{[{low},{high}]}}"
    runs: list[list[int]] = []
    for frame in sorted(set(frames)):
        if runs and runs[-1][1] == frame - 1:
            runs[-1][1] = frame
        else:
            runs.append([frame, frame])
    return "{" + ",".join(f"[{first},{last}]" for first, last in runs) + "}"


_FRAMES = """
with told as materialized (
    select *, %s::int as quarter, %s::int as log_id, %s::timestamptz as at
    from unnest(%s::uuid[], %s::bigint[], %s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::int[], %s::int[],
        %s::int[], %s::int[], %s::text[], %s::text[], %s::text[])
        as t(token_jti, block, shot, counter, first_leaf, last_leaf, rendered, again, failed, discarded,
            as_rendered, as_again, as_lost)),
in_all as (
    insert into receipts_licencetally as t (token_jti, log_id, rendered, again, failed, discarded,
        first_receipt_at, last_receipt_at)
    select token_jti, log_id, sum(rendered), sum(again), sum(failed), sum(discarded), at, at
    from told group by token_jti, log_id, at order by token_jti
    on conflict (token_jti, log_id) do update set rendered = t.rendered + excluded.rendered,
        again = t.again + excluded.again, failed = t.failed + excluded.failed,
        discarded = t.discarded + excluded.discarded,
        first_receipt_at = least(t.first_receipt_at, excluded.first_receipt_at),
        last_receipt_at = greatest(t.last_receipt_at, excluded.last_receipt_at))
insert into receipts_frametally as t (token_jti, block, shot, counter, quarter, log_id, rendered, again, failed,
    discarded, first_leaf, last_leaf, first_at, last_at, as_rendered, as_again, as_lost)
select token_jti, block, shot, counter, quarter, log_id, rendered, again, failed, discarded, first_leaf, last_leaf,
    at, at, as_rendered::int4multirange, as_again::int4multirange, as_lost::int4multirange
from told order by token_jti, block, shot, counter
on conflict (token_jti, block, shot, counter, quarter) do update set rendered = t.rendered + excluded.rendered,
    again = t.again + excluded.again, failed = t.failed + excluded.failed, discarded = t.discarded + excluded.discarded,
    first_leaf = least(t.first_leaf, excluded.first_leaf), last_leaf = greatest(t.last_leaf, excluded.last_leaf),
    first_at = least(t.first_at, excluded.first_at), last_at = greatest(t.last_at, excluded.last_at),
    as_rendered = t.as_rendered + excluded.as_rendered, as_again = t.as_again + excluded.as_again,
    as_lost = t.as_lost + excluded.as_lost
"""
_STRAYS = """
insert into receipts_licencetally as t (token_jti, log_id, unauthorised)
select token_jti, %s, n from unnest(%s::uuid[], %s::bigint[]) as s(token_jti, n) order by token_jti
on conflict (token_jti, log_id) do update set unauthorised = t.unauthorised + excluded.unauthorised
"""
