"""The lineage of material: two indented lists, what it came from and what was made of it, and one picture of both."""

from collections.abc import Mapping
from typing import Final

from django.urls import reverse
from django.utils.translation import gettext as _

from agents_portal.graph_picture import Picture, drawn
from agents_portal.lineage import FAN_MOST, ROWS_MOST, Item
from agents_portal.material_words import STATES
from agents_portal.words import figure
from training.selectors.relatives import Relative, Relatives
from training.vocabulary import AssetState, LicenceClass, NodeKind

_ICONS: Final = {
    NodeKind.CONSENT: "signature",
    NodeKind.LICENCE: "file-check",
    NodeKind.RIGHTS: "scale",
    NodeKind.SOURCE: "book-open",
    NodeKind.ASSET: "image",
    NodeKind.DERIVATIVE: "layers",
    NodeKind.MANIFEST: "list",
    NodeKind.RUN: "rotate-cw",
    NodeKind.MODEL: "box",
}


class Family:
    """The lists and the picture around one node."""

    def __init__(self, found: Relatives) -> None:
        """Name every node once."""
        self._found = found
        self.above = self._tree(_by(found.up, child_first=True))
        self.below = self._tree(_by(found.down, child_first=False))

    @property
    def has_relatives(self) -> bool:
        """Whether there is anything to draw."""
        return bool(self._found.up or self._found.down)

    @property
    def is_cut(self) -> bool:
        """Whether there is more than a page holds."""
        return self._found.is_cut

    def picture(self) -> Picture | None:
        """Both sides in one picture; what it came from stands left."""
        if not self.has_relatives:
            return None
        pairs = list(dict.fromkeys((*self._found.up, *self._found.down)))
        near = dict.fromkeys(
            (self._found.start, *(p for p, _c in self._found.up), *(c for _p, c in self._found.down))
        )
        items = {_key(number): self._item(number) for number in near}
        return drawn(items, [(_key(parent), _key(child)) for parent, child in pairs])

    def _tree(self, beside: Mapping[int, list[int]]) -> Item:
        told: set[int] = set()
        rows = 0

        def item(number: int) -> Item:
            nonlocal rows
            made = self._item(number)
            if number in told:
                made.is_told = True
                return made
            told.add(number)
            rows += 1
            children = beside.get(number, [])
            shown = children[:FAN_MOST] if rows < ROWS_MOST else []
            made.children = [item(one) for one in shown]
            if rest := len(children) - len(shown):
                made.children.append(
                    Item(key=f"{made.key}-rest", icon="ellipsis", kind=_("Others"),
                         title=_("%(n)s more") % {"n": figure(rest)})
                )  # fmt: skip
            return made

        return item(self._found.start)

    def _item(self, number: int) -> Item:
        one = self._found.nodes[number]
        return Item(
            key=_key(number),
            icon=_ICONS.get(NodeKind(one.kind), "box"),
            kind=str(NodeKind(one.kind).label),
            title=one.title or _spoken(one),
            words=_words(one),
            at=one.at,
            sha256=one.sha256,
            href=_href(one),
            is_start=number == self._found.start,
        )


def _by(pairs: list[tuple[int, int]], *, child_first: bool) -> dict[int, list[int]]:
    beside: dict[int, list[int]] = {}
    for parent, child in pairs:
        near, far = (child, parent) if child_first else (parent, child)
        beside.setdefault(near, []).append(far)
    return beside


def _key(number: int) -> str:
    return f"n{number}"


def _spoken(one: Relative) -> str:
    return str(one.ref).replace("-", "")[-4:].upper()


def _words(one: Relative) -> str:
    match one.kind:
        case NodeKind.ASSET if one.words in STATES:
            return str(STATES[AssetState(one.words)].words).lower()
        case NodeKind.RIGHTS if one.words in LicenceClass.values:
            return str(LicenceClass(one.words).label).lower()
        case NodeKind.DERIVATIVE:
            return _("in the dataset %(name)s") % {"name": one.words}
    return one.words


def _href(one: Relative) -> str:
    match one.kind:
        case NodeKind.SOURCE:
            return reverse("portal-material-source", args=[one.ref])
        case NodeKind.ASSET:
            return reverse("portal-material-asset", args=[one.ref])
    return ""
