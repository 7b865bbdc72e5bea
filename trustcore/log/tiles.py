"""The log as static files: C2SP tlog-tiles, tile height 8.

A *hash tile* at level ``L`` and index ``N`` holds up to 256 consecutive hashes of perfect subtrees
of ``256**L`` leaves. An *entry bundle* holds the up to 256 entries below a level 0 tile, each after
its length (big-endian ``uint16``). The rightmost tile of a level may be partial; its width is in its
path. Tiles never change, so they can be cached for ever.

>>> tile_path(0, 1234067), entries_path(3, 17)
('tile/0/x001/x234/067', 'tile/entries/003.p/17')

Source: https://c2sp.org/tlog-tiles (the checkpoint and the tiles live below the log's prefix).
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import field
from itertools import groupby

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.merkle import (
    EMPTY_ROOT,
    HASH_BYTES,
    Frontier,
    inclusion_proof,
    leaf_hash,
    range_hash,
    root_from_leaves,
)
from trustcore.log.merkle import consistency_proof as prove_consistency
from trustcore.older import dataclass

TILE_HEIGHT = 8
TILE_WIDTH = 1 << TILE_HEIGHT
MAX_ENTRY_BYTES = 2**16 - 1
MAX_BUNDLE_BYTES = TILE_WIDTH * (2 + MAX_ENTRY_BYTES)

CHECKPOINT_PATH = "checkpoint"
COSIGNED_PATH = "checkpoint.cosigned"  # ours: the largest checkpoint that a witness has cosigned
VKEY_PATH = "vkey"

Fetch = Callable[[str], bytes]
"""Reads one file of the log by its path below the log's prefix; raises what it likes when it is missing."""

_PATH = re.compile(
    r"tile/(?P<level>entries|0|[1-9]|[1-5][0-9]|6[0-3])/(?P<index>(?:x[0-9]{3}/)*[0-9]{3})"
    r"(?:\.p/(?P<width>[1-9][0-9]{0,2}))?"
)


@dataclass(frozen=True, slots=True)
class Tile:
    """One static file: ``level`` None is an entry bundle; ``width`` hashes or entries, 1 to 256."""

    level: int | None
    index: int
    width: int = TILE_WIDTH

    @property
    def path(self) -> str:
        """The file's path below the log's prefix."""
        level = "entries" if self.level is None else str(self.level)
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{_encode_index(self.index)}{suffix}"


