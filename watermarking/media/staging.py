"""Outputs appear whole under their name or not at all.

What is being written lies beside its target as ``.NAME.RANDOM.partial.EXT``, held under a lock that ends with
the process. The next writer in that folder removes what no process holds any more.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import shutil
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from watermarking.errors import MediaError, MediaReason

_PARTIAL = ".partial"
# younger ones may belong to a writer that has not locked them yet
_STALE_AFTER_SECONDS = 60.0


@contextmanager
def staged(target: Path) -> Iterator[Path]:
    """Yield a name beside ``target`` that becomes it at the end, or is removed.

    Raises:
        MediaError: the folder is not there, is full or may not be written to.
    """
    try:
        _sweep(target.parent)
        name = target.with_name(f".{target.stem}.{secrets.token_hex(4)}{_PARTIAL}{target.suffix}")
        held = os.open(name, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o666)
    except OSError as error:
        raise not_written(error, target) from error
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield name
        with writing_to(target):
            _flush(name)
            name.replace(target)
    finally:
        os.close(held)
        name.unlink(missing_ok=True)


@contextmanager
def staged_folder(target: Path) -> Iterator[Path]:
    """Yield an empty folder in ``target``'s folder whose files move into ``target`` at the end.

    Raises:
        MediaError: as ``staged``.
    """
    with writing_to(target):
        target.parent.mkdir(parents=True, exist_ok=True)
    with writing_to(target):
        _sweep(target.parent)
        folder = target.parent / f".{target.name}.{secrets.token_hex(4)}{_PARTIAL}"
        folder.mkdir()
        held = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield folder
        with writing_to(target):
            target.mkdir(exist_ok=True)
            for made in sorted(folder.iterdir()):
                _flush(made)
                made.replace(target / made.name)
    finally:
        os.close(held)
        shutil.rmtree(folder, ignore_errors=True)


def not_written(error: Exception, target: Path) -> MediaError:
    """Return the refusal for a failed write."""
    return MediaError(MediaReason.MEDIA_NOT_WRITTEN, str(error), target.name)


@contextmanager
def writing_to(target: Path) -> Iterator[None]:
    """Turn the system's errors into ``MEDIA_NOT_WRITTEN``."""
    try:
        yield
    except OSError as error:
        raise not_written(error, target) from error


def make_room(path: Path, size: int) -> None:
    """Fail now if the disk has no room for ``size`` bytes.

    Raises:
        OSError: it has not, or the file may not be written.
    """
    file = os.open(path, os.O_CREAT | os.O_WRONLY, 0o666)
    try:
        os.posix_fallocate(file, 0, max(1, size))
        os.ftruncate(file, 0)
    finally:
        os.close(file)


@contextmanager
def ending_on_sigterm() -> Iterator[None]:
    """Let SIGTERM end the program the way an exception does, so that what is half-written goes."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def _flush(path: Path) -> None:
    file = os.open(path, os.O_RDONLY)
    try:
        os.fsync(file)
    finally:
        os.close(file)


def _sweep(folder: Path) -> None:
    """Remove what dead processes left in ``folder``."""
    latest = time.time() - _STALE_AFTER_SECONDS
    for left in folder.glob(f".*{_PARTIAL}*"):
        with suppress(OSError):
            if left.stat().st_mtime < latest and not _is_held(left):
                shutil.rmtree(left) if left.is_dir() else left.unlink()


def _is_held(path: Path) -> bool:
    file = os.open(path, os.O_RDONLY)
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    finally:
        os.close(file)
    return False
