"""The receipts of one gated run: kept on disk, sent in batches, and the frames' names in step with them."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress

from trustcore.older import dataclass
from trustmark_client.answers import BatchAnswer
from trustmark_client.bounds import DISCARDED
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import ClientError, OutboxFull, ServerUnreachable
from trustmark_client.leases import LeaseKeeper
from trustmark_client.names import RENDERED, UNRECEIPTED
from trustmark_client.outbox import Outbox
from trustmark_client.verdicts import given_up
from trustmark_client.watch import FrameWatch

SEND_SECONDS, LAST_SEND_SECONDS = 10.0, 3.0


@dataclass
class Reporter:
    """What a run's frames are reported by; ``watch`` is None where no folder is watched."""

    client: TrustmarkClient
    outbox: Outbox
    watch: FrameWatch | None

    def keep(self, keeper: LeaseKeeper, *, ended: bool = False, stopped: bool = False) -> None:
        """Put receipts of the frames that were finished since the last look on disk.

        A frame that is not to be used loses its name first: a kill between the two leaves a file that nobody takes.

        Args:
            ended: the command has ended, there is nothing to wait for.
            stopped: it did not end by itself: what it left half written, or wrote anew, is given up too.

        Raises:
            OutboxFull: the disk takes no more; the rows are sent from memory.
        """
        if self.watch is None:
            return
        receipts = keeper.hold(list(self.watch.poll(ended=ended)))
        for receipt in receipts:
            if receipt.outcome == DISCARDED or (stopped and receipt.outcome != RENDERED):
                self.watch.give_up(receipt.frame, receipt.outcome)
        for frame in self.watch.rewritten() if stopped else ():
            self.watch.give_up(frame, DISCARDED)
        self.outbox.add(receipts)

    def send_full(self) -> None:
        """Send whole batches.

        Raises:
            ServerRefused: it takes no receipts from us any more.
            ServerUnreachable: no answer within ten seconds.
        """
        self.outbox.send(lambda rows, key: self._send(rows, key, SEND_SECONDS), everything=False)

    def send_rest(self, keeper: LeaseKeeper, *, stopped: bool, settled: Callable[[], None]) -> str:
        """Keep the last frames and send what is left; where receipts wait if they could not be sent, else nothing.

        Args:
            settled: called when every frame has its receipt or has lost its name; only then do acknowledged receipts
                leave the disk. Whatever else ends this call leaves them there: they tell the warden what not to touch.
        """
        waiting = ""
        try:
            with suppress(OutboxFull):  # they are sent from memory, below
                self.keep(keeper, ended=True, stopped=stopped)
            if keeper.is_online:
                self.outbox.send(self._send, everything=True)
            else:  # a network that swallows everything must not hold the node: what waits on disk is safe
                self.outbox.send(self._send_hurried, everything=True)
        except ClientError as error:
            waiting = f"; receipts wait in {self.outbox.path}: {error}"
        self.outbox.write_rest()  # what was acknowledged may have made room
        for told in self.outbox.lost:
            self._give_up(told.frame, UNRECEIPTED)
        settled()
        self.outbox.close()
        if self.outbox.counts.out_of_step and not waiting:
            return f"; receipts wait in {self.outbox.path}: this clock and the server's disagree (CLOCK_SKEW)"
        return waiting

    def _send(self, rows: list[bytes], key: str, once_within: float | None = None) -> BatchAnswer:
        answer = self.client.send_rows(rows, key=key, once_within=once_within)
        for told, became in given_up(rows, answer):
            self._give_up(told.frame, became)
        return answer

    def _give_up(self, frame: int, outcome: str) -> None:
        if self.watch is not None:
            self.watch.give_up(frame, outcome)

    def _send_hurried(self, rows: list[bytes], key: str) -> BatchAnswer:
        """Send with the client's patience between attempts, but give up after so many seconds in all."""
        deadline, attempt = time.monotonic() + LAST_SEND_SECONDS, 0
        while True:
            try:
                return self._send(rows, key, max(1.0, deadline - time.monotonic()))
            except ServerUnreachable:
                wait = self.client.transport.patience.wait(attempt)
                attempt += 1
                if time.monotonic() + wait >= deadline:
                    raise
                time.sleep(wait)
