"""Reading the sound mark: sampling the map under every tempo, pitch and phase, and judging the best.

A change of tempo re-samples the map along time and a change of pitch moves its bands; each
hypothesis is then compared with every place of the lap (``synchrony``). The plain scale comes first,
on its own account of trials. Of the whole grid the best hypotheses are refined.

A hypothesis is scored by its quads: ``<s, f> / ||f||`` with keyed signs ``s``, over pilots and code
word together. The p-value counts every hypothesis of the grid and of the refinement, and the n-th
stretch of a file pays ``n (n + 1)`` times, so that a file may be read in any number of stretches.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from watermarking.cards import SoundCard
from watermarking.signal.evidence import Candidate, LayerReading, judge, tail_p_value
from watermarking.signal.listening import TRUSTS, QuadMap, Trust
from watermarking.signal.quads import Drift, QuadLayout, quad_layout
from watermarking.signal.roster import Ids
from watermarking.signal.synchrony import PilotSearch, Place
from watermarking.signal.words import Pilots, WordReader

Samples = NDArray[np.float32]
# of one window of a file
WINDOW_SECONDS = 16

_KEPT = 2
# in steps of the grid of scales
_REFINE_SCALES = (0.0, -0.25, 0.25, -0.5, 0.5)
_REFINE_PHASES = 16
_REFINE_COLUMNS = (0, -1, 1)
_PLAIN_PHASES = 8
# pilots that agree less than this never led to a word
_LEAST_PILOTS = 4.0
_LEAST_SECONDS = 2.8
_SILENT_POWER = 1e-10


@dataclass(frozen=True)
class Fit:
    """How a sound lies under the lap: pitch, time scale, first frame, column, sign, and trust.

    ``trust``: which quads were relied on.
    """

    pitch: float
    scale: float
    frame: float
    column: int
    sign: float
    trust: Trust
    score: float

    @property
    def geometry(self) -> str:
        """Words for a report."""
        if self.pitch == 1.0 and self.scale == 1.0:
            return "identity"
        return f"tempo {1.0 / self.scale:.4f}, pitch {self.pitch:.2f}"


@dataclass(frozen=True)
class Heard:
    """The maps of one window at the plain pitch, one per trust: ``[rows, frames]``."""

    maps: dict[Trust, Tensor]

    def halved(self) -> Heard:
        """The same in half the memory, to be kept."""
        return Heard({trust: scores.half() for trust, scores in self.maps.items()})


@dataclass(frozen=True)
class Placed:
    """What is to be decoded: fits, their soft chips and pilots, the best pilots' score, and what a reading pays."""

    fits: list[Fit]
    softs: list[Tensor]
    beside: list[Pilots]
    pilots: float
    trials: float
    decodings: float


