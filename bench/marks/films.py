"""The films' room: quality before the codec and as delivered, every attack, and what must not be found."""

from __future__ import annotations

import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS
from bench.marks.material import Material
from bench.marks.quality_pixels import film_quality
from bench.marks.reading import OTHER_KEY, read_cell
from bench.marks.run import Run, marked_copy, plain_film
from bench.marks.sideways import write_crops

ROOM = "films"
BEFORE, DELIVERED = "quality before the codec", "quality as delivered"
UNMARKED, OTHER = "unmarked", "another key"
_CI = (
    "none", "H.264 CRF 28", "half size", "crop to 50 %", "rotation 2 deg", "grey-scale", "24 to 30 fps",
    "letterbox and text", "H.264 CRF 34", "screen capture, CRF 26", "mobile, 480p at 0.6 Mbit/s",
    "wrapped as MKV, TS, MP4", "trimmed to 3 s, packets copied", "stream, 0.5 % of datagrams lost",
)  # fmt: skip


def film_room(run: Run) -> None:
    """Measure every film."""
    attacks = run.chosen((*FILM_ATTACKS, *CONTAINER_ATTACKS), _CI)
    names = [BEFORE, DELIVERED, UNMARKED, OTHER, *(attack.name for attack in attacks)]
    for item in run.of("film"):
        if not any(run.wants(ROOM, item.name, name) for name in names):
            continue
        with run.folder("film") as folder:
            plain = plain_film(item, folder)
            marked = marked_copy(plain, folder / "marked.mp4")
            _quality(run, item, plain, marked, folder)
            run.attack(ROOM, item, marked, attacks, "pixel", folder)
            _must_be_absent(run, item, plain, marked)


def _quality(run: Run, item: Material, plain: Path, marked: Path, folder: Path) -> None:
    def before() -> dict[str, Any]:
        exact = marked_copy(plain, folder / "exact.mkv", lossless=True)
        name = "".join(letter if letter.isalnum() else "-" for letter in item.name)
        write_crops(plain, exact, run.results.path.parent / "crops", name=name)
        return {**asdict(film_quality(plain, exact)), "group": item.group}

    def delivered() -> dict[str, Any]:
        return {**asdict(film_quality(plain, marked)), "group": item.group}

    run.measure(ROOM, item.name, BEFORE, before)
    if not run.ci:
        run.measure(ROOM, item.name, DELIVERED, delivered)


def _must_be_absent(run: Run, item: Material, plain: Path, marked: Path) -> None:
    def unmarked() -> dict[str, Any]:
        began = time.perf_counter()
        cell = read_cell(plain, "pixel", registered=run.registered, marked=False)
        return {**cell.figures(), "grade": "absent", "whole_seconds": time.perf_counter() - began}

    def other() -> dict[str, Any]:
        cell = read_cell(marked, "pixel", registered=run.registered, key=OTHER_KEY, marked=False)
        return {**cell.figures(), "grade": "absent"}

    run.measure(ROOM, item.name, UNMARKED, unmarked)
    run.measure(ROOM, item.name, OTHER, other)
