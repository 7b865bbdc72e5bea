"""What is left of pictures when the picture is taken away.

Each plane at canonical size is high-passed, divided by its local rms and clipped; the frames of
a film are averaged; the average is levelled once more. The pattern is the same in every frame
and the film is not, so no time base is needed.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

_CLIP = 2.5
_CELL = 4


@dataclass(frozen=True)
class _Window:
    """Smoothing radii in canonical pixels and the rms added to calm places (8-bit levels)."""

    high_pass: float
    local: float
    floor: float


_LUMA = _Window(high_pass=5.0, local=6.0, floor=1.5)
_CHROMA = _Window(high_pass=8.0, local=8.0, floor=0.7)


class ResidualMean:
    """Running mean of normalised residuals over the frames of one clip."""

    def __init__(self) -> None:
        self.frames = 0
        self._sum: Tensor | None = None

    def add(self, planes: Tensor) -> None:
        """Add frames ``[b, 3, h, w]`` at canonical size, 8-bit levels."""
        self.add_residuals(normalised_residual(planes))

    def add_residuals(self, residuals: Tensor) -> None:
        """Add frames whose normalised residuals ``[b, 3, h, w]`` are there already (``batching``)."""
        total = residuals.sum(0)
        self._sum = total if self._sum is None else self._sum + total
        self.frames += residuals.shape[0]

    def add_frame(self, planes: NDArray[np.uint8]) -> None:
        """Add one frame ``[3, h, w]`` at canonical size."""
        self.add(torch.from_numpy(planes).to(torch.float32)[None])

    def value(self) -> Tensor:
        """Return the mean residual ``[3, h, w]``, levelled.

        Raises:
            ValueError: no frame was added.
        """
        if self._sum is None:
            raise ValueError("no frame was added")
        mean = self._sum / self.frames
        return torch.stack([_level(plane, 0.02) for plane in mean])


def normalised_residual(planes: Tensor) -> Tensor:
    """Return the clipped, locally normalised high-pass of ``planes`` ``[b, 3, h, w]``."""
    luma = _normalise(planes[:, :1], _LUMA)
    chroma = _normalise(planes[:, 1:], _CHROMA)
    return torch.cat([luma, chroma], 1)


def _normalise(planes: Tensor, window: _Window) -> Tensor:
    detail = planes - _blur(planes, window.high_pass)
    rms = _blur(detail * detail, window.local).clamp_min(0.0).sqrt()
    return (detail / (rms + window.floor)).clamp_(-_CLIP, _CLIP)


def _level(plane: Tensor, floor: float) -> Tensor:
    rms = _blur((plane * plane)[None, None], 8.0).clamp_min(0.0).sqrt()[0, 0]
    return plane / (rms + floor)


def _blur(planes: Tensor, sigma: float) -> Tensor:
    """Gaussian blur by way of a quarter-size copy (the blur hides the enlargement)."""
    size = (planes.shape[-2], planes.shape[-1])
    small = functional.avg_pool2d(planes, _CELL, ceil_mode=True, count_include_pad=False)
    kernel = _gaussian(max(sigma / _CELL, 0.6)).to(planes.device)
    reach = kernel.numel() // 2
    channels = small.shape[1]
    across = kernel.view(1, 1, 1, -1).expand(channels, 1, 1, -1)
    down = kernel.view(1, 1, -1, 1).expand(channels, 1, -1, 1)
    wide = functional.pad(small, (reach, reach, 0, 0), mode="replicate")
    wide = functional.conv2d(wide, across, groups=channels)
    tall = functional.pad(wide, (0, 0, reach, reach), mode="replicate")
    tall = functional.conv2d(tall, down, groups=channels)
    return functional.interpolate(tall, size=size, mode="bilinear", align_corners=False)


def _gaussian(sigma: float) -> Tensor:
    reach = max(1, round(3 * sigma))
    steps = torch.arange(-reach, reach + 1, dtype=torch.float32)
    kernel = torch.exp(-0.5 * (steps / sigma) ** 2)
    return kernel / kernel.sum()
