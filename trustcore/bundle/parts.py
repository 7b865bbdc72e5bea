"""The log of a bundle read by several processes, each a run of whole tiles.

Each child, a fork of this process, judges its entries as the ledger does and hashes the receipt rows that they leave;
a check that stands in an earlier run is looked up there. Then the two receipt files are compared with those hashes, a
process each. Only a log in order is told from here: whatever differs is left to
:func:`~trustcore.bundle.contents.verify_log`, which reads in order and names the first fault.
"""

from __future__ import annotations

import hashlib
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import field
from typing import NamedTuple

from trustcore.bundle.archive import Archive
from trustcore.bundle.contents import TILE_BYTES, HashTiles, check_file_names, read_bundle
from trustcore.bundle.layout import LOG, RECEIPTS_CSV, RECEIPTS_NDJSON
from trustcore.bundle.ledger import ALLOWING, Ledger
from trustcore.bundle.rows import CSV_HEADER
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import Checkpoint
from trustcore.log.merkle import leaf_hashes, perfect_levels
from trustcore.log.tiles import TILE_WIDTH, tile_path
from trustcore.older import dataclass, pairwise, zipped
from trustcore.receipt import CheckedEntry, parse_entry

LEAST_TILES = 16  # below this a process costs more than it saves

_archive: Archive | None = None  # in a child: the one its parent opened


class Stretch(NamedTuple):
    """How many bytes of a receipt file come from one run of tiles, and their SHA-256."""

    size: int
    digest: bytes


_NOTHING = Stretch(0, b"")


@dataclass(slots=True)
class Part:
    """What a run of tiles showed.

    Attributes:
        roots: of its full tiles; ``edge`` the leaf hashes of the partial one, if it ends with it.
    """

    ledger: Ledger
    roots: list[bytes] = field(default_factory=list)
    edge: list[bytes] = field(default_factory=list)
    ndjson: Stretch = _NOTHING
    csv: Stretch = _NOTHING
    digests: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True)
class _PartLedger(Ledger):
    """A ledger that begins within the log: checks before it are looked up, the nearest tile first."""

    before: Iterator[Sequence[bytes]] = field(default_factory=lambda: iter(()))
    earlier: dict[str, CheckedEntry] = field(default_factory=dict)

    def _known(self, decision: str) -> CheckedEntry | None:
        found = self._checks.get(decision) or self.earlier.get(decision)
        while found is None and (entries := next(self.before, None)) is not None:
            self.earlier.update(_checks_among(entries))
            found = self.earlier.get(decision)
        return found

    def told(self) -> Ledger:
        """What the whole log's ledger takes over; the checks themselves are not asked for any more."""
        return Ledger(
            size=self.size,
            grants=self.grants,
            recorded=self.recorded,
            key_ends=self.key_ends,
            exports=self.exports,
            _allowed=self._allowed,
            _used=self._used,
            _seen=self._seen,
            _lives=self._lives,
            _marks=self._marks,
            _tally=self._tally,
        )


