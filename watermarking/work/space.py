"""Working storage: marked stretches under ``work/JOB/`` in the blobs, and sources kept at hand on this machine."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.core.files.storage import FileSystemStorage

from common.storage import blobs, local_copy, put_file
from watermarking.models import MediaJob, MediaStretch

_KEPT_SECONDS = 3600.0


def file_sha256(path: Path) -> str:
    """Hash a file in pieces; 64 hexadecimal digits."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def put_stretch(stretch: MediaStretch, path: Path) -> tuple[str, str, int]:
    """Keep a marked stretch: its name, hash and size. Each try has a name of its own."""
    sha256 = file_sha256(path)
    name = f"work/{stretch.job_id}/{stretch.number:05d}-{sha256[:12]}{path.suffix}"
    return put_file(name, path), sha256, path.stat().st_size


def drop_files(names: list[str]) -> None:
    """Remove files that nobody needs any more; those already gone are no matter."""
    store = blobs()
    for name in names:
        if name:
            store.delete(name)


def drop_folder(job: MediaJob) -> None:
    """Remove what is left of a job's working files, and their folder where the blobs are one."""
    store = blobs()
    base = f"work/{job.pk}"
    try:
        _, files = store.listdir(base)
    except (FileNotFoundError, NotADirectoryError):
        return
    drop_files([f"{base}/{name}" for name in files])
    if isinstance(store, FileSystemStorage):
        shutil.rmtree(store.path(base), ignore_errors=True)


@contextmanager
def source_at_hand(job: MediaJob) -> Iterator[Path]:
    """Give the source as a file. From a bucket it is fetched once per machine and job, not once per stretch."""
    if isinstance(blobs(), FileSystemStorage):
        with local_copy(job.source_blob) as path:
            yield path
        return
    folder = _kept(job)
    path = folder / f"source{Path(job.source_blob).suffix}"
    if not path.exists():
        folder.mkdir(parents=True, exist_ok=True)
        _forget_old(folder.parent)
        with (
            tempfile.NamedTemporaryFile(dir=folder, delete=False) as draft,
            blobs().open(job.source_blob, "rb") as source,
        ):
            shutil.copyfileobj(source, draft, 1024 * 1024)
        Path(draft.name).replace(path)
    folder.touch()
    yield path


def forget_source(job: MediaJob) -> None:
    """Remove this machine's copy of a job's source."""
    shutil.rmtree(_kept(job), ignore_errors=True)


def _kept(job: MediaJob) -> Path:
    return Path(tempfile.gettempdir()) / "tm-media-sources" / str(job.pk)


def _forget_old(folder: Path) -> None:
    """Remove copies that no stretch has touched for an hour: their jobs ended elsewhere."""
    latest = time.time() - _KEPT_SECONDS
    for kept in folder.iterdir():
        if kept.stat().st_mtime < latest:
            shutil.rmtree(kept, ignore_errors=True)
