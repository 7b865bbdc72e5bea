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
        places: list[Place] = []
        for row in torch.argsort(top, descending=True)[:count].tolist():
            sign = 1.0 if float(high[row]) >= float(-low[row]) else -1.0
            which, lag = divmod(int((scores[row] * sign).argmax()), scores.shape[-1])
            column = (which * step + lag) % self._columns
            places.append(Place(row, column, sign, float(top[row])))
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
            starts = torch.arange(0, self._columns, step)
            where = (starts[:, None] + torch.arange(block)) % self._columns
            spectra = torch.fft.rfft(self._signs[:, where])
            self._spectra = {(block, step): spectra.permute(2, 0, 1).contiguous()}
        return self._spectra[block, step]
