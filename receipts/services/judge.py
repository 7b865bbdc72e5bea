"""Judge one row of a batch by the lease it names; nothing here reads or writes.

A refused row is not taken: its own fault, mend it and send it again. A row without leave is taken as it is,
as ``UNAUTHORISED``: the frame exists, and the log says so.

:func:`why_unauthorised` is the one place where it is decided whether a frame has leave. What does not depend
on the row is decided once for each lease (:class:`LeaseBounds`), so that the many rows of an open lease cost
two comparisons each.
"""

import hashlib
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from django.conf import settings

from receipts.models import FrameOutcome, Lease
from receipts.services.lease import RETURNED
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import FrameEntry, FrameRow, encode_entry, frame_head, is_before, parse_entry
from trustcore.receipt.late import LeaseEnd, judge_late

NUMBER_OF_OUTCOME = {outcome.name: int(outcome) for outcome in FrameOutcome}
_SECOND = len("2026-11-22T08:12:00")


class IntakeCode(StrEnum):
    """Why a row that could be read was refused or taken as unauthorised. Public and stable.

    Rows that cannot be read carry a :class:`trustcore.receipt.RowCode`.
    """

    CLOCK_SKEW = "CLOCK_SKEW"
    FRAME_CONFLICT = "FRAME_CONFLICT"
    LEASE_UNKNOWN = "LEASE_UNKNOWN"
    LEASE_OF_ANOTHER = "LEASE_OF_ANOTHER"
    LEASE_ENDED = "LEASE_ENDED"
    OFFLINE_GRACE_EXCEEDED = "OFFLINE_GRACE_EXCEEDED"
    FRAME_OUTSIDE_LEASE = "FRAME_OUTSIDE_LEASE"
    FRAMES_EXHAUSTED = "FRAMES_EXHAUSTED"
    LINES_EXHAUSTED = "LINES_EXHAUSTED"
    SECONDS_EXHAUSTED = "SECONDS_EXHAUSTED"


class LeaseFacts(NamedTuple):
    """What intake reads of a lease, in the order of the columns it asks for."""

    pk: int
    uid: UUID
    check_id: UUID
    log_id: int
    token_jti: UUID
    production_id: UUID
    organisation_id: UUID
    shot: str
    counter: str
    first: int
    last: int
    state: str
    granted_at: datetime
    expires_at: datetime
    grace_seconds: int
    grace_frames: int
    window_ends_at: datetime
    ended_at: datetime | None
    end_reason: str

    @property
    def end(self) -> LeaseEnd:
        """How the lease ends or ended: by the node, by its licence, or by running out."""
        given_back = self.state == Lease.State.ENDED and self.end_reason == RETURNED
        by_licence = self.state in (Lease.State.CLOSING, Lease.State.ENDED) and not given_back
        return LeaseEnd(
            expires_at=self.expires_at,
            grace_seconds=self.grace_seconds,
            window_ends_at=self.window_ends_at,
            ended_at=self.ended_at if by_licence else None,
            given_back=given_back,
        )


@dataclass(slots=True, eq=False)
class LeaseBounds:
    """A lease as the rows of one batch meet it, at one moment, with its row held.

    Attributes:
        end: how it ends or ended, for frames that are not told of while it lives.
        is_ours: the sender's organisation holds it.
        is_live: it lives as its rows come in, so that none of them can be late.
        is_plain: whether a frame within ``first`` and ``last``, finished by ``until``, has leave without a
            further look.
        until: RFC 3339, to the second.
        floor: rows begun in this second or later are not out of step; of earlier ones it must be seen.
        head: how its frame entries begin.
        frames, takes: what the batch holds of it, to look for what the log holds already.
    """

    facts: LeaseFacts
    end: LeaseEnd
    is_ours: bool
    is_live: bool
    is_plain: bool
    until: str
    floor: str
    head: str
    now: datetime
    frames: list[int] = field(default_factory=list)
    takes: set[int] = field(default_factory=set)


