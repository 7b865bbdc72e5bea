"""Hang many new leaves into the graph at once, by COPY. Nothing hangs below a new leaf, so none can close a circle.

What :func:`~training.lineage.writing.link` promises holds here too: the organisation's head is locked until the
transaction ends, and edges become visible in the order of their numbers.
"""

from collections.abc import Sequence
from uuid import UUID

from django.db import connection

from common import clock
from training.lineage.writing import advance, lock_head


def hang_leaves(
    *, organisation_id: UUID, kind: str, refs: Sequence[UUID], parents: Sequence[int]
) -> list[int]:
    """Make a node for each of ``refs`` and an edge from its parent; returns the nodes' numbers, in order.

    MUST be called inside the transaction that makes what the nodes stand for.

    Args:
        refs: ids of rows that have no node yet.
        parents: the number of the parent of each, of this organisation's graph.
    """
    if not refs:
        return []
    head = lock_head(organisation_id)
    with connection.cursor() as cursor:
        cursor.execute(
            "select nextval(pg_get_serial_sequence('training_lineagenode', 'number')) from generate_series(1, %s)",
            [len(refs)],
        )
        numbers = [row[0] for row in cursor.fetchall()]
        house = str(organisation_id)
        with cursor.cursor.copy(
            "copy training_lineagenode (number, organisation_id, kind, ref) from stdin"
        ) as nodes:
            for number, ref in zip(numbers, refs, strict=True):
                nodes.write_row((number, house, kind, str(ref)))
        with cursor.cursor.copy(
            "copy training_lineageedge (organisation_id, parent_id, child_id, at) from stdin"
        ) as edges:
            at = clock.now()
            for number, parent in zip(numbers, parents, strict=True):
                edges.write_row((house, parent, number, at))
    advance(head, len(refs))
    return numbers
