"""Whether work may go on without the server: the signed lease, a clock that only goes forward, and a count.

The time is the server's: that of the lease's signing, plus what has passed here since we asked. What has passed
is the longer of what the monotonic clock and the wall clock say, so that neither a clock set back nor a machine
that slept extends the grace; it is rounded up to whole seconds.
"""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import replace

from trustcore.offline import OfflineGate
from trustcore.older import moment_of
from trustmark_client import clock
from trustmark_client.asks import FrameReceipt

DISCARDED = "DISCARDED"


class Asked:
    """When a question was sent, by both clocks: what was signed in answer is no older than this."""

    __slots__ = ("monotonic", "wall")

    def __init__(self, wall: float | None = None, monotonic: float | None = None) -> None:
        """Now, unless said otherwise."""
        self.wall = clock.now() if wall is None else wall
        self.monotonic = time.monotonic() if monotonic is None else monotonic


class OfflineBounds:
    """One lease's bounds; the heartbeat renews them, the renderer is held to them."""

    def __init__(
        self,
        gate: OfflineGate,
        asked: Asked,
        *,
        now: Callable[[], float] = clock.now,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Keep a gate that was opened on the answer to what was ``asked``."""
        self._now, self._monotonic = now, monotonic
        self._lock = threading.Lock()
        self._gate, self._asked = gate, asked
        self._elapsed, self._after_end = 0.0, 0

    def renew(self, gate: OfflineGate, asked: Asked) -> None:
        """The server was reached: a newer lease, and a grace that has not begun."""
        with self._lock:
            self._gate, self._asked = gate, asked
            self._elapsed, self._after_end = 0.0, 0

    def why_over(self) -> list[str]:
        """Why nothing may be begun any more; empty while something may."""
        with self._lock:
            answer = self._gate.may_begin(now=self._time(), after_end=self._after_end)
        return [answer.reason.value] if answer.reason else []

    def why_over_in_time(self) -> list[str]:
        """The same by the time alone: frames that were promised may all have been rendered."""
        with self._lock:
            time_now = self._time()
            # one frame is left, as far as the count goes
            answer = self._gate.may_begin(now=time_now, after_end=max(0, self._gate.lease.off.frames - 1))
        return [answer.reason.value] if answer.reason else []

    def hold(self, receipts: Iterable[FrameReceipt]) -> list[FrameReceipt]:
        """Count frames finished after the lease's end; those out of bounds are marked as discarded."""
        with self._lock:
            return [self._held(receipt) for receipt in receipts]

    def _held(self, receipt: FrameReceipt) -> FrameReceipt:
        gate = self._gate
        if self._server_time(receipt.finished_at) <= gate.lease.exp or receipt.outcome == "FAILED":
            return receipt
        if self._server_time(receipt.started_at) < gate.ends_at and self._after_end < gate.lease.off.frames:
            self._after_end += 1
            return receipt
        return replace(receipt, outcome=DISCARDED)

    def _time(self) -> int:
        """The server's time, never earlier than it was before."""
        passed = max(self._monotonic() - self._asked.monotonic, self._now() - self._asked.wall)
        self._elapsed = max(self._elapsed, passed)
        return self._gate.lease.iat + math.ceil(self._elapsed)

    def _server_time(self, text: str) -> float:
        """A moment on our wall clock as the server would date it."""
        moment = moment_of(text).timestamp()
        return self._gate.lease.iat + moment - self._asked.wall
