"""Original and marked side by side at 1:1, cut where a mark would show: for looking at, not for a figure."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy.ndimage import uniform_filter

from bench.marks.quality_pixels import Frame, Plane, frames_of, roughness, still_frame

_SIDE = 320


def write_crops(source: Path, marked: Path, folder: Path, *, name: str, frame: int = 60) -> list[Path]:
    """Write ``NAME-flat.png`` (the calmest lit place) and ``NAME-middle.png``: original left, marked right.

    Args:
        frame: which frame of a film; a picture has one.
    """
    old, new = _pair(source, marked, frame)
    places = {"flat": _calmest(old.luma), "middle": tuple(size // 2 for size in old.luma.shape)}
    made = []
    folder.mkdir(parents=True, exist_ok=True)
    for what, (row, column) in places.items():
        path = folder / f"{name}-{what}.png"
        pair = [_cut(rgb, row, column) for rgb in (old.rgb, new.rgb)]
        gap = np.full((pair[0].shape[0], 8, 3), 255, np.uint8)
        Image.fromarray(np.concatenate([pair[0], gap, pair[1]], 1)).save(path)
        made.append(path)
    return made


def _pair(source: Path, marked: Path, frame: int) -> tuple[Frame, Frame]:
    if source.suffix in {".png", ".jpg", ".jpeg"}:
        return still_frame(source), still_frame(marked)
    for number, pair in enumerate(zip(frames_of(source), frames_of(marked), strict=True)):
        last = pair
        if number == frame:
            break
    return last


def _calmest(luma: Plane) -> tuple[int, int]:
    rough = uniform_filter(roughness(luma), _SIDE // 2, mode="nearest")
    rough = np.where(uniform_filter(luma, _SIDE // 2) < 50, rough + 100, rough)
    row, column = np.unravel_index(int(np.argmin(rough)), rough.shape)
    return int(row), int(column)


def _cut(rgb: Image.Image | np.ndarray, row: int, column: int) -> np.ndarray:
    values = np.asarray(rgb)
    top = max(0, min(row - _SIDE // 2, values.shape[0] - _SIDE))
    left = max(0, min(column - _SIDE // 2, values.shape[1] - _SIDE))
    return values[top : top + _SIDE, left : left + _SIDE]
