"""What lies below some nodes, as a table of this transaction: no row of it has to become an object.

The index in the process answers where it is current; elsewhere the recursive query does, which never leaves the database.
Both give the same set.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Final
from uuid import UUID

import numpy as np
from django.db import connection

from training.lineage.compressed import Numbers
from training.lineage.index import index_for
from trustcore.log.merkle import Frontier, leaf_hashes

_AT_ONCE: Final = 20_000
_numbers = count(1)
_BELOW: Final = """
insert into {table}
with recursive reached(number) as (
    select unnest(%s::bigint[])
    union
    select e.child_id from training_lineageedge e join reached r on e.parent_id = r.number
) select number from reached"""
# neither a kind nor an id has what COPY would write otherwise
_LINES: Final = """
copy (select n.kind || ':' || n.ref from {table} r join training_lineagenode n on n.number = r.number
      order by n.kind collate "C", n.ref) to stdout"""
_KINDS: Final = """
select n.kind, count(*) from {table} r join training_lineagenode n on n.number = r.number
group by n.kind order by n.kind collate "C" """
_ROW: Final = np.dtype([("fields", ">i2"), ("wide", ">i4"), ("number", ">i8")])
_HEAD: Final = b"PGCOPY\n\xff\r\n\x00" + bytes(8)


@dataclass(frozen=True, slots=True)
class Reached:
    """Nodes and all that lies below them, in a table with one column, ``number``; it goes with the transaction.

    Attributes:
        by_index: whether the index in the process found them; the database did otherwise.
    """

    table: str
    size: int
    by_index: bool

    def lines(self) -> Iterator[list[bytes]]:
        """``KIND:ref`` of each node, sorted, some thousands at a time; nothing else is asked until all were taken."""
        with connection.cursor() as cursor, cursor.copy(_LINES.format(table=self.table)) as blocks:
            yield from whole_lines(blocks)

    def root(self) -> str:
        """The RFC 6962 root over the lines, in hexadecimal digits."""
        frontier = Frontier()
        for some in self.lines():
            frontier = frontier.append_many(leaf_hashes(some))
        return frontier.root().hex()

    def kinds(self) -> dict[str, int]:
        """How many there are of each kind."""
        with connection.cursor() as cursor:
            cursor.execute(_KINDS.format(table=self.table))
            return dict(cursor.fetchall())


def whole_lines(blocks: Iterable[bytes | bytearray | memoryview]) -> Iterator[list[bytes]]:
    """What COPY sends, some thousands of lines at a time, without their ends; it sends whole rows and none empty."""
    held: list[bytes] = []
    for block in blocks:
        held += bytes(block).splitlines()
        if len(held) >= _AT_ONCE:
            yield held
            held = []
    if held:
        yield held


def reach(organisation_id: UUID, roots: Sequence[int]) -> Reached:
    """``roots`` and all that lies below them. MUST be called inside a transaction; ``roots`` are the organisation's."""
    table = f"training_reached_{next(_numbers)}"
    index = index_for(organisation_id)
    with connection.cursor() as cursor:
        cursor.execute(f"create temporary table {table} (number bigint not null) on commit drop")
        if index is None:
            cursor.execute(_BELOW.format(table=table), [list(roots)])
            size = cursor.rowcount
        else:
            found = index.graph.below(roots)
            size = _fill(table, np.union1d(np.asarray(sorted(set(roots)), np.int64), found))
        cursor.execute(f"analyze {table}")
    return Reached(table, size, index is not None)


def _fill(table: str, numbers: Numbers) -> int:
    rows = np.empty(len(numbers), _ROW)
    rows["fields"], rows["wide"], rows["number"] = 1, 8, numbers
    with (
        connection.cursor() as cursor,
        cursor.copy(f"copy {table} from stdin (format binary)") as copy,
    ):
        copy.write(_HEAD + rows.tobytes() + b"\xff\xff")
    return len(numbers)
