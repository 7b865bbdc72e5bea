"""Read a range of a log's tiles: rows against entries, entries against the public files, and the tree over them.

A range begins at a tile and is read by one process; several read several ranges (:mod:`receipts.inspection.parts`).
Rows come as one stream of strips, the database working while we hash. What a tile shows is kept short: its root, and
the edges at the sizes that somebody asks about (a checkpoint can end within a tile).
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from uuid import UUID

from receipts.inspection.columns import (
    ROWS,
    STRIPS,
    Row,
    Strips,
    cited_by,
    lease_pairs,
    read_tile,
    row_fits,
    strips_fit,
)
from receipts.inspection.facts import Stated, fact_faults, lease_faults
from receipts.inspection.findings import Fault
from receipts.inspection.votes import Suspect, suspects_of
from receipts.inspection.wire import stream
from receipts.storage import LogFiles
from trustcore.errors import InvalidEvidence
from trustcore.log.merkle import edge_of, leaf_hashes, perfect_levels
from trustcore.log.tiles import TILE_WIDTH, entries_path, pack_entries, tile_path
from trustcore.receipt import FrameEntry, parse_entry

STRETCH_TILES = 256  # tiles read in one stream; facts are looked up after each


@dataclass(frozen=True, slots=True)
class Range:
    """What one process reads: whole tiles ``[first, last)`` of a log of ``size`` rows, ``covered`` of them published.

    Attributes:
        points: sizes within these tiles at which the tree's edge is wanted.
    """

    log_id: int
    production_id: UUID
    size: int
    covered: int
    first: int
    last: int
    points: tuple[int, ...] = ()


@dataclass(slots=True)
class Scanned:
    """What a range showed.

    Attributes:
        roots: root of each full tile, by its number; a tile with missing rows has none.
        edges: right edge of the first ``size % 256`` leaves of the tile in which ``size`` ends.
        suspects: files and rows that contradict one another; which of them lies is seen from the signed root.
    """

    roots: dict[int, bytes] = field(default_factory=dict)
    edges: dict[int, tuple[bytes, ...]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    suspects: list[Suspect] = field(default_factory=list)


def scan_range(part: Range) -> Scanned:
    """Read every row and file of a range."""
    points: dict[int, list[int]] = {}
    for size in part.points:
        if size % TILE_WIDTH:
            points.setdefault(size // TILE_WIDTH, []).append(size)
    reading = _Reading(part, Scanned(), LogFiles(part.production_id), points)
    with _no_collector():
        for begin in range(part.first, part.last, STRETCH_TILES):
            reading.read_stretch(begin, min(begin + STRETCH_TILES, part.last))
    return reading.result


@contextmanager
def _no_collector() -> Iterator[None]:
    """Millions of short-lived objects without cycles: looking for cycles among them is a tenth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@dataclass(slots=True)
class _Reading:
    part: Range
    result: Scanned
    files: LogFiles
    points: dict[int, list[int]]
    stated: list[Stated] = field(default_factory=list)
    pairs: set[tuple[int, str]] = field(default_factory=set)
    doubtful: list[int] = field(default_factory=list)

    def read_stretch(self, begin: int, end: int) -> None:
        for strips in _strips(self.part, begin, end):
            if not self._take_strips(strips):
                self.doubtful.append(strips.tile)
        for tile in self.doubtful:
            self._take_rows(tile)
        self.result.faults.extend(
            fact_faults(
                self.part.log_id, self.part.production_id, self.stated, begin * TILE_WIDTH, end * TILE_WIDTH
            )
        )
        self.result.faults.extend(lease_faults(self.part.log_id, self.pairs))
        self.doubtful, self.stated, self.pairs = [], [], set()

    def _take_strips(self, strips: Strips) -> bool:
        """Take a tile whose rows all fit; False if one of them may not."""
        begin = strips.tile * TILE_WIDTH
        if strips.rows != self._width(strips.tile):
            return False
        try:
            tile = read_tile(strips)
        except InvalidEvidence:
            return False
        if not strips_fit(strips, tile):
            return False
        self.pairs |= lease_pairs(strips, tile)
        for number, (at, entry) in enumerate(tile.facts):
            ref = strips.refs[16 * number : 16 * number + 16]
            self.stated.append(Stated(begin + at, ref, entry, tile.stored[at]))
        self._take_entries(strips.tile, tile.stored)
        return True

    def _take_rows(self, tile: int) -> None:
        """Look at the rows of a tile one by one and name what does not fit."""
        begin, width = tile * TILE_WIDTH, self._width(tile)
        rows = {row.idx: row for row in _rows(self.part.log_id, begin, begin + width)}
        missing = [index for index in range(begin, begin + width) if index not in rows]
        self.result.faults.extend(
            Fault("ROW_MISSING", f"leaf {index}", "the row was deleted: the log's size counts it")
            for index in missing
        )
        for row in rows.values():
            self._take_row(row)
        if not missing:
            self._take_entries(tile, [row.entry for row in rows.values()])

    def _take_row(self, row: Row) -> None:
        where = f"leaf {row.idx}"
        try:
            entry = parse_entry(row.entry)
        except InvalidEvidence as error:
            self.result.faults.append(Fault("ROW_MALFORMED", where, error.detail))
            return
        if not row_fits(row, entry):
            self.result.faults.append(
                Fault("ROW_COLUMNS_DIFFER", where, "the columns beside the entry say something else")
            )
        if isinstance(entry, FrameEntry):
            if row.lease is not None:
                self.pairs.add((row.lease, cited_by(entry)))
        elif isinstance(row.ref, UUID):
            self.stated.append(Stated(row.idx, row.ref.bytes, entry, row.entry))

    def _take_entries(self, tile: int, entries: list[bytes]) -> None:
        hashes = leaf_hashes(entries)
        width = min(self.part.covered - tile * TILE_WIDTH, TILE_WIDTH)
        if width > 0:
            self._compare_files(tile, entries[:width], hashes[:width])
        levels = perfect_levels(hashes)
        if len(hashes) == TILE_WIDTH:
            self.result.roots[tile] = levels[-1][0]
        for size in self.points.get(tile, ()):
            self.result.edges[size] = edge_of(levels, size % TILE_WIDTH)

    def _compare_files(self, tile: int, entries: list[bytes], hashes: list[bytes]) -> None:
        bundle, level0 = entries_path(tile, len(entries)), tile_path(0, tile, len(entries))
        stored = {path: self.files.read(path) for path in (bundle, level0)}
        for path, content in stored.items():
            if content is None:
                self.result.faults.append(
                    Fault("FILE_MISSING", path, "the checkpoint covers it, the store does not hold it")
                )
        shown_entries, shown_hashes = stored[bundle], stored[level0]
        if shown_entries not in (None, pack_entries(entries)) or shown_hashes not in (None, b"".join(hashes)):
            self.result.suspects.extend(
                suspects_of(tile, entries, hashes, (bundle, shown_entries), (level0, shown_hashes))
            )

    def _width(self, tile: int) -> int:
        return min(TILE_WIDTH, self.part.size - tile * TILE_WIDTH)


def _strips(part: Range, begin: int, end: int) -> Iterator[Strips]:
    return map(Strips._make, stream(STRIPS, (begin, end - 1, part.log_id, part.size)))


def _rows(log_id: int, begin: int, end: int) -> Iterator[Row]:
    return map(Row._make, stream(ROWS, (log_id, begin, end)))
