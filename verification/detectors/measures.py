"""How good a detector is: plain measures over scores and truth, with intervals from resampling whole sources.

>>> auc(np.array([0.1, 0.4, 0.35, 0.8]), np.array([0, 0, 1, 1]))
0.75
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating] | NDArray[np.integer]


def auc(scores: Numbers, truth: Numbers) -> float:
    """The chance that something made scores above something real; ties count half."""
    made = np.asarray(truth) > 0.5
    count, others = int(made.sum()), int((~made).sum())
    if not count or not others:
        raise ValueError("both kinds are needed")
    from scipy.stats import rankdata  # a third of what a web process would import, for a rare question

    ranks = rankdata(scores)
    return float((ranks[made].sum() - count * (count + 1) / 2) / (count * others))


def auc_interval(
    scores: Numbers, truth: Numbers, sources: Sequence[str], *, draws: int = 2000, seed: int = 1
) -> tuple[float, float]:
    """95 of a hundred resamplings of whole sources lie within: pieces of one clip are no independent evidence."""
    draw, names = np.random.default_rng(seed), sorted(set(sources))
    places = {name: np.flatnonzero(np.asarray(sources) == name) for name in names}
    found = []
    for _ in range(draws):
        drawn = draw.choice(len(names), len(names))
        chosen = np.concatenate([draw.choice(places[names[one]], len(places[names[one]])) for one in drawn])
        if 0 < truth[chosen].sum() < len(chosen):
            found.append(auc(scores[chosen], truth[chosen]))
    low, high = np.quantile(found, [0.025, 0.975])
    return float(low), float(high)


def calibration_error(scores: Numbers, truth: Numbers, *, bins: int = 10) -> float:
    """Expected calibration error: what scores promise against what came, by tenths."""
    place = np.minimum((np.asarray(scores) * bins).astype(int), bins - 1)
    error = 0.0
    for one in range(bins):
        chosen = place == one
        if chosen.any():
            error += chosen.mean() * abs(float(scores[chosen].mean()) - float(truth[chosen].mean()))
    return float(error)


def false_positives(scores: Numbers, truth: Numbers, *, above: float) -> float:
    """The share of real media whose score lies above."""
    real = np.asarray(truth) < 0.5
    return float((np.asarray(scores)[real] > above).mean())
