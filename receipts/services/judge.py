"""Judge one row of a batch against the lease it names; nothing here reads or writes.

A refused row is not taken: its own fault, mend it and send it again. A row without leave is taken as it is,
as ``UNAUTHORISED``: the frame exists, and the log says so.
"""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings

from common.ids import new_id
from receipts.models import FrameOutcome, Lease
from receipts.services.lease import RETURNED
from receipts.services.sequence import FrameLeaf
from trustcore.policy.vocabulary import Outcome
from trustcore.receipt import FrameEntry, FrameRow, encode_entry, parse_entry
from trustcore.receipt.late import LeaseEnd, judge_late

Key = tuple[int, int, int]
"""Lease number, frame, take: a log holds each once."""


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


@dataclass(frozen=True, slots=True)
class Judged:
    """A row with its leaf, before the log is asked whether it holds the frame already."""

    number: int
    row: FrameRow
    lease: Lease | None
    code: IntakeCode | None
    leaf: FrameLeaf

    @property
    def key(self) -> Key:
        """What the log holds once."""
        return self.leaf.lease, self.leaf.frame, self.leaf.take


def is_out_of_step(row: FrameRow, lease: Lease | None, *, now: datetime, skew: timedelta) -> bool:
    """Whether the row's clock cannot be right: rendered in the future, or before its lease was granted."""
    if datetime.fromisoformat(row.finished_at) > now + skew:
        return True
    return lease is not None and datetime.fromisoformat(row.started_at) < lease.granted_at - skew


def is_live(lease: Lease, now: datetime) -> bool:
    """Whether the lease lives as its receipts come in: then none of them can be late."""
    return lease.state == Lease.State.ACTIVE and now <= lease.expires_at


def why_unauthorised(
    row: FrameRow, lease: Lease | None, *, organisation_id: object, now: datetime
) -> IntakeCode | None:
    """Why the frame has no leave, None if it has.

    Of a frame finished after its lease's end this says whether it was begun in time; whether it is still
    among those that the grace and the quota have room for, :func:`receipts.services.reconcile.reckon_late`.
    """
    if lease is None:
        return IntakeCode.LEASE_UNKNOWN
    if lease.organisation_id != organisation_id:
        return IntakeCode.LEASE_OF_ANOTHER
    if not is_live(lease, now):
        late = judge_late(
            _end_of(lease),
            begun_at=datetime.fromisoformat(row.started_at),
            finished_at=datetime.fromisoformat(row.finished_at),
            received_at=now,
            reconcile_seconds=settings.RECONCILE_SECONDS,
        )
        if late is not None:
            return IntakeCode(late.value)
    return None if lease.first <= row.frame <= lease.last else IntakeCode.FRAME_OUTSIDE_LEASE


def _end_of(lease: Lease) -> LeaseEnd:
    """How the lease ends or ended: by the node, by its licence, or by running out."""
    given_back = lease.state == Lease.State.ENDED and lease.end_reason == RETURNED
    by_licence = lease.state in (Lease.State.CLOSING, Lease.State.ENDED) and not given_back
    return LeaseEnd(
        expires_at=lease.expires_at,
        grace_seconds=lease.grace_seconds,
        window_ends_at=lease.window_ends_at,
        ended_at=lease.ended_at if by_licence else None,
        given_back=given_back,
    )


def leaf_of(row: FrameRow, lease: Lease | None, code: IntakeCode | None) -> FrameLeaf:
    """The frame's entry, encoded."""
    outcome = Outcome.UNAUTHORISED if code else Outcome(row.outcome)
    entry = FrameEntry(
        check=str(lease.check_id) if lease and not code else None,
        file_sha256=row.file_sha256,
        finished_at=row.finished_at,
        frame=row.frame,
        id=str(new_id()),
        jti=str(lease.token_jti) if lease else None,
        lease=row.lease,
        mark=row.mark,
        outcome=outcome,
        pixel_sha256=row.pixel_sha256,
        reason=code.value if code else None,
        started_at=row.started_at,
        take=row.take,
        talent=lease.talent if lease else None,
        terms_version=lease.terms_version if lease else None,
    )
    return FrameLeaf(
        entry=encode_entry(entry),
        lease=lease.pk if lease and not code else _stray_number(row),
        frame=row.frame,
        take=row.take,
        outcome=FrameOutcome[outcome.value],
        file_sha256=bytes.fromhex(row.file_sha256),
    )


def tells_the_same(entry: bytes, row: FrameRow) -> bool:
    """Whether a frame in the log and a row tell the same of it."""
    known = parse_entry(entry)
    return (
        isinstance(known, FrameEntry)
        and (known.file_sha256, known.pixel_sha256) == (row.file_sha256, row.pixel_sha256)
        and known.outcome.value in {row.outcome, Outcome.UNAUTHORISED.value}
    )


def _stray_number(row: FrameRow) -> int:
    """A negative number from what was claimed: the same claim again meets its first entry."""
    claim = f"{row.lease}\n{row.file_sha256}\n{row.pixel_sha256}".encode()
    return -(int.from_bytes(hashlib.sha256(claim).digest()[:8], "big") >> 1) - 1
