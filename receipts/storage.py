"""The public files of the logs: tiles, entry bundles, checkpoints and keys, below one folder per production.

A full tile never changes. A checkpoint is replaced whole and last, so whoever reads it finds everything it
covers. On a folder, a write is a new file moved into place after ``fsync``; on an object store, one PUT.

Many files at once are written first, flushed side by side after, and only then moved into place: one commit of
the file system's journal serves all who wait for it (160 files: 20 to 50 ms; one after the other, 125 to 340).
"""

import os
import secrets
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import islice
from pathlib import Path
from uuid import UUID

from django.core.files.base import ContentFile
from django.core.files.storage import FileSystemStorage, Storage

from common.storage import log_store
from trustcore.errors import InvalidEvidence
from trustcore.log.tiles import cut_tile

_WRITERS, _IN_FLIGHT = 8, 64
_FLUSHERS = 16


class LogFiles:
    """The files of one production's log.

    Raises (all methods):
        OSError: the store does not take or give a file (full disk, cut network); nothing is half-written.
    """

    def __init__(self, production_id: UUID, store: Storage | None = None) -> None:
        self._store = store or log_store()
        self._folder = str(production_id)
        in_folder = isinstance(self._store, FileSystemStorage)
        self._here = f"{self._store.path(self._folder)}/" if in_folder else None

    def read(self, path: str) -> bytes | None:
        """The bytes at ``path`` (one of the log's own names) within the log, or None.

        A partial tile that was dropped, because the full one has taken its place, is cut from that.
        """
        content = self._stored(path)
        whole, is_partial, _ = path.partition(".p/")
        if content is not None or not is_partial:
            return content
        full = self._stored(whole)
        try:
            return cut_tile(path, full) if full is not None else None
        except InvalidEvidence:
            return None

    def _stored(self, path: str) -> bytes | None:
        try:
            if self._here is not None:  # an inspection reads two files for every 256 entries
                return _read(self._here + path)
            with self._store.open(self._name(path), "rb") as stream:
                content: bytes = stream.read()
        except (FileNotFoundError, NotADirectoryError):
            return None
        return content

    def fetch(self, path: str) -> bytes:
        """The bytes at ``path``.

        Raises:
            FileNotFoundError: there is no such file.
        """
        content = self.read(path)
        if content is None:
            raise FileNotFoundError(self._name(path))
        return content

    def write(self, path: str, content: bytes) -> None:
        """Put ``content`` at ``path``, whole or not at all; durable when this returns."""
        self.write_all([(path, content)])

    def write_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Put many files in place, each whole or not at all; all durable when this returns."""
        named = ((self._name(path), content) for path, content in files)
        if isinstance(self._store, FileSystemStorage):
            place = self._store.path
            _replace_all(Path(self._store.location), [(Path(place(name)), data) for name, data in named])
            return
        with ThreadPoolExecutor(_WRITERS) as pool:  # most of a PUT is waiting for the bucket
            while stretch := list(islice(named, _IN_FLIGHT)):
                for _ in pool.map(lambda file: self._store.save(file[0], ContentFile(file[1])), stretch):
                    pass  # an error of any write is raised here

    def remove_partials(self, path: str) -> None:
        """Drop the partial widths of the tile at ``path``."""
        folder = self._name(f"{path}.p")
        with suppress(FileNotFoundError):
            for width in self._store.listdir(folder)[1]:
                self._store.delete(f"{folder}/{width}")
        with suppress(OSError, NotImplementedError):
            self._store.delete(folder)  # the empty folder, where folders exist

    def _name(self, path: str) -> str:
        return f"{self._folder}/{path}"


def _read(path: str) -> bytes:
    """The bytes of a file, in a third of the time of a ``Path``."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        size = os.fstat(descriptor).st_size
        content = os.read(descriptor, size + 1)
        if len(content) == size:
            return content
        with open(descriptor, "rb", closefd=False) as stream:  # longer than one read gives
            return content + stream.read()
    finally:
        os.close(descriptor)


def _replace_all(root: Path, files: Sequence[tuple[Path, bytes]]) -> None:
    """Write beside each target, flush everything, move everything into place, flush the folders."""
    waiting: list[tuple[Path, Path, int]] = []
    try:
        for target, content in files:
            fresh = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
            waiting.append((fresh, target, _open_new(fresh)))
            _write(waiting[-1][2], content)
        _flush([descriptor for _, _, descriptor in waiting])
        for fresh, target, _ in waiting:
            fresh.replace(target)
        _flush_folders(root, {target.parent for target, _ in files})
    finally:
        for fresh, _, descriptor in waiting:
            os.close(descriptor)
            fresh.unlink(missing_ok=True)


def _open_new(path: Path) -> int:
    flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC
    try:
        return os.open(path, flags, 0o666)
    except FileNotFoundError:
        path.parent.mkdir(parents=True, exist_ok=True)
        return os.open(path, flags, 0o666)


def _write(descriptor: int, content: bytes) -> None:
    left = memoryview(content)
    while left:
        left = left[os.write(descriptor, left) :]


def _flush(descriptors: Sequence[int]) -> None:
    """Make files durable; side by side, since the file system commits for all who ask meanwhile."""
    if len(descriptors) == 1:
        os.fsync(descriptors[0])
        return
    with ThreadPoolExecutor(min(_FLUSHERS, len(descriptors))) as pool:
        list(pool.map(os.fsync, descriptors))  # an error of any is raised here


def _flush_folders(root: Path, folders: set[Path]) -> None:
    """Make the new names durable, in each folder and in those above it, which may be new themselves."""
    above = {folder for one in folders for folder in (one, *one.parents) if folder.is_relative_to(root)}
    for folder in sorted(above, key=lambda folder: -len(folder.parts)):
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
