"""Files that no verification names: left where a process ended between taking a file in and keeping its row.

A file's name holds the id that its row would have, and an id its time: what is young may still become a row's.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import PurePosixPath
from uuid import UUID

from common import clock
from common.storage import blobs
from verification.models import Verification

FOLDER = "verifications"
_AT_ONCE = 500
_TIMED_IDS = 7


def drop_leftovers(*, hours: int) -> int:
    """Delete the files older than ``hours`` that no row names. Returns how many.

    A file whose name holds no id of ours was put there by somebody else, and stays.
    """
    store, dropped = blobs(), 0
    old = _old_files(clock.now() - timedelta(hours=hours))
    while names := list(islice(old, _AT_ONCE)):
        known = set(Verification.objects.filter(blob__in=names).values_list("blob", flat=True))
        for name in names:
            if name not in known:
                store.delete(name)
                dropped += 1
    return dropped


def _old_files(before: datetime) -> Iterator[str]:
    try:
        _, names = blobs().listdir(FOLDER)
    except FileNotFoundError:  # nothing was ever taken in
        return
    for name in sorted(names):
        made_at = _made_at(name)
        if made_at is not None and made_at < before:
            yield f"{FOLDER}/{name}"


def _made_at(name: str) -> datetime | None:
    """When the id that ``name`` begins with was drawn; a storage may have put letters behind it."""
    try:
        found = UUID(PurePosixPath(name).name[:36])
    except ValueError:
        return None
    return datetime.fromtimestamp((found.int >> 80) / 1000, UTC) if found.version == _TIMED_IDS else None
