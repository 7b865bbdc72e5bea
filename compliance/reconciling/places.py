"""Where a delivery lies: a folder, or a prefix of an S3 bucket; both give their files one by one.

for found in place_of("/mnt/delivery").files(): ...
place_of("s3://bucket/prefix?endpoint_url=https://store.example")
"""

import os
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl, urlsplit

from common.errors import InvalidInput

_CHUNK = 1024 * 1024


class Place(Protocol):
    """A delivery: the names of its files, in a fixed order within each folder, and each as a file on disk."""

    def files(self) -> Iterator[str]:
        """Names relative to the place, with ``/`` between their parts."""

    def local(self, name: str) -> AbstractContextManager[Path]:
        """The file on disk while it is looked at."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder and all below it. Links are not followed: a delivery is what lies in it."""

    root: Path

    def files(self) -> Iterator[str]:
        """Walk the tree, one folder at a time."""
        waiting = [self.root]
        while waiting:
            with os.scandir(waiting.pop()) as found:
                entries = sorted(found, key=lambda entry: entry.name)
            for entry in entries:
                if entry.is_file(follow_symlinks=False):
                    yield Path(entry.path).relative_to(self.root).as_posix()
            waiting += [
                Path(entry.path) for entry in reversed(entries) if entry.is_dir(follow_symlinks=False)
            ]

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """The file itself."""
        yield self.root / name


@dataclass(frozen=True, slots=True)
class Bucket:
    """A prefix of an S3 bucket, through Django's storage for it."""

    storage: Any
    prefix: str

    def files(self) -> Iterator[str]:
        """List the prefix, a page at a time."""
        for item in self.storage.bucket.objects.filter(Prefix=self.prefix):
            name = item.key.removeprefix(self.prefix)
            if name and not name.endswith("/"):
                yield name

    @contextmanager
    def local(self, name: str) -> Iterator[Path]:
        """A copy while it is looked at; ``OSError`` if the bucket does not give it."""
        with tempfile.TemporaryDirectory(prefix="tm-reconcile-") as folder:
            path = Path(folder) / ("file" + Path(name).suffix)
            try:
                with path.open("wb") as target:
                    self.storage.bucket.download_fileobj(self.prefix + name, target)
            except self.storage.bucket.meta.client.exceptions.ClientError as error:
                raise OSError(
                    str(error)
                ) from error  # gone since it was listed, or not for us: one file's fault
            yield path


def place_of(address: str) -> Place:
    """Return the place at ``address``: a folder, or ``s3://bucket/prefix`` with options behind a question mark.

    Raises:
        InvalidInput: ``PLACE_UNKNOWN``: no such folder, or no address of a bucket.
    """
    if not address.startswith("s3://"):
        root = Path(address)
        if not root.is_dir():
            raise InvalidInput("PLACE_UNKNOWN", "There is no such folder.", address)
        return Folder(root)
    from storages.backends.s3 import S3Storage

    parts = urlsplit(address)
    if not parts.netloc:
        raise InvalidInput("PLACE_UNKNOWN", "This names no bucket.", address)
    prefix = parts.path.strip("/")
    options = dict(parse_qsl(parts.query))
    return Bucket(S3Storage(bucket_name=parts.netloc, **options), f"{prefix}/" if prefix else "")
