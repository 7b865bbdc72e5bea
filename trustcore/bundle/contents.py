"""The log and the receipts inside a bundle, read once, side by side, with bounded memory.

Every entry bundle is unpacked once. From it come the leaf hashes (compared with the hash tiles, and
folded into the root), the ledger's judgement of each entry, and the receipt rows (compared with the
two receipt files as they stream past).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from trustcore.bundle.archive import Archive
from trustcore.bundle.layout import LOG, RECEIPTS_CSV, RECEIPTS_NDJSON
from trustcore.bundle.ledger import Ledger
from trustcore.bundle.rows import CSV_HEADER, TileRows
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import Checkpoint
from trustcore.log.merkle import Frontier, edge_of, leaf_hashes, perfect_levels
from trustcore.log.tiles import (
    CHECKPOINT_PATH,
    MAX_BUNDLE_BYTES,
    TILE_WIDTH,
    VKEY_PATH,
    entries_path,
    tile_path,
    tiles_of,
    unpack_entries,
)
from trustcore.older import zipped

TILE_BYTES = TILE_WIDTH * 32


class FollowedFile:
    """A file that must hold exactly the bytes expected of it, compared while it streams."""

    def __init__(self, archive: Archive, path: str) -> None:
        """Begin at the file's first byte."""
        self._path = path
        self._chunks: Iterator[bytes] = archive.chunks(path)
        self._buffer, self._at = b"", 0

    def expect(self, data: bytes, what: str) -> None:
        """Compare the next bytes with ``data``.

        Raises:
            InvalidEvidence: ``ENTRY_MISMATCH``.
        """
        if not self._fill(len(data)):
            self._refuse(f"ends before {what}")
        if not self._buffer.startswith(data, self._at):  # comparing views goes byte by byte
            self._refuse(f"does not say what the log says of {what}")
        self._at += len(data)

    def expect_rows(self, rows: Sequence[str], leaves: Sequence[int]) -> None:
        """Compare the next bytes with ``rows``; ``leaves`` names the entry of each.

        Raises:
            InvalidEvidence: ``ENTRY_MISMATCH``, with the first entry that differs.
        """
        data = "".join(rows).encode()
        if self._fill(len(data)) and self._buffer.startswith(data, self._at):
            self._at += len(data)
            return
        for row, leaf in zipped(rows, leaves):
            self.expect(row.encode(), f"entry {leaf}")

    def _fill(self, size: int) -> bool:
        """Read until ``size`` bytes wait; False if the file ends before."""
        waiting = len(self._buffer) - self._at
        if waiting >= size:
            return True
        pieces = [self._buffer[self._at :]]
        while waiting < size and (chunk := next(self._chunks, b"")):
            pieces.append(chunk)
            waiting += len(chunk)
        self._buffer, self._at = b"".join(pieces), 0
        return waiting >= size

    def expect_end(self) -> None:
        """Refuse anything more.

        Raises:
            InvalidEvidence: ``ENTRY_MISMATCH``.
        """
        if self._at < len(self._buffer) or next(self._chunks, b""):
            self._refuse("holds more than the log")

    def _refuse(self, detail: str) -> None:
        raise InvalidEvidence(InvalidReason.ENTRY_MISMATCH, detail, self._path)


