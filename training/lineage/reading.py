"""Read edges out of the database as numbers: how far the graph has come, and what came after an edge."""

from typing import Final
from uuid import UUID

import numpy as np
from django.db import connection

from training.lineage.compressed import Numbers
from training.lineage.snapshot import Mark

_POSITION: Final = """
select h.edges, h.last_edge, e.parent_id || ' ' || e.child_id || ' ' || extract(epoch from e.at)
from training_lineagehead h
left join training_lineageedge e on e.number = coalesce(%s, h.last_edge) and e.organisation_id = h.organisation_id
where h.organisation_id = %s"""
_EDGES: Final = """
copy (select parent_id, child_id from training_lineageedge
      where organisation_id = %s and number > %s and number <= %s) to stdout (format binary)"""
_HEAD_BYTES: Final = 19
# a row in PostgreSQL's binary form: how many fields, then the width and the value of each, all big-endian
_ROW: Final = np.dtype(
    [("fields", ">i2"), ("wide", ">i4"), ("parent", ">i8"), ("wide_too", ">i4"), ("child", ">i8")]
)


def position_of(organisation_id: UUID, *, at_edge: int | None = None) -> Mark:
    """How far the graph has come; ``last_one`` is what edge ``at_edge`` is (default: the last), empty if there is none."""
    with connection.cursor() as cursor:
        cursor.execute(_POSITION, [at_edge, organisation_id])
        row = cursor.fetchone()
    return Mark(row[0], row[1], row[2] or "") if row else Mark(0, 0, "")


def edges_between(organisation_id: UUID, after: int, to: int) -> Numbers:
    """Edges numbered above ``after`` and up to ``to``: ``[k, 2]``, parent and child. The rows become no objects."""
    data = bytearray()
    with connection.cursor() as cursor, cursor.copy(_EDGES, [organisation_id, after, to]) as copy:
        for block in copy:
            data += block
    # a head before the rows, a mark of two bytes behind them
    count = (len(data) - _HEAD_BYTES - 2) // _ROW.itemsize
    rows = np.frombuffer(data, _ROW, count, _HEAD_BYTES)
    return np.stack([rows["parent"], rows["child"]], axis=1).astype(np.int64)
