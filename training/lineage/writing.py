"""Write nodes and edges. The organisation's head is locked: edges become visible in the order of their numbers."""

from collections.abc import Iterable
from uuid import UUID

from django.db import DatabaseError, connection, transaction
from django.db.models import F
from django.utils.translation import gettext as _

from common.errors import Conflict, NotFound
from training.models import LineageEdge, LineageHead, LineageNode


def make_node(*, organisation_id: UUID, kind: str, ref: UUID) -> LineageNode:
    """The node of a thing; made once, however often it is asked for."""
    node, _made = LineageNode.objects.get_or_create(organisation_id=organisation_id, kind=kind, ref=ref)
    return node


def link(*, organisation_id: UUID, edges: Iterable[tuple[int, int]], job: UUID | None = None) -> int:
    """Add edges ``(parent, child)`` by node number; those that are there already stay as they are.

    MUST be called inside the transaction that makes what the edges tell of.

    Returns:
        How many were new.

    Raises:
        Conflict: ``LINEAGE_CYCLE``: something would have been made of itself.
        NotFound: ``NODE_UNKNOWN``: an end that this organisation's graph does not have.
    """
    wanted = sorted(set(edges))
    if not wanted:
        return 0
    head = lock_head(organisation_id)
    ends = {number for pair in wanted for number in pair}
    known = LineageNode.objects.filter(pk__in=ends, organisation_id=organisation_id).count()
    if known != len(ends):
        raise NotFound("NODE_UNKNOWN", "This is not in the lineage graph.")
    old = set(
        LineageEdge.objects.filter(
            parent_id__in={one for one, _child in wanted}, child_id__in={child for _one, child in wanted}
        ).values_list("parent_id", "child_id")
    )
    new = [pair for pair in wanted if pair not in old]
    if any(one == child for one, child in new):
        raise _cycle(new)
    try:
        with transaction.atomic():
            LineageEdge.objects.bulk_create(
                [
                    LineageEdge(organisation_id=organisation_id, parent_id=one, child_id=child, job=job)
                    for one, child in new
                ],
                batch_size=5000,
            )
    except DatabaseError as error:
        if "lineage circle" in str(error):
            raise _cycle(new) from error
        raise
    advance(head, len(new))
    return len(new)


def lock_head(organisation_id: UUID) -> LineageHead:
    """Take the organisation's turn to write edges, until the transaction ends."""
    LineageHead.objects.get_or_create(organisation_id=organisation_id)
    return LineageHead.objects.select_for_update().get(pk=organisation_id)


def advance(head: LineageHead, new: int) -> None:
    """Write down how far the graph has come; the head is locked."""
    if not new:
        return
    with connection.cursor() as cursor:
        cursor.execute("select max(number) from training_lineageedge where organisation_id = %s", [head.pk])
        (last,) = cursor.fetchone() or (0,)
    LineageHead.objects.filter(pk=head.pk).update(edges=F("edges") + new, last_edge=last)


def _cycle(edges: list[tuple[int, int]]) -> Conflict:
    return Conflict(
        "LINEAGE_CYCLE",
        "Nothing is made of itself.",
        _("One of these %(count)d links would close a circle.") % {"count": len(edges)},
    )
