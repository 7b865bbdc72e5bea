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
from bench.marks.reading import OTHER_KEY, read_cell
from bench.marks.run import Run, marked_copy
from bench.marks.sideways import write_crops

ROOM = "stills"
_CI = (
    "none",
    "JPEG 75",
    "JPEG 50",
    "crop to 50 %",
    "rotation 2 deg",
    "grey-scale",
    "screen capture, JPEG 75",
)


def still_room(run: Run) -> None:
    """Measure every still."""
    attacks = run.chosen(STILL_ATTACKS, _CI)
    names = [BEFORE, UNMARKED, OTHER, *(attack.name for attack in attacks)]
    for item in run.of("still"):
        if not any(run.wants(ROOM, item.name, name) for name in names):
            continue
        with run.folder("still") as folder:
            plain = plain_still(item, folder)
            marked = marked_copy(plain, folder / "marked.png")
            run.measure(ROOM, item.name, BEFORE, lambda p=plain, m=marked, i=item: _quality(run, i, p, m))
            run.attack(ROOM, item, marked, attacks, "pixel", folder)
            absent = ((UNMARKED, plain, {}), (OTHER, marked, {"key": OTHER_KEY}))
            for name, path, key in absent:
                run.measure(ROOM, item.name, name, lambda p=path, k=key: _absent(run, p, k))


def plain_still(item: Material, folder: Path) -> Path:
    """The picture as 8 bit RGB PNG; of a film, its frame at ``first``."""
    target = folder / "plain.png"
    if item.path.suffix == ".mp4":
        return convert(item.path, target, ("-frames:v", "1"), before=("-ss", f"{item.first:g}"))
    with Image.open(item.path) as opened:
        opened.convert("RGB").save(target)
    return target


def _quality(run: Run, item: Material, plain: Path, marked: Path) -> dict[str, Any]:
    name = "still-" + "".join(letter if letter.isalnum() else "-" for letter in item.name)
    write_crops(plain, marked, run.results.path.parent / "crops", name=name)
    return {**asdict(still_quality(plain, marked)), "group": item.group}


def _absent(run: Run, path: Path, key: dict[str, bytes]) -> dict[str, Any]:
    cell = read_cell(path, "pixel", registered=run.registered, marked=False, **key)
    return {**cell.figures(), "grade": "absent"}
