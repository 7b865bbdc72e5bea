"""Content-addressed storage: a name is the hash of what lies there, so nothing there is ever written over.

Originals, derivatives and what is isolated lie apart. In a folder a stored file loses its write permission; in a
bucket with object lock it is retained (``TRUSTMARK_TRAINING_LOCK_DAYS``).
"""

import hashlib
from collections.abc import Iterator
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from typing import BinaryIO, Final
from uuid import UUID

from django.conf import settings
from django.core.files.base import File
from django.core.files.storage import FileSystemStorage, Storage
from django.utils.translation import gettext as _

from common import clock
from common.errors import InvalidInput, Unavailable
from common.storage import blobs
from common.write_once import is_bucket, retain

ORIGINALS, DERIVATIVES, ISOLATED = "originals", "derivatives", "isolated"
_CHUNK: Final = 1024 * 1024


def name_of(organisation_id: UUID, part: str, sha256: str) -> str:
    """Where bytes with this hash lie."""
    return f"training/{organisation_id}/{part}/{sha256[:2]}/{sha256}"


def checked_sha256(stream: BinaryIO, *, most: int) -> tuple[str, int]:
    """Hash and size of a stream, which is rewound.

    Raises:
        InvalidInput: ``FILE_TOO_LARGE``.
    """
    digest, size = hashlib.sha256(), 0
    stream.seek(0)
    for chunk in _chunks(stream):
        digest.update(chunk)
        size += len(chunk)
        if size > most:
            raise InvalidInput("FILE_TOO_LARGE", _("At most %(most)s bytes.") % {"most": most})
    stream.seek(0)
    return digest.hexdigest(), size


def put(organisation_id: UUID, part: str, sha256: str, stream: "BinaryIO | File[bytes]") -> str:
    """Store bytes whose hash is ``sha256``; where they lie already, they are left as they are.

    Raises:
        Unavailable: ``STORAGE_UNFAITHFUL``: what was read back is not what was written.
    """
    store, name = blobs(), name_of(organisation_id, part, sha256)
    if not store.exists(name):
        stream.seek(0)
        kept = store.save(name, File(stream))
        _lock(store, kept)
    if not is_intact(name, sha256):
        raise Unavailable("STORAGE_UNFAITHFUL", "The storage did not keep these bytes as they were sent.")
    return name


def is_intact(name: str, sha256: str) -> bool:
    """Whether what lies at ``name`` is there and still has its hash."""
    digest = hashlib.sha256()
    try:
        with blobs().open(name, "rb") as stream:
            for chunk in _chunks(stream):
                digest.update(chunk)
    except FileNotFoundError:
        return False
    return digest.hexdigest() == sha256


def remove(name: str) -> bool:
    """Take bytes away for good (a takedown); answers whether they are gone."""
    store = blobs()
    if isinstance(store, FileSystemStorage):
        with suppress(FileNotFoundError):
            Path(store.path(name)).chmod(0o600)
        store.delete(name)
    else:
        _remove_versions(store, name)
    return not store.exists(name)


def _lock(store: Storage, name: str) -> None:
    if settings.TRAINING_LOCK_DAYS or not is_bucket(store):
        until = clock.now() + timedelta(days=settings.TRAINING_LOCK_DAYS)
        retain(store, name, until=until, mode="GOVERNANCE")


def _remove_versions(store: Storage, name: str) -> None:
    """Delete every version of an object; governance retention is lifted by whoever may do so."""
    key = store._normalize_name(name)  # type: ignore[attr-defined]
    for version in store.bucket.object_versions.filter(Prefix=key):  # type: ignore[attr-defined]
        if version.object_key == key:
            version.delete(BypassGovernanceRetention=True)


def _chunks(stream: "BinaryIO | File[bytes]") -> Iterator[bytes]:
    while chunk := stream.read(_CHUNK):
        yield chunk
