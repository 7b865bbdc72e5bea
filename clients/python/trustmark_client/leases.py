"""Keeping a lease alive while a frame takes its time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from types import TracebackType
from typing import Self

from trustmark_client.answers import Lease, LeaseState
from trustmark_client.errors import ClientError, ServerRefused


class LeaseKeeper:
    """A background heartbeat; ``ended`` is set as soon as nothing more may be rendered.

    A server that cannot be reached does not end the lease at once: the lease's own offline grace does, counted
    from the last heartbeat that was answered.
    """

    def __init__(
        self,
        beat: Callable[[str], LeaseState],
        lease: Lease,
        *,
        on_end: Callable[[list[str]], None] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Nothing runs before ``with``."""
        self.lease = lease
        self.ended = threading.Event()
        self.reason_codes: list[str] = []
        self._beat = beat
        self._on_end = on_end
        self._monotonic = monotonic
        self._leave = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lease {lease.id}", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._leave.set()
        self._thread.join(timeout=60)

    def _run(self) -> None:
        answered_at = self._monotonic()
        while not self._leave.wait(self.lease.heartbeat_seconds):
            try:
                state = self._beat(self.lease.id)
            except ServerRefused as refusal:
                self._end([refusal.code])
                return
            except ClientError:
                if self._monotonic() - answered_at > self.lease.offline_grace_seconds:
                    self._end(["OFFLINE_GRACE_EXCEEDED"])
                    return
                continue
            if not state.lives:
                self._end(state.reason_codes or ["LEASE_ENDED"])
                return
            answered_at = self._monotonic()

    def _end(self, reason_codes: list[str]) -> None:
        self.reason_codes = reason_codes
        self.ended.set()
        if self._on_end is not None:
            self._on_end(reason_codes)
