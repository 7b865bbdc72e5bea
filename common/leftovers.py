"""Blobs that no row names: left where a process ended between writing a file and keeping its row.

Whoever writes a blob draws its row's id first and puts it into the name; the file comes before the row, since a row
without its file would promise what is not there. A sweep is given one folder and what says which of its names are
rows'. What is young may still become a row's and stays; so does what carries no id of ours: somebody else put it there.

    drop_unnamed("assets", before=clock.now() - timedelta(hours=24), named=names_in_use)
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import PurePosixPath
from typing import Final
from uuid import UUID

from common.storage import blobs

_AT_ONCE = 500
_TIMED_IDS = 7
_DEEP: Final = 2


def drop_unnamed(
    folder: str,
    *,
    before: datetime,
    named: Callable[[Sequence[str]], set[str]],
    at_once: int = _AT_ONCE,
    deep: int = _DEEP,
) -> int:
    """Delete the files below ``folder`` that are older than ``before`` and that no row names. Returns how many.

    A file's age is that of the youngest id in its path and that of its last change, whichever is less.

    Args:
        named: which of these names are rows'; asked once the files are known, in batches of ``at_once``.
        deep: levels that are looked into, ``folder`` the first. A folder whose name carries no id counts as old as the
            one of ours that it lies in; at the first level it is somebody else's.
    """
    store, dropped = blobs(), 0
    old = _old_files(folder, before, deep)
    while names := list(islice(old, at_once)):
        known = named(names)
        for name in names:
            if name not in known and _changed_before(name, before):
                store.delete(name)
                dropped += 1
    return dropped


def _old_files(folder: str, before: datetime, deep: int, below: datetime | None = None) -> Iterator[str]:
    try:
        folders, names = blobs().listdir(folder)
    except (FileNotFoundError, NotADirectoryError):  # nothing was ever put there, or it has just gone
        return
    for name in sorted(names):
        drawn = _drawn_at(name, inner=below is not None) or below
        if drawn is not None and drawn < before:
            yield f"{folder}/{name}"
    for name in sorted(folders) if deep > 1 else ():
        drawn = _drawn_at(name) or below
        if drawn is not None and drawn < before:
            yield from _old_files(f"{folder}/{name}", before, deep - 1, drawn)


def _changed_before(name: str, before: datetime) -> bool:
    try:
        return blobs().get_modified_time(name) < before
    except FileNotFoundError:  # its own process has just deleted it
        return False


def _drawn_at(name: str, *, inner: bool = False) -> datetime | None:
    """When the id that ``name`` begins with was drawn; inside a folder of ours it may stand behind a word."""
    stem = PurePosixPath(name).name
    for text in (stem[:36], stem.partition("-")[2][:36] if inner else ""):
        try:
            found = UUID(text)
        except ValueError:
            continue
        if found.version == _TIMED_IDS:
            return datetime.fromtimestamp((found.int >> 80) / 1000, UTC)
    return None
