"""The blast radius: everything that was made of, or rests on, some nodes, counted, rooted, and never cut short."""

import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from uuid import UUID

from common.errors import NotFound
from training.models import LineageHead, LineageNode
from training.selectors.lineage import below
from training.selectors.takedowns import line_of
from trustcore.log.merkle import Frontier, leaf_hash


@dataclass(frozen=True, slots=True)
class Radius:
    """What some nodes reach, themselves included.

    Attributes:
        numbers: all of it, sorted; ``root`` is the RFC 6962 root over ``KIND:ref`` of each, sorted.
        as_of_edge: the graph was read whole up to this edge, so nothing older is missing.
        seconds: what it took.
    """

    nodes: tuple[LineageNode, ...]
    root: str
    as_of_edge: int
    counts: dict[str, int]
    seconds: float

    @property
    def numbers(self) -> list[int]:
        """The nodes' numbers."""
        return [node.pk for node in self.nodes]


def radius_of(organisation_id: UUID, roots: Sequence[int]) -> Radius:
    """Walk down from ``roots`` (BX-022). MUST be called inside a transaction.

    The organisation's head is locked: no edge is being written while the graph is read, so the answer is whole up to
    the edge that it names.

    Raises:
        NotFound: ``NODE_UNKNOWN``: a root that this organisation's graph does not have.
    """
    began = time.monotonic()
    head = _locked_head(organisation_id)
    own = LineageNode.objects.filter(organisation_id=organisation_id)
    if own.filter(pk__in=set(roots)).count() != len(set(roots)):
        raise NotFound("NODE_UNKNOWN", "This is not in the lineage graph.")
    reached = {*roots, *below(roots)}
    nodes = tuple(own.filter(pk__in=reached).order_by("number"))
    return Radius(
        nodes,
        root_of(nodes),
        head.last_edge,
        dict(sorted(Counter(node.kind for node in nodes).items())),
        time.monotonic() - began,
    )


def root_of(nodes: Iterable[LineageNode]) -> str:
    """The RFC 6962 root over the nodes' lines, sorted, in hexadecimal digits."""
    lines = sorted(line_of(node) for node in nodes)
    return Frontier().append_many([leaf_hash(line) for line in lines]).root().hex()


def _locked_head(organisation_id: UUID) -> LineageHead:
    LineageHead.objects.get_or_create(organisation_id=organisation_id)
    return LineageHead.objects.select_for_update().get(pk=organisation_id)
