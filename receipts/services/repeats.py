"""Frames that the log holds already, or that a batch holds twice: each keeps its first place.

A farm repeats itself: a batch whose answer was lost, a frame reported by two workers. The same frame told the
same way again gets the leaf it has; told another way it is a conflict. All this is decided while the log is
locked, so that it is exact.
"""

from dataclasses import dataclass, field

from django.db import connection

from receipts.services.batches import ACCEPTED, REFUSED, UNAUTHORISED, RowAnswer
from receipts.services.framing import Framed, Key, Place, key_of
from receipts.services.judge import IntakeCode, Told, tells_the_same, told_by_entry

Known = dict[Key, tuple[int, bytes]]
"""Index and entry of frames that the log holds."""


@dataclass(slots=True)
class Sifted:
    """Which rows of a batch are new to the log.

    Attributes:
        fresh: positions in the batch of the rows to append, in order.
        again: positions of rows that repeat a fresh one, with the position of that one.
        answers: of the rows that the log knows already, or that contradict it.
    """

    fresh: list[int] = field(default_factory=list)
    again: list[tuple[int, int]] = field(default_factory=list)
    answers: list[RowAnswer] = field(default_factory=list)


def has_repeats(log: Framed, known: Known) -> bool:
    """Whether any row could be a repetition; if not, all are fresh and nothing needs to be sifted."""
    return bool(known or log.strays) or len(set(log.keys)) != len(log.keys)


def sift(log: Framed, known: Known) -> Sifted:
    """Tell new rows from repeated and contradicting ones. The caller holds the log."""
    sifted, fresh = Sifted(), dict[Key, int]()
    for position, key in enumerate(log.keys):
        stray = log.strays.get(position)
        told = _told(log, position)
        code = stray.code if stray else None
        with_leave = key
        if stray is not None and stray.lease is not None:
            with_leave = key_of(stray.lease.facts.pk, stray.row.frame, stray.row.take)
        for candidate in dict.fromkeys((with_leave, key)):
            if candidate in known:
                index, entry = known[candidate]
                if tells_the_same(told_by_entry(entry), told):
                    # told while it had leave: it keeps it
                    sifted.answers.append(
                        answer(log.numbers[position], code if candidate == key else None, index)
                    )
                    break
            elif candidate in fresh:
                if tells_the_same(_told(log, fresh[candidate]), told):
                    sifted.again.append((position, fresh[candidate]))
                    break
            else:
                continue
            if code is None:
                sifted.answers.append(
                    RowAnswer(log.numbers[position], REFUSED, IntakeCode.FRAME_CONFLICT, None)
                )
                break
        else:
            fresh[key] = position
            sifted.fresh.append(position)
    return sifted


def answer(number: int, code: str | None, index: int) -> RowAnswer:
    """The answer to a row that stands in the log at ``index``."""
    return RowAnswer(number, UNAUTHORISED if code else ACCEPTED, code, index)


def known_frames(log_id: int, log: Framed) -> Known:
    """Frames of this batch that the log holds already: one short index range a lease.

    ``offset 0`` keeps the planner from joining the whole table, whatever it believes of its size.
    """
    ranges = {
        lease.facts.pk: (min(lease.frames), max(lease.frames), min(lease.takes), max(lease.takes))
        for lease in log.leases
        if lease.frames
    }
    for position in log.strays:
        number, frame, take = Place.of(log.keys[position])
        low, high, first, last = ranges.get(number, (frame, frame, take, take))
        ranges[number] = (min(low, frame), max(high, frame), min(first, take), max(last, take))
    if not ranges:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            "select e.lease, e.frame, e.take, e.idx, e.entry"
            " from unnest(%s::bigint[], %s::int[], %s::int[], %s::int[], %s::int[])"
            " as l(id, low, high, first, last) cross join lateral ("
            "  select lease, frame, take, idx, entry from receipts_logentry"
            "  where log_id = %s and lease = l.id and frame between l.low and l.high"
            "  and take between l.first and l.last offset 0) e",
            [list(ranges), *map(list, zip(*ranges.values(), strict=True)), log_id],
        )
        return {key_of(lease, frame, take): (idx, bytes(entry)) for lease, frame, take, idx, entry in cursor}


def _told(log: Framed, position: int) -> Told:
    row = log.rows[position]
    return Told(row.file_sha256, row.pixel_sha256, row.outcome)
