"""Walk the lineage graph in the database alone: the fallback, and the measure of the index beside it."""

from collections.abc import Iterable
from uuid import UUID

from django.db import connection

from training.models import LineageNode
from training.vocabulary import NodeKind

_DOWN = """
with recursive reached(number) as (
    select unnest(%s::bigint[])
    union
    select e.child_id from training_lineageedge e join reached r on e.parent_id = r.number
) select number from reached where number <> all(%s::bigint[])
"""
_UP = _DOWN.replace("e.child_id from", "e.parent_id from").replace("e.parent_id = r", "e.child_id = r")


def below(numbers: Iterable[int]) -> set[int]:
    """Node numbers of everything made of these, without these; one recursive query."""
    return _walk(_DOWN, numbers)


def above(numbers: Iterable[int]) -> set[int]:
    """Node numbers of everything that these were made of; one recursive query."""
    return _walk(_UP, numbers)


def sources_above(organisation_id: UUID, numbers: Iterable[int]) -> list[UUID]:
    """The sources that these nodes lead back to."""
    rows = LineageNode.objects.filter(
        organisation_id=organisation_id, kind=NodeKind.SOURCE, pk__in=above(numbers)
    )
    return list(rows.values_list("ref", flat=True))


def _walk(statement: str, numbers: Iterable[int]) -> set[int]:
    asked = list(numbers)
    with connection.cursor() as cursor:
        cursor.execute(statement, [asked, asked])
        return {number for (number,) in cursor.fetchall()}
