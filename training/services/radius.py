"""The blast radius: everything that was made of, or rests on, some nodes, counted, rooted, and never cut short."""

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFound
from training.lineage.reading import position_of
from training.lineage.walk import Reached, reach
from training.lineage.writing import lock_head
from training.models import LineageNode
from training.selectors.takedowns import line_of
from trustcore.log.merkle import Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class Radius:
    """What some nodes reach, themselves included.

    Attributes:
        reached: all of it, in a table of this transaction; ``root`` is the RFC 6962 root over ``KIND:ref`` of each, sorted.
        as_of_edge: the graph was read whole up to this edge, so nothing older is missing.
        seconds: what it took.
    """

    reached: Reached
    root: str
    as_of_edge: int
    counts: dict[str, int]
    seconds: float

    @property
    def size(self) -> int:
        """How many nodes."""
        return self.reached.size


def radius_of(organisation_id: UUID, roots: Sequence[int]) -> Radius:
    """Walk down from ``roots`` (BX-022). MUST be called inside a transaction.

    The organisation's head is locked: no edge is being written while the graph is read, so the answer is whole up to
    the edge that it names.

    Raises:
        NotFound: ``NODE_UNKNOWN``: a root that this organisation's graph does not have.
    """
    began = time.monotonic()
    head = lock_head(organisation_id)
    own = LineageNode.objects.filter(organisation_id=organisation_id)
    if own.filter(pk__in=set(roots)).count() != len(set(roots)):
        raise NotFound("NODE_UNKNOWN", "This is not in the lineage graph.")
    reached = reach(organisation_id, roots)
    root, counts = reached.root(), reached.kinds()
    return Radius(reached, root, head.last_edge, counts, time.monotonic() - began)


def radius_below(organisation_id: UUID, roots: Callable[[], Sequence[int]]) -> tuple[Reached, int]:
    """The same walk for who only asks: nothing is locked. MUST be called inside a transaction.

    How far the graph has come is read first: an edge up to there is there with what it was made for, so ``roots``, asked
    next, finds every root of such an edge, and the walk every such edge. Outside of one state
    (:func:`~common.onestate.one_state`) later edges may be among what is reached; none that is older is ever missing.

    Args:
        roots: gives nodes of this organisation.

    Returns:
        The roots and all below them, and the edge up to which the answer is whole.
    """
    last_edge = position_of(organisation_id).last_edge
    return reach(organisation_id, roots()), last_edge


def root_of(nodes: Iterable[LineageNode]) -> str:
    """The RFC 6962 root over the nodes' lines, sorted, in hexadecimal digits."""
    lines = sorted(line_of(node) for node in nodes)
    return Frontier().append_many([leaf_hash(line) for line in lines]).root().hex()