def verify_log_by_parts(archive: Archive, checkpoint: Checkpoint, *, jobs: int) -> Ledger | None:
    """Verify the log's and the receipt files with up to ``jobs`` processes; see :func:`verify_log`.

    Returns:
        the ledger after the last entry; None if something differs, or if one process does as well.
    """
    tiles = -(-checkpoint.size // TILE_WIDTH)
    count = min(jobs, tiles // LEAST_TILES)
    if count < 2 or "fork" not in multiprocessing.get_all_start_methods():
        return None
    check_file_names(archive, checkpoint.size)
    cuts = [tiles * number // count for number in range(count + 1)]
    try:
        with ProcessPoolExecutor(
            count, multiprocessing.get_context("fork"), initializer=_inherit, initargs=(archive,)
        ) as pool:
            parts = list(pool.map(_read_part, [checkpoint.size] * count, pairwise(cuts)))
            whole = [part for part in parts if part is not None]
            if len(whole) != count:
                return None
            files = (
                (RECEIPTS_NDJSON, [part.ndjson for part in whole]),
                (RECEIPTS_CSV, [Stretch(len(CSV_HEADER), hashlib.sha256(CSV_HEADER).digest())]
                 + [part.csv for part in whole]),
            )  # fmt: skip
            digests = list(pool.map(_read_rows, *zipped(*files)))
    except BrokenProcessPool:  # a child was killed; one process may still do
        return None
    return _joined(archive, checkpoint, whole, {path: found for (path, _), found in zipped(files, digests)})


def _joined(
    archive: Archive, checkpoint: Checkpoint, parts: Sequence[Part], digests: dict[str, str | None]
) -> Ledger | None:
    ledger, tiles = Ledger(), HashTiles(archive)
    for part in parts:
        ledger.extend(part.ledger)
        tiles.push_tiles(part.roots)
        tiles.push(0, part.edge)
        archive.digests.update(part.digests)
    tiles.finish()
    tiles.expect_root(checkpoint)
    read = {path: digest for path, digest in digests.items() if digest is not None}
    archive.digests.update(read)
    return ledger if len(read) == len(digests) else None


def _inherit(archive: Archive) -> None:
    global _archive  # noqa: PLW0603 - how a child finds what it was forked with
    _archive = archive


def _inherited() -> Archive:
    if _archive is None:
        raise RuntimeError("not a child")
    return _archive


def _read_part(size: int, run: tuple[int, int]) -> Part | None:
    """In a child: read one run of tiles; None if anything differs."""
    archive = _inherited()
    archive.digests.clear()
    before = (read_bundle(archive, size, tile)[1] for tile in reversed(range(run[0])))
    ledger = _PartLedger(size=run[0] * TILE_WIDTH, before=before)
    part, ndjson, csv = Part(ledger), hashlib.sha256(), hashlib.sha256()
    sizes = [0, 0]
    try:
        for tile in range(*run):
            _, entries = read_bundle(archive, size, tile)
            hashes = leaf_hashes(entries)
            if len(hashes) == TILE_WIDTH:
                if archive.read(LOG + tile_path(0, tile), max_bytes=TILE_BYTES) != b"".join(hashes):
                    return None
                part.roots.append(perfect_levels(hashes)[-1][0])
            else:
                part.edge = hashes
            rows = ledger.take_tile(entries)
            for number, (digest, lines) in enumerate(((ndjson, rows.ndjson), (csv, rows.csv))):
                data = "".join(lines).encode()
                digest.update(data)
                sizes[number] += len(data)
    except InvalidEvidence:
        return None
    part.ledger, part.digests = ledger.told(), archive.digests
    part.ndjson, part.csv = Stretch(sizes[0], ndjson.digest()), Stretch(sizes[1], csv.digest())
    return part


def _read_rows(path: str, stretches: Sequence[Stretch]) -> str | None:
    """In a child: compare a receipt file with what the runs of the log leave; return the file's digest, or None."""
    archive = _inherited()
    archive.digests.clear()
    chunks = archive.chunks(path)
    waiting = memoryview(b"")
    try:
        for stretch in stretches:
            digest, left = hashlib.sha256(), stretch.size
            while left:
                if not waiting:
                    waiting = memoryview(next(chunks, b""))
                if not waiting:
                    return None
                piece, waiting = waiting[:left], waiting[left:]
                digest.update(piece)
                left -= len(piece)
            if digest.digest() != stretch.digest:
                return None
        if waiting or any(chunks):
            return None
    except InvalidEvidence:
        return None
    return archive.digests[path]


def _checks_among(entries: Sequence[bytes]) -> Iterator[tuple[str, CheckedEntry]]:
    for data in entries:
        if b'"t":"checked"' in data:
            entry = parse_entry(data)
            if isinstance(entry, CheckedEntry) and entry.outcome in ALLOWING:
                yield entry.decision, entry
