"""A renderer's own loop, gated: leave for each block of frames, a receipt for each frame, and an end that is heard.

    with FrameLoop(client, ask, 1, 240, outbox=folder) as frames:
        for number in frames:                  # Denied, with its reason codes, as soon as nothing may begin
            frames.wrote(number, render(number))

Leave for the next block is asked for while the last frames of this one are rendered, and frames are hashed and
reported by a thread of ours: the renderer waits for the disk alone. A frame whose leave ended while it was rendered
is reported as discarded, and its file loses the frame's name. Leaving the block waits until every receipt was acknowledged; what could not be sent waits
on disk, for the next loop or ``trustmark gate flush``.
"""

from __future__ import annotations

import math
import queue
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType

from trustcore.older import Self
from trustmark_client.answers import BatchAnswer, Lease
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.bounds import DISCARDED
from trustmark_client.client import TrustmarkClient
from trustmark_client.clock import now
from trustmark_client.errors import ClientError, Denied, OutboxFull, PixelsUnreadable, ServerUnreachable
from trustmark_client.leases import LeaseKeeper
from trustmark_client.names import RENDERED, UNRECEIPTED, give_up
from trustmark_client.outbox import Counts, Outbox
from trustmark_client.pixels import load_decoders
from trustmark_client.verdicts import Told, given_up, rows_out_of_step, told_by
from trustmark_client.written import failed_receipt_of, receipt_of

BLOCK = 25
AHEAD = 5
ASK_SECONDS, LAST_SEND_SECONDS = 6.0, 3.0
# frames that come faster are put on disk together, so often: a write that must not be lost costs as much for ten
GATHER_SECONDS = 0.1


@dataclass(eq=False)
class _Leave:
    """One block of frames and the lease that lets them be rendered."""

    first: int
    last: int
    lease: Lease
    keeper: LeaseKeeper
    unreported: int


@dataclass
class _Written:
    frame: int
    path: Path
    leave: _Leave
    started_at: float
    is_discarded: bool
    place: Path


