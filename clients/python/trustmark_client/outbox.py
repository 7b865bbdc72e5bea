"""Receipts on disk until the server has acknowledged them: a crash of the farm, or a full disk, loses none.

One append-only file per gate run, a row and its checksum on each line; a row is on disk (fsync) before it is sent. How
far the server has acknowledged it stands beside it, in ``<name>.sent``. A batch is a run of rows with a key derived from their bytes, so
sending it again after a crash is the same batch for the server. The file is removed when all its rows were
acknowledged. Rows stay on disk, not in memory: an outbox of a million rows needs as much as one of a hundred.

What a crash left of a last write does not bear its checksum and is cut off: nobody was told that it is kept. A row
damaged before others that are whole was kept once and is no more: it is set aside in ``<name>.damaged``, counted and
said, and the others are sent.

A row that is refused because our clock and the server's disagree (``CLOCK_SKEW``) is not at fault for ever, and its
frame exists: it is written again at the end, and waits until the clocks agree.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import uuid
import zlib
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from io import FileIO
from pathlib import Path

import msgspec

from trustmark_client.answers import BatchAnswer
from trustmark_client.asks import FrameReceipt
from trustmark_client.errors import OutboxFull
from trustmark_client.verdicts import Told, rows_out_of_step, told_by

Send = Callable[[list[bytes], str], BatchAnswer]
DAMAGED = "ROW_DAMAGED"
FLUSH_ROWS = 2000
_BLOCK = 1 << 20


@dataclass
class Counts:
    """What became of the rows so far; ``out_of_step`` of them wait for the clocks to agree, ``damaged`` are set aside."""

    accepted: int = 0
    unauthorised: int = 0
    refused: int = 0
    out_of_step: int = 0
    damaged: int = 0
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
        self.damaged += other.damaged
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
        path.parent.mkdir(parents=True, exist_ok=True)
        self._file = _held(path)
        self._sent_path = path.with_suffix(".sent")
        self._stalled = False
        self._unwritten: list[bytes] = []  # what a full disk did not take
        self.reread()

    def reread(self) -> None:
        """Find what lies in the file: also for a fork of whoever wrote it, which holds the same open file."""
        self._size = _whole_lines(self._file)
        self._at = self._sent_before()
        self._rows, self._size = _whole_rows(self._file, self._at, self._size)

    @property
    def waiting(self) -> int:
        """Rows that the server has not acknowledged."""
        return self._rows + len(self._unwritten)

    @property
    def frames(self) -> set[int]:
        """The frames that have a receipt in the file, acknowledged or not."""
        with os.fdopen(os.dup(self._file.fileno()), "rb") as stream:
            stream.seek(0)
            rows = filter(None, map(_row, stream))
            return {told_by(row).frame for row in rows}

    @property
    def lost(self) -> set[Told]:
        """The frames whose receipts neither the disk took nor the server; when it is closed, these are lost."""
        return {told_by(row) for row in self._unwritten}

    def add(self, receipts: list[FrameReceipt]) -> None:
        """Put rows on disk; durable when it returns.

        Raises:
            OutboxFull: the disk takes no more; the rows are kept in memory and sent with the others.
        """
        self._append([msgspec.json.encode(receipt.row(), order="sorted") for receipt in receipts])

    def send(self, send: Send, *, everything: bool) -> None:
        """Send full batches, and the rest too when ``everything``. Rows are passed when acknowledged."""
        if everything:
            self._stalled, self.counts.out_of_step = False, 0
        end = self._size  # rows that are out of step are written behind it: once round is enough
        while self._at < end and not self._stalled and self._rows >= (1 if everything else self._batch_rows):
            batch, to = self._next_batch(end)
            left = self._send_batch(send, batch)
            if left:
                self._append(left)
                self._stalled = not everything
            self._advance(batch, to)
        while everything and self._unwritten:
            batch = self._unwritten[: self._batch_rows]
            left = self._send_batch(send, batch)
            del self._unwritten[: len(batch)]
            if left:
                self._append(left)

    def write_rest(self) -> None:
        """Put on disk what it did not take before, if it does now."""
        rows, self._unwritten = self._unwritten, []
        with suppress(OutboxFull):
            self._append(rows)

    def close(self) -> None:
        """Remove the file when nothing waits in it, else leave what waits for the next flush."""
        self.write_rest()
        if not self.waiting:
            self.path.unlink(missing_ok=True)
            self._sent_path.unlink(missing_ok=True)
        elif self._at:
            self._cut_front()
        self._file.close()

    def let_go(self) -> None:
        """Close the file and leave everything as it is on disk, for whoever opens it next."""
        self._file.close()

    def _append(self, rows: list[bytes]) -> None:
        if not rows:
            return
        data = memoryview(b"".join(map(_line, rows)))
        try:
            written = 0
            while written < len(data):
                written += self._file.write(data[written:]) or 0
            os.fsync(self._file.fileno())
        except OSError as error:
            with suppress(OSError):
                self._file.truncate(self._size)
            self._unwritten.extend(rows)
            raise OutboxFull(f"{self.path}: {error.strerror}") from error
        self._size += len(data)
        self._rows += len(rows)

    def _next_batch(self, end: int) -> tuple[list[bytes], int]:
        """The next rows before ``end``, and where they end; damaged ones among them are set aside."""
        rows: list[bytes] = []
        at = self._at
        with self.path.open("rb") as stream:
            stream.seek(at)
            while len(rows) < self._batch_rows and at < end:
                line = stream.readline()
                row = _row(line)
                if row is not None:
                    rows.append(row)
                else:
                    self._set_aside(at, line)
                at += len(line)
        return rows, at

    def _set_aside(self, at: int, line: bytes) -> None:
        """Keep what is left of a damaged row, once; that it is damaged is known from its checksum."""
        kept = self.path.with_suffix(".damaged")
        seen = kept.read_bytes() if kept.exists() else b""
        found = b"%d %b" % (at, line)
        if found not in seen:
            with suppress(OSError), kept.open("ab") as stream:
                stream.write(found)
        self.counts.damaged += 1
        self.counts.codes.add(DAMAGED)

    def _send_batch(self, send: Send, batch: list[bytes]) -> list[bytes]:
        """Send one batch; returns its rows that are out of step with the server's clock."""
        answer = send(batch, hashlib.sha256(b"\n".join(batch)).hexdigest())
        left = rows_out_of_step(batch, answer)
        self.counts.add(answer, len(left))
        if left:  # this key has its answer for ever, perhaps since yesterday: ask once more, under another
            answer = send(left, uuid.uuid4().hex)
            still = rows_out_of_step(left, answer)
            self.counts.out_of_step -= len(left)
            self.counts.add(answer, len(still))
            left = still
        return left

    def _advance(self, batch: list[bytes], to: int) -> None:
        """Pass an acknowledged batch. No fsync: who reads an older place sends the same batches again."""
        self._at = to
        self._rows -= len(batch)
        with suppress(OSError):  # a disk that is full keeps the older place
            # over the old place, of the same width: a kill finds one or the other, never an empty file
            place = os.open(self._sent_path, os.O_WRONLY | os.O_CREAT, 0o644)
            try:
                os.pwrite(place, b"%020d" % self._at, 0)
            finally:
                os.close(place)

    def _sent_before(self) -> int:
        """How far an earlier run came; the beginning, if what it noted is no place between two lines."""
        try:
            at = int(self._sent_path.read_text(encoding="ascii"))
        except (OSError, ValueError):
            return 0
        if not 0 < at <= self._size or os.pread(self._file.fileno(), 1, at - 1) != b"\n":
            return 0
        return at

    def _cut_front(self) -> None:
        """Leave only what waits; without room for the copy all stays, with the place."""
        draft = self.path.with_suffix(".draft")
        try:
            with self.path.open("rb") as old, draft.open("wb") as new:
                old.seek(self._at)
                while block := old.read(_BLOCK):
                    new.write(block)
                new.flush()
                os.fsync(new.fileno())
        except OSError:
            draft.unlink(missing_ok=True)
            return
        self._sent_path.unlink(missing_ok=True)  # first: between the two, all is sent again
        draft.replace(self.path)


