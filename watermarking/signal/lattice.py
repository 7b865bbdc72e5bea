"""Where is the tile? Lattice sampling of one spectrum.

Under an affine map ``x = B u`` the tile's frequency ``k / T`` appears at ``B**-T k / T``. So one
zero-padded spectrum of the chroma residual serves every hypothesis: sample it at the pilots'
places, undo their signs, and one small inverse transform scores every shift at once. Needs no
repeats in view: a quarter of a frame will do. The best few are refined by ``warp``.

Scale only comes first (crops and borders change the canonical scale and nothing else), then
scale with rotation.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from watermarking.cards import PixelCard
from watermarking.signal.tile import PlaneLayout
from watermarking.signal.warp import Warp, WarpFitter, affine_warp

_SHIFTS = 32
_SCALE_RANGE = (0.72, 2.2)
_SCALE_STEP = 0.006
_TURN_LIMIT_DEGREES = 6.0
_TURN_STEP_DEGREES = 0.4
_KEPT = 5
_LEAST_SCORE = 4.5
_CHUNK = 2048
_PADDED = (1024, 2048)


@dataclass(frozen=True)
class Placement:
    """A fitted geometry: the warp and what it was grown from."""

    warp: Warp
    scale: float
    turn_degrees: float
    mirrored: bool
    score: float

    def describe(self) -> str:
        """Say it in words, for reports."""
        turned = f", turned {self.turn_degrees:.1f} degrees" if self.turn_degrees else ""
        return f"{'mirrored, ' if self.mirrored else ''}scale {self.scale:.3f}{turned}"


@dataclass(frozen=True)
class _Hypotheses:
    scale: Tensor
    turn: Tensor
    mirrored: Tensor

    def inverse(self) -> Tensor:
        """``[n, 2, 2]`` maps from the observed frame to the tile, (y, x) order."""
        cos, sin = torch.cos(self.turn) / self.scale, torch.sin(self.turn) / self.scale
        flip = torch.where(self.mirrored, -1.0, 1.0)
        rows = torch.stack([cos, -sin, flip * sin, flip * cos], -1)
        return rows.view(-1, 2, 2)


class LatticeSearch:
    """Finds placements of one key's tile in mean residuals."""

    def __init__(self, card: PixelCard, layouts: Sequence[PlaneLayout]) -> None:
        self.tile = card.geometry.tile
        self.side = card.geometry.side
        self.layouts = layouts
        self._fitter = WarpFitter(layouts, tile=self.tile)
        chroma = layouts[1:]
        self._ky = torch.cat([one.ky[one.pilots] for one in chroma]).float()
        self._kx = torch.cat([one.kx[one.pilots] for one in chroma]).float()
        self._plane = torch.cat([torch.full_like(one.pilots, i) for i, one in enumerate(chroma)])
        self._conj = torch.cat([one.pilot_signs.conj() for one in chroma])

    def placements(self, mean: Tensor, width: int, height: int) -> Iterator[Placement]:
        """Yield fitted placements of ``mean`` ``[3, h, w]``, the likeliest first per level."""
        step = self.side / math.sqrt(width * height) * width / mean.shape[-1]
        spectrum = _whitened_spectrum(mean[1:])
        for hypotheses in (_scales(), _scales_and_turns()):
            scores, shifts = self._scores(spectrum, hypotheses, step)
            fitted: list[Placement] = []
            for index in _best_apart(scores, hypotheses):
                if scores[index] < _LEAST_SCORE:
                    break
                fitted.append(self._fit(mean, hypotheses, index, shifts[index], step))
            yield from sorted(fitted, key=lambda one: -one.score)

    def spectra(self, mean: Tensor, placement: Placement) -> list[Tensor]:
        """Return each plane's tile coefficients under ``placement``, ``[n]`` complex."""
        return self._fitter.fold(mean, placement.warp)

    def _scores(self, spectrum: Tensor, hypotheses: _Hypotheses, step: float) -> tuple[Tensor, Tensor]:
        """Best pilot score over all shifts, and that shift in tile pixels ``[n, 2]``."""
        inverse = hypotheses.inverse()
        cell = (self._ky.long() % _SHIFTS) * _SHIFTS + self._kx.long() % _SHIFTS
        scores, shifts = [], []
        for start in range(0, len(inverse), _CHUNK):
            part = inverse[start : start + _CHUNK]
            fy = (part[:, 0, :1] * self._ky + part[:, 1, :1] * self._kx) / self.tile * step
            fx = (part[:, 0, 1:] * self._ky + part[:, 1, 1:] * self._kx) / self.tile * step
            seen = _sample(spectrum, self._plane, fy, fx) * self._conj
            grid = torch.zeros(len(part), _SHIFTS * _SHIFTS, dtype=torch.complex64)
            grid.index_add_(1, cell, seen)
            heights = torch.fft.ifft2(grid.view(-1, _SHIFTS, _SHIFTS)).real.flatten(1)
            norm = (seen.abs().square().sum(1) / 2.0).sqrt().clamp_min(1e-9) * math.sqrt(2.0)
            best = heights.max(1)
            scores.append(best.values * _SHIFTS**2 / norm * math.sqrt(2.0))
            place = torch.stack([best.indices // _SHIFTS, best.indices % _SHIFTS], 1)
            shifts.append(place.float() * self.tile / _SHIFTS)
        return torch.cat(scores), torch.cat(shifts)

    def _fit(
        self, mean: Tensor, hypotheses: _Hypotheses, index: int, shift: Tensor, step: float
    ) -> Placement:
        start = affine_warp(hypotheses.inverse()[index] * step, -shift)
        warp, score = self._fitter.fit(mean, start)
        return Placement(
            warp=warp,
            scale=float(hypotheses.scale[index]),
            turn_degrees=math.degrees(float(hypotheses.turn[index])),
            mirrored=bool(hypotheses.mirrored[index]),
            score=score,
        )


def _scales() -> _Hypotheses:
    low, high = (math.log(limit) for limit in _SCALE_RANGE)
    steps = torch.exp(torch.arange(low, high, _SCALE_STEP))
    return _Hypotheses(
        scale=steps.repeat(2),
        turn=torch.zeros(2 * len(steps)),
        mirrored=torch.arange(2).repeat_interleave(len(steps)).bool(),
    )


def _scales_and_turns() -> _Hypotheses:
    plain = _scales()
    limit = _TURN_LIMIT_DEGREES + 1e-6
    degrees = torch.arange(-_TURN_LIMIT_DEGREES, limit, _TURN_STEP_DEGREES)
    turns = torch.deg2rad(degrees)
    return _Hypotheses(
        scale=plain.scale.repeat(len(turns)),
        turn=turns.repeat_interleave(len(plain.scale)),
        mirrored=plain.mirrored.repeat(len(turns)),
    )


def _best_apart(scores: Tensor, hypotheses: _Hypotheses) -> list[int]:
    """Indices of the best hypotheses that are not neighbours of a better one."""
    kept: list[int] = []
    for index in scores.argsort(descending=True)[:200].tolist():
        near = any(
            bool(hypotheses.mirrored[index] == hypotheses.mirrored[other])
            and abs(math.log(float(hypotheses.scale[index] / hypotheses.scale[other]))) < 0.015
            and abs(float(hypotheses.turn[index] - hypotheses.turn[other])) < 0.015
            for other in kept
        )
        if not near:
            kept.append(index)
        if len(kept) == _KEPT:
            break
    return kept


def _whitened_spectrum(planes: Tensor) -> Tensor:
    """Zero-padded spectra with the frame's middle as origin, whitened by ring, limited.

    Args:
        planes: ``[p, h, w]``.

    Returns:
        ``[p, rows, columns]`` complex64, full plane.
    """
    height, width = planes.shape[-2:]
    rows, columns = max(_PADDED[0], height), max(_PADDED[1], width)
    padded = planes.new_zeros(len(planes), rows, columns)
    padded[:, :height, :width] = planes
    padded = padded.roll((-(height // 2), -(width // 2)), (1, 2))
    spectrum = torch.fft.fft2(padded)
    fy = torch.fft.fftfreq(rows)[:, None]
    fx = torch.fft.fftfreq(columns)[None, :]
    ring = (torch.hypot(fy, fx) * 200.0).long().clamp_max(60).flatten()
    flat = spectrum.flatten(1)
    count = torch.bincount(ring, minlength=61).clamp_min(1)
    power = torch.zeros(len(planes), 61).index_add_(1, ring, flat.abs().square()) / count
    even = flat / power.sqrt().clamp_min(1e-9)[:, ring]
    limited: Tensor = even / (even.abs() / 3.0).clamp_min(1.0)
    return limited.view(len(planes), rows, columns)


def _sample(spectrum: Tensor, plane: Tensor, fy: Tensor, fx: Tensor) -> Tensor:
    """Nearest samples at frequencies ``fy``, ``fx`` ``[n, p]`` in cycles per sample."""
    rows, columns = spectrum.shape[-2:]
    iy = (fy * rows).round().long() % rows
    ix = (fx * columns).round().long() % columns
    return spectrum.flatten()[(plane * rows + iy) * columns + ix]
