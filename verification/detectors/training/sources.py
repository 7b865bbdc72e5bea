"""Real material: stretches of a licensed film, and licensed photographs seen by a camera that moves.

Photographs are those of scikit-image (CC0 or public domain, as its ``data/README.txt`` says); the film is *Big Buck
Bunny*, (c) Blender Foundation, CC BY 3.0. No face of a private person is among them.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from verification.detectors.contract import RUN_FRAMES

Run = NDArray[np.uint8]
TRAINING = ("astronaut", "camera", "grass", "gravel", "motorcycle_left", "rocket", "ihc")
CALIBRATION = ("chelsea", "coffee", "brick", "coins", "motorcycle_right")
_LOSSY = frozenset({"rocket"})


@dataclass(frozen=True)
class Piece:
    """A run of pictures ``[RUN_FRAMES, side, side, 3]``, and what it was cut out of."""

    source: str
    run: Run


def film_pieces(
    path: Path, draw: np.random.Generator, *, count: int, part: tuple[float, float]
) -> Iterator[Piece]:
    """Runs from a part of a film, from shares of its length; the film is read through once."""
    with av.open(str(path)) as container:
        frames = container.streams.video[0].frames
        first, last = round(part[0] * frames), round(part[1] * frames) - RUN_FRAMES
        starts = sorted(int(one) for one in draw.integers(first, last, count))
        held: list[NDArray[np.uint8]] = []
        for number, frame in enumerate(container.decode(video=0)):
            if number < first:
                continue
            held = [
                *held[-(RUN_FRAMES - 1) :],
                np.asarray(frame.to_ndarray(format="rgb24", width=960, height=540), np.uint8),
            ]
            while starts and number - RUN_FRAMES + 1 >= starts[0]:
                starts.pop(0)
                piece = _square(np.stack(held), draw)
                # a cut within, or a picture of nothing, teaches nothing
                if np.abs(np.diff(piece.astype(np.int16), axis=0)).mean() < 25 and piece.std() > 12:
                    yield Piece(path.stem, piece)
            if not starts:
                return


def photograph_pieces(names: tuple[str, ...], draw: np.random.Generator, *, count: int) -> Iterator[Piece]:
    """Runs over photographs: a moving crop with a little turn, and noise as of a sensor."""
    pictures = {name: _photograph(name) for name in names}
    for _ in range(count):
        name = names[int(draw.integers(len(names)))]
        yield Piece(name, _moving(pictures[name], draw))


def _square(frames: Run, draw: np.random.Generator) -> Run:
    side = 2 * int(draw.integers(64, 112))
    top = int(draw.integers(0, frames.shape[1] - side))
    left = int(draw.integers(0, frames.shape[2] - side))
    return frames[:, top : top + side, left : left + side].copy()


def _photograph(name: str) -> Image.Image:
    suffix = "jpg" if name in _LOSSY else "png"
    return Image.open(str(files("skimage") / "data" / f"{name}.{suffix}")).convert("RGB")


def _moving(picture: Image.Image, draw: np.random.Generator) -> Run:
    side = 2 * int(draw.integers(64, 112))
    scale = draw.uniform(0.7, 1.3)
    reach = side * scale
    left = draw.uniform(0, max(1.0, picture.width - reach))
    top = draw.uniform(0, max(1.0, picture.height - reach))
    speed, turn = draw.normal(0, 1.2, 2), draw.normal(0, 0.003)
    shake = np.cumsum(draw.normal(0, 0.35, (RUN_FRAMES, 2)), axis=0)
    grain, light = draw.uniform(0.3, 3.5), draw.normal(0, 0.002, RUN_FRAMES)
    made = []
    for time in range(RUN_FRAMES):
        angle = turn * time
        across, down = left + speed[0] * time + shake[time, 0], top + speed[1] * time + shake[time, 1]
        cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
        seen = picture.transform(
            (side, side), Image.Transform.AFFINE, (cosine, -sine, across, sine, cosine, down),
            Image.Resampling.BICUBIC,
        )  # fmt: skip
        noisy = np.asarray(seen, np.float32) * (1 + light[time]) + draw.normal(0, grain, (side, side, 1))
        made.append(np.clip(noisy, 0, 255).astype(np.uint8))
    return np.stack(made)
