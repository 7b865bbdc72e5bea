"""Reading the sound mark: folding the map under every time scale, pitch and phase.

A change of tempo re-samples the map along time and a change of pitch moves its bands, so each
hypothesis costs one re-sampling and one fold to a period; the product with the shifted pilots
scores all starts at once. The plain scale comes first. The best hypotheses are refined on a
finer grid.

A hypothesis is scored by its folded quads: ``<s, f> / ||f||`` with keyed signs ``s``, over
pilots and code word together. The p-value counts every hypothesis of the grid and of the
refinement.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.evidence import Candidate, LayerReading, judge, tail_p_value
from watermarking.signal.listening import QuadMap
from watermarking.signal.quads import QuadLayout, quad_layout
from watermarking.signal.roster import Ids
from watermarking.signal.words import WordReader

# Windows of one file that may be read; every p-value pays for all of them.
MAX_WINDOWS = 16
Samples = NDArray[np.float32]

_KEPT = 2
_REFINE_SCALES = (0.0, -0.0008, 0.0008, -0.0016, 0.0016, -0.0024, 0.0024)
_REFINE_PHASES = 16
_LEAST_SCORE = 3.5
_LEAST_PERIODS = 0.7


@dataclass(frozen=True)
class _Hypothesis:
    pitch: int
    scale: float
    phase: float
    shift: int
    score: float


class SoundReader:
    """Reads sound at the analysis rate under one key."""

    def __init__(self, card: SoundCard, key: bytes, registered: Sequence[int] | Ids | None = None) -> None:
        self.card = card
        self.layout: QuadLayout = quad_layout(card, key)
        self.words = WordReader(card, registered)
        self._map = QuadMap(card)
        self._pilots = self._shifted_pilots()
        self._scales = _scale_grid(card)
        grid = len(self._scales) * len(card.search.pitch_scales) * card.search.phases
        finer = 2 * _KEPT * len(_REFINE_SCALES) * _REFINE_PHASES
        self.trials = float((grid + finer) * self.layout.columns * MAX_WINDOWS)
        self._windows = 0

    @property
    def is_spent(self) -> bool:
        """Whether as many windows were read as the p-values pay for."""
        return self._windows >= MAX_WINDOWS

    def nothing(self) -> LayerReading:
        """Return the answer for a file without sound."""
        return self._judge(None, 0.0)

    def read(self, samples: Samples, *, search: bool = True) -> LayerReading:
        """Read the mark in one window ``[channels, n]`` at 16 kHz.

        Args:
            search: try other tempos and pitches when the plain ones make no claim.
        """
        self._windows += 1
        wav = torch.from_numpy(np.ascontiguousarray(samples))
        analysis, grid = self.card.analysis, self.card.grid
        period = grid.quads * 2 * grid.slot_frames * analysis.hop
        if wav.shape[-1] < _LEAST_PERIODS * period or not float(wav.square().mean()) >= 1e-12:
            return self.nothing()
        best, pilots = self._attempt(self._map.scores(wav, pitches=1), [1.0])
        if search and not self._claims(best):
            found, hint = self._attempt(self._map.scores(wav), self._scales)
            pilots = max(pilots, hint)
            if best is None or (found is not None and found.p_value < best.p_value):
                best = found
        return self._judge(best, pilots)

    def _attempt(self, scores: Tensor, scales: list[float]) -> tuple[Candidate | None, float]:
        """Decode the best hypotheses of a grid; also the best pilot score that was seen."""
        found: list[_Hypothesis] = []
        for pitch in range(len(scores)):
            phases = self.card.search.phases
            found += self._scan(scores[pitch], pitch, scales, phases)
        best: Candidate | None = None
        top = 0.0
        for one in sorted(found, key=lambda item: -item.score)[:_KEPT]:
            near = [one.scale + delta for delta in _REFINE_SCALES]
            finer = self._scan(scores[one.pitch], one.pitch, near, _REFINE_PHASES)
            chosen = max([one, *finer], key=lambda item: item.score)
            top = max(top, chosen.score)
            candidate = self._decode(scores[one.pitch], chosen)
            if best is None or candidate.p_value < best.p_value:
                best = candidate
        return best, top

    def _scan(self, scores: Tensor, pitch: int, scales: list[float], phases: int) -> list[_Hypothesis]:
        """Best hypothesis per scale."""
        step = 2 * self.card.grid.slot_frames
        starts = torch.arange(phases) * (step / phases)
        found: list[_Hypothesis] = []
        for scale in scales:
            folded = self._fold(scores, scale, starts * scale)
            energy = folded.square() @ self._pilots.abs().T
            agreement = (folded @ self._pilots.T) / energy.clamp_min(1e-12).sqrt()
            score, index = agreement.flatten().max(0)
            phase, shift = divmod(int(index), self.layout.columns)
            place = float(starts[phase]) * scale
            found.append(_Hypothesis(pitch, scale, place, shift, float(score)))
        return found

    def _fold(self, scores: Tensor, scale: float, starts: Tensor) -> Tensor:
        """Re-sample ``scores`` ``[rows, frames]`` at ``scale`` and sum its periods.

        Returns:
            ``[starts, rows * columns]``.
        """
        rows, columns = self.layout.rows, self.layout.columns
        step = 2 * self.card.grid.slot_frames * scale
        count = int((scores.shape[-1] - 2 - step) / step)
        where = starts[:, None] + torch.arange(count) * step
        left = where.floor().long()
        part = where - left
        seen = scores[:, left] * (1.0 - part) + scores[:, left + 1] * part
        whole = -(-count // columns) * columns
        seen = torch.nn.functional.pad(seen, (0, whole - count))
        folded = seen.view(rows, len(starts), -1, columns).sum(2)
        return folded.permute(1, 0, 2).flatten(1)

    def _decode(self, scores: Tensor, chosen: _Hypothesis) -> Candidate:
        folded = self._fold(scores, chosen.scale, torch.tensor([chosen.phase]))[0]
        quads = folded.view(self.layout.rows, self.layout.columns)
        quads = quads.roll(-chosen.shift, 1).flatten()
        signed = quads * self.layout.signs
        soft = torch.zeros(self.words.code.length)
        soft.index_add_(0, self.layout.chips, signed[self.layout.data])
        return self.words.best(soft, trials=self.trials, geometry=self._describe(chosen))

    def _describe(self, chosen: _Hypothesis) -> str:
        pitch = self.card.search.pitch_scales[chosen.pitch]
        if chosen.scale == 1.0 and pitch == 1.0:
            return "identity"
        return f"tempo {1.0 / chosen.scale:.4f}, pitch {pitch:.2f}"

    def _shifted_pilots(self) -> Tensor:
        """``[columns, rows * columns]`` pilots as they lie when the period starts at a column."""
        layout = self.layout
        signs = torch.zeros(layout.rows * layout.columns)
        signs[layout.pilots] = layout.signs[layout.pilots]
        grid = signs.view(layout.rows, layout.columns)
        return torch.stack([grid.roll(n, 1).flatten() for n in range(layout.columns)])

    def _claims(self, best: Candidate | None) -> bool:
        return self._judge(best, 0.0).status == "present"

    def _judge(self, best: Candidate | None, pilots: float) -> LayerReading:
        hint = tail_p_value(pilots, trials=self.trials)
        return judge(best, hint=hint, bounds=self.card.thresholds)


def _scale_grid(card: SoundCard) -> list[float]:
    count = round(card.search.time_scale_span / card.search.time_scale_step)
    steps = range(-count, count + 1)
    return [1.0 + n * card.search.time_scale_step for n in steps]
