"""Embedding in pictures: pattern times gain, added to the planes of a frame.

The pattern of a file is drawn once at the planes' own size; each frame costs a gain map at a
quarter size, its enlargement, and one multiply-add per plane.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from watermarking.cards import PixelCard
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.drift import Drift, keyed_sign
from watermarking.signal.masking import CELL, activity, at_cells, calm_bounds, gain_maps, hiding, luma_level
from watermarking.signal.tile import PlaneLayout, canonical_axes, coefficients, synthesise, tile_layout

_LEVEL_MEMORY = 0.9
_LEVEL_RANGE = (0.4, 1.1)
_STILL_RANGE = (0.4, 2.0)
# mean squared luma change, in 8-bit levels, below which rounding swallows the pattern
_LIT_ERROR = 0.09

Planes = tuple[NDArray[np.uint8] | NDArray[np.uint16], ...]


@dataclass(frozen=True)
class PictureForm:
    """Size and sampling of the planes that a marker is made for.

    ``chroma``: (columns, rows) of Cb and Cr, or None for grey pictures. ``depth``: bits.
    ``left_sited``: chroma lies on the left luma column (H.264's default for 4:2:0). ``aspect``: width
    over height of one pixel as it is shown, so that the tile is square to the eye.
    """

    width: int
    height: int
    chroma: tuple[int, int] | None
    depth: int = 8
    left_sited: bool = True
    still: bool = False
    aspect: float = 1.0


class PictureMarker:
    """Adds one payload's pattern to frames of one form, in order.

    Args:
        label: names the stretch that begins here (a segment's first time, a shot), for the drift of the pattern.
        device: where torch works.
    """

    def __init__(
        self,
        card: PixelCard,
        key: bytes,
        payload: int,
        form: PictureForm,
        *,
        label: str = "",
        device: str = "cpu",
    ) -> None:
        self.form = form
        self.strength = card.still_strength if form.still else card.strength
        self._range = _STILL_RANGE if form.still else _LEVEL_RANGE
        self._scale = float(1 << (form.depth - 8))
        self._device = torch.device(device)
        self._top = float((1 << form.depth) - 1)
        rows = -(-form.height // CELL)
        self._planes = [
            _PatternPlane.of(pattern, rows) for pattern in _draw(card, key, payload, form, self._device)
        ]
        self._key, self._payload = key, payload
        self._drift = Drift(key, payload, label)
        self._level: Tensor | None = None
        self._calm: Tensor | None = None
        self.frames = 0
        # on the device: nobody waits for it while frames come in
        self._lit = torch.zeros((), dtype=torch.int64, device=self._device)
        self._error = torch.zeros((), dtype=torch.float64, device=self._device)

    def mark(self, planes: Planes, *, shot: str | None = None) -> Planes:
        """Return marked copies of ``planes`` (``[h, w]`` each, luma first), same dtype.

        Args:
            shot: the frame stands by itself in this shot (a render node's frame): nothing is remembered of
                the frames before, and the sign is that of the shot.
        """
        return self.mark_all([planes], shot=shot)[0]

    def mark_all(self, frames: Sequence[Planes], *, shot: str | None = None) -> list[Planes]:
        """Mark frames that follow one another, together; as :meth:`mark` of each in turn."""
        count = len(self._planes)
        stacks = [self._stacked([planes[index] for planes in frames]) for index in range(count)]
        marked = [
            self._stored(stack, change, frames[0][index])
            for index, (stack, change) in enumerate(zip(stacks, self._changes(stacks, shot), strict=True))
        ]
        return [(*(stack[place] for stack in marked), *planes[count:]) for place, planes in enumerate(frames)]

    def mark_tensors(self, values: Sequence[Tensor], *, shot: str | None = None) -> list[Tensor]:
        """Mark frames that lie on the device, in place.

        Args:
            values: per plane ``[b, 1, h, w]`` float32 in whole levels of the form's depth, frames in order; they are
                overwritten.

        Returns:
            per plane ``[b, 1, h, w]``, whole numbers in the levels of the form's depth.
        """
        return [
            value.add_(change).clamp_(0.0, self._top)
            for value, change in zip(values, self._changes(values, shot), strict=True)
        ]

    def _changes(self, values: Sequence[Tensor], shot: str | None) -> list[Tensor]:
        """What is added to each plane ``[b, 1, h, w]`` of ``values``: whole numbers, in the levels of the depth."""
        measured = active, level = activity(
            self._in_levels(values[0][..., ::2, ::2]), cap=self.strength.activity_cap
        )
        size = (level.shape[-2], level.shape[-1])
        chroma = [self._in_levels(at_cells(plane, size)) for plane in values[1:3]]
        cuts, signs = self._steps(level, shot)
        calm = self._calm_of(active, cuts, alone=shot is not None)
        hidden = hiding(measured, (chroma[0], chroma[1]) if chroma else None, self.strength, calm)
        factor = self._smoothed(luma_level(hidden, self.strength.luma_psnr_db), cuts, alone=shot is not None)
        maps = gain_maps(hidden, factor, self.strength)
        self._count(maps.luma.square().mean((1, 2, 3)))
        sign = torch.tensor(signs, device=self._device).view(-1, 1, 1, 1) * self._scale
        gains = (maps.luma, maps.cb, maps.cr)
        return [plane.change(gain * sign) for plane, gain in zip(self._planes, gains, strict=False)]

    @property
    def lit_frames(self) -> int:
        """Frames so far that were light enough to be changed visibly to a codec."""
        return int(self._lit)

    @property
    def mean_psnr_db(self) -> float:
        """PSNR of the marked luma over the frames so far, before any encoding."""
        mean = float(self._error) / max(1, self.frames)
        return 10.0 * math.log10(255.0**2 / max(mean, 1e-9))

    def _steps(self, level: Tensor, shot: str | None) -> tuple[list[bool], list[float]]:
        """Where shots begin, and the sign of each frame."""
        if shot is None:
            return self._drift.steps(level)
        return [False] * len(level), [keyed_sign(self._key, self._payload, shot)] * len(level)

    def _calm_of(self, active: Tensor, cuts: Sequence[bool], *, alone: bool) -> Tensor:
        """Bounds per frame ``[b, 2]``: those of the first frame that follows a cut hold for its shot."""
        if alone:
            self._calm = None
            return calm_bounds(active, self.strength)
        chosen: list[Tensor] = []
        for place, cut in enumerate(cuts):
            if self._calm is None:
                self._calm = calm_bounds(active[place : place + 1], self.strength)
            chosen.append(self._calm)
            if cut:
                self._calm = None
        return torch.cat(chosen)

    def _count(self, errors: Tensor) -> None:
        self.frames += len(errors)
        self._lit += (errors > _LIT_ERROR).sum()
        self._error += errors.double().sum()

    def _stacked(self, planes: Sequence[NDArray[np.uint8] | NDArray[np.uint16]]) -> Tensor:
        whole = np.stack(planes) if len(planes) > 1 else planes[0][None]
        return torch.from_numpy(whole)[:, None].to(self._device)

    def _in_levels(self, values: Tensor) -> Tensor:
        """Bring samples to 8-bit levels."""
        levels = values.to(torch.float32)
        return levels if self._scale == 1.0 else levels / self._scale

    def _smoothed(self, levels: Tensor, cuts: Sequence[bool], *, alone: bool) -> Tensor:
        """Follow the levels ``[b]`` slowly within a shot, so that they do not flicker."""
        wanted = levels.clamp(*self._range).view(-1, 1, 1, 1)
        if alone:
            self._level = None
            return wanted
        followed: list[Tensor] = []
        for level, cut in zip(torch.split(wanted, 1), cuts, strict=True):
            if self._level is None or cut:
                self._level = level
            else:
                self._level = self._level + (1.0 - _LEVEL_MEMORY) * (level - self._level)
            followed.append(self._level)
        return torch.cat(followed)

    def _stored(
        self, stack: Tensor, change: Tensor, like: NDArray[np.uint8] | NDArray[np.uint16]
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        # whole numbers from here on; a sixteen-bit sum needs more than sixteen bits
        wide = torch.int16 if like.dtype == np.uint8 else torch.int32
        marked = stack.to(wide).add_(change.to(wide)).clamp_(0, int(self._top))[:, 0]
        if like.dtype == np.uint8:
            return marked.to(torch.uint8).cpu().numpy()
        return marked.cpu().numpy().astype(np.uint16)


@dataclass(frozen=True)
class _PatternPlane:
    """The pattern of one plane, of unit rms, ``[1, 1, rows, columns]``, and where each row lies among the cells' rows."""

    pattern: Tensor
    above: Tensor
    below: Tensor
    share: Tensor

    @classmethod
    def of(cls, pattern: Tensor, cells: int) -> _PatternPlane:
        rows = pattern.shape[-2]
        middles = (torch.arange(rows, dtype=torch.float32, device=pattern.device) + 0.5) * (cells / rows)
        place = (middles - 0.5).clamp_min(0.0)
        above = place.long().clamp_max(cells - 1)
        return cls(pattern, above, (above + 1).clamp_max(cells - 1), (place - above)[:, None])

    def change(self, gain: Tensor) -> Tensor:
        """Pattern times gain (``[b, 1, cells, cells]``, enlarged bilinearly: columns first, then rows), rounded."""
        size = (gain.shape[-2], self.pattern.shape[-1])
        wide = functional.interpolate(gain, size=size, mode="bilinear", align_corners=False)
        made = wide.index_select(-2, self.above)
        made.lerp_(wide.index_select(-2, self.below), self.share)
        return made.mul_(self.pattern).round_()


def _draw(card: PixelCard, key: bytes, payload: int, form: PictureForm, device: torch.device) -> list[Tensor]:
    """Patterns of unit rms per plane, ``[1, 1, rows, columns]``, drawn where they are used."""
    settings = card.code
    code = code_for(card.nbits, settings.constraint, settings.outputs, settings.seed)
    chips = code.encode(payload_bits([payload], card.nbits))[0]
    sizes = [(form.width, form.height)] + ([form.chroma] * 2 if form.chroma else [])
    layouts = [layout.to(device) for layout in tile_layout(card, key)]
    carried = chips.to(device)

    def drawn(layout: PlaneLayout, columns: int, rows: int) -> Tensor:
        offset = -0.5 if form.left_sited and columns < form.width else 0.0
        side = card.geometry.side
        ys, xs = canonical_axes(
            round(form.width * form.aspect), form.height, columns=columns, rows=rows, side=side, offset=offset
        )
        values = coefficients(layout, carried, sync_gain=card.sync_gain)
        return synthesise(layout, values, ys, xs, card.geometry.tile)[None, None].contiguous()

    return [drawn(layout, *size) for size, layout in zip(sizes, layouts, strict=False)]
