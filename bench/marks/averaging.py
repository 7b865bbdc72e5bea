"""The room of averages: what somebody with many frames, or many copies, can learn or remove.

*Frames*: 500 frames of many shots of one output. The attacker takes what a smoothed copy of each frame leaves (the
residual), averages it, and holds the average for the pattern; subtracts it once and twice; adds it to a film that was
never marked. The attacker has no original; the correlation is with the true change, which only we know.

*Copies*: 50 outputs of one cut with 50 ids. The attacker averages them, frame by frame.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter

from bench.marks.attacks_pixels import film, h264, prepared
from bench.marks.reading import KEY, MARK_ID, read_cell, registry
from bench.marks.run import Run
from trustmark.demo.clip import CLIP
from watermarking.engine import detect_file, embed_file

ROOM = "averages"
_SECONDS = 45.0
_SMOOTH = (3.0, 8.0, 8.0)
Planes = tuple[NDArray[np.float32], ...]


def averaging_room(run: Run) -> None:
    """Measure frames of many shots, and copies with many ids."""
    if run.part[0]:
        return
    frames, copies = (60, 5) if run.ci else (500, 50)
    with run.folder("averages") as folder:
        run.measure(
            ROOM,
            "film, 720p",
            f"{frames} frames of many shots",
            lambda: _frames(folder, frames, run.registered),
        )
        run.measure(
            ROOM,
            "film, 720p",
            f"{copies} copies with other ids",
            lambda: _copies(folder, copies, run.registered),
        )


def _frames(folder: Path, count: int, registered: int) -> dict[str, Any]:
    plain = prepared(CLIP, folder / "plain.mkv", first=3, seconds=_SECONDS)
    marked = folder / "marked.mkv"
    embed_file(plain, marked, mark_id=MARK_ID, key=KEY, lossless=True)
    step = max(1, int(_SECONDS * 24) // count)
    estimate = _mean(_residual(planes) for planes in _planes(marked, step))
    control = _mean(_residual(planes) for planes in _planes(plain, step))
    pairs = list(zip(_planes(marked, step * 20), _planes(plain, step * 20), strict=True))
    changes = [tuple(new - old for new, old in zip(a, b, strict=True)) for a, b in pairs]
    singles = [_residual(a) for a, _ in pairs]
    figures: dict[str, Any] = {"frames": len(range(0, int(_SECONDS * 24), step))}
    for index, plane in enumerate(("luma", "cb", "cr")):
        figures[f"{plane}_correlation"] = _mean_correlation(changes, [estimate] * len(changes), index)
        figures[f"{plane}_correlation_one_frame"] = _mean_correlation(changes, singles, index)
        figures[f"{plane}_correlation_unmarked"] = _mean_correlation(changes, [control] * len(changes), index)
    for times in (1.0, 2.0):
        target = folder / "removed.mkv"
        _written(target, (_less(planes, estimate, times) for planes in _planes(marked, 1, 120)))
        cell = read_cell(film(target, folder, codec=h264(23)), "pixel", registered=registered)
        figures[f"removed_{times:g}x"], figures[f"removed_{times:g}x_z"] = cell.letter, cell.z
    forged = folder / "forged.mkv"
    _written(forged, (_less(planes, estimate, -2.0) for planes in _planes(plain, 1, 120)))
    cell = read_cell(film(forged, folder, codec=h264(23)), "pixel", registered=registered)
    figures["copied_to_unmarked"], figures["copied_to_unmarked_z"] = cell.letter, cell.z
    return figures


def _copies(folder: Path, count: int, registered: int) -> dict[str, Any]:
    plain = prepared(CLIP, folder / "cut.mkv", first=25, seconds=2)
    ids = [MARK_ID, *registry(registered or 1000)[: count - 1]]
    ids = list(dict.fromkeys(ids))
    total: list[list[NDArray[np.float32]]] = []
    first: list[Planes] = []
    for mark_id in ids:
        copy = folder / "copy.mkv"
        embed_file(plain, copy, mark_id=mark_id, key=KEY, lossless=True)
        for number, planes in enumerate(_planes(copy, 1)):
            if len(total) <= number:
                total.append([plane.copy() for plane in planes])
                first.append(planes)
            else:
                total[number] = [held + plane for held, plane in zip(total[number], planes, strict=True)]
    averages = [tuple(plane / len(ids) for plane in held) for held in total]
    old = list(_planes(plain, 1))
    left = [tuple(a - b for a, b in zip(x, y, strict=True)) for x, y in zip(averages, old, strict=True)]
    own = [tuple(a - b for a, b in zip(x, y, strict=True)) for x, y in zip(first, old, strict=True)]
    told = [tuple(a - b for a, b in zip(x, y, strict=True)) for x, y in zip(first, averages, strict=True)]
    figures: dict[str, Any] = {"copies": len(ids)}
    for index, plane in enumerate(("luma", "cb", "cr")):
        figures[f"{plane}_correlation"] = _mean_correlation(own, left, index)
        figures[f"{plane}_correlation_difference"] = _mean_correlation(own, told, index)
    target = folder / "averaged.mkv"
    _written(target, iter(averages))
    averaged = film(target, folder, codec=h264(23))
    found = detect_file(averaged, key=KEY, layers=["pixel"], candidates=[*ids, *registry(registered or 1000)])
    layer = found.layers["pixel"]
    named = {f"{mark_id:016x}" for mark_id in ids}
    figures["status"] = layer.status if layer else "no layer"
    figures["z"] = layer.score if layer else 0.0
    figures["names_one_of_them"] = bool(layer and layer.payload in named)
    figures["names_another"] = bool(layer and layer.payload and layer.payload not in named)
    return figures


def _planes(path: Path, step: int, last: int | None = None) -> Iterator[Planes]:
    """Luma, Cb and Cr of every ``step``-th frame, as stored."""
    with av.open(str(path)) as container:
        for number, frame in enumerate(container.decode(video=0)):
            if last is not None and number >= last:
                return
            if number % step:
                continue
            planes = []
            for plane in frame.planes:
                stored = np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size)
                planes.append(stored[:, : plane.width].astype(np.float32))
            yield tuple(planes)


def _residual(planes: Planes) -> Planes:
    pairs = zip(planes, _SMOOTH, strict=True)
    return tuple(np.clip(plane - gaussian_filter(plane, sigma), -8, 8) for plane, sigma in pairs)


def _mean(residuals: Iterator[Planes]) -> Planes:
    total: list[NDArray[np.float32]] = []
    count = 0
    for planes in residuals:
        total = [a + b for a, b in zip(total, planes, strict=True)] if total else [p.copy() for p in planes]
        count += 1
    return tuple(plane / count for plane in total)


def _mean_correlation(truths: list[Planes], guesses: list[Planes], index: int) -> float:
    values = []
    for truth, guess in zip(truths, guesses, strict=True):
        a, b = truth[index].ravel(), guess[index].ravel()
        spread = float(a.std() * b.std())
        values.append(float(((a - a.mean()) * (b - b.mean())).mean()) / spread if spread > 0 else 0.0)
    return float(np.mean(values))


def _less(planes: Planes, estimate: Planes, times: float) -> Planes:
    return tuple(plane - times * guess for plane, guess in zip(planes, estimate, strict=True))


def _written(path: Path, frames: Iterator[Planes]) -> None:
    """Write 4:2:0 planes without loss at 24 frames a second."""
    with av.open(str(path), "w") as container:
        stream: Any = None
        for planes in frames:
            height, width = planes[0].shape
            if stream is None:
                stream = container.add_stream("libx264", rate=24, options={"qp": "0", "preset": "ultrafast"})
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            levels = [plane.round().clip(0, 255).astype(np.uint8).ravel() for plane in planes]
            packed = np.concatenate(levels).reshape(-1, width)
            container.mux(stream.encode(VideoFrame.from_ndarray(packed, format="yuv420p")))
        if stream is not None:
            container.mux(stream.encode(None))
