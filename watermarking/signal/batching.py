"""Residuals of several clips at once: frames of equal size go through in one batch, whichever clip they are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.signal.residual import ResidualMean, normalised_residual

BATCH = 16


def residual_means(
    clips: Sequence[Sequence[NDArray[np.uint8]]], *, device: str = "cpu"
) -> list[ResidualMean]:
    """Return the running mean of each clip's residuals.

    Args:
        clips: frames ``[3, h, w]`` per clip, of one size within a clip; clips may differ, and may be empty.
        device: where torch works, ``cpu`` or ``cuda``.
    """
    means = [ResidualMean() for _ in clips]
    groups: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
    for owner, frames in enumerate(clips):
        for planes in frames:
            groups.setdefault(planes.shape, []).append((owner, planes))
    for members in groups.values():
        for begin in range(0, len(members), BATCH):
            _add_batch(means, members[begin : begin + BATCH], device)
    return means


def _add_batch(means: list[ResidualMean], batch: list[tuple[int, NDArray[np.uint8]]], device: str) -> None:
    planes = torch.from_numpy(np.stack([one for _, one in batch])).to(device, torch.float32)
    residuals = normalised_residual(planes)
    owners = [owner for owner, _ in batch]
    for owner in dict.fromkeys(owners):
        chosen: Tensor = residuals[[place for place, one in enumerate(owners) if one == owner]]
        means[owner].add_residuals(chosen.cpu())
