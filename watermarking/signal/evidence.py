"""From scores to claims: p-values that count every trial.

A score is ``z = <s, l> / ||l||`` where ``l`` was measured on the medium and ``s`` is a row of
signs drawn from the key. For any fixed ``l`` and random signs ``P(z >= t)`` is at most 3.18 times
the Gaussian tail: nothing is assumed about the picture or the sound. A union bound then counts the
words that could have been read and every hypothesis that was tried.

Source: Bentkus and Dzindzalieta 2015, *A tight Gaussian bound for weighted sums of Rademacher
random variables*: the constant is ``1 / (4 Q(sqrt 2))``.

    >>> blind_p_value(12.0, trials=1) < 1e-11
    True
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from watermarking.cards import Thresholds

# 1 / (4 Q(sqrt 2)), rounded up
_RADEMACHER = 3.179

Status = Literal["present", "absent", "uncertain"]
Method = Literal["blind", "registry"]


@dataclass(frozen=True)
class LayerReading:
    """What one layer says: below the bound ``payload`` is None.

    ``confidence`` is the chance that the word is this one and not its nearest rival, given
    that a mark is there; 0.0 when nothing is claimed. ``geometry`` names how it was found.
    """

    status: Status
    payload: int | None
    p_value: float
    confidence: float
    method: Method
    score: float
    geometry: str = "identity"


@dataclass(frozen=True)
class Candidate:
    """The best word found under one hypothesis, before it is judged."""

    payload: int
    score: float
    log_odds: float
    method: Method
    p_value: float
    geometry: str = "identity"


def tail_p_value(score: float, *, trials: float) -> float:
    """Bound the chance that one of ``trials`` fixed hypotheses scores ``score`` or more."""
    if not score > 0.0 or not math.isfinite(score):
        return 1.0
    tail = _RADEMACHER * 0.5 * math.erfc(score / math.sqrt(2.0))
    return min(1.0, trials * tail)


def blind_p_value(score: float, *, trials: float, nbits: int = 64) -> float:
    """Bound the chance that any word of ``nbits`` reaches ``score`` in any of ``trials``."""
    return tail_p_value(score, trials=trials * 2.0**nbits)


def word_log_odds(score: float, margin: float, energy: float, chips: int) -> float:
    """Return the natural log odds of the best word against its nearest rival.

    With chips ``l = a c + noise`` the log likelihood ratio of two words is
    ``a * margin / sigma**2``; ``a`` and ``sigma`` follow from the score.

    Args:
        score: ``<c, l> / ||l||`` of the best word.
        margin: ``<c - rival, l>``.
        energy: ``||l||**2``.
        chips: number of chips in ``l``.
    """
    if energy <= 0.0 or score <= 0.0:
        return 0.0
    level = score * math.sqrt(energy) / chips
    variance = max(energy / chips - level * level, 1e-12 * energy)
    return level * margin / variance


def claims(best: Candidate, bounds: Thresholds) -> bool:
    """Whether ``best`` is good enough to name its payload."""
    return best.p_value <= bounds.claim_p and best.log_odds >= bounds.word_log_odds


def judge(best: Candidate | None, *, hint: float, bounds: Thresholds) -> LayerReading:
    """Turn the best candidate and the synchronisation's own p-value into an answer.

    Args:
        best: candidate with the lowest p-value; None when the medium could not be read.
        hint: p-value of the pilots alone, every trial counted.
        bounds: of the card.
    """
    if best is None:
        return LayerReading("absent", None, 1.0, 0.0, "blind", 0.0)
    if claims(best, bounds):
        chance = 1.0 / (1.0 + math.exp(-min(best.log_odds, 700.0)))
        return LayerReading(
            "present",
            best.payload,
            best.p_value,
            chance,
            best.method,
            best.score,
            best.geometry,
        )
    p_value = min(1.0, 2.0 * min(best.p_value, hint))
    status: Status = "uncertain" if p_value <= bounds.hint_p else "absent"
    return LayerReading(status, None, p_value, 0.0, best.method, best.score, best.geometry)
