"""Finding where in the lap a sound lies: its pilots against every place, by fast correlation.

Sampled quads are far shorter than a lap, so the lap is cut into overlapping blocks whose spectra are
kept, and one product of spectra scores every place of a block (overlap-save).

A place is scored ``<s, f> / ||f||`` with the pilots' keyed signs ``s``; either sign of the lap counts.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.signal.quads import QuadLayout

_LEAST_BLOCK = 1024


@dataclass(frozen=True)
class Place:
    """Row of the sampled quads, column of the lap at their start, sign of the lap, and score."""

    row: int
    column: int
    sign: float
    score: float


class PilotSearch:
    """Scores sampled quads against a key's pilots."""

    def __init__(self, layout: QuadLayout) -> None:
        self._columns = layout.columns
        self._signs = layout.signs[layout.pilots]
        self._spectra: dict[tuple[int, int], Tensor] = {}

    def best(self, seen: Tensor, count: int) -> list[Place]:
        """Return the best place in each of the ``count`` best rows of ``seen``.

        Args:
            seen: ``[rows, pilots, n]`` quads of the pilot band pairs, ``n`` at most a lap.
        """
        length = seen.shape[-1]
        block, step = self._blocks(length)
        energy = seen.square().sum((1, 2)).clamp_min(1e-20).sqrt()
        heard = torch.fft.rfft(seen, block).conj().permute(2, 0, 1)
        product = torch.bmm(heard, self._lap_spectra(block, step))
        scores = torch.fft.irfft(product.permute(1, 2, 0), block)[..., :step]
        low, high = scores.amin((1, 2)) / energy, scores.amax((1, 2)) / energy
        top = torch.maximum(high, -low)
        rows = torch.argsort(top, descending=True)[:count]
        signs = torch.where(high[rows] >= -low[rows], 1.0, -1.0)
        lags = (scores[rows].flatten(1) * signs[:, None]).argmax(1)
        # one wait for the device
        told = torch.stack([rows.double(), signs.double(), lags.double(), top[rows].double()], 1).tolist()
        places: list[Place] = []
        for row, sign, where, score in told:
            which, lag = divmod(int(where), scores.shape[-1])
            places.append(Place(int(row), (which * step + lag) % self._columns, sign, score))
        return places

    def _blocks(self, length: int) -> tuple[int, int]:
        block = _LEAST_BLOCK
        while block < 4 * length:
            block *= 2
        if block >= self._columns:
            return self._columns, self._columns
        return block, block - length + 1

    def _lap_spectra(self, block: int, step: int) -> Tensor:
        """``[bins, pilots, blocks]`` spectra of the blocks that start ``step`` apart."""
        if (block, step) not in self._spectra:
            device = self._signs.device
            starts = torch.arange(0, self._columns, step, device=device)
            where = (starts[:, None] + torch.arange(block, device=device)) % self._columns
            spectra = torch.fft.rfft(self._signs[:, where])
            self._spectra = {(block, step): spectra.permute(2, 0, 1).contiguous()}
        return self._spectra[block, step]
