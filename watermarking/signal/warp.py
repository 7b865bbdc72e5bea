"""Bringing a tile into register: a warp fitted by Newton steps, straight or quadratic, then folding.

The warp maps a sample of the mean residual to the tile: ``u(x) = sum_j c_j phi_j(x)`` with
``phi = 1, x, y, x2, xy, y2``. Agreement with the pilots' own pattern is climbed with the
curvature that a well-placed pattern would have, coarse carrier (chroma) first. What was cropped, resized or
turned needs no more than six numbers, and a faint pattern is placed better by six than by twelve, some of which
follow the noise; mild perspective needs the twelve. Folding drops
each sample where the warp puts it, on a tile drawn four times as fine, and transforms once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import torch
from torch import Tensor

from watermarking.signal.tile import PlaneLayout, synthesise

_FINE = 4
_TERMS = 6
# terms, whether the last planes are used, rounds, spacing of the samples used
Stages = tuple[tuple[int, bool, int, int], ...]
COARSE: Final[Stages] = ((3, False, 6, 3),)
STRAIGHT: Final[Stages] = ((3, True, 6, 2), (3, True, 2, 1))
BENT: Final[Stages] = ((6, False, 6, 2), (6, True, 6, 2), (6, True, 2, 1))


@dataclass(frozen=True)
class Warp:
    """``[6, 2]`` terms, (y, x) in tile pixels; positions are taken in units of 256 samples."""

    terms: Tensor


def affine_warp(inverse: Tensor, shift: Tensor) -> Warp:
    """Make the warp ``u = inverse @ x + shift`` (``[2, 2]``, ``[2]``, (y, x) order)."""
    terms = inverse.new_zeros(6, 2)
    terms[0] = shift
    terms[1] = inverse[:, 1] * _UNIT
    terms[2] = inverse[:, 0] * _UNIT
    return Warp(terms)


_UNIT = 256.0


class WarpFitter:
    """Fits warps of one key's pilots."""

    def __init__(self, layouts: Sequence[PlaneLayout], *, tile: int) -> None:
        self.layouts, self.tile = layouts, tile
        self._drawn = [_drawn(_pilot_tile(layout, tile)) for layout in layouts]
        self._steepness = [float(drawn[1:].square().mean()) for drawn in self._drawn]

    def fit(
        self, mean: Tensor, start: Warp, planes: tuple[tuple[int, ...], ...], stages: Stages
    ) -> tuple[Warp, float]:
        """Climb from ``start``; return the warp and its mean agreement over the planes used last.

        Args:
            planes: what to climb on, coarse carriers first.
            stages: ``COARSE``, and from what it returns ``STRAIGHT`` or ``BENT``.
        """
        whole = _basis(mean.shape[-2], mean.shape[-1], mean.device)
        terms = start.terms.to(mean.device, copy=True)
        score = terms.new_zeros(())
        for order, last, rounds, spacing in stages:
            used = planes[-1] if last else planes[0]
            some = mean[:, ::spacing, ::spacing]
            basis = whole.view(_TERMS, *mean.shape[1:])[:, ::spacing, ::spacing].flatten(1)
            across = basis[:order].T.contiguous()
            gram = basis[:order] @ across
            for _ in range(rounds):
                step, score = self._newton(some, basis, terms, used, across, gram)
                terms[:order] += step
        return Warp(terms), float(score)

    def fold(self, mean: Tensor, warp: Warp) -> list[Tensor]:
        """Return each plane's coefficients under ``warp``, ``[n]`` complex, unit noise."""
        basis = _basis(mean.shape[-2], mean.shape[-1], mean.device)
        place = self._cells(warp.terms, basis)
        size = self.tile * _FINE
        spectra: list[Tensor] = []
        for layout, plane in zip(self.layouts, mean, strict=True):
            tile = plane.new_zeros(size * size).index_add_(0, place, plane.flatten())
            grid = torch.fft.fft2(tile.view(size, size)) / plane.numel() ** 0.5
            spectra.append(grid[layout.ky % size, layout.kx % size])
        return spectra

    def _cells(self, terms: Tensor, basis: Tensor) -> Tensor:
        size = self.tile * _FINE
        # whole numbers far under a float's 24 bits: their remainder is exact, and many times as quick
        where = (terms.T @ basis).mul_(_FINE).round_()
        where -= torch.floor(where / size) * size
        # a warp that went astray finds nothing, and breaks nothing
        where.nan_to_num_(0.0).clamp_(0, size - 1)
        return (where[0] * size + where[1]).int()

    def _newton(
        self,
        mean: Tensor,
        basis: Tensor,
        terms: Tensor,
        planes: tuple[int, ...],
        across: Tensor,
        gram: Tensor,
    ) -> tuple[Tensor, Tensor]:
        """One step of the first terms, and the agreement before it; nothing here waits for the device."""
        place = self._cells(terms, basis)
        climb = basis.new_zeros(len(gram), 2)
        steepness, total = basis.new_zeros(()), basis.new_zeros(())
        for index in planes:
            values = mean[index].flatten()
            seen = torch.stack([drawn.index_select(0, place) for drawn in self._drawn[index]])
            # the first of the terms is one everywhere
            sums = (seen * values) @ across
            agreement = sums[0, 0] / values.numel()
            climb += sums[1:].T
            steepness = steepness + agreement.clamp_min(1e-3) * self._steepness[index]
            total = total + agreement
        step = torch.linalg.solve_ex(steepness * gram, climb).result
        reach = (step.T @ basis[: len(gram)]).abs().amax()
        limit = 0.6 if 0 in planes else 1.5
        return step * (limit / reach.clamp_min(1e-9)).clamp_max(1.0), total


@lru_cache(2)
def _basis(rows: int, columns: int, device: torch.device) -> Tensor:
    """``[6, rows * columns]`` of 1, x, y, x2, xy, y2; not to be written to."""
    y, x = torch.meshgrid(
        (torch.arange(rows, device=device) + 0.5 - rows / 2) / _UNIT,
        (torch.arange(columns, device=device) + 0.5 - columns / 2) / _UNIT,
        indexing="ij",
    )
    return torch.stack([torch.ones_like(x), x, y, x * x, x * y, y * y]).flatten(1)


def _pilot_tile(layout: PlaneLayout, tile: int) -> Tensor:
    values = layout.pilot_signs.new_zeros(layout.ky.numel())
    values[layout.pilots] = layout.pilot_signs
    steps = torch.arange(tile * _FINE, device=values.device) / _FINE
    return synthesise(layout, values, steps, steps, tile)


def _drawn(pattern: Tensor) -> Tensor:
    """``[3, cells]``: the pattern and its derivatives per tile pixel along y and x."""
    down = (pattern.roll(-1, 0) - pattern.roll(1, 0)) * (_FINE / 2)
    across = (pattern.roll(-1, 1) - pattern.roll(1, 1)) * (_FINE / 2)
    return torch.stack([pattern, down, across]).flatten(1)