def tile_path(level: int, index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of a hash tile."""
    return Tile(level, index, width).path


def entries_path(index: int, width: int = TILE_WIDTH) -> str:
    """Return the path of an entry bundle."""
    return Tile(None, index, width).path


def parse_tile_path(path: str) -> Tile:
    """Read a path that :attr:`Tile.path` wrote.

    Raises:
        InvalidEvidence: ``MALFORMED``; any other spelling.
    """
    match = _PATH.fullmatch(path)
    if match is not None:
        level = None if match["level"] == "entries" else int(match["level"])
        index = int(match["index"].replace("x", "").replace("/", ""))
        tile = Tile(level, index, int(match["width"] or TILE_WIDTH))
        if tile.path == path:
            return tile
    raise InvalidEvidence(InvalidReason.MALFORMED, "not the path of a tile", path)


def tiles_of(size: int) -> Iterator[Tile]:
    """Yield every tile of a log of ``size`` entries: entry bundles, then hash tiles by level."""
    yield from _row_of_tiles(None, size)
    level = 0
    while size >> level * TILE_HEIGHT:
        yield from _row_of_tiles(level, size >> level * TILE_HEIGHT)
        level += 1


def pack_entries(entries: Sequence[bytes]) -> bytes:
    """Return an entry bundle.

    Raises:
        ValueError: no entry, more than 256, or one longer than 65,535 bytes.
    """
    if not 0 < len(entries) <= TILE_WIDTH:
        raise ValueError("an entry bundle holds 1 to 256 entries")
    if max(map(len, entries)) > MAX_ENTRY_BYTES:
        raise ValueError("an entry is longer than 65,535 bytes")
    pieces = []
    for length, run in groupby(entries, len):  # neighbours are mostly of one length
        prefix = length.to_bytes(2, "big")
        pieces.append(prefix + prefix.join(run))
    return b"".join(pieces)


def unpack_entries(data: bytes, *, path: str | None = None) -> list[bytes]:
    """Read an entry bundle.

    Raises:
        InvalidEvidence: ``MALFORMED``; cut short, or more than 256 entries.
    """
    entries: list[bytes] = []
    at, end = 0, len(data) - 1
    while at < end:
        begin = at + 2
        at = begin + (data[at] << 8 | data[at + 1])
        entries.append(data[begin:at])
    if at != len(data) or len(entries) > TILE_WIDTH:
        raise InvalidEvidence(InvalidReason.MALFORMED, "the entry bundle is cut short or too wide", path)
    return entries


def unpack_hashes(data: bytes, *, path: str | None = None) -> list[bytes]:
    """Read a hash tile.

    Raises:
        InvalidEvidence: ``MALFORMED``; not 1 to 256 hashes of 32 bytes.
    """
    if not data or len(data) % HASH_BYTES or len(data) > TILE_WIDTH * HASH_BYTES:
        raise InvalidEvidence(InvalidReason.MALFORMED, "not 1 to 256 hashes", path)
    return [data[at : at + HASH_BYTES] for at in range(0, len(data), HASH_BYTES)]


def tiles_to_write(
    old_size: int, new_size: int, *, entries: Sequence[bytes], fetch: Fetch
) -> Iterator[tuple[str, bytes]]:
    """Yield the files that a log published at ``old_size`` lacks at ``new_size``, bottom up.

    Write the checkpoint after all of them. To publish a long log with bounded memory, call this
    for one stretch of entries after another.

    Args:
        old_size: size of which every tile is already stored.
        new_size: size to publish.
        entries: the entries from ``old_size`` rounded down to a multiple of 256, up to ``new_size``.
        fetch: reads a stored tile; asked only for partial tiles of ``old_size`` above level 0.

    Raises:
        ValueError: ``entries`` are not those.
    """
    begin = old_size - old_size % TILE_WIDTH
    if new_size < old_size or len(entries) != new_size - begin:
        raise ValueError(f"publishing {old_size} to {new_size} takes the entries from {begin}")
    if old_size == new_size:
        return
    for at in range(0, len(entries), TILE_WIDTH):
        chunk = entries[at : at + TILE_WIDTH]
        yield entries_path((begin + at) // TILE_WIDTH, len(chunk)), pack_entries(chunk)
    level, row = 0, [leaf_hash(entry) for entry in entries]
    while row:
        complete: list[bytes] = []
        for at in range(0, len(row), TILE_WIDTH):
            hashes = row[at : at + TILE_WIDTH]
            yield tile_path(level, (begin + at) // TILE_WIDTH, len(hashes)), b"".join(hashes)
            if len(hashes) == TILE_WIDTH:
                complete.append(root_from_leaves(hashes))
        if not complete:
            return
        level += 1
        index, width = divmod(begin // TILE_WIDTH, TILE_WIDTH)
        begin = index * TILE_WIDTH
        row = complete
        if width:
            path = tile_path(level, index, width)
            row = unpack_hashes(fetch(path), path=path) + complete


@dataclass(slots=True)
class ReadTiles:
    """Reads a log of ``size`` entries through its static files; hashes are checked by the caller's proofs.

    Attributes:
        fetch: reads one file by its path below the log's prefix.
        size: size of the tree that the checkpoint names.
        cached_tiles: how many hash tiles are kept (8 KiB each).
    """

    fetch: Fetch
    size: int
    cached_tiles: int = 64
    _cache: dict[Tile, list[bytes]] = field(default_factory=dict)

    def node_at(self, level: int, index: int) -> bytes:
        """Return the hash of the perfect subtree of ``2**level`` leaves from ``index << level``."""
        tile_level, inside = divmod(level, TILE_HEIGHT)
        first = index << inside
        hashes = self._hashes(tile_level, first // TILE_WIDTH)
        row = hashes[first % TILE_WIDTH :][: 1 << inside]
        if len(row) != 1 << inside:
            raise ValueError(f"no perfect subtree at level {level}, index {index}")
        return root_from_leaves(row)

    def frontier(self) -> Frontier:
        """Return what an appender must know of this tree."""
        hashes: list[bytes] = []
        begin = 0
        for level in reversed(range(self.size.bit_length())):
            if self.size >> level & 1:
                hashes.append(self.node_at(level, begin >> level))
                begin += 1 << level
        return Frontier(self.size, tuple(hashes))

    def root(self, size: int | None = None) -> bytes:
        """Return the root of the first ``size`` leaves (all, by default), from the hash tiles."""
        size = self.size if size is None else size
        return range_hash(0, size, self.node_at) if size else EMPTY_ROOT

    def inclusion_proof(self, index: int) -> list[bytes]:
        """Return the audit path of leaf ``index`` in this tree."""
        return inclusion_proof(index, self.size, self.node_at)

    def consistency_proof(self, old_size: int, new_size: int | None = None) -> list[bytes]:
        """Return the proof that the tree of ``new_size`` (this one, by default) extends that of ``old_size``."""
        return prove_consistency(old_size, self.size if new_size is None else new_size, self.node_at)

    def entries(self, first: int = 0) -> Iterator[bytes]:
        """Yield the entries from ``first`` on, one bundle in memory at a time."""
        for tile in _row_of_tiles(None, self.size):
            begin = tile.index * TILE_WIDTH
            if begin + tile.width > first:
                yield from self._bundle(tile)[max(0, first - begin) :]

    def entry(self, index: int) -> bytes:
        """Return one entry.

        Raises:
            ValueError: the log has no such entry.
        """
        if not 0 <= index < self.size:
            raise ValueError(f"entry {index} is not in a log of {self.size}")
        tile = _tile_at(None, index // TILE_WIDTH, self.size)
        return self._bundle(tile)[index % TILE_WIDTH]

    def _bundle(self, tile: Tile) -> list[bytes]:
        entries = unpack_entries(self.fetch(tile.path), path=tile.path)
        if len(entries) != tile.width:
            raise InvalidEvidence(InvalidReason.SIZE_MISMATCH, f"not {tile.width} entries", tile.path)
        return entries

    def _hashes(self, level: int, index: int) -> list[bytes]:
        tile = _tile_at(level, index, self.size >> level * TILE_HEIGHT)
        cached = self._cache.get(tile)
        if cached is not None:
            return cached
        hashes = unpack_hashes(self.fetch(tile.path), path=tile.path)
        if len(hashes) != tile.width:
            raise InvalidEvidence(InvalidReason.SIZE_MISMATCH, f"not {tile.width} hashes", tile.path)
        while len(self._cache) >= self.cached_tiles:
            del self._cache[next(iter(self._cache))]
        self._cache[tile] = hashes
        return hashes


def cut_tile(path: str, full: bytes) -> bytes:
    """Return the partial tile at ``path`` from the full tile that took its place.

    A log may drop a partial tile once the full one exists; a reader who comes late asks for that.

    Raises:
        InvalidEvidence: ``SIZE_MISMATCH``; the full tile holds less.
    """
    tile = parse_tile_path(path)
    if tile.level is None:
        entries = unpack_entries(full, path=path)[: tile.width]
        if len(entries) == tile.width:
            return pack_entries(entries)
    elif len(full) >= tile.width * HASH_BYTES:
        return full[: tile.width * HASH_BYTES]
    raise InvalidEvidence(InvalidReason.SIZE_MISMATCH, f"not {tile.width} wide", path)


def _row_of_tiles(level: int | None, count: int) -> Iterator[Tile]:
    for index in range(-(-count // TILE_WIDTH)):
        yield _tile_at(level, index, count)


def _tile_at(level: int | None, index: int, count: int) -> Tile:
    """Return the tile ``index`` of a row of ``count`` hashes or entries."""
    width = min(TILE_WIDTH, count - index * TILE_WIDTH)
    if width <= 0:
        raise ValueError(f"no tile {index} in a row of {count}")
    return Tile(level, index, width)


def _encode_index(index: int) -> str:
    """Write an index in groups of three digits; all but the last begin with ``x``."""
    groups = [f"{index % 1000:03d}"]
    while index := index // 1000:
        groups.append(f"x{index % 1000:03d}")
    return "/".join(reversed(groups))
