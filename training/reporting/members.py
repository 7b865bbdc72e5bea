"""Which things a report is about: what its scope came from, and what was made of it, as the graph stood at the cut."""

from collections.abc import Iterator
from typing import Any, Final
from uuid import UUID

from django.db import connection
from django.db.models import Model

from common.errors import NotFound
from training.models import (
    Derivative,
    LineageNode,
    ModelVersion,
    RightsRecord,
    Source,
    TrainingAsset,
    TrainingManifest,
    TrainingRun,
)
from training.reporting.cut import Cut
from training.vocabulary import NodeKind

AT_ONCE: Final = 2000
ROWS: Final[dict[str, type[Model]]] = {
    NodeKind.SOURCE: Source,
    NodeKind.RIGHTS: RightsRecord,
    NodeKind.ASSET: TrainingAsset,
    NodeKind.DERIVATIVE: Derivative,
    NodeKind.MANIFEST: TrainingManifest,
    NodeKind.RUN: TrainingRun,
    NodeKind.MODEL: ModelVersion,
}
"""The table of each kind of thing."""
_DOWN = """
with recursive reached(number) as (
    select %(root)s::bigint
    union
    select e.child_id from training_lineageedge e join reached r on e.parent_id = r.number
    where e.at <= %(until)s
) select n.kind, n.ref, n.number from reached r join training_lineagenode n on n.number = r.number
"""
_UP = _DOWN.replace("e.child_id from", "e.parent_id from").replace("e.parent_id = r", "e.child_id = r")


class Members:
    """The things of a scope by kind, in the order of their ids; of a whole house they are read as they are asked for."""

    def __init__(self, cut: Cut) -> None:
        self._cut = cut
        self._refs: dict[str, list[UUID]] = {}
        # of a scope: the numbers of its nodes in the graph, in order
        self.nodes: list[int] = []
        if not cut.is_whole:
            self._refs, self.nodes = _walked(cut)

    def batches(self, kind: str) -> Iterator[list[UUID]]:
        """Ids of the things of one kind that were there at the cut, some thousands at a time."""
        wanted = self._all(kind) if self._cut.is_whole else iter(self._refs.get(kind, ()))
        batch: list[UUID] = []
        for one in wanted:
            batch.append(one)
            if len(batch) == AT_ONCE:
                yield batch
                batch = []
        if batch:
            yield batch

    def refs(self, kind: str) -> list[UUID]:
        """All of one kind: for kinds of which a house has few (sources, manifests, runs)."""
        return [one for batch in self.batches(kind) for one in batch]

    def everything(self) -> Iterator[UUID]:
        """The ids of all things of a scope."""
        for kind in ROWS:
            for batch in self.batches(kind):
                yield from batch

    def _all(self, kind: str) -> Iterator[UUID]:
        rows: Any = ROWS[kind]
        wanted = rows.objects.filter(self._cut.written()).order_by("pk").values_list("pk", flat=True)
        return iter(wanted.iterator(chunk_size=AT_ONCE))


def node_of(cut: Cut) -> LineageNode:
    """The node that a scope begins at.

    Raises:
        NotFound: the house had no such thing at the cut.
    """
    rows: Any = ROWS[NodeKind(cut.scope)]
    if not rows.objects.filter(cut.written(), pk=cut.ref).exists():
        raise NotFound
    return LineageNode.objects.get(organisation=cut.organisation, kind=cut.scope, ref__in=[cut.ref])


def _walked(cut: Cut) -> tuple[dict[str, list[UUID]], list[int]]:
    asked: dict[str, Any] = {"root": node_of(cut).pk, "until": cut.until}
    found: dict[str, set[UUID]] = {}
    numbers: set[int] = set()
    with connection.cursor() as cursor:
        for statement in (_DOWN, _UP):
            cursor.execute(statement, asked)
            for kind, ref, number in cursor.fetchall():
                found.setdefault(kind, set()).add(ref)
                numbers.add(number)
    return {kind: sorted(refs) for kind, refs in found.items()}, sorted(numbers)