class SoundReader:
    """Reads sound at the analysis rate under one key; every reading counts as one of a file's."""

    def __init__(
        self,
        card: SoundCard,
        key: bytes,
        registered: Sequence[int] | Ids | None = None,
        *,
        device: str = "cpu",
    ) -> None:
        self.card = card
        self._device = torch.device(device)
        self.layout: QuadLayout = quad_layout(card, key).to(device)
        self._key = key
        self.words = WordReader(card, registered)
        self._search = PilotSearch(self.layout)
        self._step = 2 * card.grid.slot_frames
        self._places = 2.0 * self.layout.columns
        self._readings = 0
        self.fit: Fit | None = None

    def nothing(self) -> LayerReading:
        """Return the answer for a file without sound."""
        return judge(None, hint=1.0, bounds=self.card.thresholds)

    def hear(self, samples: Samples, trusts: Sequence[Trust] = TRUSTS) -> Heard | None:
        """Map one window ``[channels, n]`` at the analysis rate; None for silence or what is no number."""
        quads = self._quads(samples)
        if quads is None:
            return None
        return Heard({trust: quads.scores(trust=trust) for trust in trusts})

    def read(self, samples: Samples, *, search: bool = True) -> LayerReading:
        """Read the mark in one window ``[channels, n]``.

        Args:
            search: try other tempos and pitches when the plain ones make no claim.
        """
        heard = self.hear(samples)
        if heard is None:
            return self.nothing()
        plain = self.read_plain([heard])
        if plain.status == "present" or not search:
            return plain
        fit = self.fit
        found = self.read_searched(samples)
        if found.p_value < plain.p_value or found.status == "present":
            return found
        self.fit = fit
        return plain

    def read_plain(self, windows: Sequence[Heard | None]) -> LayerReading:
        """Read windows that follow one another, together, at the plain tempo and pitch."""
        placed = self.place_plain(windows)
        return self.nothing() if placed is None else self.judge(placed, self.decode(placed))

    def place_plain(self, windows: Sequence[Heard | None]) -> Placed | None:
        """Find where in the lap the windows lie, once per trust; None for silence. One reading is paid for."""
        trials = self._pay(self._places * len(TRUSTS) * _PLAIN_PHASES)
        fits: list[Fit] = []
        for trust in TRUSTS:
            scores = self._joined(windows, trust)
            if scores is None:
                return None
            starts = self._starts(_PLAIN_PHASES)
            seen = self._sample(scores[self.layout.pilots], 1.0, starts).transpose(0, 1)
            (place,) = self._search.best(seen, 1)
            fits.append(_fit(place, 1.0, 1.0, place.row * self._step / _PLAIN_PHASES, trust))
        tried = [(fit, self._joined(windows, fit.trust)) for fit in fits if fit.score >= _LEAST_PILOTS]
        return self._placed(tried, max(fit.score for fit in fits), trials)

    def read_searched(self, samples: Samples) -> LayerReading:
        """Read one window at every tempo and pitch of the card's grid."""
        quads = self._quads(samples)
        if quads is None:
            return self.nothing()
        scales = _scale_grid(self.card, samples.shape[-1] / self.card.analysis.rate_hz)
        trials = self._pay(self._grid_trials(len(scales)))
        coarse: list[Fit] = []
        starts = self._starts(self.card.search.phases)
        for pitch in self.card.search.pitch_scales:
            scores = quads.scores(pitch)[self.layout.pilots]
            seen = self._sample_scales(scores, scales, starts)
            for place in self._search.best(seen, _KEPT):
                scale = scales[place.row // len(starts)]
                frame = place.row % len(starts) * (self._step / len(starts)) * scale
                coarse.append(_fit(place, pitch, scale, frame, "all"))
        coarse.sort(key=lambda fit: -fit.score)
        best = [self._refined(quads, fit, scales[1] - scales[0]) for fit in coarse[:_KEPT]]
        tried = [(fit, quads.scores(fit.pitch, fit.trust)) for fit in best if fit.score >= _LEAST_PILOTS]
        placed = self._placed(tried, max(fit.score for fit in best), trials)
        return self.judge(placed, self.decode(placed))

    def agreement(self, windows: Sequence[Heard | None], fit: Fit, payload: int, first: int) -> float:
        """Score windows for a known word at a known fit.

        Args:
            fit: a plain one, of a stretch that starts ``first`` windows earlier (negative: later).

        Returns:
            ``z``; 0.0 where there is nothing to read.
        """
        scores = self._joined(windows, fit.trust)
        if scores is None:
            return 0.0
        begin = first * self.window_frames
        passed = math.ceil((begin - fit.frame) / self._step)
        moved = replace(fit, frame=fit.frame + passed * self._step - begin, column=fit.column + passed)
        soft, pilots = self._softly(scores, moved)
        return self.words.score(soft, payload, pilots)

    def known_score(self, samples: Samples, payload: int) -> float:
        """Score one id at the one place where its own output, under nobody's hand, begins.

        Of sound without this key's mark this is one draw of a standard normal number, near enough.
        """
        heard = self.hear(samples)
        return 0.0 if heard is None else self.known_agreement(heard, payload)

    def known_agreement(self, heard: Heard, payload: int) -> float:
        """Score one id in the first window of a sound, as :meth:`known_score` does."""
        drift = Drift(self._key, payload, self.layout.columns)
        rest = Fit(1.0, 1.0, 0.0, drift.start, drift.lap_sign(0), "all", 0.0)
        return self.agreement([heard], rest, payload, 0)

    @property
    def window_frames(self) -> int:
        """Frames of a window of a file."""
        return WINDOW_SECONDS * self.card.analysis.rate_hz // self.card.analysis.hop

    @property
    def windows_of_a_lap(self) -> int:
        """Windows that may be read together: what follows has another sign."""
        return self.layout.columns * self._step // self.window_frames

    def _quads(self, samples: Samples) -> QuadMap | None:
        wav = torch.nan_to_num(
            torch.from_numpy(np.ascontiguousarray(samples)), nan=0.0, posinf=0.0, neginf=0.0
        )
        if wav.shape[-1] < _LEAST_SECONDS * self.card.analysis.rate_hz:
            return None
        if float(wav.square().mean()) < _SILENT_POWER:
            return None
        return QuadMap(self.card, wav.to(self._device))

    def _starts(self, phases: int) -> Tensor:
        return torch.arange(phases, device=self._device) * (self._step / phases)

    def _joined(self, windows: Sequence[Heard | None], trust: Trust) -> Tensor | None:
        maps = [one.maps[trust] if one is not None else None for one in windows]
        if all(one is None for one in maps):
            return None
        frames = self.window_frames
        blank = torch.zeros(self.layout.rows, frames, device=self._device)
        # a spectrogram has a frame more than its window has hops
        return torch.cat([blank if one is None else one[:, :frames].float() for one in maps], 1)

    def _sample(self, scores: Tensor, scale: float, starts: Tensor) -> Tensor:
        """Re-sample ``scores`` ``[rows, frames]`` at ``scale``: ``[rows, starts, quads]``."""
        step = self._step * scale
        count = int((scores.shape[-1] - 1 - step) / step)
        where = starts[:, None] + torch.arange(count, device=self._device) * step
        left = where.floor().long()
        part = where - left
        return torch.lerp(scores[:, left], scores[:, left + 1], part)

    def _sample_scales(self, scores: Tensor, grid: list[float], starts: Tensor) -> Tensor:
        """Sample every scale of the grid: ``[scales * starts, rows, quads]``, short ones padded."""
        count = max(1, int((scores.shape[-1] - 1) / (self._step * min(grid))))
        scales = torch.tensor(grid, device=self._device)[:, None, None]
        where = scales * (starts[:, None] + torch.arange(count, device=self._device) * self._step)
        where = where.flatten(0, 1)
        left = where.floor().long()
        inside = left < scores.shape[-1] - 1
        left = left.clamp_max(scores.shape[-1] - 2)
        seen = torch.lerp(scores[:, left], scores[:, left + 1], where - left)
        return (seen * inside).transpose(0, 1)

    def _refined(self, quads: QuadMap, fit: Fit, step: float) -> Fit:
        """Return the best of a finer grid around ``fit``, then of all trusts."""
        phases = self._starts(_REFINE_PHASES)
        best = fit
        for pitch in (fit.pitch, *(fit.pitch * (1.0 + fine) for fine in self.card.search.pitch_fine)):
            scores = quads.scores(pitch)[self.layout.pilots]
            for scale in (fit.scale + delta * step for delta in _REFINE_SCALES):
                for delta in _REFINE_COLUMNS:
                    near = replace(fit, pitch=pitch, scale=scale, column=fit.column + delta)
                    best = max(best, self._scored(scores, near, phases * scale), key=_score_of)
        for trust in TRUSTS[1:]:
            scores = quads.scores(best.pitch, trust)[self.layout.pilots]
            other = self._scored(scores, replace(best, trust=trust), self._at([best.frame]))
            best = max(best, other, key=_score_of)
        return best

    def _scored(self, scores: Tensor, fit: Fit, starts: Tensor) -> Fit:
        """Return ``fit`` at the best of ``starts``, with its score on the pilots."""
        seen = self._sample(scores, fit.scale, starts).transpose(0, 1)
        columns = self._columns(fit, seen)
        signs = self.layout.signs[self.layout.pilots][:, columns] * fit.sign
        norm = seen.square().sum((1, 2)).clamp_min(1e-20).sqrt()
        score, row = ((seen * signs).sum((1, 2)) / norm).max(0)
        best, frame = torch.stack([score, starts[row]]).tolist()
        return replace(fit, column=fit.column % self.layout.columns, frame=frame, score=best)

    def _at(self, starts: list[float]) -> Tensor:
        return torch.tensor(starts, device=self._device)

    def _columns(self, fit: Fit, seen: Tensor) -> Tensor:
        """Columns of the lap under ``seen`` ``[..., quads]``."""
        return (fit.column + torch.arange(seen.shape[-1], device=self._device)) % self.layout.columns

    def _softly(self, scores: Tensor, fit: Fit) -> tuple[Tensor, Pilots]:
        """Sum quads to soft chips, and the pilots to a score and an energy."""
        seen = self._sample(scores, fit.scale, self._at([fit.frame]))[:, 0]
        columns = self._columns(fit, seen)
        signed = seen * self.layout.signs[:, columns] * fit.sign
        soft = seen.new_zeros(self.words.code.length)
        chips = self.layout.chips[:, columns]
        soft.index_add_(0, chips.flatten(), signed[self.layout.data].flatten())
        pilots = signed[self.layout.pilots]
        return soft, Pilots(*torch.stack([pilots.sum(), pilots.square().sum()]).tolist())

    def _placed(self, tried: Sequence[tuple[Fit, Tensor | None]], pilots: float, trials: float) -> Placed:
        made = [(fit, self._softly(scores, fit)) for fit, scores in tried if scores is not None]
        return Placed(
            [fit for fit, _ in made],
            [soft for _, (soft, _) in made],
            [beside for _, (_, beside) in made],
            pilots,
            trials,
            len(TRUSTS) * self._readings * (self._readings + 1),
        )

    def decode(self, placed: Placed) -> list[Candidate]:
        """Return the best word of each fit."""
        return self.words.best_of(
            placed.softs,
            trials=placed.trials,
            geometries=[fit.geometry for fit in placed.fits],
            pilots=placed.beside,
            decodings=placed.decodings,
        )

    def _grid_trials(self, scales: int) -> float:
        """Every hypothesis of the fine grid: any of them might have been come to."""
        search = self.card.search
        pitches = len(search.pitch_scales) * (1 + len(search.pitch_fine))
        finer = len(_REFINE_SCALES) * (_REFINE_PHASES + search.phases) * len(TRUSTS)
        return self._places * scales * pitches * finer

    def _pay(self, trials: float) -> float:
        """Trials of the next reading: those of all readings together are worth one level."""
        self._readings += 1
        return trials * self._readings * (self._readings + 1)

    def judge(self, placed: Placed, words: Sequence[Candidate]) -> LayerReading:
        """Return the answer that the best of ``words`` gives, and remember how it lies."""
        hint = tail_p_value(placed.pilots, trials=placed.trials)
        readings = zip(words, placed.fits, strict=True)
        best, self.fit = min(readings, key=lambda item: item[0].p_value, default=(None, None))
        if best is None:
            best = Candidate(0, 0.0, 0.0, "blind", 1.0)
        return judge(best, hint=hint, bounds=self.card.thresholds)


def _fit(place: Place, pitch: float, scale: float, frame: float, trust: Trust) -> Fit:
    return Fit(pitch, scale, frame, place.column, place.sign, trust, place.score)


def _score_of(fit: Fit) -> float:
    return fit.score


def _scale_grid(card: SoundCard, seconds: float) -> list[float]:
    """Time scales so close that the ends of a window of ``seconds`` slip by half the card's slip at most."""
    step = card.search.slip_seconds / seconds
    count = math.ceil(card.search.time_scale_span / step)
    return [1.0 + n * step for n in range(-count, count + 1)]
