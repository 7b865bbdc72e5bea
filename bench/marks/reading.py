"""Reading one cell of the table: blind first, then among the registered ids, with what it cost.

Letters: ``B`` found blind; ``R`` found among the registered ids only; ``?`` uncertain: something of this key, but no
id; ``-`` nothing; ``WRONG`` another id, or any claim where there is no mark of this key.
"""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np

from bench.marks.ffmpeg import own_cpu_seconds
from watermarking.engine import detect_file
from watermarking.keys import mark_key
from watermarking.reports import LayerDetection

KEY = mark_key(bytes(range(32)))
OTHER_KEY = mark_key(bytes(range(32)), "2")
MARK_ID = 0x0123_4567_89AB_CDEF
Layer = Literal["pixel", "audio"]


@dataclass(frozen=True)
class Cell:
    """``z`` of the reading that ``letter`` tells of; ``cpu_seconds`` and ``wall_seconds`` of the blind reading."""

    letter: str
    z: float
    p_value: float
    geometry: str
    registered: int
    cpu_seconds: float
    wall_seconds: float

    def figures(self) -> dict[str, Any]:
        return asdict(self)


@cache
def registry(count: int) -> tuple[int, ...]:
    """``count`` random 64-bit ids, the marked one among them at a random place."""
    draw = np.random.default_rng(64)
    ids = [int(value) for value in draw.integers(0, 1 << 64, count, dtype=np.uint64)]
    ids[int(draw.integers(count))] = MARK_ID
    return tuple(ids)


def read_cell(path: Path, layer: Layer, *, registered: int, key: bytes = KEY, marked: bool = True) -> Cell:
    """Read ``path``.

    Args:
        registered: how many ids the registry holds; 0 reads blind only.
        marked: whether ``MARK_ID`` under ``key`` is what is in it; otherwise any claim is wrong.
    """
    wall, cpu = time.perf_counter(), own_cpu_seconds()
    found = detect_file(path, key=key, layers=[layer]).layers[layer]
    wall, cpu = time.perf_counter() - wall, own_cpu_seconds() - cpu
    letter = _letter(found, "B", marked=marked)
    if letter in {"?", "-"} and registered:
        known = detect_file(path, key=key, layers=[layer], candidates=registry(registered)).layers[layer]
        if known is not None and known.payload is not None:
            letter, found = _letter(known, "R", marked=marked), known
    if found is None:
        return Cell("no layer", 0.0, 1.0, "", registered, cpu, wall)
    return Cell(letter, found.score, found.p_value, found.geometry, registered, cpu, wall)


def _letter(found: LayerDetection | None, way: str, *, marked: bool) -> str:
    if found is not None and found.payload is not None:
        return way if marked and found.payload == f"{MARK_ID:016x}" else "WRONG"
    return "?" if found is not None and found.status == "uncertain" else "-"
