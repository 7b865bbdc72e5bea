"""Embedding in pictures: pattern times gain, added to the planes of a frame.

The pattern of a file is drawn once at the planes' own size; each frame costs a gain map at a
quarter size, its enlargement, and one multiply-add per plane.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional

from watermarking.cards import PixelCard
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.drift import Drift, keyed_sign
from watermarking.signal.masking import Hiding, gain_maps, hiding, luma_level
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
    """

    def __init__(
        self,
        card: PixelCard,
        key: bytes,
        payload: int,
        form: PictureForm,
        *,
        label: str = "",
    ) -> None:
        self.form = form
        self.strength = card.still_strength if form.still else card.strength
        self._range = _STILL_RANGE if form.still else _LEVEL_RANGE
        self._scale = float(1 << (form.depth - 8))
        self._patterns = _draw(card, key, payload, form)
        self._key, self._payload = key, payload
        self._drift = Drift(key, payload, label)
        self._level: Tensor | None = None
        self._calm: Tensor | None = None
        self.frames, self.lit_frames = 0, 0
        self._error = 0.0

    def mark(self, planes: Planes, *, shot: str | None = None) -> Planes:
        """Return marked copies of ``planes`` (``[h, w]`` each, luma first), same dtype.

        Args:
            shot: the frame stands by itself in this shot (a render node's frame): nothing is remembered of
                the frames before, and the sign is that of the shot.
        """
        values = [self._plane(plane) for plane in planes[: len(self._patterns)]]
        luma = values[0]
        chroma = (values[1], values[2]) if len(values) > 2 else None
        hidden = hiding(luma, chroma, self.strength, None if shot is not None else self._calm)
        sign = self._sign(hidden, shot)
        level = self._smoothed(luma_level(hidden, self.strength.luma_psnr_db))
        maps = gain_maps(hidden, level, self.strength)
        self._count(float(maps.luma.square().mean()))
        gains = (maps.luma, maps.cb, maps.cr)
        marked = [
            self._add(value, gain * sign, index, plane)
            for index, (value, gain, plane) in enumerate(zip(values, gains, planes, strict=False))
        ]
        return (*marked, *planes[len(marked) :])

    @property
    def mean_psnr_db(self) -> float:
        """PSNR of the marked luma over the frames so far, before any encoding."""
        mean = self._error / max(1, self.frames)
        return 10.0 * math.log10(255.0**2 / max(mean, 1e-9))

    def _sign(self, hidden: Hiding, shot: str | None) -> float:
        """Sign of this frame; forgets what belongs to the shot before when a new one begins."""
        if shot is not None:
            self._level, self._calm = None, None
            return keyed_sign(self._key, self._payload, shot)
        if self._drift.step(hidden.level):
            self._level = None
            self._calm = None
        else:
            self._calm = hidden.calm
        return self._drift.sign

    def _count(self, error: float) -> None:
        self.frames += 1
        self.lit_frames += error > _LIT_ERROR
        self._error += error

    def _plane(self, plane: NDArray[np.uint8] | NDArray[np.uint16]) -> Tensor:
        values = torch.from_numpy(plane).to(torch.float32)
        if self._scale != 1.0:
            values /= self._scale
        return values[None, None]

    def _smoothed(self, level: Tensor) -> Tensor:
        """Follow the level slowly, so that it does not flicker."""
        level = level.clamp(*self._range).view(-1, 1, 1, 1)
        if self._level is not None:
            level = self._level + (1.0 - _LEVEL_MEMORY) * (level - self._level)
        self._level = level
        return level

    def _add(
        self, plane: Tensor, gain: Tensor, index: int, like: NDArray[np.uint8] | NDArray[np.uint16]
    ) -> NDArray[np.uint8] | NDArray[np.uint16]:
        size = (plane.shape[-2], plane.shape[-1])
        full = functional.interpolate(gain, size=size, mode="bilinear", align_corners=False)
        marked = plane.addcmul_(full, self._patterns[index])
        if self._scale != 1.0:
            marked *= self._scale
        marked.round_().clamp_(0.0, 255.0 * self._scale + self._scale - 1.0)
        # uint8 conversion is exact after the clamp; uint16 goes through int32
        if like.dtype == np.uint8:
            return marked.to(torch.uint8)[0, 0].numpy()
        return marked.to(torch.int32)[0, 0].numpy().astype(np.uint16)


def _draw(card: PixelCard, key: bytes, payload: int, form: PictureForm) -> list[Tensor]:
    """Patterns of unit rms per plane, ``[1, 1, rows, columns]``."""
    settings = card.code
    code = code_for(card.nbits, settings.constraint, settings.outputs, settings.seed)
    chips = code.encode(payload_bits([payload], card.nbits))[0]
    sizes = [(form.width, form.height)] + ([form.chroma] * 2 if form.chroma else [])
    layouts = tile_layout(card, key)

    def drawn(layout: PlaneLayout, columns: int, rows: int) -> Tensor:
        offset = -0.5 if form.left_sited and columns < form.width else 0.0
        side = card.geometry.side
        ys, xs = canonical_axes(
            round(form.width * form.aspect), form.height, columns=columns, rows=rows, side=side, offset=offset
        )
        values = coefficients(layout, chips, sync_gain=card.sync_gain)
        return synthesise(layout, values, ys, xs, card.geometry.tile)[None, None].contiguous()

    return [drawn(layout, *size) for size, layout in zip(sizes, layouts, strict=False)]
