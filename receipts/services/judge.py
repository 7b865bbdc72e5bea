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

from receipts.models import FrameOutcome
from receipts.services.lease import OPEN
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import FrameEntry, FrameRow, encode_entry, frame_head, is_before, parse_entry

NUMBER_OF_OUTCOME = {outcome.name: int(outcome) for outcome in FrameOutcome}
_SECOND = len("2026-11-22T08:12:00")
_OPEN = frozenset(state.value for state in OPEN)


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
    first: int
    last: int
    state: str
    granted_at: datetime
    expires_at: datetime
    grace_seconds: int
    ended_at: datetime | None


@dataclass(slots=True, eq=False)
class LeaseBounds:
    """A lease as the rows of one batch meet it, at one moment, with its row held.

    Attributes:
        every: why no frame of this lease has leave now, whatever the row says; None if some have.
        until: frames must be finished by then (RFC 3339); None while nothing has ended the lease.
        floor: rows begun in this second or later are not out of step; of earlier ones it must be seen.
        is_plain: whether a frame within ``first`` and ``last`` has leave without a further look.
        head: how its frame entries begin.
        frames, takes: what the batch holds of it, to look for what the log holds already.
    """

    facts: LeaseFacts
    every: IntakeCode | None
    until: str | None
    floor: str
    is_plain: bool
    head: str
    frames: list[int] = field(default_factory=list)
    takes: set[int] = field(default_factory=set)


def bounds_of(facts: LeaseFacts, *, organisation_id: UUID, now: datetime, skew: timedelta) -> LeaseBounds:
    """What ``facts`` mean for rows that ``organisation_id`` sends now."""
    every = None
    if facts.organisation_id != organisation_id:
        every = IntakeCode.LEASE_OF_ANOTHER
    elif facts.state not in _OPEN:
        every = IntakeCode.LEASE_ENDED
    elif now > facts.expires_at + timedelta(seconds=facts.grace_seconds):
        every = IntakeCode.OFFLINE_GRACE_EXCEEDED
    until = moment_text(facts.ended_at) if facts.ended_at is not None else None
    return LeaseBounds(
        facts=facts,
        every=every,
        until=until,
        floor=moment_text(facts.granted_at - skew + timedelta(seconds=1))[:_SECOND],
        is_plain=every is None and until is None,
        head=frame_head(str(facts.check_id)),
    )


def why_unauthorised(lease: LeaseBounds | None, row: FrameRow) -> IntakeCode | None:
    """Why the frame has no leave, None if it has. Whoever changes the rules changes them here."""
    if lease is None:
        return IntakeCode.LEASE_UNKNOWN
    if lease.every is not None:
        return lease.every
    if lease.until is not None and is_before(lease.until, row.finished_at):
        return IntakeCode.LEASE_ENDED
    facts = lease.facts
    return None if facts.first <= row.frame <= facts.last else IntakeCode.FRAME_OUTSIDE_LEASE


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
