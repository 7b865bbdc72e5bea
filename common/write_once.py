"""What a store keeps and nobody overwrites: read-only files in a folder, object lock and legal holds in a bucket.

In a bucket with object lock, COMPLIANCE retention is shortened by nobody, the account's owner included, and GOVERNANCE
by whoever may. A folder only loses its permission to be written: against its own administrator it is no lock.
"""

from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from django.core.files.storage import FileSystemStorage, Storage


def is_bucket(store: Storage) -> bool:
    """Whether the store can lock at all."""
    return not isinstance(store, FileSystemStorage)


def retain(store: Storage, name: str, *, until: datetime, mode: Literal["GOVERNANCE", "COMPLIANCE"]) -> None:
    """Retain what lies at ``name`` until ``until``; in a folder it is made read-only."""
    if isinstance(store, FileSystemStorage):
        Path(store.path(name)).chmod(0o400)
        return
    client, where = _of(store, name)
    client.put_object_retention(**where, Retention={"Mode": mode, "RetainUntilDate": until})


def hold(store: Storage, name: str, *, is_held: bool) -> None:
    """Put what lies at ``name`` under a legal hold, or lift it; a folder has none."""
    if is_bucket(store):
        client, where = _of(store, name)
        client.put_object_legal_hold(**where, LegalHold={"Status": "ON" if is_held else "OFF"})


def _of(store: Any, name: str) -> tuple[Any, dict[str, str]]:
    return store.connection.meta.client, {
        "Bucket": store.bucket_name,
        "Key": store._normalize_name(name),
    }
