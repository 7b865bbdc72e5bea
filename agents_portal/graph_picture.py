"""A lineage as a picture: what Cytoscape.js is given to draw, left made right. Pure; no database.

The browser lays it out (dagre, in layers) and draws it; the list beside it says the same without any script. Names stand
as text in a canvas and in an attribute that the template escapes: none of them is ever markup.
"""

import json
from dataclasses import dataclass
from typing import Any, Final

from agents_portal.lineage import Item
from agents_portal.templatetags.portal import show_controls

BOXES_MOST: Final = 120
_LETTERS: Final = 60


@dataclass(frozen=True, slots=True)
class Picture:
    """Boxes and lines as the library takes them; ``left_out`` boxes are only in the list."""

    boxes: list[dict[str, Any]]
    lines: list[dict[str, Any]]
    left_out: int

    @property
    def elements(self) -> str:
        """Both as JSON, for an attribute."""
        return json.dumps([*self.boxes, *self.lines], ensure_ascii=False)


def picture_of(top: Item) -> Picture:
    """Draw the list that starts with ``top``."""
    return drawn(*_flat(top))


def drawn(items: dict[str, Item], pairs: list[tuple[str, str]]) -> Picture:
    """Draw boxes by key, the nearest first, and pairs of what came from what (no circle among them)."""
    shown = dict(list(items.items())[:BOXES_MOST])
    lines = [
        {"data": {"source": parent, "target": child, "lacks": _lacks(shown[parent])}}
        for parent, child in pairs
        if parent in shown and child in shown
    ]
    return Picture([_box(key, one) for key, one in shown.items()], lines, len(items) - len(shown))


def _box(key: str, one: Item) -> dict[str, Any]:
    data = {
        "id": key,
        "kind": _short(one.kind),
        "name": _short(show_controls(one.title)),
        "href": one.href,
        "start": one.is_start,
        "lacks": one.unsure,
    }
    return {"data": data}


def _lacks(parent: Item) -> bool:
    return parent.unsure and parent.icon == "circle-question-mark"


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


def _short(text: str) -> str:
    return text if len(text) <= _LETTERS else f"{text[: _LETTERS - 1]}…"
