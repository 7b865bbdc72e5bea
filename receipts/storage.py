"""The public files of the logs: tiles, entry bundles, checkpoints and keys, below one folder per production.

A full tile never changes. A checkpoint is replaced whole and last, so whoever reads it finds everything it
covers. On a folder, a write is a new file moved into place after ``fsync``; on an object store, one PUT.
"""

import os
import secrets
from collections.abc import Iterable
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


class LogFiles:
    """The files of one production's log.

    Raises (all methods):
        OSError: the store does not take or give a file (full disk, cut network); nothing is half-written.
    """

    def __init__(self, production_id: UUID, store: Storage | None = None) -> None:
        self._store = store or log_store()
        self._folder = str(production_id)
        in_folder = isinstance(self._store, FileSystemStorage)
        self._here = Path(self._store.path(self._folder)) if in_folder else None

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
                return (self._here / path).read_bytes()
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
        if isinstance(self._store, FileSystemStorage):
            _replace(Path(self._store.path(self._name(path))), content)
        else:
            self._store.save(self._name(path), ContentFile(content))

    def write_all(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Write many files, several at a time: most of a write is waiting for the disk or the bucket."""
        waiting = iter(files)
        with ThreadPoolExecutor(_WRITERS) as pool:
            while stretch := list(islice(waiting, _IN_FLIGHT)):
                for _ in pool.map(lambda file: self.write(*file), stretch):
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


def _replace(target: Path, content: bytes) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    fresh = target.with_name(f".{target.name}.{secrets.token_hex(6)}")
    try:
        with fresh.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(target)
    finally:
        fresh.unlink(missing_ok=True)
