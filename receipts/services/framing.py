"""Turn the rows of a batch into leaves: judge them, then encode, hash and pack them.

These are the two loops that a farm's millions of frames go through, about two microseconds a row together. They
make no object for a row but its key, the bytes that go into the table and the hash that goes into the tree.
Whatever is not the ordinary case (no leave, a clock near its bounds) leaves the first loop for
:meth:`Framing._take_apart`, which decides again, exactly, by :func:`receipts.services.judge.why_unauthorised`.

The second loop (:meth:`Framed.packed`) runs piece by piece while the database works on the piece before: the
backend needs three times as long for a row, so that the log is held no longer for it.

Nothing here reads or writes; the leases' rows are held by the caller, so that what is judged stays true until
the frames stand in the log.
"""

import hashlib
from collections.abc import Iterator, Mapping, Sequence
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
LEASE_AT = _FRAME_BITS + _TAKE_BITS
_PIECE_ROWS = 1_000
_FRAME_KIND = int(EntryKind.FRAME)
_UNAUTHORISED = NUMBER_OF_OUTCOME[Outcome.UNAUTHORISED.value]
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
        rows: the rows as sent.
        heads: how their entries begin; empty where there is no leave.
        strays: the frames without leave, by position.
        leases: the leases whose frames these are, or would be if they had leave.
    """

    numbers: list[int] = field(default_factory=list)
    keys: list[Key] = field(default_factory=list)
    rows: list[FrameRow] = field(default_factory=list)
    heads: list[str] = field(default_factory=list)
    strays: dict[int, Stray] = field(default_factory=dict)
    leases: set[LeaseBounds] = field(default_factory=set)

    def packed(
        self, log_id: int, received_at: datetime, positions: Sequence[int] | None = None
    ) -> Iterator[tuple[list[bytes], list[bytes]]]:
        """The rows for ``COPY`` without their index in the log, and their leaf hashes, a thousand at a time.

        Args:
            positions: which ones, ascending; all by default.
        """
        chosen: Sequence[int] = range(len(self.keys)) if positions is None else positions
        at, sha256, pack = postgres_time(received_at), hashlib.sha256, FRAME_TAIL.pack
        for begin in range(0, len(chosen), _PIECE_ROWS):
            some = chosen[begin : begin + _PIECE_ROWS]
            rows = [self.rows[position] for position in some]
            digests = bytes.fromhex("".join([row.file_sha256 for row in rows]))
            tails: list[bytes] = []
            hashes: list[bytes] = []
            for position, row, start in zip(some, rows, count(0, _SHA), strict=False):
                head = self.heads[position]
                if head:
                    entry, outcome = encode_frame(head, row), NUMBER_OF_OUTCOME[row.outcome]
                else:
                    entry, outcome = stray_entry(*self.strays[position]), _UNAUTHORISED
                hashes.append(sha256(b"\0" + entry).digest())
                tails.append(
                    pack(
                        8, self.keys[position] >> LEASE_AT, 8, at, 4, log_id, 4, row.frame, 2, _FRAME_KIND,
                        2, row.take, 2, outcome, -1, _SHA, digests[start : start + _SHA], len(entry),
                    ) + entry
                )  # fmt: skip
            yield tails, hashes


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
        uid, lease, log, latest = "", None, Framed(), ""
        for number, row in zip(numbers, rows, strict=True):
            if row.lease != uid:
                uid, lease = row.lease, self.leases.get(row.lease)
                if lease is not None:
                    facts, floor, head, log = lease.facts, lease.floor, lease.head, self._log_of(lease)
                    pk, first, last = facts.pk, facts.first, facts.last
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
            take = row.take
            log.numbers.append(number)
            log.keys.append((pk << _FRAME_BITS | frame) << _TAKE_BITS | take)
            log.rows.append(row)
            log.heads.append(head)
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
            log.strays[len(log.keys)] = Stray(row, lease, code or IntakeCode.LEASE_UNKNOWN)
            pk, head = stray_number(row), ""
        else:
            pk, head = lease.facts.pk, lease.head
        log.numbers.append(number)
        log.keys.append(key_of(pk, row.frame, row.take))
        log.rows.append(row)
        log.heads.append(head)
        if lease is not None:
            lease.frames.append(row.frame)
            lease.takes.add(row.take)

    def _log_of(self, lease: LeaseBounds) -> Framed:
        log = self.logs.setdefault(lease.facts.log_id, Framed())
        log.leases.add(lease)
        return log
