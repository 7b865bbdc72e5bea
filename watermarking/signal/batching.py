"""Residuals of several clips at once: frames of equal size go through in one batch, whichever clip they are of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from watermarking.signal.residual import FilmResidual, cells_of, normalised_residual

BATCH = 16


def film_residuals(
    clips: Sequence[Sequence[NDArray[np.uint8]]], *, device: str = "cpu"
) -> list[FilmResidual]:
    """Return the residuals of each clip.

    Args:
        clips: frames ``[3, h, w]`` per clip, of one size within a clip; clips may differ, and may be empty.
        device: where torch works, ``cpu`` or ``cuda``.
    """
    films = [FilmResidual() for _ in clips]
    groups: dict[tuple[int, ...], list[tuple[int, NDArray[np.uint8]]]] = {}
    for owner, frames in enumerate(clips):
        for planes in frames:
            groups.setdefault(planes.shape, []).append((owner, planes))
    for members in groups.values():
        for begin in range(0, len(members), BATCH):
            _add_batch(films, members[begin : begin + BATCH], device)
    return films


def _add_batch(films: list[FilmResidual], batch: list[tuple[int, NDArray[np.uint8]]], device: str) -> None:
    planes = torch.from_numpy(np.stack([one for _, one in batch])).to(device, torch.float32)
    residuals, cells = normalised_residual(planes), cells_of(planes)
    owners = [owner for owner, _ in batch]
    for owner in dict.fromkeys(owners):
        chosen = [place for place, one in enumerate(owners) if one == owner]
        films[owner].add_residuals(residuals[chosen].cpu(), cells[chosen].cpu())
