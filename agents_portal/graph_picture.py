"""A lineage as a picture: boxes in columns, left made right, lines that bend at right angles. Pure; no database.

Layered drawing as Sugiyama, Tagawa and Toda described it (1981): columns by the longest way from a source, places in
a column by the middle of the neighbours, swept forth and back; long lines bend through places of their own.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Final

from agents_portal.lineage import Item

BOX_W: Final = 176
BOX_H: Final = 60
_GAP_X, _GAP_Y, _MARGIN = 52, 16, 16
_SWEEPS = 6
BOXES_MOST: Final = 120
_LETTERS = 19


@dataclass(frozen=True, slots=True)
class Box:
    """A thing in the picture; ``x`` and ``y`` are its upper left corner."""

    x: int
    y: int
    icon: str
    kind: str
    title: str
    href: str
    is_start: bool
    unsure: bool


@dataclass(frozen=True, slots=True)
class Line:
    """A line from what something came from to it."""

    path: str
    tip: str
    unsure: bool


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and lines, and how large it is all together; ``left_out`` boxes are only in the list."""

    width: int
    height: int
    boxes: list[Box]
    lines: list[Line]
    left_out: int


def picture_of(top: Item) -> Picture:
    """Draw the list that starts with ``top``."""
    return drawn(*_flat(top))


def drawn(items: dict[str, Item], pairs: list[tuple[str, str]]) -> Picture:
    """Draw boxes by key, the nearest first, and pairs of what came from what (no circle among them)."""
    shown = dict(list(items.items())[:BOXES_MOST])
    pairs = [(parent, child) for parent, child in pairs if parent in shown and child in shown]
    columns = _columns(shown, pairs)
    rows, chains = _with_bends(columns, pairs)
    _order(rows, chains)
    places = {
        key: (_MARGIN + column * (BOX_W + _GAP_X), _MARGIN + place * (BOX_H + _GAP_Y))
        for column, keys in enumerate(rows)
        for place, key in enumerate(_centred(keys, rows))
        if key
    }
    boxes = [
        Box(*places[key], one.icon, one.kind[:_LETTERS], _short(one.title), one.href, one.is_start, one.unsure)
        for key, one in shown.items()
    ]  # fmt: skip
    lines = [
        _line(chain, places, shown[chain[0]].unsure and shown[chain[0]].icon == "circle-question-mark")
        for chain in chains
    ]
    tall = max((len(keys) for keys in rows), default=1)
    return Picture(
        width=2 * _MARGIN + len(rows) * (BOX_W + _GAP_X) - _GAP_X,
        height=2 * _MARGIN + tall * (BOX_H + _GAP_Y) - _GAP_Y,
        boxes=boxes,
        lines=lines,
        left_out=len(items) - len(shown),
    )


def _flat(top: Item) -> tuple[dict[str, Item], list[tuple[str, str]]]:
    """Every box once, nearest first, and pairs of what came from what."""
    items: dict[str, Item] = {top.key: top}
    pairs: dict[tuple[str, str], None] = {}
    waiting = [top]
    for item in waiting:
        for child in item.children:
            pairs[child.key, item.key] = None
            if child.key not in items:
                items[child.key] = child
            waiting.append(child)
    return items, list(pairs)


def _columns(items: dict[str, Item], pairs: list[tuple[str, str]]) -> dict[str, int]:
    """Which column each box stands in: sources far left only where what they made stands far left."""
    after: dict[str, list[str]] = {key: [] for key in items}
    for parent, child in pairs:
        after[parent].append(child)
    far: dict[str, int] = {}

    def distance(key: str) -> int:
        if key not in far:
            far[key] = 0
            far[key] = 1 + max((distance(one) for one in after[key]), default=-1)
        return far[key]

    most = max(distance(key) for key in items)
    return {key: most - far[key] for key in items}


def _with_bends(
    columns: dict[str, int], pairs: list[tuple[str, str]]
) -> tuple[list[list[str]], list[list[str]]]:
    """Keys by column, with a bend in each column that a line only passes; and each line as a chain of keys."""
    rows: list[list[str]] = [[] for _ in range(max(columns.values()) + 1)]
    for key, column in columns.items():
        rows[column].append(key)
    chains = []
    for number, (parent, child) in enumerate(pairs):
        chain = [parent]
        for column in range(columns[parent] + 1, columns[child]):
            bend = f"bend-{number}-{column}"
            rows[column].append(bend)
            chain.append(bend)
        chains.append([*chain, child])
    return rows, chains


def _order(rows: list[list[str]], chains: list[list[str]]) -> None:
    """Put neighbours beside each other: sort each column by the middle of its neighbours in the one before."""
    before: dict[str, list[str]] = {}
    after: dict[str, list[str]] = {}
    for chain in chains:
        for left, right in pairwise(chain):
            before.setdefault(right, []).append(left)
            after.setdefault(left, []).append(right)
    for sweep in range(_SWEEPS):
        forth = sweep % 2 == 1
        neighbours = before if forth else after
        for column in range(1, len(rows)) if forth else range(len(rows) - 2, -1, -1):
            beside = rows[column - 1 if forth else column + 1]
            rows[column] = _by_middles(rows[column], beside, neighbours)


def _by_middles(keys: list[str], beside: list[str], neighbours: dict[str, list[str]]) -> list[str]:
    place = {key: number for number, key in enumerate(beside)}
    now = {key: number for number, key in enumerate(keys)}

    def middle(key: str) -> float:
        found = [place[one] for one in neighbours.get(key, ()) if one in place]
        return sum(found) / len(found) if found else now[key]

    return sorted(keys, key=middle)


def _centred(keys: list[str], rows: list[list[str]]) -> list[str]:
    """The column with empty places above, so that it stands in the middle of the picture."""
    above = (max(len(one) for one in rows) - len(keys)) // 2
    return [""] * above + keys


def _line(chain: list[str], places: dict[str, tuple[int, int]], unsure: bool) -> Line:
    x, y = places[chain[0]]
    path = [f"M{x + BOX_W} {y + BOX_H // 2}"]
    for key in chain[1:]:
        x, y = places[key]
        path.append(f"H{x - _GAP_X // 2}V{y + BOX_H // 2}")
    end_y = y + BOX_H // 2
    path.append(f"H{x - 3}")
    return Line("".join(path), f"M{x - 9} {end_y - 5}L{x - 2} {end_y}L{x - 9} {end_y + 5}", unsure)


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
