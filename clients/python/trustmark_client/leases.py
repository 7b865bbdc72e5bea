"""Keeping a lease alive while a frame takes its time, and knowing when it is over without the server."""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

from trustcore.offline import OfflineGate
from trustcore.older import Self
from trustmark_client.answers import Lease, LeaseState
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.errors import ClientError, ServerRefused

WATCH_SECONDS = 0.1
RETRY_SECONDS = 5.0


class LeaseKeeper:
    """A background heartbeat; ``ended`` is set as soon as nothing more may be rendered.

    A server that cannot be reached does not end the lease at once: work goes on under the lease as it was last
    signed, for its grace in seconds and frames, and not a second longer, whatever the network is doing: a second
    thread watches the bounds while the first waits for an answer.
    """

    def __init__(
        self,
        beat: Callable[[str, float], LeaseState],
        reopen: Callable[[Lease, str], OfflineGate],
        lease: Lease,
        bounds: OfflineBounds,
        *,
        on_end: Callable[[list[str]], None] | None = None,
    ) -> None:
        """Nothing runs before ``with``.

        Args:
            beat: sends a heartbeat of that lease once, within so many seconds.
            reopen: verifies the lease as it was signed anew.
            lease: the lease to keep.
            bounds: what it allows without the server.
            on_end: called once, in a thread of ours, with the reason codes.
        """
        self.lease = lease
        self.bounds = bounds
        self.ended = threading.Event()
        self.reason_codes: list[str] = []
        self.is_online = True
        self._beat, self._reopen, self._on_end = beat, reopen, on_end
        self._leave = threading.Event()
        self._once = threading.Lock()
        self._threads = [
            threading.Thread(target=run, name=f"lease {lease.id}", daemon=True)
            for run in (self._run, self._watch)
        ]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()
        for thread in self._threads:
            thread.join(timeout=60)

    def stop(self) -> None:
        """Beat no more; does not wait for a beat that is under way."""
        self._leave.set()

    def end(self, reason_codes: list[str]) -> None:
        """Nothing more may be rendered; the first reason stands."""
        with self._once:
            if self.ended.is_set():
                return
            self.reason_codes = reason_codes
            self.ended.set()
        if self._on_end is not None:
            self._on_end(reason_codes)

    def _run(self) -> None:
        wait = self.lease.heartbeat_seconds
        while not self._leave.wait(wait) and not self.ended.is_set():
            asked = Asked()
            try:
                state = self._beat(self.lease.id, max(1.0, min(self.lease.heartbeat_seconds, 10.0)))
                if state.lives:
                    self.bounds.renew(self._reopen(self.lease, state.signature or ""), asked)
            except ServerRefused as refusal:
                return self.end([refusal.code])
            except ClientError:
                # no answer, or one that cannot be believed: the bounds go on as they were
                self.is_online = False
                wait = min(RETRY_SECONDS, self.lease.heartbeat_seconds)
                continue
            self.is_online = True
            if not state.lives:
                return self.end(state.reason_codes or ["LEASE_ENDED"])
            wait = self.lease.heartbeat_seconds
        return None

    def _watch(self) -> None:
        while not self._leave.wait(WATCH_SECONDS) and not self.ended.is_set():
            reasons = self.bounds.why_over_in_time()
            if reasons:
                self.end(reasons)
