"""The tree over the tiles that were read: its root at any size, and the upper tiles on the store."""

from collections.abc import Iterable, Iterator

from receipts.inspection.findings import Fault
from receipts.inspection.scan import Scanned
from receipts.storage import LogFiles
from trustcore.log.merkle import Frontier, root_from_leaves
from trustcore.log.tiles import TILE_WIDTH, tile_path


def roots_at(sizes: Iterable[int], scanned: Scanned) -> dict[int, bytes]:
    """Return the root of the first ``size`` rows, for each size that the rows reach without a gap."""
    found: dict[int, bytes] = {}
    tiles = Frontier()
    for size in sorted(set(sizes)):
        count, inside = divmod(size, TILE_WIDTH)
        fresh = [scanned.roots.get(tile) for tile in range(tiles.size, count)]
        if None in fresh or (inside and size not in scanned.edges):
            break
        tiles = tiles.append_many([root for root in fresh if root is not None])
        found[size] = Frontier(size, (*tiles.hashes, *scanned.edges.get(size, ()))).root()
    return found


def upper_tile_faults(files: LogFiles, scanned: Scanned, covered: int) -> Iterator[Fault]:
    """Compare the tiles of level 1 and above; a tile below which a row is missing is passed over."""
    row: list[bytes | None] = [scanned.roots.get(tile) for tile in range(covered // TILE_WIDTH)]
    level = 1
    while row:
        complete: list[bytes | None] = []
        for begin in range(0, len(row), TILE_WIDTH):
            hashes = row[begin : begin + TILE_WIDTH]
            whole = [item for item in hashes if item is not None]
            if len(whole) == len(hashes):
                yield from _tile_fault(files, level, begin, whole)
            if len(hashes) == TILE_WIDTH:
                complete.append(root_from_leaves(whole) if len(whole) == TILE_WIDTH else None)
        row, level = complete, level + 1


def _tile_fault(files: LogFiles, level: int, begin: int, hashes: list[bytes]) -> Iterator[Fault]:
    path = tile_path(level, begin // TILE_WIDTH, len(hashes))
    stored = files.read(path)
    if stored is None:
        yield Fault("FILE_MISSING", path, "the checkpoint covers it, the store does not hold it")
    elif stored != b"".join(hashes):
        at = next((n for n, one in enumerate(hashes) if stored[32 * n : 32 * n + 32] != one), len(hashes))
        yield Fault("FILE_DIFFERS", path, f"hash {begin + at} of level {level} is not that of the rows")
