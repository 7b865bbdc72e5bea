"""Receipts on disk until the server has acknowledged them: a crash of the farm loses none.

One append-only NDJSON file per gate run; a row is on disk (fsync) before it is sent. A batch is a run of rows
with a key derived from their bytes, so sending it again after a crash is the same batch for the server. The
file is removed when all its rows were acknowledged.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from trustmark_client.answers import BatchAnswer
from trustmark_client.asks import FrameReceipt

Send = Callable[[list[bytes], str], BatchAnswer]


@dataclass(slots=True)
class Counts:
    """What became of the rows sent so far."""

    accepted: int = 0
    unauthorised: int = 0
    refused: int = 0
    codes: set[str] = field(default_factory=set)

    def add(self, answer: BatchAnswer) -> None:
        self.accepted += answer.accepted
        self.unauthorised += answer.unauthorised
        self.refused += answer.refused
        self.codes |= answer.codes


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
        while len(self._waiting) >= (1 if everything else self._batch_rows):
            batch = self._waiting[: self._batch_rows]
            key = hashlib.sha256(b"\n".join(batch)).hexdigest()
            self.counts.add(send(batch, key))
            del self._waiting[: len(batch)]

    def close(self) -> None:
        """Remove the file when nothing waits in it, else leave it for the next flush."""
        if not self._waiting:
            self.path.unlink(missing_ok=True)
        self._file.close()


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
        total.accepted += outbox.counts.accepted
        total.unauthorised += outbox.counts.unauthorised
        total.refused += outbox.counts.refused
        total.codes |= outbox.counts.codes
    return total
