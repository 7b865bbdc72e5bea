"""Reading the pixel mark: identity first, then the lattice.

Most of what happens to a film leaves its geometry alone or only resizes it, and the canonical
frame absorbs a resize. So the tile is first read where it should be, plain and mirrored; only
when that makes no claim is geometry searched (``lattice``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from watermarking.cards import PixelCard
from watermarking.signal.evidence import Candidate, LayerReading, judge, tail_p_value
from watermarking.signal.extraction import SoftChips, soft_chips, whitened
from watermarking.signal.lattice import LatticeSearch, Placement
from watermarking.signal.roster import Ids
from watermarking.signal.tile import PlaneLayout, analyse, canonical_axes, tile_layout
from watermarking.signal.words import WordReader

# Half of the bound is spent on the two plain placements, half on at most this many fitted ones:
# a p-value pays for its share (weighted union bound).
_SHARES = 2.0
_PLAIN, MAX_FITTED = 2.0, 50.0


@dataclass(frozen=True)
class FrameSize:
    """Size in pixels of the frames as they were decoded, before the canonical resize."""

    width: int
    height: int


class PictureReader:
    """Reads mean residuals under one key."""

    def __init__(self, card: PixelCard, key: bytes, registered: Sequence[int] | Ids | None = None) -> None:
        self.card = card
        self.layouts: tuple[PlaneLayout, ...] = tile_layout(card, key)
        self.words = WordReader(card, registered)
        self._search = LatticeSearch(card, self.layouts)

    def read(self, mean: Tensor, size: FrameSize, *, search: bool = True) -> LayerReading:
        """Read the mark in ``mean`` ``[3, h, w]``, the levelled residual of frames of ``size``.

        Args:
            search: look for other geometries when the plain ones make no claim.
        """
        best: Candidate | None = None
        pilots = 0.0
        for mirrored in (False, True):
            picture = mean.flip(-1) if mirrored else mean
            soft = self._at_rest(picture, size)
            pilots = max(pilots, soft.pilot_score)
            geometry = "mirrored" if mirrored else "identity"
            best = self._better(best, soft, geometry, _SHARES * _PLAIN)
            if self._claims(best):
                return self._judge(best, pilots, 2)
        if search:
            for placement in self._search.placements(mean, size.width, size.height):
                soft = self._placed(mean, placement)
                best = self._better(best, soft, placement.describe(), _SHARES * MAX_FITTED)
                if self._claims(best):
                    break
        return self._judge(best, pilots, 2)

    def chips_at_rest(self, picture: Tensor, size: FrameSize) -> Tensor:
        """Return the soft chips ``[length]`` of ``picture`` where the tile should be."""
        return self._at_rest(picture, size).values

    def nothing(self) -> LayerReading:
        """Return the answer for a film without pictures."""
        return self._judge(None, 0.0, 1)

    def _at_rest(self, picture: Tensor, size: FrameSize) -> SoftChips:
        side, tile = self.card.geometry.side, self.card.geometry.tile
        rows, columns = picture.shape[-2], picture.shape[-1]
        ys, xs = canonical_axes(size.width, size.height, columns=columns, rows=rows, side=side)
        spectra = [
            whitened(layout, analyse(layout, plane, ys, xs, tile))
            for layout, plane in zip(self.layouts, picture, strict=True)
        ]
        return soft_chips(self.layouts, spectra, length=self.words.code.length)

    def _placed(self, picture: Tensor, placement: Placement) -> SoftChips:
        spectra = [
            whitened(layout, values)
            for layout, values in zip(self.layouts, self._search.spectra(picture, placement), strict=True)
        ]
        return soft_chips(self.layouts, spectra, length=self.words.code.length)

    def _better(self, best: Candidate | None, soft: SoftChips, geometry: str, trials: float) -> Candidate:
        found = self.words.best(soft.values, trials=trials, geometry=geometry)
        return found if best is None or found.p_value < best.p_value else best

    def _claims(self, best: Candidate) -> bool:
        return self._judge(best, 0.0, 1).status == "present"

    def _judge(self, best: Candidate | None, pilots: float, trials: int) -> LayerReading:
        hint = tail_p_value(pilots, trials=trials)
        return judge(best, hint=hint, bounds=self.card.thresholds)
