"""Judge frames that were finished after their lease's end, or whose receipts come after it was settled.

A node that lost its server may go on for a bounded time and number of frames
(:mod:`trustcore.offline`). When it returns, its receipts are judged by the same bounds:

1. its receipt comes while it can still be reconciled; where the licence ended the lease the node was told
   so, and has the grace alone to send what it had finished;
2. it was not finished after the lease was ended by its licence (revoked, suspended, stopped), nor does it
   belong to a lease that the node gave back itself;
3. it was *begun* before the end of the lease and its grace, and of the window (:func:`judge_late`);
4. it is among the first ``grace_frames`` frames *finished* after the lease's end, and what the lease gave
   back when it was settled can be taken again: there is room in the quota (:func:`share_out`).

A frame that fails is recorded all the same, as unauthorised, with its code.

    >>> from datetime import UTC
    >>> end = datetime(2026, 11, 22, 8, 5, tzinfo=UTC)
    >>> lease = LeaseEnd(expires_at=end, grace_seconds=600, window_ends_at=end + timedelta(days=9))
    >>> minute = timedelta(minutes=1)
    >>> judge_late(lease, begun_at=end + 9 * minute, finished_at=end + 11 * minute, received_at=end + 60 * minute,
    ...            reconcile_seconds=3600) is None
    True
    >>> judge_late(lease, begun_at=end + 10 * minute, finished_at=end + 11 * minute, received_at=end + 60 * minute,
    ...            reconcile_seconds=3600).value
    'OFFLINE_GRACE_EXCEEDED'

Source: DESIGN section 5; docs/operations/offline.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from trustcore.older import StrEnum, dataclass
from trustcore.policy.vocabulary import Quota


class LateCode(StrEnum):
    """Why a late frame has no leave. Public and stable."""

    OFFLINE_GRACE_EXCEEDED = "OFFLINE_GRACE_EXCEEDED"
    LEASE_ENDED = "LEASE_ENDED"
    FRAMES_EXHAUSTED = "FRAMES_EXHAUSTED"
    LINES_EXHAUSTED = "LINES_EXHAUSTED"
    SECONDS_EXHAUSTED = "SECONDS_EXHAUSTED"


EXHAUSTED = {
    Quota.FRAMES: LateCode.FRAMES_EXHAUSTED,
    Quota.LINES: LateCode.LINES_EXHAUSTED,
    Quota.SECONDS: LateCode.SECONDS_EXHAUSTED,
    Quota.RUNS: LateCode.FRAMES_EXHAUSTED,
}
"""What is said when a counter has no room; runs share the code of frames, as in a check."""


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseEnd:
    """How a lease ends or ended.

    Attributes:
        expires_at: end of its life, as the last heartbeat set it.
        grace_seconds: offline grace after that.
        window_ends_at: end of the licence's window; no grace reaches past it.
        ended_at: when its licence ended it; None if it ran out by itself or still lives.
        given_back: the node ended it.
    """

    expires_at: datetime
    grace_seconds: int
    window_ends_at: datetime
    ended_at: datetime | None = None
    given_back: bool = False

    @property
    def deadline(self) -> datetime:
        """From here on nothing may be begun."""
        return min(self.expires_at + timedelta(seconds=self.grace_seconds), self.window_ends_at)


def judge_late(
    lease: LeaseEnd,
    *,
    begun_at: datetime,
    finished_at: datetime,
    received_at: datetime,
    reconcile_seconds: int,
) -> LateCode | None:
    """Say why a frame has no leave by the times alone, None if it has.

    Args:
        begun_at: when the node began it; ``finished_at`` when it was done, by the node's clock.
        received_at: when its receipt came, by ours.
        reconcile_seconds: for how long after the lease's deadline receipts are still reconciled.
    """
    if lease.given_back or (lease.ended_at is not None and finished_at > lease.ended_at):
        return LateCode.LEASE_ENDED
    patience = timedelta(seconds=0 if lease.ended_at is not None else reconcile_seconds)
    if begun_at >= lease.deadline or received_at > lease.deadline + patience:
        return LateCode.OFFLINE_GRACE_EXCEEDED
    return None


@dataclass(frozen=True, slots=True)
class LateFrame:
    """A frame in bounds by its times, before it is counted.

    Attributes:
        number: the caller's name for it; ``unit`` its frame number.
        after_end: it was finished after the lease's end, so it counts against the grace.
    """

    number: int
    unit: int
    finished_at: datetime
    after_end: bool


def share_out(
    frames: Sequence[LateFrame],
    *,
    grace_left: int,
    room: int | None,
    paid: frozenset[int] = frozenset(),
    exhausted: LateCode = LateCode.FRAMES_EXHAUSTED,
) -> tuple[dict[int, LateCode], int, int]:
    """Give the frames of one lease, in the order they were finished, what is left of grace and quota.

    Args:
        frames: new to the log, each in bounds by its times.
        grace_left: how many more may have been finished after the lease's end.
        room: units that the quota still has, where the lease was settled and its unused units went back;
            None while the lease still holds them.
        paid: units that the lease has used already: another take of one costs nothing.
        exhausted: what to say when there is no room.

    Returns:
        A code for each frame that gets none, by its number; how many of the grace were used; how many units
        the quota must be debited.
    """
    codes: dict[int, LateCode] = {}
    used, debited, units = 0, 0, set(paid)
    for frame in sorted(frames, key=lambda one: (one.finished_at, one.unit, one.number)):
        costs = room is not None and frame.unit not in units
        if frame.after_end and used >= grace_left:
            codes[frame.number] = LateCode.OFFLINE_GRACE_EXCEEDED
        elif costs and debited >= (room or 0):
            codes[frame.number] = exhausted
        else:
            used += frame.after_end
            debited += costs
            units.add(frame.unit)
    return codes, used, debited
