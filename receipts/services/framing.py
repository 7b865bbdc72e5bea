"""Turn the rows of a batch into leaves: judge, encode, hash and pack them, in one loop.

This is the loop that a farm's millions of frames go through, about three microseconds a row. It makes no
object for a row but the bytes that go into the table and the hash that goes into the tree. Whatever is not
the ordinary case (no leave, a clock near its bounds) leaves the loop for :meth:`Framing._take_apart`, which
decides again, exactly, by :func:`receipts.services.judge.why_unauthorised`.

Nothing here reads or writes; the leases' rows are held by the caller, so that what is judged stays true until
the frames stand in the log.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple, Self

from receipts.models import EntryKind
from receipts.services.judge import (
    NUMBER_OF_OUTCOME,
    IntakeCode,
    LeaseBounds,
    is_out_of_step,
    stray_entry,
    stray_number,
    why_unauthorised,
)
from receipts.services.sequence import FRAME_TAIL, postgres_time
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import FrameRow, RowCode, encode_frame

Key = int
"""Lease number, frame and take in one, see :func:`key_of`: a log holds each once.

A number, since tuples by the ten thousand keep the garbage collector busy: a sixth of the loop's time.
"""

_FRAME_BITS, _TAKE_BITS = 31, 15
_SHA = 32


def key_of(lease: int, frame: int, take: int) -> Key:
    """The key of a frame; ``frame`` is at most 2**31 - 1, ``take`` at most 2**15 - 1."""
    return (lease << _FRAME_BITS | frame) << _TAKE_BITS | take


class Place(NamedTuple):
    """What :func:`key_of` packed."""

    lease: int
    frame: int
    take: int

    @classmethod
    def of(cls, key: Key) -> Self:
        rest, take = divmod(key, 1 << _TAKE_BITS)
        return cls(*divmod(rest, 1 << _FRAME_BITS), take)


class Stray(NamedTuple):
    """A frame without leave: its row as sent, the lease it named if that is known, and why."""

    row: FrameRow
    lease: LeaseBounds | None
    code: IntakeCode


@dataclass(slots=True)
class Framed:
    """What a batch holds for one log, in the order of the rows; list positions belong together.

    Attributes:
        numbers: which row of the batch, from 0.
        tails: the row for ``COPY``, all but its index in the log.
        hashes: leaf hashes.
        strays: the frames without leave, by position.
        leases: the leases whose frames these are, or would be if they had leave.
    """

    numbers: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    tails: list[bytes] = field(default_factory=list)
    hashes: list[bytes] = field(default_factory=list)
    strays: dict[int, Stray] = field(default_factory=dict)
    leases: set[LeaseBounds] = field(default_factory=set)

    def entry(self, position: int) -> bytes:
        """The entry of the row at ``position``."""
        return self.tails[position][FRAME_TAIL.size :]


@dataclass(slots=True)
class Framing:
    """Takes the rows of one batch, block by block.

    Attributes:
        leases: by id as the rows write it.
        home: the log of rows without a known lease, if it can be told.
        late: rows that no grace or quota is left for, by number (:mod:`receipts.services.reconcile`).
        logs: what was taken, by log.
        refused: codes of rows that are not taken, by number.
    """

    leases: Mapping[str, LeaseBounds]
    home: int | None
    late: Mapping[int, IntakeCode]
    now: datetime
    skew: timedelta
    logs: dict[int, Framed] = field(default_factory=dict)
    refused: dict[int, str] = field(default_factory=dict)

    def take(self, begin: int, rows: Sequence[FrameRow | RowCode]) -> None:
        """Take the rows numbered from ``begin`` on; those that could not be read are refused."""
        good = [row for row in rows if isinstance(row, FrameRow)]
        if len(good) == len(rows):
            self._take_rows(range(begin, begin + len(rows)), good)
            return
        self.refused |= {n: row.value for n, row in enumerate(rows, begin) if isinstance(row, RowCode)}
        self._take_rows([n for n, row in enumerate(rows, begin) if isinstance(row, FrameRow)], good)

    def _take_rows(self, numbers: Sequence[int], rows: Sequence[FrameRow]) -> None:
        at, kind, sha256, pack = (
            postgres_time(self.now),
            int(EntryKind.FRAME),
            hashlib.sha256,
            FRAME_TAIL.pack,
        )
        digests = bytes.fromhex("".join([row.file_sha256 for row in rows]))
        uid, lease, log, latest = "", None, Framed(), ""
        for number, row, begin in zip(numbers, rows, count(0, _SHA), strict=False):
            if row.lease != uid:
                uid, lease = row.lease, self.leases.get(row.lease)
                if lease is not None:
                    facts, floor, head, log = lease.facts, lease.floor, lease.head, self._log_of(lease)
                    pk, log_id, first, last = facts.pk, facts.log_id, facts.first, facts.last
                    latest = lease.until  # later than this: see exactly
            frame = row.frame
            if (
                lease is None
                or not lease.is_plain
                or not first <= frame <= last
                or row.finished_at > latest
                or row.started_at < floor
            ):
                self._take_apart(number, row, lease)
                continue
            take, entry = row.take, encode_frame(head, row)
            log.numbers.append(number)
            log.keys.append((pk << _FRAME_BITS | frame) << _TAKE_BITS | take)
            log.hashes.append(sha256(b"\0" + entry).digest())
            log.tails.append(
                pack(
                    8, pk, 8, at, 4, log_id, 4, frame, 2, kind, 2, take, 2, NUMBER_OF_OUTCOME[row.outcome],
                    -1, _SHA, digests[begin : begin + _SHA], len(entry),
                ) + entry
            )  # fmt: skip
            lease.frames.append(frame)
            lease.takes.add(take)

    def _take_apart(self, number: int, row: FrameRow, lease: LeaseBounds | None) -> None:
        """Decide one row by itself, exactly."""
        log_id = lease.facts.log_id if lease else self.home
        if log_id is None:
            self.refused[number] = IntakeCode.LEASE_UNKNOWN
            return
        if is_out_of_step(row, lease, now=self.now, skew=self.skew):
            self.refused[number] = IntakeCode.CLOCK_SKEW
            return
        code = self.late.get(number) or why_unauthorised(lease, row)
        log = self._log_of(lease) if lease else self.logs.setdefault(log_id, Framed())
        if lease is None or code is not None:
            code = code or IntakeCode.LEASE_UNKNOWN
            entry, pk, outcome = stray_entry(row, lease, code), stray_number(row), Outcome.UNAUTHORISED.value
            log.strays[len(log.keys)] = Stray(row, lease, code)
        else:
            entry, pk, outcome = encode_frame(lease.head, row), lease.facts.pk, row.outcome
        log.numbers.append(number)
        log.keys.append(key_of(pk, row.frame, row.take))
        log.hashes.append(hashlib.sha256(b"\0" + entry).digest())
        log.tails.append(
            FRAME_TAIL.pack(
                8, pk, 8, postgres_time(self.now), 4, log_id, 4, row.frame, 2, EntryKind.FRAME, 2, row.take,
                2, NUMBER_OF_OUTCOME[outcome], -1, _SHA, bytes.fromhex(row.file_sha256), len(entry),
            ) + entry
        )  # fmt: skip
        if lease is not None:
            lease.frames.append(row.frame)
            lease.takes.add(row.take)

    def _log_of(self, lease: LeaseBounds) -> Framed:
        log = self.logs.setdefault(lease.facts.log_id, Framed())
        log.leases.add(lease)
        return log
