"""From scores of windows to one score and its class, and from p-values to confidence: plain arithmetic, declared bounds."""

from __future__ import annotations

import math
from collections.abc import Sequence

from trustcore.verification.policy import RiskPolicy
from trustcore.verification.words import RiskStatus

# what a mark that lies just on its bound is worth; a policy's ``confident_above`` is held against it
AT_BOUND = 0.8


def smoothed(scores: Sequence[float], windows: int) -> list[float]:
    """Return the running mean over an odd number of neighbours; fewer at the ends.

    >>> smoothed([0.0, 0.9, 0.0], 3)
    [0.45, 0.3, 0.45]
    """
    half = windows // 2
    return [_mean(scores[max(0, at - half) : at + half + 1]) for at in range(len(scores))]


def aggregate(scores: Sequence[float], policy: RiskPolicy) -> float:
    """Return the weighted sum of median and 95th percentile of the smoothed scores of windows.

    Raises:
        ValueError: there is no score, or one is no number from 0 to 1.
    """
    if not scores:
        raise ValueError("no window was scored")
    if not all(math.isfinite(one) and 0.0 <= one <= 1.0 for one in scores):
        raise ValueError("a score is a number from 0 to 1")
    ordered = sorted(smoothed(scores, policy.smoothing_windows))
    return policy.median_weight * _quantile(ordered, 0.5) + policy.p95_weight * _quantile(ordered, 0.95)


def risk_class(score: float, policy: RiskPolicy) -> RiskStatus:
    """Return the class of a score; a bound itself belongs to the class below it.

    >>> from trustcore.verification.policy import policy_named
    >>> risk_class(0.75, policy_named("default@1").risk)
    <RiskStatus.MEDIUM: 'medium_risk'>
    """
    if score > policy.high_above:
        return RiskStatus.HIGH
    return RiskStatus.MEDIUM if score > policy.medium_above else RiskStatus.LOW


def mark_confidence(p_value: float, *, claim_p: float) -> float:
    """Return a p-value on the scale from 0 to 1 that policies speak of: no probability, but monotone and declared.

    On the bound of a claim it is ``AT_BOUND``; every decade below takes half of what is left to 1, every decade
    above half of what is there.

    >>> mark_confidence(1e-6, claim_p=1e-6), round(mark_confidence(1e-7, claim_p=1e-6), 2)
    (0.8, 0.9)
    """
    if not (math.isfinite(p_value) and p_value >= 0.0 and 0.0 < claim_p < 1.0):
        return 0.0
    if p_value >= 1.0:
        return 0.0
    decades = math.log10(claim_p) - math.log10(p_value) if p_value > 0.0 else math.inf
    if decades >= 0.0:
        return float(1.0 - (1.0 - AT_BOUND) * 0.5**decades)
    return float(AT_BOUND * 0.5**-decades)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _quantile(ordered: Sequence[float], share: float) -> float:
    """Linear between the neighbours, as numpy's default."""
    place = share * (len(ordered) - 1)
    below = math.floor(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
