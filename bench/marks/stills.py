"""The stills' room: quality of the marked picture, every attack, and what must not be found."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

from PIL import Image

from bench.marks.attacks_stills import STILL_ATTACKS
from bench.marks.ffmpeg import convert
from bench.marks.films import BEFORE, OTHER, UNMARKED
from bench.marks.material import Material
from bench.marks.quality_pixels import still_quality
from bench.marks.reading import OTHER_KEY
from bench.marks.run import Cell, Room, Run, marked_copy
from bench.marks.sideways import write_crops

ROOM = "stills"
_PLAIN, _MARKED = "plain.png", "marked.png"
_CI = (
    "none",
    "JPEG 75",
    "JPEG 50",
    "crop to 50 %",
    "rotation 2 deg",
    "grey-scale",
    "screen capture, JPEG 75",
)


def prepare_still(item: Material, home: Path) -> None:
    """Take the picture and mark it."""
    marked_copy(plain_still(item, home), home / _MARKED)


def still_cells(run: Run, item: Material, home: Path) -> list[Cell]:
    """Every attack, what must not be found, and quality."""
    marked, plain = home / _MARKED, home / _PLAIN
    cells = [
        Cell(
            attack.name,
            lambda scratch, attack=attack: run.attacked(item, marked, attack, "pixel", scratch),
            7,
        )
        for attack in run.chosen(STILL_ATTACKS, _CI)
    ]
    cells.append(Cell(BEFORE, lambda scratch: _quality(run, item, plain, marked), 7))
    cells.append(Cell(UNMARKED, lambda scratch: run.absent(plain, "pixel"), 5))
    cells.append(Cell(OTHER, lambda scratch: run.absent(marked, "pixel", key=OTHER_KEY), 5))
    return cells


STILLS = Room(ROOM, prepare_still, still_cells)


def still_room(run: Run) -> None:
    """Measure every still."""
    run.everything("still", STILLS)


def plain_still(item: Material, folder: Path) -> Path:
    """The picture as 8 bit RGB PNG; of a film, its frame at ``first``."""
    target = folder / _PLAIN
    if item.path.suffix == ".mp4":
        return convert(item.path, target, ("-frames:v", "1"), before=("-ss", f"{item.first:g}"))
    with Image.open(item.path) as opened:
        opened.convert("RGB").save(target)
    return target


def _quality(run: Run, item: Material, plain: Path, marked: Path) -> dict[str, Any]:
    name = "still-" + "".join(letter if letter.isalnum() else "-" for letter in item.name)
    write_crops(plain, marked, run.results.path.parent / "crops", name=name)
    return {**asdict(still_quality(plain, marked)), "group": item.group}
