"""Reading the pixel mark: identity first, then the lattice.

Most of what happens to a film leaves its geometry alone or only resizes it, and the canonical
frame absorbs a resize. So the tile is first read where it should be, plain and mirrored; only
when that makes no claim is geometry searched (``lattice``).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from watermarking.cards import PixelCard
from watermarking.signal.evidence import Candidate, LayerReading, judge, tail_p_value
from watermarking.signal.extraction import SoftChips, joined, soft_chips, whitened
from watermarking.signal.lattice import LatticeSearch, Placement
from watermarking.signal.residual import Stretch
from watermarking.signal.roster import Ids
from watermarking.signal.tile import PlaneLayout, analyse, canonical_axes, tile_layout
from watermarking.signal.words import WordReader

# Half of the bound is spent on the plain placements, half on at most this many fitted ones, and as many passes
# over more frames may follow: a p-value pays for its share (weighted union bound).
_SHARES = 2.0
_PLAIN, MAX_FITTED, MAX_PASSES = 2.0, 60.0, 2.0
AT_REST_TRIALS = _SHARES * _PLAIN * MAX_PASSES
# shots that geometry is searched in, and shots that are folded once it is found
_SEARCHED, _FOLDED = 3, 8
# fitted placements that are looked at once more, by parts of shots, each weighed by its own pilots
_AGAIN, _PARTS = 2, 16
# stretches that are measured together: their spectra are small, the pictures they are taken of are not
_TOGETHER = 4


@dataclass(frozen=True)
class FrameSize:
    """Size in pixels of the frames as they were decoded, before the canonical resize."""

    width: int
    height: int


class PictureReader:
    """Reads the stretches of a clip under one key, on the device that they lie on, which is ``device``."""

    def __init__(
        self,
        card: PixelCard,
        key: bytes,
        registered: Sequence[int] | Ids | None = None,
        *,
        device: str = "cpu",
    ) -> None:
        self.card = card
        self.layouts: tuple[PlaneLayout, ...] = tuple(one.to(device) for one in tile_layout(card, key))
        self.words = WordReader(card, registered)

    @cached_property
    def _search(self) -> LatticeSearch:
        """Made when geometry is searched for the first time: most of what is read lies at rest."""
        return LatticeSearch(self.card, self.layouts)

    def read(self, stretches: Sequence[Stretch], size: FrameSize, *, search: bool = True) -> LayerReading:
        """Read the mark in the stretches of a clip whose frames have ``size``.

        Args:
            search: look for other geometries when the plain ones make no claim.
        """
        best: Candidate | None = None
        hint = 1.0
        for mirrored in (False, True):
            soft, scores = self.at_rest(stretches, size, mirrored=mirrored)
            hint = min(hint, hint_of(scores))
            best = self._better(best, soft, "mirrored" if mirrored else "identity", _SHARES * _PLAIN)
            if self._claims(best):
                return self.judge(best, hint)
        if search and best is not None and float(stretches[0].mean.square().mean()) > 0.0:
            best = self._searched(best, stretches, size)
        return self.judge(best, hint)

    def _searched(self, best: Candidate, stretches: Sequence[Stretch], size: FrameSize) -> Candidate:
        """Fit the likeliest geometries; look once more, by parts of shots, at those whose words score best."""
        shots = _shots(stretches, _FOLDED)
        tried: list[tuple[float, Placement]] = []

        def read(parts: Sequence[Tensor], placement: Placement) -> Candidate:
            soft = self._placed(parts, placement)
            return self.words.best(
                soft.values, trials=_SHARES * MAX_FITTED * MAX_PASSES, geometry=placement.describe()
            )

        for placement in self._search.placements(shots[:_SEARCHED], size.width, size.height):
            found = read(shots, placement)
            tried.append((found.score, placement))
            best = min(best, found, key=lambda one: one.p_value)
            if self._claims(best):
                return best
        parts = _parts(stretches, _FOLDED, _PARTS)
        if len(parts) > len(shots):
            for _, placement in sorted(tried, key=lambda one: -one[0])[:_AGAIN]:
                best = min(best, read(parts, placement), key=lambda one: one.p_value)
        return best

    def chips_at_rest(self, stretches: Sequence[Stretch], size: FrameSize) -> Tensor:
        """Return the soft chips ``[length]`` where the tile should be."""
        return self.at_rest(stretches, size, mirrored=False)[0].values

    def nothing(self) -> LayerReading:
        """Return the answer for a film without pictures."""
        return self.judge(None, 1.0)

    def at_rest(
        self, stretches: Sequence[Stretch], size: FrameSize, *, mirrored: bool
    ) -> tuple[SoftChips, list[float]]:
        """Return the chips where the tile should be, and the pilots' score of each stretch."""
        side, tile = self.card.geometry.side, self.card.geometry.tile
        rows, columns = stretches[0].mean.shape[-2:]
        ys, xs = canonical_axes(size.width, size.height, columns=columns, rows=rows, side=side)
        seen: list[list[Tensor]] = [[] for _ in self.layouts]
        for begin in range(0, len(stretches), _TOGETHER):
            means = torch.stack([one.mean for one in stretches[begin : begin + _TOGETHER]])
            if mirrored:
                means = means.flip(-1)
            for i, layout in enumerate(self.layouts):
                seen[i].append(analyse(layout, means[:, i], ys, xs, tile))
        parts = [whitened(layout, torch.cat(one)) for layout, one in zip(self.layouts, seen, strict=True)]
        return self._soft(parts, [one.frames for one in stretches])

    def _placed(self, shots: Sequence[Tensor], placement: Placement) -> SoftChips:
        folded = [self._search.spectra(shot, placement) for shot in shots]
        parts = [
            whitened(layout, torch.stack([planes[i] for planes in folded]))
            for i, layout in enumerate(self.layouts)
        ]
        return self._soft(parts, [1] * len(shots))[0]

    def _soft(self, parts: Sequence[Tensor], frames: Sequence[int]) -> tuple[SoftChips, list[float]]:
        planes, scores = joined(self.layouts, parts, frames)
        return soft_chips(self.layouts, planes, length=self.words.code.length), scores

    def _better(self, best: Candidate | None, soft: SoftChips, geometry: str, trials: float) -> Candidate:
        found = self.words.best(soft.values, trials=trials * MAX_PASSES, geometry=geometry)
        return found if best is None or found.p_value < best.p_value else best

    def _claims(self, best: Candidate) -> bool:
        return self.judge(best, 1.0).status == "present"

    def judge(self, best: Candidate | None, hint: float) -> LayerReading:
        """Return the answer that ``best`` gives, the pilots' own p-value being ``hint``."""
        return judge(best, hint=hint, bounds=self.card.thresholds)


