"""What an asset came from and what was made of it, for a picture: edges both ways, and a name for each node."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import CharField, Value

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

EDGES_MOST: Final = 400
_EDGES = """
(with recursive up(parent, child, depth) as (
    select parent_id, child_id, 1 from training_lineageedge where child_id = %(start)s
    union
    select e.parent_id, e.child_id, u.depth + 1 from training_lineageedge e join up u on e.child_id = u.parent
    where u.depth < 12
) select parent, child, true from up limit %(most)s)
union all
(with recursive down(parent, child, depth) as (
    select parent_id, child_id, 1 from training_lineageedge where parent_id = %(start)s
    union
    select e.parent_id, e.child_id, d.depth + 1 from training_lineageedge e join down d on e.parent_id = d.child
    where d.depth < 12
) select parent, child, false from down limit %(most)s)
"""


@dataclass(frozen=True, slots=True)
class Relative:
    """One node with what it is called; ``words`` is its state, class or set, by its kind."""

    number: int
    kind: str
    ref: UUID
    title: str = ""
    words: str = ""
    at: datetime | None = None
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Relatives:
    """Nodes by number, and pairs of what came from what; ``is_cut``: there is more than a page holds."""

    start: int
    nodes: dict[int, Relative]
    up: list[tuple[int, int]]
    down: list[tuple[int, int]]
    is_cut: bool


def relatives_of(node: int) -> Relatives:
    """Everything around a node, nearest first, up to ``EDGES_MOST`` pairs each way; 3 queries."""
    with connection.cursor() as cursor:
        cursor.execute(_EDGES, {"start": node, "most": EDGES_MOST})
        rows = cursor.fetchall()
    up = list(dict.fromkeys((parent, child) for parent, child, is_up in rows if is_up))
    down = list(dict.fromkeys((parent, child) for parent, child, is_up in rows if not is_up))
    numbers = {node, *(one for pair in (*up, *down) for one in pair)}
    is_cut = any(sum(way is is_up for *_, is_up in rows) == EDGES_MOST for way in (True, False))
    return Relatives(node, _named(numbers), up, down, is_cut)


def _named(numbers: Collection[int]) -> dict[int, Relative]:
    nodes = {
        number: Relative(number, kind, ref)
        for number, kind, ref in LineageNode.objects.filter(pk__in=numbers).values_list(
            "number", "kind", "ref"
        )
    }
    nothing = Value("", output_field=CharField())
    sources = Source.objects.filter(node__in=numbers).order_by()
    rights = RightsRecord.objects.filter(node__in=numbers).order_by()
    assets = TrainingAsset.objects.filter(node__in=numbers).order_by()
    made = Derivative.objects.filter(node__in=numbers).order_by()
    manifests = TrainingManifest.objects.filter(node__in=numbers).order_by()
    runs = TrainingRun.objects.filter(node__in=numbers).order_by()
    models = ModelVersion.objects.filter(node__in=numbers).order_by()
    told = sources.values_list("node", "rights_holder", "platform", "created_at", nothing).union(
        rights.values_list("node", "licence_type", "licence_class", "created_at", "evidence_sha256"),
        assets.values_list("node", "external_id", "state", "collected_at", "sha256"),
        made.values_list("node", "role", "dataset", "created_at", "sha256"),
        manifests.values_list("node", "name", nothing, "created_at", "content_id"),
        runs.values_list("node", "name", nothing, "created_at", nothing),
        models.values_list("node", "name", "version", "created_at", "sha256"),
        all=True,
    )
    for number, title, words, at, sha256 in told:
        one = nodes[number]
        nodes[number] = Relative(number, one.kind, one.ref, title, words, at, sha256)
    return nodes
