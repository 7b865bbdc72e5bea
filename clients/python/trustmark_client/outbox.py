"""Receipts on disk until the server has acknowledged them: a crash of the farm loses none.

One append-only NDJSON file per gate run; a row is on disk (fsync) before it is sent. A batch is a run of rows
with a key derived from their bytes, so sending it again after a crash is the same batch for the server. The
file is removed when all its rows were acknowledged.

A row that is refused because our clock and the server's disagree (``CLOCK_SKEW``) is not at fault for ever, and its
frame exists: it waits on disk until the clocks agree again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trustmark_client.answers import BatchAnswer
from trustmark_client.asks import FrameReceipt

Send = Callable[[list[bytes], str], BatchAnswer]
OUT_OF_STEP = "CLOCK_SKEW"


@dataclass(slots=True)
class Counts:
    """What became of the rows sent so far; ``out_of_step`` of them wait for the clocks to agree."""

    accepted: int = 0
    unauthorised: int = 0
    refused: int = 0
    out_of_step: int = 0
    codes: set[str] = field(default_factory=set)

    def add(self, answer: BatchAnswer, out_of_step: int = 0) -> None:
        """Count an answer, ``out_of_step`` of whose refused rows are kept."""
        self.accepted += answer.accepted
        self.unauthorised += answer.unauthorised
        self.refused += answer.refused - out_of_step
        self.out_of_step += out_of_step
        self.codes |= answer.codes

    def include(self, other: Counts) -> None:
        """Add the counts of another outbox."""
        self.accepted += other.accepted
        self.unauthorised += other.unauthorised
        self.refused += other.refused
        self.out_of_step += other.out_of_step
        self.codes |= other.codes


class Outbox:
    """The rows of one run, in ``path``."""

    def __init__(self, path: Path, *, batch_rows: int = 100) -> None:
        """Open or create the file and hold it, so that a flush beside us leaves it alone.

        Raises:
            BlockingIOError: another process holds it.
        """
        self.path = path
        self.counts = Counts()
        self._batch_rows = batch_rows
        self._waiting: list[bytes] = []
        self._out_of_step: list[bytes] = []
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = path.open("ab+")
        fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        self._file.seek(0)
        # a last line without its end was never acknowledged to anybody: the frame is hashed again
        self._waiting.extend(line[:-1] for line in self._file if line.endswith(b"\n"))

    def add(self, receipts: list[FrameReceipt]) -> None:
        """Put rows on disk; durable when it returns."""
        rows = [msgspec.json.encode(receipt.row(), order="sorted") for receipt in receipts]
        self._file.write(b"".join(row + b"\n" for row in rows))
        self._file.flush()
        os.fsync(self._file.fileno())
        self._waiting.extend(rows)

    def send(self, send: Send, *, everything: bool) -> None:
        """Send full batches, and the rest too when ``everything``. Rows leave memory when acknowledged."""
        if everything:
            self._waiting[:0], self._out_of_step = self._out_of_step, []
            self.counts.out_of_step = 0
        while len(self._waiting) >= (1 if everything else self._batch_rows):
            batch = self._waiting[: self._batch_rows]
            left = self._send_batch(send, batch)
            del self._waiting[: len(batch)]
            self._out_of_step.extend(left)

    def _send_batch(self, send: Send, batch: list[bytes]) -> list[bytes]:
        """Send one batch; returns its rows that are out of step with the server's clock."""
        answer = send(batch, hashlib.sha256(b"\n".join(batch)).hexdigest())
        left = _rows_out_of_step(batch, answer)
        self.counts.add(answer, len(left))
        if left:  # this key has its answer for ever, perhaps since yesterday: ask once more, under another
            answer = send(left, uuid.uuid4().hex)
            still = _rows_out_of_step(left, answer)
            self.counts.out_of_step -= len(left)
            self.counts.add(answer, len(still))
            left = still
        return left

    def close(self) -> None:
        """Remove the file when nothing waits in it, else leave it for the next flush."""
        if not self._waiting and not self._out_of_step:
            self.path.unlink(missing_ok=True)
        self._file.close()


def _rows_out_of_step(batch: list[bytes], answer: BatchAnswer) -> list[bytes]:
    return [
        batch[number]
        for run in answer.runs
        if run.code == OUT_OF_STEP
        for number in range(run.row, run.row + run.count)
    ]


def flush_folder(folder: Path, send: Send) -> Counts:
    """Send what earlier runs left in ``folder``; files held by a running gate are passed over."""
    total = Counts()
    for path in sorted(folder.glob("*.ndjson")):
        try:
            outbox = Outbox(path)
        except BlockingIOError:
            continue
        try:
            outbox.send(send, everything=True)
        finally:
            outbox.close()
        total.include(outbox.counts)
    return total