def _held(path: Path) -> FileIO:
    """The file, locked; opened anew if its last holder removed or replaced it before we held it."""
    while True:
        # unbuffered: what was written is with the kernel, and a failure is seen where it happens
        file = path.open("ab+", buffering=0)
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            file.close()
            raise
        with suppress(FileNotFoundError):
            if os.fstat(file.fileno()).st_ino == path.stat().st_ino:
                return file
        file.close()


def _whole_lines(file: FileIO) -> int:
    """Cut off a last line without its end, and return the size.

    It was never acknowledged to anybody, and its frame is hashed again.
    """
    size = os.fstat(file.fileno()).st_size
    end = size
    while end:
        begin = max(0, end - _BLOCK)
        found = os.pread(file.fileno(), end - begin, begin).rfind(b"\n")
        if found >= 0:
            end = begin + found + 1
            break
        end = begin
    if end < size:
        file.truncate(end)
    return end


def _line(row: bytes) -> bytes:
    return b"%b\t%08x\n" % (row, zlib.crc32(row))


def _row(line: bytes) -> bytes | None:
    """The row of a line, if it bears its checksum."""
    row, _, check = line[:-1].rpartition(b"\t")
    return row if check == b"%08x" % zlib.crc32(row) and line[-1:] == b"\n" else None


def _whole_rows(file: FileIO, at: int, size: int) -> tuple[int, int]:
    """How many rows from ``at`` on bear their checksum, and where the last of them ends; the file is cut there."""
    count, end = 0, at
    with os.fdopen(os.dup(file.fileno()), "rb") as stream:
        stream.seek(at)
        for line in stream:
            at += len(line)
            if _row(line) is not None:
                count, end = count + 1, at
    if end < size:
        file.truncate(end)
    return count, end


def flush_folder(folder: Path, send: Send) -> Counts:
    """Send what earlier runs left in ``folder``; files held by a running gate are passed over."""
    total = Counts()
    for path in sorted(folder.glob("*.ndjson")):
        try:
            outbox = Outbox(path, batch_rows=FLUSH_ROWS)
        except BlockingIOError:
            continue
        try:
            outbox.send(send, everything=True)
        finally:
            outbox.close()
        total.include(outbox.counts)
    return total
