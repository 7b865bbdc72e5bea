"""A row, its entry in the bundle, and its hash in the tile disagree: which of the three was changed?

Two against one: an entry whose hash is in the tile was what the log published. The last word is the signed root's: if
the rows lead to it, every file that differs is the changed one, whatever they say to one another.
"""

from collections.abc import Iterator, Sequence
from itertools import zip_longest
from typing import NamedTuple

from receipts.inspection.findings import Fault
from trustcore.errors import InvalidEvidence
from trustcore.log.merkle import HASH_BYTES, leaf_hash
from trustcore.log.tiles import TILE_WIDTH, unpack_entries


class Suspect(NamedTuple):
    """A contradiction between a row and a file.

    Attributes:
        row: whether the row is the odd one out.
    """

    leaf: int
    path: str
    row: bool
    detail: str


def suspects_of(
    tile: int,
    entries: Sequence[bytes],
    hashes: Sequence[bytes],
    bundle: tuple[str, bytes | None],
    level0: tuple[str, bytes | None],
) -> Iterator[Suspect]:
    """Compare one tile leaf by leaf; ``bundle`` and ``level0`` are the paths and contents of its files."""
    shown_entries, shown_hashes = _unpacked(bundle), _cut(level0)
    if shown_entries is None:
        yield Suspect(tile * TILE_WIDTH, bundle[0], False, "the entry bundle is damaged")
        shown_entries = list(entries)
    trio = zip_longest(hashes, shown_entries or entries, shown_hashes or hashes, fillvalue=b"")
    for at, (digest, shown, tiled) in enumerate(trio):
        leaf = tile * TILE_WIDTH + at
        published = leaf_hash(shown) if shown_entries else tiled
        row_alone = published == tiled != digest
        if shown_entries and published != digest:
            yield Suspect(leaf, bundle[0], row_alone, f"leaf {leaf} is not that of the rows")
        elif tiled != digest:
            yield Suspect(leaf, level0[0], row_alone, f"hash {leaf} of level 0 is not that of the rows")


def judged(suspects: Sequence[Suspect], *, rows_hold: bool) -> Iterator[Fault]:
    """Name the changed side, a file once. ``rows_hold``: the rows lead to the root that the checkpoint signs."""
    named: set[str] = set()
    for one in suspects:
        if one.row and not rows_hold:
            yield Fault(
                "ROW_CHANGED", f"leaf {one.leaf}", "the row is not the entry that was published at this place"
            )
        elif one.path not in named:
            named.add(one.path)
            yield Fault("FILE_DIFFERS", one.path, one.detail)


def _unpacked(bundle: tuple[str, bytes | None]) -> list[bytes] | None:
    path, content = bundle
    if content is None:
        return []
    try:
        return unpack_entries(content, path=path)
    except InvalidEvidence:
        return None


def _cut(level0: tuple[str, bytes | None]) -> list[bytes]:
    content = level0[1] or b""
    return [content[at : at + HASH_BYTES] for at in range(0, len(content), HASH_BYTES)]
