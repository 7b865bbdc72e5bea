"""What trials found: counts, uniformity of the p-values of ids drawn beforehand, and how far the bounds lie above chance."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.marks.plots import write_scores, write_uniformity

# a blind claim at rest: pixels as the reader counts them, the highest of both layers' least scores
_CLAIM_Z = 11.4
_ALPHAS = (0.1, 0.01, 0.001)


def report(files: Sequence[Path], figures: Path | None) -> dict[str, Any]:
    """Sum up the trials of ``files`` (more runs add up), and draw them into ``figures``."""
    held: dict[str, list[NDArray[Any]]] = {}
    told = []
    for path in files:
        with np.load(path, allow_pickle=False) as kept:
            told.append(json.loads(str(kept["told"])))
            for name in kept.files:
                if name != "told":
                    held.setdefault(name, []).append(np.atleast_1d(kept[name]))
    whole = {name: np.concatenate(parts) for name, parts in held.items()}
    names = sorted({name.rpartition("/")[0] for name in whole})
    if figures is not None:
        write_uniformity(figures / "mark-calibration-p-values.svg", _curves(whole, names, "fixed"))
        write_scores(
            figures / "mark-calibration-best-scores.svg", _curves(whole, names, "best"), bound=_CLAIM_Z
        )
    return {"runs": told, **{name: _summary(name, whole) for name in names}}


def _curves(whole: dict[str, NDArray[Any]], names: Sequence[str], what: str) -> dict[str, list[float]]:
    return {name.replace("/", ", "): whole[f"{name}/{what}"].tolist() for name in names}


def _summary(name: str, whole: dict[str, NDArray[Any]]) -> dict[str, Any]:
    fixed = whole[f"{name}/fixed"].astype(float)
    p_values = np.array([0.5 * math.erfc(z / math.sqrt(2)) for z in fixed])
    reported, searched = whole[f"{name}/p_value"].astype(float), whole[f"{name}/searched"].astype(float)
    statistic, chance = uniformity(p_values)
    return {
        "trials": len(fixed),
        "claims": len(whole[f"{name}/claimed"]),
        "uncertain": len(whole[f"{name}/uncertain"]),
        "searched": len(searched),
        "controls": [int(whole[f"{name}/found"].sum()), int(whole[f"{name}/controls"].sum())],
        "fixed_mean": round(float(fixed.mean()), 4),
        "fixed_sd": round(float(fixed.std()), 4),
        "ks": round(statistic, 5),
        "ks_chance": round(chance, 4),
        "share_below": {str(alpha): round(float((p_values < alpha).mean()), 5) for alpha in _ALPHAS},
        "least_p": float(min(reported.min(), searched.min(initial=1.0))),
        "reported_below": {str(alpha): round(float((reported < alpha).mean()), 6) for alpha in _ALPHAS},
        "reported_one": round(float((reported >= 1.0).mean()), 4),
        "highest_score": round(float(whole[f"{name}/best"].max()), 3),
        "highest_searched": round(float(whole[f"{name}/searched_best"].max(initial=0.0)), 3),
    }


def uniformity(p_values: NDArray[np.float64]) -> tuple[float, float]:
    """Return Kolmogorov and Smirnov's distance from the uniform law, and the chance of one as large."""
    ordered, count = np.sort(p_values), len(p_values)
    ranks = np.arange(count)
    distance = float(max((ordered - ranks / count).max(), ((ranks + 1) / count - ordered).max()))
    root = math.sqrt(count)
    reach = (root + 0.12 + 0.11 / root) * distance
    terms = (2.0 * (-1) ** (k - 1) * math.exp(-2.0 * (k * reach) ** 2) for k in range(1, 101))
    return distance, min(1.0, max(0.0, sum(terms))) if reach > 0.2 else 1.0
