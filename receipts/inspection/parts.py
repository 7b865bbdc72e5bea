"""One log read by several processes: each takes a run of whole tiles, and hands back what they showed.

A child is a fork of this process with a database connection of its own. Ranges are cut at tiles and are of equal
length, so the tree over them is put together from their roots alone.
"""

import itertools
import multiprocessing
from collections.abc import Sequence
from dataclasses import replace

from django.db import connections

from receipts.inspection.scan import Range, Scanned, scan_range
from trustcore.log.tiles import TILE_WIDTH

_LEAST_TILES = 64  # below this a process costs more than it saves


def scan_log(whole: Range, *, jobs: int) -> Scanned:
    """Read all tiles of a log, with up to ``jobs`` processes."""
    parts = _cut(whole, jobs)
    if len(parts) == 1:
        return scan_range(parts[0])
    connections.close_all()  # a child must not speak on our connection
    with multiprocessing.get_context("fork").Pool(len(parts)) as pool:
        return _joined(pool.map(scan_range, parts, chunksize=1))


def _cut(whole: Range, jobs: int) -> list[Range]:
    tiles = whole.last - whole.first
    count = max(1, min(jobs, tiles // _LEAST_TILES))
    cuts = [whole.first + tiles * number // count for number in range(count + 1)]
    return [
        replace(
            whole,
            first=first,
            last=last,
            points=tuple(size for size in whole.points if first <= size // TILE_WIDTH < last),
        )
        for first, last in itertools.pairwise(cuts)
    ]


def _joined(parts: Sequence[Scanned]) -> Scanned:
    whole = Scanned()
    for part in parts:
        whole.roots.update(part.roots)
        whole.edges.update(part.edges)
        whole.faults.extend(part.faults)
        whole.suspects.extend(part.suspects)
    return whole
