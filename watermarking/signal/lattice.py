"""Where is the tile? Lattice sampling of one spectrum.

Under an affine map ``x = B u`` the tile's frequency ``k / T`` appears at ``B**-T k / T``. So one
zero-padded spectrum of the chroma residual serves every hypothesis: sample it at the pilots'
places, undo their signs, and one small inverse transform scores every shift at once. Needs no
repeats in view: a quarter of a frame will do. The best few are refined by ``warp``.

Scale only comes first (crops and borders change the canonical scale and nothing else), by the chroma pilots
and then, for what has lost its colour, by luma's finer ones; then scale with rotation. Shots are scored
together: each may have turned its sign (``drift``), so the sizes of their heights are added.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

import torch
from torch import Tensor

from watermarking.cards import PixelCard
from watermarking.signal.threads import LOOKING_THREADS, use_threads
from watermarking.signal.tile import PlaneLayout
from watermarking.signal.warp import BENT, COARSE, STRAIGHT, Stages, Warp, WarpFitter, affine_warp

_SHIFTS, _LUMA_SHIFTS = 32, 128
_SCALE_RANGE = (0.72, 2.2)
_SCALE_STEP, _LUMA_SCALE_STEP = 0.006, 0.0028
_TURN_LIMIT_DEGREES = 6.0
_TURN_STEP_DEGREES = 0.4
_KEPT = 5
_LEAST_SCORE = 4.5
_CHUNK = 2048
_NO_COLOUR = 1e-4
_PADDED = (1024, 2048)
_RINGS = 110
One = TypeVar("One")
Made = TypeVar("Made")


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
class _Begun:
    """The shots' joint mean under a hypothesis' signs, and the warp that the coarse carrier gave it."""

    mean: Tensor
    warp: Warp
    index: int


@dataclass(frozen=True)
class _Hypotheses:
    scale: Tensor
    turn: Tensor
    mirrored: Tensor

    def inverse(self) -> Tensor:
        """``[n, 2, 2]`` maps from the observed frame to the tile, (y, x) order."""
        # made on the processor, where they are also looked up one by one
        cos, sin = torch.cos(self.turn) / self.scale, torch.sin(self.turn) / self.scale
        flip = torch.where(self.mirrored, -1.0, 1.0)
        rows = torch.stack([cos, -sin, flip * sin, flip * cos], -1)
        return rows.view(-1, 2, 2)


@dataclass(frozen=True)
class _Pilots:
    """Pilots of one carrier: frequencies, plane of each, signs to undo; ``shifts``: places per tile side."""

    planes: tuple[int, ...]
    ky: Tensor
    kx: Tensor
    plane: Tensor
    conj: Tensor
    shifts: int

    @classmethod
    def of(cls, layouts: Sequence[PlaneLayout], planes: tuple[int, ...], shifts: int) -> _Pilots:
        chosen = [layouts[index] for index in planes]
        return cls(
            planes,
            torch.cat([one.ky[one.pilots] for one in chosen]).float(),
            torch.cat([one.kx[one.pilots] for one in chosen]).float(),
            torch.cat([torch.full_like(one.pilots, i) for i, one in enumerate(chosen)]),
            torch.cat([one.pilot_signs.conj() for one in chosen]),
            shifts,
        )


class LatticeSearch:
    """Finds placements of one key's tile in the mean residuals of a few shots."""

    def __init__(self, card: PixelCard, layouts: Sequence[PlaneLayout]) -> None:
        self.tile = card.geometry.tile
        self.side = card.geometry.side
        self.layouts = layouts
        self._fitter = WarpFitter(layouts, tile=self.tile)
        self._chroma = _Pilots.of(layouts, (1, 2), _SHIFTS)
        self._luma = _Pilots.of(layouts, (0,), _LUMA_SHIFTS)

    def placements(self, shots: Sequence[Tensor], width: int, height: int) -> Iterator[Placement]:
        """Yield fitted placements, the likeliest first per level: straight ones, then the same bent.

        Args:
            shots: mean residuals ``[3, h, w]`` that share a geometry; their signs are found here.
            width: of the frames as decoded, as ``height``.
        """
        step = self.side / math.sqrt(width * height) * width / shots[0].shape[-1]
        coloured = any(float(shot[1:].square().mean()) > _NO_COLOUR for shot in shots)
        levels: list[tuple[_Pilots, _Hypotheses, tuple[tuple[int, ...], ...]]] = [
            (self._luma, _scales(_LUMA_SCALE_STEP), ((0,),))
        ]
        if coloured:
            levels.insert(0, (self._chroma, _scales(_SCALE_STEP), ((1, 2), (0, 1, 2))))
            levels.append((self._chroma, _scales_and_turns(), ((1, 2), (0, 1, 2))))
        known: dict[tuple[int, ...], list[Tensor]] = {}
        for pilots, hypotheses, planes in levels:
            # the first and the last level look at the same planes
            if pilots.planes not in known:
                known[pilots.planes] = [_whitened_spectrum(shot[list(pilots.planes)]) for shot in shots]
            spectra = known[pilots.planes]
            scores, shifts, signs = self._scores(spectra, pilots, hypotheses, step)

            likely = [index for index, score in _best_apart(scores, hypotheses) if score >= _LEAST_SCORE]

            def begin(
                index: int,
                hypotheses: _Hypotheses = hypotheses,
                shifts: Tensor = shifts,
                signs: Tensor = signs,
                planes: tuple[tuple[int, ...], ...] = planes,
            ) -> _Begun:
                joint = torch.stack([shot * sign for shot, sign in zip(shots, signs[index], strict=True)])
                mean = joint.sum(0)
                start = affine_warp(hypotheses.inverse()[index] * step, -shifts[index])
                return _Begun(mean, self._fitter.fit(mean, start, planes, COARSE)[0], index)

            begun = _beside(begin, likely)
            for stages in (STRAIGHT, BENT):

                def fit(
                    one: _Begun,
                    hypotheses: _Hypotheses = hypotheses,
                    planes: tuple[tuple[int, ...], ...] = planes,
                    stages: Stages = stages,
                ) -> Placement:
                    return self._fit(one, hypotheses, planes, stages)

                yield from sorted(_beside(fit, begun), key=lambda one: -one.score)

    def spectra(self, mean: Tensor, placement: Placement) -> list[Tensor]:
        """Return each plane's tile coefficients under ``placement``, ``[n]`` complex."""
        return self._fitter.fold(mean, placement.warp)

    def _scores(
        self, spectra: Sequence[Tensor], pilots: _Pilots, hypotheses: _Hypotheses, step: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Best pilot score over all shifts, that shift in tile pixels ``[n, 2]``, and the shots' signs there."""
        device = spectra[0].device
        inverse = hypotheses.inverse().to(device)
        side = pilots.shifts
        cell = (pilots.ky.long() % side) * side + pilots.kx.long() % side
        scores, shifts, signs = [], [], []
        for start in range(0, len(inverse), _CHUNK * _SHIFTS**2 // side**2):
            part = inverse[start : start + _CHUNK * _SHIFTS**2 // side**2]
            fy = (part[:, 0, :1] * pilots.ky + part[:, 1, :1] * pilots.kx) / self.tile * step
            fx = (part[:, 0, 1:] * pilots.ky + part[:, 1, 1:] * pilots.kx) / self.tile * step
            heights = []
            for spectrum in spectra:
                seen = _sample(spectrum, pilots.plane, fy, fx) * pilots.conj
                grid = seen.new_zeros(len(part), side * side)
                grid.index_add_(1, cell, seen)
                height = torch.fft.ifft2(grid.view(-1, side, side)).real.flatten(1)
                norm = seen.abs().square().sum(1).sqrt().clamp_min(1e-9)
                heights.append(height * (side**2 * math.sqrt(2.0)) / norm[:, None])
            each = torch.stack(heights, -1)
            best = each.abs().sum(-1).max(1)
            scores.append(best.values / math.sqrt(len(spectra)))
            signs.append(each[torch.arange(len(part), device=device), best.indices].sign())
            place = torch.stack([best.indices // side, best.indices % side], 1)
            shifts.append(place.float() * self.tile / side)
        return torch.cat(scores), torch.cat(shifts), torch.cat(signs)

    def _fit(
        self, begun: _Begun, hypotheses: _Hypotheses, planes: tuple[tuple[int, ...], ...], stages: Stages
    ) -> Placement:
        warp, score = self._fitter.fit(begun.mean, begun.warp, planes, stages)
        return Placement(
            warp=warp,
            scale=float(hypotheses.scale[begun.index]),
            turn_degrees=math.degrees(float(hypotheses.turn[begun.index])),
            mirrored=bool(hypotheses.mirrored[begun.index]),
            score=score,
        )


def _beside(fit: Callable[[One], Made], likely: Sequence[One]) -> list[Made]:
    """Fit several at a time; each as it would come out alone."""
    with ThreadPoolExecutor(LOOKING_THREADS, initializer=use_threads, initargs=(1,)) as fitters:
        return list(fitters.map(fit, likely))


def _scales(step: float) -> _Hypotheses:
    low, high = (math.log(limit) for limit in _SCALE_RANGE)
    steps = torch.exp(torch.arange(low, high, step, device="cpu"))
    return _Hypotheses(
        scale=steps.repeat(2),
        turn=steps.new_zeros(2 * len(steps)),
        mirrored=torch.arange(2, device="cpu").repeat_interleave(len(steps)).bool(),
    )


def _scales_and_turns() -> _Hypotheses:
    plain = _scales(_SCALE_STEP)
    limit = _TURN_LIMIT_DEGREES + 1e-6
    degrees = torch.arange(-_TURN_LIMIT_DEGREES, limit, _TURN_STEP_DEGREES, device="cpu")
    turns = torch.deg2rad(degrees)
    return _Hypotheses(
        scale=plain.scale.repeat(len(turns)),
        turn=turns.repeat_interleave(len(plain.scale)),
        mirrored=plain.mirrored.repeat(len(turns)),
    )


def _best_apart(scores: Tensor, hypotheses: _Hypotheses) -> list[tuple[int, float]]:
    """Indices and scores of the best hypotheses that are not neighbours of a better one."""
    kept: list[int] = []
    here = scores.cpu()
    for index in here.argsort(descending=True)[:200].tolist():
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
    return [(index, float(here[index])) for index in kept]


def _whitened_spectrum(planes: Tensor) -> Tensor:
    """Zero-padded spectra with the frame's middle as origin, whitened by ring, limited.

    Args:
        planes: ``[p, h, w]``.

    Returns:
        ``[p, rows, columns // 2 + 1]`` complex64: the half plane, of which the other is the mirror image.
    """
    height, width = planes.shape[-2:]
    rows, columns = max(_PADDED[0], height), max(_PADDED[1], width + width % 2)
    padded = planes.new_zeros(len(planes), rows, columns)
    padded[:, :height, :width] = planes
    padded = padded.roll((-(height // 2), -(width // 2)), (1, 2))
    spectrum = torch.fft.rfft2(padded)
    ring, count = _rings(rows, columns, planes.device)
    flat = spectrum.flatten(1)
    size = flat.abs()
    power = planes.new_zeros(len(planes), _RINGS).index_add_(1, ring, size.square()) / count
    level = power.sqrt().clamp_min_(1e-9).index_select(1, ring)
    # a coefficient over three times its ring's level is taken down to that
    limited: Tensor = flat.mul_((size / 3.0).maximum(level).reciprocal_())
    return limited.view(len(planes), rows, -1)


@lru_cache(4)
def _rings(rows: int, columns: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Ring of every frequency of a half plane, and how many of these lie in each ``[_RINGS]``."""
    fy = torch.fft.fftfreq(rows, device="cpu")[:, None]
    fx = torch.fft.rfftfreq(columns, device="cpu")[None, :]
    ring = (torch.hypot(fy, fx) * 200.0).long().clamp_max(_RINGS - 1).flatten()
    count = torch.bincount(ring, minlength=_RINGS).clamp_min(1)
    return ring.to(device), count.to(device)


def _sample(spectrum: Tensor, plane: Tensor, fy: Tensor, fx: Tensor) -> Tensor:
    """Nearest samples at frequencies ``fy``, ``fx`` ``[n, p]`` in cycles per sample."""
    rows, half = spectrum.shape[-2:]
    columns = 2 * (half - 1)
    iy = (fy * rows).round().long()
    ix = (fx * columns).round().long() % columns
    beyond = ix >= half
    ix = torch.where(beyond, columns - ix, ix)
    iy = torch.where(beyond, -iy, iy) % rows
    seen = spectrum.flatten().index_select(0, ((plane * rows + iy) * half + ix).flatten()).view(ix.shape)
    return torch.where(beyond, seen.conj(), seen)
