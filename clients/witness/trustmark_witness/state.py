"""What a witness remembers, on disk, so that no crash makes it forget what it signed.

Below the state's folder, one folder for each log, named by the SHA-256 of its origin:

    checkpoint      the largest checkpoint cosigned, with our line: what we promise never to contradict
    evidence/       for each contradiction: both checkpoints and a report

A file is written beside its place, flushed to the disk, moved into place, and the folder flushed: after that, and
only after that, a cosignature may leave. One process at a time: the folder is locked as long as it runs.
"""

import fcntl
import os
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Self

from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import NoteVerifier, parse_checkpoint_text, parse_note
from trustcore.log.compare import SignedCheckpoint
from trustcore.log.cosignature import Cosignature
from trustcore.log.witness import origin_hash

CHECKPOINT, EVIDENCE, LOCK = "checkpoint", "evidence", "lock"


class StateUnusable(Exception):
    """The state's folder cannot be trusted or is in use. Nothing is signed: a witness must not forget."""


class WitnessState:
    """The memory of one witness.

    ``with state.turn():`` holds what a decision needs: read, decide, store, all in one piece.
    """

    def __init__(self, folder: Path, verifier: NoteVerifier) -> None:
        self.folder = folder
        self._verifier = verifier
        self._lock_file: int | None = None
        self._turn = threading.Lock()

    def __enter__(self) -> Self:
        """Take the folder.

        Raises:
            StateUnusable: another process has it.
        """
        self.folder.mkdir(parents=True, exist_ok=True)
        self._lock_file = os.open(self.folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(self._lock_file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(self._lock_file)
            raise StateUnusable(f"{self.folder} is in use by another witness") from None
        return self

    def __exit__(self, *_: object) -> None:
        if self._lock_file is not None:
            os.close(self._lock_file)

    @contextmanager
    def turn(self) -> Iterator[None]:
        """Let one thread decide at a time."""
        with self._turn:
            yield

    def last(self, origin: str) -> SignedCheckpoint | None:
        """The last checkpoint cosigned for a log; None before the first.

        Raises:
            StateUnusable: the file is damaged, or does not bear our own signature.
        """
        path = self._folder(origin) / CHECKPOINT
        try:
            note = parse_note(path.read_bytes())
            Cosignature.verified(note, self._verifier)
            checkpoint = parse_checkpoint_text(note.text)
        except FileNotFoundError:
            return None
        except InvalidEvidence as error:
            raise StateUnusable(f"{path}: {error.detail}; restore it or take a new key") from error
        if checkpoint.origin != origin:
            raise StateUnusable(f"{path} belongs to {checkpoint.origin}")
        return SignedCheckpoint(note, checkpoint)

    def remember(self, origin: str, note: bytes) -> None:
        """Store the checkpoint just cosigned; durable when this returns. MUST be called before the line leaves."""
        write_durably(self._folder(origin) / CHECKPOINT, note)

    def keep_evidence(self, origin: str, *, known: bytes, other: bytes, report: str) -> Path:
        """Store two checkpoints that contradict one another, once; return the report's path."""
        name = origin_hash(other.decode("utf-8", "replace"))[:16]
        folder = self._folder(origin) / EVIDENCE
        path = folder / f"{name}.txt"
        if not path.exists():
            write_durably(folder / f"{name}.known", known)
            write_durably(folder / f"{name}.other", other)
            write_durably(path, report.encode() + b"\n")
        return path

    def shown(self) -> list[SignedCheckpoint]:
        """The last checkpoint of every log seen, in the order of their origins."""
        notes = (path.read_bytes() for path in sorted(self.folder.glob(f"*/{CHECKPOINT}")))
        parsed = (parse_note(data) for data in notes)
        found = [SignedCheckpoint(note, parse_checkpoint_text(note.text)) for note in parsed]
        return sorted(found, key=lambda one: one.checkpoint.origin)

    def read(self, name: str) -> bytes | None:
        """The checkpoint file of the log whose origin has this hash; None if there is none."""
        if len(name) != 64 or not set(name) <= set("0123456789abcdef"):
            return None
        path = self.folder / name / CHECKPOINT
        return path.read_bytes() if path.is_file() else None

    def _folder(self, origin: str) -> Path:
        return self.folder / origin_hash(origin)


def write_durably(path: Path, content: bytes) -> None:
    """Put ``content`` at ``path``, whole or not at all; it survives a crash once this returns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    try:
        with fresh.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    for folder in (path.parent, path.parent.parent):  # the name itself, and that of a new folder
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
