"""Two plots as SVG, written by hand: p-values against their ranks, and best scores against the bound."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

_WIDTH, _HEIGHT, _EDGE = 560, 400, 56
_COLOURS = ("#1b6ca8", "#c0392b", "#1e8449", "#7d3c98")
Point = tuple[float, float]


def write_uniformity(path: Path, scores: Mapping[str, Sequence[float]]) -> None:
    """Plot one-sided p-values of standard normal ``scores`` against what they should be, both in powers of ten."""
    curves = {}
    for name, values in scores.items():
        p_values = sorted(0.5 * math.erfc(z / math.sqrt(2)) for z in values)
        count = len(p_values)
        curves[f"{name} ({count:,})"] = [
            (math.log10((rank + 0.5) / count), math.log10(max(p_values[rank], 1e-12)))
            for rank in _ranks(count)
        ]
    line = [(-5.0, -5.0), (0.0, 0.0)]
    labels = ("share of trials (power of ten)", "p-value (power of ten)")
    _write(path, curves, line, ((-5.0, 0.0), (-5.0, 0.0)), labels)


def write_scores(path: Path, scores: Mapping[str, Sequence[float]], *, bound: float) -> None:
    """Plot how many trials reach a best score; ``bound`` is the least score that would be a claim."""
    curves = {}
    for name, values in scores.items():
        ordered = sorted(values, reverse=True)
        count = len(ordered)
        curves[f"{name} ({count:,})"] = [
            (ordered[rank], math.log10((rank + 1) / count)) for rank in _ranks(count)
        ]
    line = [(bound, -5.0), (bound, 0.0)]
    labels = (
        "best score of a trial; the vertical line is the bound of a claim",
        "share that reach it (power of ten)",
    )
    _write(path, curves, line, ((4.0, 14.0), (-5.0, 0.0)), labels)


def _ranks(count: int) -> list[int]:
    """The ranks that are drawn: all of the extreme ones, and ever fewer of the rest."""
    kept = {*range(min(count, 60)), *(round(1.05**k) for k in range(300) if 1.05**k < count), count - 1}
    return sorted(rank for rank in kept if 0 <= rank < count)


def _write(
    path: Path,
    curves: Mapping[str, Sequence[Point]],
    line: Sequence[Point],
    ranges: tuple[tuple[float, float], tuple[float, float]],
    labels: tuple[str, str],
) -> None:
    (left, right), (low, high) = ranges

    def at(point: Point) -> str:
        x = _EDGE + (min(max(point[0], left), right) - left) / (right - left) * (_WIDTH - 2 * _EDGE)
        y = _HEIGHT - _EDGE - (min(max(point[1], low), high) - low) / (high - low) * (_HEIGHT - 2 * _EDGE)
        return f"{x:.1f},{y:.1f}"

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}" font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="#fff"/>',
    ]
    for value in range(math.ceil(left), math.floor(right) + 1):
        x = at((value, low)).split(",")[0]
        parts.append(f'<line x1="{x}" y1="{_EDGE}" x2="{x}" y2="{_HEIGHT - _EDGE}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{x}" y="{_HEIGHT - _EDGE + 16}" text-anchor="middle">{value}</text>')
    for value in range(math.ceil(low), math.floor(high) + 1):
        y = at((left, value)).split(",")[1]
        parts.append(f'<line x1="{_EDGE}" y1="{y}" x2="{_WIDTH - _EDGE}" y2="{y}" stroke="#e5e5e5"/>')
        parts.append(f'<text x="{_EDGE - 8}" y="{float(y) + 4:.1f}" text-anchor="end">{value}</text>')
    parts.append(
        f'<polyline points="{" ".join(map(at, line))}" fill="none" stroke="#888" stroke-dasharray="5 4"/>'
    )
    for number, (name, points) in enumerate(curves.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        parts.append(
            f'<polyline points="{" ".join(map(at, points))}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        )
        parts.append(f'<text x="{_EDGE + 10}" y="{_EDGE + 16 + 16 * number}" fill="{colour}">{name}</text>')
    parts.append(f'<text x="{_WIDTH / 2}" y="{_HEIGHT - 14}" text-anchor="middle">{labels[0]}</text>')
    middle = _HEIGHT / 2
    parts.append(
        f'<text x="16" y="{middle}" text-anchor="middle" transform="rotate(-90 16 {middle})">{labels[1]}</text>'
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([*parts, "</svg>", ""]), "utf-8")