class HashTiles:
    """Checks hash tiles as their hashes become known, level by level, holding one open tile a level."""

    def __init__(self, archive: Archive) -> None:
        """Begin with an empty tree."""
        self._archive = archive
        self._rows: list[list[bytes]] = []
        self._done: list[int] = []

    def push(self, level: int, hashes: list[bytes]) -> None:
        """Append hashes to a level; a full tile is compared and its root goes one level up."""
        if level == len(self._rows):
            self._rows.append([])
            self._done.append(0)
        row = self._rows[level]
        row.extend(hashes)
        while len(row) >= TILE_WIDTH:
            tile, row[:TILE_WIDTH] = row[:TILE_WIDTH], []
            self._compare(level, tile)
            self.push(level + 1, perfect_levels(tile)[-1])

    def push_tiles(self, roots: list[bytes]) -> None:
        """Append full tiles of level 0, which were compared elsewhere, by their roots."""
        if not self._rows:
            self._rows.append([])
            self._done.append(0)
        self._done[0] += len(roots)
        self.push(1, roots)

    def finish(self) -> None:
        """Compare the partial tiles on the right edge."""
        for level, row in enumerate(self._rows):
            if row:
                self._compare(level, row)

    def expect_root(self, checkpoint: Checkpoint) -> None:
        """Compare the root of the leaves pushed with the signed one.

        Raises:
            InvalidEvidence: ``ROOT_MISMATCH``.
        """
        if self._root(checkpoint.size) != checkpoint.root:
            raise InvalidEvidence(
                InvalidReason.ROOT_MISMATCH,
                "the entries do not lead to the signed root",
                LOG + CHECKPOINT_PATH,
            )

    def _root(self, size: int) -> bytes:
        """The root of the tree of the ``size`` leaves pushed; each node is hashed once."""
        edge: list[bytes] = []
        for row in reversed(self._rows):
            edge.extend(edge_of(perfect_levels(row), len(row)))
        return Frontier(size, tuple(edge)).root()

    def _compare(self, level: int, hashes: list[bytes]) -> None:
        path = LOG + tile_path(level, self._done[level], len(hashes))
        if self._archive.read(path, max_bytes=TILE_BYTES) != b"".join(hashes):
            raise InvalidEvidence(
                InvalidReason.ROOT_MISMATCH, "the hashes are not those of the entries", path
            )
        self._done[level] += 1


def verify_log(archive: Archive, checkpoint: Checkpoint) -> Ledger:
    """Verify the log's files against the checkpoint and the receipt files against the log.

    Returns:
        The ledger after the last entry.

    Raises:
        InvalidEvidence: with the file at fault.
    """
    check_file_names(archive, checkpoint.size)
    ledger, tiles = Ledger(), HashTiles(archive)
    ndjson, csv = FollowedFile(archive, RECEIPTS_NDJSON), FollowedFile(archive, RECEIPTS_CSV)
    csv.expect(CSV_HEADER, "its columns")
    for tile in range(-(-checkpoint.size // TILE_WIDTH)):
        path, entries = read_bundle(archive, checkpoint.size, tile)
        tiles.push(0, leaf_hashes(entries))
        rows = _take(ledger, entries, path)
        ndjson.expect_rows(rows.ndjson, rows.leaves)
        csv.expect_rows(rows.csv, rows.leaves)
    tiles.finish()
    ndjson.expect_end()
    csv.expect_end()
    tiles.expect_root(checkpoint)
    return ledger


def _take(ledger: Ledger, entries: list[bytes], path: str) -> TileRows:
    try:
        return ledger.take_tile(entries)
    except InvalidEvidence as error:
        raise InvalidEvidence(error.reason, error.detail, path) from error


def read_bundle(archive: Archive, size: int, tile: int) -> tuple[str, list[bytes]]:
    """Read one entry bundle of a log of ``size`` entries; return its path and its entries.

    Raises:
        InvalidEvidence: ``MISSING_FILE``, ``MALFORMED`` or ``SIZE_MISMATCH``.
    """
    width = min(TILE_WIDTH, size - tile * TILE_WIDTH)
    path = LOG + entries_path(tile, width)
    entries = unpack_entries(archive.read(path, max_bytes=MAX_BUNDLE_BYTES), path=path)
    if len(entries) != width:
        raise InvalidEvidence(InvalidReason.SIZE_MISMATCH, f"not {width} entries", path)
    return path, entries


def check_file_names(archive: Archive, size: int) -> None:
    """Refuse log files that the tree's size does not call for, and the lack of one that it does."""
    if size > len(archive.members) * TILE_WIDTH:
        raise InvalidEvidence(InvalidReason.MISSING_FILE, "the log is not complete", LOG + CHECKPOINT_PATH)
    wanted = {LOG + tile.path for tile in tiles_of(size)} | {LOG + CHECKPOINT_PATH, LOG + VKEY_PATH}
    present = {path for path in archive.members if path.startswith(LOG)}
    for path in sorted(wanted - present):
        raise InvalidEvidence(InvalidReason.MISSING_FILE, "the log is not complete", path)
    for path in sorted(present - wanted):
        raise InvalidEvidence(InvalidReason.UNLISTED_FILE, "not a file of a log of this size", path)