class FrameLoop:
    """The frames ``first`` to ``last``, each handed out only while a lease lets it be rendered.

    Args:
        client: the connection; the loop has it for itself while it runs.
        ask: the question, without its frames.
        block: frames that one check asks for.
        outbox: folder in which receipts wait on disk.
        token: gives the token for the next check; the ask's own by default. Tokens are short-lived: give
            ``lambda: client.fresh_token(licence)`` where a loop takes longer than one lives.
    """

    def __init__(
        self,
        client: TrustmarkClient,
        ask: Ask,
        first: int,
        last: int,
        *,
        outbox: Path,
        block: int = BLOCK,
        token: Callable[[], str] | None = None,
    ) -> None:
        """Ask nothing yet."""
        if last < first or block < 1:
            raise ValueError("the last frame comes after the first, in blocks of one at least")
        self._client, self._ask, self._token = client, ask, token
        self._first, self._last, self._block = first, last, block
        self._folder = outbox
        self._open: list[_Leave] = []
        self._asker = ThreadPoolExecutor(1, thread_name_prefix="trustmark ask")
        self._queue: queue.SimpleQueue[_Written | None] = queue.SimpleQueue()
        self._reporter = threading.Thread(target=self._report, name="trustmark receipts", daemon=True)
        self._current: _Leave | None = None
        self._begun_at, self._check_seconds = 0.0, 0.0
        self._failure: ClientError | None = None
        self._outbox: Outbox | None = None
        # the files of frames, and the names they are to have, until the server has said what it makes of their receipts
        self._files: dict[Told, tuple[Path, Path]] = {}
        self._is_online = True
        self.counts = Counts()

    def __enter__(self) -> Self:
        self._reporter.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._queue.put(None)
        self._reporter.join()
        self._asker.shutdown(wait=True)
        self._give_back()
        if kind is None and self._failure is not None:
            raise self._failure

    def __iter__(self) -> Iterator[int]:
        waiting = self._asker.submit(self._obtain, self._first)
        while True:
            leave = self._current = self._arrived(waiting)
            ahead = leave.last + 1 if leave.last < self._last else None
            entered_at = time.monotonic()
            for frame in range(leave.first, leave.last + 1):
                if ahead is not None and leave.last - frame < self._ahead(entered_at, frame - leave.first):
                    waiting, ahead = self._asker.submit(self._obtain, ahead), None
                self._may_begin(leave)
                self._begun_at = now()
                yield frame
            if leave.last >= self._last:
                return

    def wrote(
        self, frame: int, path: Path, *, begun_at: float | None = None, place: Path | None = None
    ) -> None:
        """``frame`` was rendered to ``path``: its receipt is made and sent while the next one is rendered.

        Args:
            begun_at: when it was begun (seconds of the epoch); None: when it was handed out.
            place: the name that the file gets once its receipt as rendered is on disk; a file with any other receipt
                gets that name and the outcome behind it, ``frame.0007.png.discarded``. None: ``path``, which it then has
                from the start.

        Raises:
            Denied: its leave ended meanwhile; the frame is reported as discarded.
        """
        leave = self._current
        if leave is None or not leave.first <= frame <= leave.last:
            raise ValueError(f"frame {frame} was not handed out")
        ended = leave.keeper.ended.is_set()
        started_at = self._begun_at if begun_at is None else begun_at
        self._queue.put(_Written(frame, path, leave, started_at, ended, place or path))
        if ended:
            raise Denied(leave.keeper.reason_codes, f"frame {frame} is discarded")

    @property
    def ended(self) -> list[str]:
        """Reason codes once the leave for the frame in hand is over, else nothing: a long frame may be given up."""
        leave = self._current
        return leave.keeper.reason_codes if leave is not None and leave.keeper.ended.is_set() else []

    def _arrived(self, waiting: Future[_Leave]) -> _Leave:
        leave = waiting.result()
        self._may_begin(leave)
        return leave

    def _ahead(self, entered_at: float, rendered: int) -> int:
        """How many frames before a block's end the next one is asked for: twice what the last check took.

        Never before the second half of the block: what is asked for early is also permitted early.
        """
        if not rendered:
            return AHEAD
        each = max(0.001, (time.monotonic() - entered_at) / rendered)
        return max(AHEAD, min(self._block // 2, math.ceil(2 * self._check_seconds / each)))

    def _may_begin(self, leave: _Leave) -> None:
        if leave.keeper.ended.is_set():
            raise Denied(leave.keeper.reason_codes, "the leave ended")
        if over := leave.keeper.bounds.why_over():
            raise Denied(over, "the farm has worked without its server for as long as it may")
        if self._failure is not None:
            raise Denied([self._failure.code], self._failure.detail)

    def _obtain(self, first: int) -> _Leave:
        """Ask for the block that begins with ``first``; beats for its lease from the moment it is granted."""
        last, begun = min(first + self._block - 1, self._last), time.monotonic()
        try:
            with self._client.transport.hurried(ASK_SECONDS):
                token = self._token() if self._token else self._ask.token
                decision = self._client.check(replace(self._ask, token=token, first=first, last=last))
            if not decision.permitted or decision.lease is None:
                raise Denied(decision.reason_codes or ["NO_LEASE"], f"decision {decision.decision_id}")
            keeper = self._client.keep_lease(decision.lease)
        except Denied:
            raise
        except ClientError as error:
            raise Denied([error.screen_code], str(error)) from error
        self._check_seconds = time.monotonic() - begun
        keeper.__enter__()  # from now on, until all its frames are reported
        leave = _Leave(first, last, decision.lease, keeper, last - first + 1)
        self._open.append(leave)
        return leave

    # -- the reporting thread --------------------------------------------------------------------------------

    def _report(self) -> None:
        """Hash, keep and send, until the loop is left.

        A frame is hashed as soon as it was written, while the renderer is at the next: a core that hashes ten in one go
        keeps the renderer waiting. What must not be lost is put on disk for all of them together.
        """
        load_decoders()
        # while the first check waits for its answer; it fetches them itself where this fails
        with suppress(ClientError), self._client.transport.hurried(ASK_SECONDS):
            self._client.fetch_keys()
        kept: list[tuple[_Written, FrameReceipt]] = []
        keep_at = -math.inf
        while True:
            try:
                written = self._queue.get(timeout=max(0.0, keep_at - time.monotonic()) if kept else None)
            except queue.Empty:
                pass
            else:
                if written is None:
                    break
                self._attempt(partial(self._prepare, written, kept))
            if kept and time.monotonic() >= keep_at:
                self._attempt(partial(self._keep, kept))
                kept, keep_at = [], time.monotonic() + GATHER_SECONDS
                self._attempt(self._send_full)
        self._attempt(partial(self._keep, kept))
        self._attempt(self._finish)

    def _attempt(self, step: Callable[[], object]) -> None:
        """A failure of ours stops the renderer at its next frame; the first one is what it hears."""
        try:
            step()
        except ClientError as error:
            self._failure = self._failure or error
        except OSError as error:
            self._failure = self._failure or OutboxFull(str(error))

    def _prepare(self, written: _Written, kept: list[tuple[_Written, FrameReceipt]]) -> None:
        (receipt,) = written.leave.keeper.bounds.hold([self._receipt(written)])
        kept.append((written, replace(receipt, outcome=DISCARDED) if written.is_discarded else receipt))

    def _keep(self, kept: list[tuple[_Written, FrameReceipt]]) -> None:
        """Put receipts on disk, all at once, and name their files by them.

        A name is lost before the receipt is kept, and got after it: a kill between the two leaves nothing that looks
        like a frame and has no receipt that says so.
        """
        if not kept:
            return
        if self._outbox is None:
            first = kept[0][0].leave.lease.id
            self._outbox = Outbox(self._folder / f"{first}.ndjson", batch_rows=self._block)
        for written, receipt in kept:
            if receipt.outcome != RENDERED:
                self._attempt(partial(give_up, written.path, receipt.outcome, place=written.place))
            else:
                self._files[Told(receipt.frame, receipt.file_sha256)] = written.path, written.place
        self._outbox.add([receipt for _, receipt in kept])
        for written, receipt in kept:
            if receipt.outcome == RENDERED:
                self._attempt(partial(self._name, Told(receipt.frame, receipt.file_sha256)))
            leave = written.leave
            leave.unreported -= 1
            if not leave.unreported:  # all of it was used: nothing goes back to the quota
                self._open.remove(leave)
                leave.keeper.stop()

    def _receipt(self, written: _Written) -> FrameReceipt:
        lease, begun = written.leave.lease.id, written.started_at
        try:
            return receipt_of(written.path, lease=lease, frame=written.frame, started_at=begun)
        except PixelsUnreadable:
            return failed_receipt_of(written.path, lease=lease, frame=written.frame, started_at=begun)

    def _name(self, told: Told) -> None:
        """A name without an ending of ours says that the frame may be used: nothing else keeps it."""
        path, place = self._files[told]
        if place != path:
            path.replace(place)
            self._files[told] = place, place

    def _send(self, rows: list[bytes], key: str, seconds: float) -> BatchAnswer:
        answer = self._client.send_rows(rows, key=key, once_within=seconds)
        for told, became in given_up(rows, answer):
            if told in self._files:
                path, place = self._files[told]
                self._attempt(partial(give_up, path, became, place=place))
        if self._files:
            undecided = set(rows_out_of_step(rows, answer))
            for row in rows:
                if row not in undecided:
                    self._files.pop(told_by(row), None)
        return answer

    def _send_full(self) -> None:
        """Send whole batches while the server answers; the others wait for the end of the loop."""
        if self._outbox is None or not self._is_online:
            return
        try:
            self._outbox.send(lambda rows, key: self._send(rows, key, ASK_SECONDS), everything=False)
        except ServerUnreachable:
            self._is_online = False

    def _finish(self) -> None:
        outbox = self._outbox
        if outbox is None:
            return
        deadline = time.monotonic() + LAST_SEND_SECONDS

        def send(rows: list[bytes], key: str) -> BatchAnswer:
            return self._send(rows, key, max(1.0, deadline - time.monotonic()))

        try:
            outbox.send(send, everything=True)
        except ServerUnreachable as error:
            raise ServerUnreachable(f"receipts wait in {outbox.path}: {error.detail}") from error
        finally:
            outbox.write_rest()  # what was acknowledged may have made room
            for told in outbox.lost & self._files.keys():
                path, place = self._files[told]
                self._attempt(partial(give_up, path, UNRECEIPTED, place=place))
            outbox.close()
            self.counts = outbox.counts
        if outbox.waiting or outbox.counts.refused or outbox.counts.unauthorised:
            codes = " ".join(sorted(outbox.counts.codes))
            raise ClientError("RECEIPTS_REFUSED", f"receipts were not accepted: {codes}")

    def _give_back(self) -> None:
        """Frames that were reserved and not rendered return to the quota."""
        for leave in self._open:
            leave.keeper.stop()
        if self._failure is None:
            with suppress(ClientError), self._client.transport.hurried(LAST_SEND_SECONDS):
                for leave in self._open:
                    self._client.end_lease(leave.lease.id)
