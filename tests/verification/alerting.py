"""Alert rules over what this process counts, as Prometheus would answer them; of its language only what our rules use.

A rate over some minutes is what was counted since :func:`since`: quantiles do not change with the unit of time.
"""

from __future__ import annotations

import math
import re

from prometheus_client import REGISTRY

_QUANTILE = re.compile(
    r"histogram_quantile\((?P<share>[\d.]+), sum by \(le\) \(rate\((?P<name>\w+)(?P<labels>\{[^}]*\})?\[\w+\]\)\)\)"
)


def samples() -> dict[str, float]:
    """Every number by its name and labels, as they are written."""
    return {_key(one.name, one.labels): one.value for family in REGISTRY.collect() for one in family.samples}


def fires(expression: str, *, before: dict[str, float] | None = None, now: float = 0.0) -> bool:
    """Whether a rule rings, of what was counted since ``before``."""
    counted = samples()
    text = " ".join(expression.split())
    overdue = re.fullmatch(r"time\(\) > \((\w+) > 0\)", text)
    if overdue:
        value = counted[overdue[1]]
        return value > 0 and now > value
    left, right = text.split(" > ")
    return _value(left, counted, before or {}) > _value(right, counted, before or {})


def _value(text: str, counted: dict[str, float], before: dict[str, float]) -> float:
    factor, _, rest = text.partition(" * ") if " * " in text else ("1", "", text)
    if (found := _QUANTILE.fullmatch(rest)) is None:
        return float(text)
    labels = dict(re.findall(r'(\w+)="([^"]*)"', found["labels"] or ""))
    return float(factor) * _quantile(float(found["share"]), found["name"], labels, counted, before)


def _quantile(
    share: float, name: str, labels: dict[str, str], counted: dict[str, float], before: dict[str, float]
) -> float:
    """Linear within the bucket, as Prometheus does it; not a number where nothing was counted."""
    buckets: dict[float, float] = {}
    for key, value in counted.items():
        found, _, rest = key.partition("{")
        has = dict(re.findall(r'(\w+)="([^"]*)"', rest))
        if found == name and labels.items() <= has.items():
            bound = float(has["le"])
            buckets[bound] = buckets.get(bound, 0.0) + value - before.get(key, 0.0)
    ordered = sorted(buckets.items())
    if not ordered or not ordered[-1][1]:
        return math.nan
    rank, below, under = share * ordered[-1][1], 0.0, 0.0
    for bound, upto in ordered:
        if upto >= rank:
            if math.isinf(bound):
                return below
            return below + (bound - below) * (rank - under) / (upto - under)
        below, under = bound, upto
    return below


def _key(name: str, labels: dict[str, str]) -> str:
    inner = ",".join(f'{one}="{value}"' for one, value in sorted(labels.items()))
    return f"{name}{{{inner}}}" if inner else name