def hint_of(scores: Sequence[float]) -> float:
    """P-value of the pilots alone: of the clearest stretch, either sign, both placements and every pass counted."""
    trials = 2.0 * len(scores) * _PLAIN * MAX_PASSES
    return tail_p_value(max((abs(score) for score in scores), default=0.0), trials=trials)


def _shots(stretches: Sequence[Stretch], most: int) -> list[Tensor]:
    """Mean residuals of the ``most`` longest shots, the longest first; within a shot the sign stays."""
    return [_joint(some) for some in _longest(stretches, most)]


def _parts(stretches: Sequence[Stretch], most: int, parts: int) -> list[Tensor]:
    """The same shots in about ``parts`` pieces, each of whole stretches."""
    shots = _longest(stretches, most)
    size = -(-sum(map(len, shots)) // parts)
    return [_joint(some[begin : begin + size]) for some in shots for begin in range(0, len(some), size)]


def _longest(stretches: Sequence[Stretch], most: int) -> list[list[Stretch]]:
    shots: dict[int, list[Stretch]] = {}
    for one in stretches:
        shots.setdefault(one.shot, []).append(one)
    frames = {shot: sum(one.frames for one in some) for shot, some in shots.items()}
    return [shots[shot] for shot in sorted(shots, key=lambda shot: -frames[shot])[:most]]


def _joint(some: Sequence[Stretch]) -> Tensor:
    """Their mean, each weighed by its frames, times the root of all frames."""
    total = some[0].mean * some[0].frames
    for one in some[1:]:
        total.add_(one.mean, alpha=one.frames)
    return total.div_(sum(one.frames for one in some) ** 0.5)
