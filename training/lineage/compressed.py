"""A graph as compressed sparse rows, walked a level at a time; it knows numbers alone, neither database nor files.

Node numbers of the database stand sorted in ``numbers``; a node's place in it is what the rows hold. Two sets of rows, by
parent and by child, answer both ways. Arrays may be maps of a file: nothing here writes into them.

>>> graph = compress(np.array([7, 7, 9]), np.array([8, 9, 12]))
>>> graph.below([7]).tolist(), graph.above([12]).tolist()
([8, 9, 12], [7, 9])
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.int64]
Places = NDArray[np.int32]

_NONE: Final = np.zeros(0, np.int64)


@dataclass(frozen=True, slots=True)
class Rows:
    """Neighbours of each place: those of ``i`` are ``ends[begins[i]:begins[i + 1]]``. Shapes ``[n + 1]``, ``[m]``."""

    begins: Numbers
    ends: Places

    def after(self, places: Numbers) -> Numbers:
        """Every neighbour of ``places``, one after another."""
        first = self.begins[places]
        return _gathered(self.ends, first, self.begins[places + 1] - first)


@dataclass(frozen=True, slots=True)
class _Loose:
    """Edges that were added since the rows were built: ``starts`` sorted, ``ends`` beside it."""

    starts: Numbers = field(default_factory=lambda: _NONE)
    ends: Numbers = field(default_factory=lambda: _NONE)

    @classmethod
    def of(cls, starts: Numbers, ends: Numbers) -> "_Loose":
        order = np.argsort(starts, kind="stable")
        return cls(starts[order], ends[order])

    def after(self, places: Numbers) -> Numbers:
        first = np.searchsorted(self.starts, places, "left")
        return _gathered(self.ends, first, np.searchsorted(self.starts, places, "right") - first)


@dataclass(frozen=True, slots=True)
class CompressedGraph:
    """Rows both ways, and the edges that came later.

    Attributes:
        numbers: node numbers, sorted, ``[n]``; ``extra``: those that only later edges have.
        later: ``[k, 2]``, parent and child by number, as they were added.
    """

    numbers: Numbers
    down: Rows
    up: Rows
    extra: Numbers = field(default_factory=lambda: _NONE)
    later: Numbers = field(default_factory=lambda: np.zeros((0, 2), np.int64))
    _down: _Loose = field(default_factory=_Loose)
    _up: _Loose = field(default_factory=_Loose)

    @property
    def edges(self) -> int:
        """How many edges there are, later ones included."""
        return len(self.down.ends) + len(self.later)

    def below(self, roots: Iterable[int]) -> Numbers:
        """Everything made of ``roots``, without these, sorted."""
        return self._walked(roots, self.down, self._down)

    def above(self, roots: Iterable[int]) -> Numbers:
        """Everything that ``roots`` were made of, without these, sorted."""
        return self._walked(roots, self.up, self._up)

    def grown(self, added: Numbers) -> "CompressedGraph":
        """The same graph with further edges, ``[k, 2]``; the rows are shared, not copied."""
        later = np.concatenate([self.later, added.astype(np.int64).reshape(-1, 2)])
        named = np.unique(later)
        extra = named[~_isin_sorted(self.numbers, named)]
        wider = CompressedGraph(self.numbers, self.down, self.up, extra)
        places = wider._places(later.reshape(-1)).reshape(-1, 2)
        parents, children = places[:, 0], places[:, 1]
        return CompressedGraph(
            self.numbers, self.down, self.up, extra, later,
            _Loose.of(parents, children), _Loose.of(children, parents),
        )  # fmt: skip

    def packed(self) -> "CompressedGraph":
        """The same graph with its later edges among its rows."""
        if not len(self.later):
            return self
        parents = np.repeat(self.numbers, np.diff(self.down.begins))
        children = self.numbers[self.down.ends]
        return compress(
            np.concatenate([parents, self.later[:, 0]]), np.concatenate([children, self.later[:, 1]])
        )

    def _places(self, numbers: Numbers) -> Numbers:
        """Places of these numbers; those that no edge names have none and are left out."""
        found = np.concatenate([self.numbers, self.extra]) if len(self.extra) else self.numbers
        at = np.searchsorted(self.numbers, numbers)
        if len(self.extra):
            outside = ~_isin_sorted(self.numbers, numbers)
            at = np.where(outside, len(self.numbers) + np.searchsorted(self.extra, numbers), at)
        at = np.minimum(at, max(len(found) - 1, 0))
        return at[found[at] == numbers] if len(found) else _NONE

    def _walked(self, roots: Iterable[int], rows: Rows, loose: _Loose) -> Numbers:
        packed, whole = len(self.numbers), len(self.numbers) + len(self.extra)
        front = self._places(np.unique(np.fromiter(roots, np.int64)))
        seen = np.zeros(whole, np.bool_)
        # which of several ways to a node counts: the last one written; a node joins the next level once
        chosen = np.empty(whole, np.int64)
        seen[front] = True
        found: list[Numbers] = []
        while len(front):
            onward = rows.after(front[front < packed] if packed < whole else front)
            if len(loose.starts):
                onward = np.concatenate([onward, loose.after(front)])
            onward = onward[~seen[onward]]
            seen[onward] = True
            order = np.arange(len(onward))
            chosen[onward] = order
            front = onward[chosen[onward] == order]
            found.append(front)
        places = np.concatenate(found) if found else _NONE
        if packed == whole:
            return np.sort(self.numbers[places])
        return np.sort(np.concatenate([self.numbers, self.extra])[places])


def compress(parents: Numbers, children: Numbers) -> CompressedGraph:
    """Build the rows of these edges; numbers of nodes, shapes ``[m]``."""
    numbers, places = np.unique(np.concatenate([parents, children]), return_inverse=True)
    if len(numbers) > np.iinfo(np.int32).max:
        raise ValueError("a graph has at most 2,147,483,647 nodes")
    starts, ends = places[: len(parents)], places[len(parents) :]
    return CompressedGraph(
        numbers.astype(np.int64), _rows(starts, ends, len(numbers)), _rows(ends, starts, len(numbers))
    )


def _rows(starts: NDArray[np.intp], ends: NDArray[np.intp], nodes: int) -> Rows:
    begins = np.zeros(nodes + 1, np.int64)
    np.cumsum(np.bincount(starts, minlength=nodes), out=begins[1:])
    return Rows(begins, ends[np.argsort(starts, kind="stable")].astype(np.int32))


def _gathered(ends: NDArray[np.signedinteger], first: Numbers, counts: Numbers) -> Numbers:
    """``ends[first[i]:first[i] + counts[i]]`` for each ``i``, one after another."""
    past = np.cumsum(counts)
    if not len(past) or not past[-1]:
        return _NONE
    shifts = np.repeat(first - past + counts, counts)
    found: Numbers = ends[shifts + np.arange(past[-1])].astype(np.int64, copy=False)
    return found


def _isin_sorted(held: Numbers, asked: Numbers) -> NDArray[np.bool_]:
    if not len(held):
        return np.zeros(len(asked), np.bool_)
    at = np.minimum(np.searchsorted(held, asked), len(held) - 1)
    same: NDArray[np.bool_] = held[at] == asked
    return same
