"""What a registry of a million marks costs: to fill, to load, to keep current, and to read a mark among.

    python bench/marks_registry.py [--rows 1000000]

The unit is encoding the same ids and multiplying them with one vector of soft chips, in one process of the same run.
Needs Django and a database of its own, which it starts and stops.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import tempfile
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python")]

PLAIN = 20_000
_BEGAN = datetime(2025, 1, 1, tzinfo=UTC)


def measured(work: Callable[[], Any]) -> tuple[float, float, float, Any]:
    """Seconds of CPU and of wall, growth of the peak memory in MB, and what came of it."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    cpu, wall = time.process_time(), time.perf_counter()
    made = work()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu, wall, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - peak) / 1024, made


def fill(rows: int) -> None:
    """Register ``rows`` marks in one stream."""
    from django.db import connection

    from common.ids import new_id

    production, token = new_id(), new_id()
    columns = (
        "id, created_at, mark_id, production_id, token_jtis, card, key_id, segment, visible_to, vendor_ids"
    )
    with connection.cursor() as cursor:
        with cursor.copy(f"copy watermarking_markregistration ({columns}) from stdin") as stream:
            for number, mark in enumerate(_distinct(rows)):
                at = _BEGAN + timedelta(seconds=30 * number)
                stream.write_row((uuid.uuid4(), at, mark, production, [token], "pixel-1", "1", "", [], []))
        cursor.execute("vacuum analyze watermarking_markregistration")


def _distinct(rows: int) -> list[str]:
    drawn = {os.urandom(8).hex() for _ in range(rows)}
    while len(drawn) < rows:
        drawn.add(os.urandom(8).hex())
    return list(drawn)


def measure(rows: int) -> None:
    """Print each step, then the ratios."""
    import numpy as np
    import torch

    from watermarking import registry
    from watermarking.candidates import read_candidates
    from watermarking.cards import load_pixel_card
    from watermarking.services import register_mark
    from watermarking.signal.code import code_for
    from watermarking.signal.roster import Roster, bits_of

    torch.set_num_threads(1)
    card = load_pixel_card().code
    code = code_for(64, card.constraint, card.outputs, card.seed)
    softs = torch.randn(8, code.length, generator=torch.Generator().manual_seed(1))
    lines: list[tuple[str, float, float, float]] = []

    def step(name: str, work: Callable[[], Any]) -> Any:
        cpu, wall, memory, made = measured(work)
        lines.append((name, cpu, wall, memory))
        return made

    step("register, one stream", lambda: fill(rows))
    ids = step("load the ids of a key", lambda: registry.ids_under("1"))
    assert len(ids) == rows
    step("look again, nothing new", lambda: registry.ids_under("1"))
    new = register_mark(production_id=uuid.uuid4(), token_jtis=[uuid.uuid4()], asset_id=None)
    ids = step("look again, one new", lambda: registry.ids_under("1"))
    assert int(new.mark_id, 16) in set(ids.tolist())
    with tempfile.TemporaryDirectory() as folder:
        listed = Path(folder) / "ids.txt"
        listed.write_text(ids.astype(">u8").tobytes().hex("\n", 8))
        read = step("the same from a text file", lambda: read_candidates(listed))
    assert np.array_equal(read, ids)
    target = int(ids[len(ids) // 2])
    chips = code.encode(bits_of(np.array([target], dtype=np.uint64)))[0]
    softs[0] += 0.4 * chips
    roster = step("make ready to compare", lambda: Roster(code, ids))
    plain = step(
        f"encode and multiply {PLAIN:,} ids, one vector",
        lambda: code.encode(bits_of(ids[:PLAIN])) @ softs[0],
    )
    one = step("compare with one vector", lambda: roster.leaders(softs[:1]))
    step("compare with eight vectors", lambda: roster.leaders(softs))
    assert one[0].payload == target
    assert torch.allclose(roster.scores(softs[:1])[:PLAIN, 0], plain, atol=1e-3)
    print(f"\n| {rows:,} rows | CPU s | wall s | peak memory + MB |\n| --- | --- | --- | --- |")
    for name, cpu, wall, memory in lines:
        print(f"| {name} | {cpu:.3f} | {wall:.3f} | {memory:.0f} |")
    by_name = {name: cpu for name, cpu, _, _ in lines}
    unit = by_name[f"encode and multiply {PLAIN:,} ids, one vector"] / PLAIN * len(ids)
    print("\n| ratio of this run, CPU, against encoding and multiplying each id | |\n| --- | --- |")
    print(f"| one vector | {by_name['compare with one vector'] / unit:.4f} |")
    print(f"| eight vectors, each | {by_name['compare with eight vectors'] / 8 / unit:.4f} |")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rows", type=int, default=1_000_000)
    options = parser.parse_args()
    from bench.verify import _database

    with _database():
        measure(options.rows)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
