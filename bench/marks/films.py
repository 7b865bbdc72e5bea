"""The films' room: quality before the codec and as delivered, every attack, and what must not be found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.marks.attacks_containers import CONTAINER_ATTACKS
from bench.marks.attacks_pixels import FILM_ATTACKS
from bench.marks.material import Material
from bench.marks.quality_pixels import film_quality
from bench.marks.reading import OTHER_KEY
from bench.marks.run import PLAIN_FILM, Cell, Room, Run, marked_copy, plain_film
from bench.marks.sideways import write_crops

ROOM = "films"
BEFORE, DELIVERED = "quality before the codec", "quality as delivered"
UNMARKED, OTHER = "unmarked", "another key"
_MARKED = "marked.mp4"
_CI = (
    "none", "H.264 CRF 28", "half size", "crop to 50 %", "rotation 2 deg", "grey-scale", "24 to 30 fps",
    "letterbox and text", "H.264 CRF 34", "screen capture, CRF 26", "mobile, 480p at 0.6 Mbit/s",
    "wrapped as MKV, TS, MP4", "trimmed to 3 s, packets copied", "stream, 0.5 % of datagrams lost",
)  # fmt: skip


_WORTH = {"G1": 8, "G2": 9, "G2 hard": 9, "G3": 9}


def prepare_film(item: Material, home: Path) -> None:
    """Cut the film and mark it."""
    marked_copy(plain_film(item, home), home / _MARKED)


def film_cells(run: Run, item: Material, home: Path) -> list[Cell]:
    """Every attack, what must not be found, and quality."""
    marked, plain = home / _MARKED, home / PLAIN_FILM
    judged = item.group == "main"
    cells = [
        Cell(
            attack.name,
            lambda scratch, attack=attack: run.attacked(item, marked, attack, "pixel", scratch),
            _WORTH.get(attack.grade, 4) if judged or attack.grade.startswith("G2") else 1,
        )
        for attack in run.chosen((*FILM_ATTACKS, *CONTAINER_ATTACKS), _CI)
    ]
    cells.append(Cell(BEFORE, lambda scratch: _before(run, item, plain, scratch), 7))
    if not run.ci:
        cells.append(Cell(DELIVERED, lambda scratch: _figures(item, plain, marked), 3))
    cells.append(Cell(UNMARKED, lambda scratch: run.absent(plain, "pixel"), 6))
    cells.append(Cell(OTHER, lambda scratch: run.absent(marked, "pixel", key=OTHER_KEY), 6))
    return cells


FILMS = Room(ROOM, prepare_film, film_cells)


def film_room(run: Run) -> None:
    """Measure every film."""
    run.everything("film", FILMS)


def _before(run: Run, item: Material, plain: Path, scratch: Path) -> dict[str, Any]:
    exact = marked_copy(plain, scratch / "exact.mkv", lossless=True)
    name = "".join(letter if letter.isalnum() else "-" for letter in item.name)
    write_crops(plain, exact, run.results.path.parent / "crops", name=name)
    return _figures(item, plain, exact)


def _figures(item: Material, plain: Path, marked: Path) -> dict[str, Any]:
    return {**asdict(film_quality(plain, marked)), "group": item.group}