def bounds_of(facts: LeaseFacts, *, organisation_id: UUID, now: datetime, skew: timedelta) -> LeaseBounds:
    """What ``facts`` mean for rows that ``organisation_id`` sends now."""
    end, is_ours = facts.end, facts.organisation_id == organisation_id
    is_live = facts.state == Lease.State.ACTIVE and now <= facts.expires_at
    is_reconciled = now <= end.deadline + timedelta(seconds=settings.RECONCILE_SECONDS)
    latest = now + skew if is_live else min(now + skew, facts.expires_at)
    return LeaseBounds(
        facts=facts,
        end=end,
        is_ours=is_ours,
        is_live=is_live,
        is_plain=is_ours and facts.state == Lease.State.ACTIVE and (is_live or is_reconciled),
        until=moment_text(latest)[:_SECOND],
        floor=moment_text(facts.granted_at - skew + timedelta(seconds=1))[:_SECOND],
        head=frame_head(str(facts.check_id)),
        now=now,
    )


def why_unauthorised(lease: LeaseBounds | None, row: FrameRow) -> IntakeCode | None:
    """Why the frame has no leave, None if it has. Whoever changes the rules changes them here.

    Of a frame finished after its lease's end this says whether it was begun in time; whether it is still
    among those that the grace and the quota have room for, :func:`receipts.services.reconcile.reckon_late`.
    """
    if lease is None:
        return IntakeCode.LEASE_UNKNOWN
    if not lease.is_ours:
        return IntakeCode.LEASE_OF_ANOTHER
    if not lease.is_live:
        late = judge_late(
            lease.end,
            begun_at=datetime.fromisoformat(row.started_at),
            finished_at=datetime.fromisoformat(row.finished_at),
            received_at=lease.now,
            reconcile_seconds=settings.RECONCILE_SECONDS,
        )
        if late is not None:
            return IntakeCode(late.value)
    facts = lease.facts
    return None if facts.first <= row.frame <= facts.last else IntakeCode.FRAME_OUTSIDE_LEASE


def is_out_of_step(row: FrameRow, lease: LeaseBounds | None, *, now: datetime, skew: timedelta) -> bool:
    """Whether the row's clock cannot be right: rendered in the future, or before its lease was granted."""
    if is_before(moment_text(now + skew), row.finished_at):
        return True
    return lease is not None and is_before(row.started_at, moment_text(lease.facts.granted_at - skew))


def moment_text(moment: datetime) -> str:
    """A moment as rows write it, to the microsecond, so that it compares with theirs as a text."""
    return f"{moment.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='microseconds')}Z"


def stray_entry(row: FrameRow, lease: LeaseBounds | None, code: IntakeCode) -> bytes:
    """The entry of a frame without leave: the lease as claimed, the token if the lease is known, the reason."""
    return encode_entry(
        FrameEntry(
            file_sha256=row.file_sha256,
            finished_at=row.finished_at,
            frame=row.frame,
            jti=str(lease.facts.token_jti) if lease else None,
            lease=row.lease,
            mark=row.mark,
            outcome=Outcome.UNAUTHORISED,
            pixel_sha256=row.pixel_sha256,
            reason=code.value,
            started_at=row.started_at,
            take=row.take,
        )
    )


def stray_number(row: FrameRow) -> int:
    """A negative number from what was claimed: the same claim again meets its first entry."""
    claim = f"{row.lease}\n{row.file_sha256}\n{row.pixel_sha256}".encode()
    return -(int.from_bytes(hashlib.sha256(claim).digest()[:8], "big") >> 1) - 1


class Told(NamedTuple):
    """What a row or an entry tells of a frame."""

    file_sha256: str
    pixel_sha256: str
    outcome: str


def told_by_entry(entry: bytes) -> Told:
    """What the log tells of a frame."""
    known = parse_entry(entry)
    if not isinstance(known, FrameEntry):
        raise TypeError("the log names an entry as a frame that is none")
    return Told(known.file_sha256, known.pixel_sha256, known.outcome.value)


def tells_the_same(known: Told, other: Told) -> bool:
    """Whether ``other`` tells nothing else than what is known; a frame without leave lost its outcome."""
    return known[:2] == other[:2] and known.outcome in {other.outcome, Outcome.UNAUTHORISED.value}
