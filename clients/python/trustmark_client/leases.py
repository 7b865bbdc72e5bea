"""Keeping a lease alive while a frame takes its time, and knowing when it is over without the server."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable
from dataclasses import replace
from types import TracebackType

from trustcore.offline import OfflineGate
from trustcore.older import Self, moment_of
from trustmark_client import clock
from trustmark_client.answers import Lease, LeaseState
from trustmark_client.asks import FrameReceipt
from trustmark_client.bounds import DISCARDED, Asked, OfflineBounds
from trustmark_client.errors import ClientError, ServerRefused

WATCH_SECONDS = 0.1
RETRY_SECONDS = 5.0
Beaten = tuple[LeaseState, "OfflineGate | None"]


class LeaseLife:
    """What is known of a lease, and what each answer to a heartbeat, or its absence, changes; no thread, no task.

    A server that cannot be reached does not end the lease at once: work goes on under the lease as it was last
    signed, for its grace in seconds and frames, and not a second longer.
    """

    def __init__(
        self, lease: Lease, bounds: OfflineBounds, on_end: Callable[[list[str]], None] | None = None
    ) -> None:
        """A lease that lives.

        Args:
            lease: the lease to keep.
            bounds: what it allows without the server.
            on_end: called once, by whoever learns it first, with the reason codes.
        """
        self.lease, self.bounds = lease, bounds
        self.ended = threading.Event()
        self.reason_codes: list[str] = []
        self.ended_at: float | None = None
        self.is_online = True
        self.wait_seconds = lease.heartbeat_seconds
        self._on_end = on_end
        self._once = threading.Lock()

    @property
    def answer_seconds(self) -> float:
        """How long the answer to a heartbeat is waited for."""
        return max(1.0, min(self.lease.heartbeat_seconds, 10.0))

    def heard(self, beaten: Beaten, asked: Asked) -> None:
        """The server answered what was ``asked``."""
        state, gate = beaten
        self.is_online, self.wait_seconds = True, self.lease.heartbeat_seconds
        if gate is None:
            self.end(state.reason_codes or ["LEASE_ENDED"])
        else:
            self.bounds.renew(gate, asked)

    def missed(self, error: ClientError) -> None:
        """No answer, or one that cannot be believed: the bounds go on as they were. A refusal ends the lease."""
        if isinstance(error, ServerRefused):
            self.end([error.code])
        else:
            self.is_online, self.wait_seconds = False, min(RETRY_SECONDS, self.lease.heartbeat_seconds)

    def watch(self) -> None:
        """End what is over by the time alone."""
        if reasons := self.bounds.why_over_in_time():
            self.end(reasons)

    def end(self, reason_codes: list[str]) -> None:
        """Nothing more may be rendered; the first reason stands."""
        with self._once:
            if self.ended.is_set():
                return
            self.reason_codes, self.ended_at = reason_codes, clock.now()
            self.ended.set()
        if self._on_end is not None:
            self._on_end(reason_codes)


class LeaseKeeper:
    """A background heartbeat; ``ended`` is set as soon as nothing more may be rendered.

    A second thread watches the bounds while the first waits for an answer: whatever the network is doing, work
    ends when its grace does. ``on_end`` is called in one of the two.
    """

    def __init__(self, life: LeaseLife, beat: Callable[[float], Beaten]) -> None:
        """Nothing runs before ``with``; ``beat`` sends a heartbeat once, within so many seconds."""
        self._life, self._beat = life, beat
        self.lease, self.bounds, self.ended = life.lease, life.bounds, life.ended
        self._leave = threading.Event()
        self._threads = [
            threading.Thread(target=run, name=f"lease {life.lease.id}", daemon=True)
            for run in (self._run, self._watch)
        ]

    @property
    def reason_codes(self) -> list[str]:
        """Why it ended."""
        return self._life.reason_codes

    def hold(self, receipts: Iterable[FrameReceipt]) -> list[FrameReceipt]:
        """Mark as discarded what was finished out of bounds, or after the leave had ended."""
        held, ended_at = self.bounds.hold(receipts), self._life.ended_at
        if ended_at is None:
            return held
        return [
            replace(receipt, outcome=DISCARDED)
            if receipt.outcome == "RENDERED" and moment_of(receipt.finished_at).timestamp() > ended_at
            else receipt
            for receipt in held
        ]

    @property
    def is_online(self) -> bool:
        """Whether the server answered when it was last asked."""
        return self._life.is_online

    @is_online.setter
    def is_online(self, found: bool) -> None:
        self._life.is_online = found

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
        self._life.end(reason_codes)

    def _run(self) -> None:
        life = self._life
        while not self._leave.wait(life.wait_seconds) and not life.ended.is_set():
            asked = Asked()
            try:
                life.heard(self._beat(life.answer_seconds), asked)
            except ClientError as error:
                life.missed(error)

    def _watch(self) -> None:
        while not self._leave.wait(WATCH_SECONDS) and not self.ended.is_set():
            self._life.watch()
