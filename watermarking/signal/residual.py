"""What is left of pictures when the picture is taken away.

Each plane at canonical size is high-passed, divided by its local rms and clipped; frames are averaged, and
the averages are levelled once more. The pattern of a stretch between cuts is the same in every frame and the
film is not, so no time base is needed; but its sign may turn at a cut (``drift``), so averages are kept for
short stretches, and a stretch ends at a cut at the latest.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from watermarking.signal.drift import CutWatch

_CLIP = 2.5
# frames of one average: if a cut goes unseen, no more than these are lost
_LONGEST = 12
_CELL = 4


@dataclass(frozen=True)
class _Window:
    """Smoothing radii in canonical pixels and the rms added to calm places (8-bit levels)."""

    high_pass: float
    local: float
    floor: float


_LUMA = _Window(high_pass=5.0, local=6.0, floor=1.5)
_CHROMA = _Window(high_pass=8.0, local=8.0, floor=0.7)


@dataclass(frozen=True)
class Stretch:
    """The levelled mean residual ``[3, h, w]`` of ``frames`` frames of shot number ``shot``."""

    mean: Tensor
    frames: int
    shot: int


class FilmResidual:
    """Mean normalised residuals of a clip's frames, by stretches.

    What is kept is one mean for each stretch, levelled as soon as the stretch has ended, and the sum of the one at hand.
    """

    def __init__(self) -> None:
        self.frames = 0
        self._watch = CutWatch()
        self._ended: list[Stretch] = []
        self._sum: Tensor | None = None
        self._count, self._shot = 0, 0

    def add(self, planes: Tensor, *, new_shot: bool = False) -> None:
        """Add frames ``[b, 3, h, w]`` at canonical size, 8-bit levels, in order.

        Args:
            new_shot: the first of them does not follow the frame added before.
        """
        self.add_residuals(normalised_residual(planes), cells_of(planes), new_shot=new_shot)

    def add_residuals(self, residuals: Tensor, cells: Tensor, *, new_shot: bool = False) -> None:
        """Add frames whose normalised residuals ``[b, 3, h, w]`` and ``cells_of`` are there already."""
        begins = self._watch.cuts(cells)
        begins[0] = begins[0] or new_shot
        for residual, begin in zip(residuals, begins, strict=True):
            self._put(residual, begin)

    def add_frame(self, planes: NDArray[np.uint8], *, new_shot: bool = False) -> None:
        """Add one frame ``[3, h, w]`` at canonical size."""
        self.add(torch.from_numpy(planes).to(torch.float32)[None], new_shot=new_shot)

    def stretches(self) -> list[Stretch]:
        """Return the stretches so far.

        Raises:
            ValueError: no frame was added.
        """
        if self._sum is None:
            raise ValueError("no frame was added")
        return [*self._ended, self._stretch(self._sum)]

    def _put(self, residual: Tensor, begins: bool) -> None:
        self.frames += 1
        if self._sum is not None and not begins and self._count < _LONGEST:
            self._sum += residual
            self._count += 1
            return
        if self._sum is not None:
            self._ended.append(self._stretch(self._sum))
            self._shot += begins
        self._sum, self._count = residual.clone(), 1

    def _stretch(self, total: Tensor) -> Stretch:
        return Stretch(_levelled(total[None] / self._count, 0.02)[0], self._count, self._shot)


def cells_of(planes: Tensor) -> Tensor:
    """Return the mean luma of cells, ``[b, 1, h // 4, w // 4]``, of frames ``[b, 3, h, w]``."""
    return functional.avg_pool2d(planes[:, :1], _CELL)


def normalised_residual(planes: Tensor) -> Tensor:
    """Return the clipped, locally normalised high-pass of ``planes`` ``[b, 3, h, w]``."""
    residual = torch.empty_like(planes)
    _normalise(planes[:, :1], _LUMA, residual[:, :1])
    _normalise(planes[:, 1:], _CHROMA, residual[:, 1:])
    return residual


def _normalise(planes: Tensor, window: _Window, detail: Tensor) -> None:
    """Put the residual of ``planes`` into ``detail``; new memory for each step would cost more than the step."""
    torch.sub(planes, _blur(planes, window.high_pass), out=detail)
    rms = _blur(detail * detail, window.local).clamp_min_(0.0).sqrt_()
    detail.div_(rms.add_(window.floor)).clamp_(-_CLIP, _CLIP)


def _levelled(planes: Tensor, floor: float) -> Tensor:
    rms = _blur(planes * planes, 8.0).clamp_min_(0.0).sqrt_()
    return planes / rms.add_(floor)


def _blur(planes: Tensor, sigma: float) -> Tensor:
    """Gaussian blur by way of a quarter-size copy (the blur hides the enlargement)."""
    size = (planes.shape[-2], planes.shape[-1])
    small = functional.avg_pool2d(planes, _CELL, ceil_mode=True, count_include_pad=False)
    rows, columns = (_smoothing(n, max(sigma / _CELL, 0.6), planes.device) for n in small.shape[-2:])
    # two products take a fraction of what two narrow convolutions and their borders do
    return functional.interpolate(rows @ small @ columns.T, size=size, mode="bilinear", align_corners=False)


@lru_cache(64)
def _smoothing(count: int, sigma: float, device: torch.device) -> Tensor:
    """``[count, count]``: smooths a line of ``count`` samples, its ends repeated beyond it; not to be written to."""
    kernel = _gaussian(sigma)
    reach = kernel.numel() // 2
    here = torch.arange(count, device="cpu")
    matrix = torch.zeros(count, count, device="cpu")
    for step, weight in enumerate(kernel.tolist(), -reach):
        matrix[here, (here + step).clamp_(0, count - 1)] += weight
    return matrix.to(device)


def _gaussian(sigma: float) -> Tensor:
    reach = max(1, round(3 * sigma))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32, device="cpu")
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    return kernel / kernel.sum()
