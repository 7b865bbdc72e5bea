"""Where files live: private blobs and the public files of the logs, each a Django storage.

``STORAGE_URL`` decides whether that is a folder or an S3 bucket; callers never know which.
"""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files import File
from django.core.files.storage import FileSystemStorage, Storage, storages


def blobs() -> Storage:
    """Private files: uploads, deliverables, manifests, bundles."""
    return storages["blobs"]


def log_store() -> Storage:
    """Public files of the logs: checkpoints, tiles, keys."""
    return storages["log"]


def put_file(name: str, path: Path, *, store: Storage | None = None) -> str:
    """Copy the file at ``path`` to ``name`` in the blobs; returns the name it got."""
    with path.open("rb") as stream:
        return (store or blobs()).save(name, File(stream))


@contextmanager
def local_copy(name: str) -> Iterator[Path]:
    """Give a readable path of a blob: the file itself in a folder, a temporary copy from a bucket."""
    store = blobs()
    if isinstance(store, FileSystemStorage):
        yield Path(store.path(name))
        return
    with tempfile.TemporaryDirectory(prefix="tm-blob-") as folder:
        path = Path(folder) / Path(name).name
        with store.open(name, "rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target, 1024 * 1024)
        yield path
