"""Binary COPY of log rows, packed before the clock starts, whatever columns the table has.

The bytes come from PostgreSQL itself: rows that intake wrote are copied out in the binary format, and what
must differ (the log, the index, the lease, the take) is changed in place. So the baseline writes the very rows
that the HTTP intake writes, into the same table with its indexes and triggers.

Source: PostgreSQL manual, COPY, "Binary Format".
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg

HEADER = b"PGCOPY\n\xff\r\n\0" + bytes(8)
TRAILER = b"\xff\xff"
TABLE = "receipts_logentry"


def columns(wire: psycopg.Connection) -> list[str]:
    rows = wire.execute(
        "select column_name from information_schema.columns where table_name = %s order by ordinal_position",
        [TABLE],
    ).fetchall()
    return [name for (name,) in rows]


def repacked(wire: psycopg.Connection, log_id: int, *, rows: int, into: int, turn: int) -> tuple[str, bytes]:
    """The statement and the bytes that write ``rows`` frames of a log again, into log ``into``, as its next.

    ``turn`` moves index and lease, so that every turn's rows are new ones.
    """
    names = columns(wire)
    instead = {
        "log_id": f"{into}::int",
        "idx": f"(row_number() over (order by idx) - 1 + {turn * rows})::bigint",
        "lease": f"(lease + {(turn + 1) * 10_000_000})::bigint",
    }
    values = ", ".join(f"{instead[name]} as {name}" if name in instead else name for name in names)
    picked = f"select {values} from {TABLE} where log_id = {log_id} and kind = 3 and lease > 0 order by idx limit {rows}"
    with wire.cursor() as cursor, cursor.copy(f"copy ({picked}) to stdout (format binary)") as copy:  # type: ignore[arg-type]
        data = b"".join(bytes(piece) for piece in copy)
    return copy_statement(names), data


def copy_statement(names: list[str]) -> str:
    return f"copy {TABLE} ({', '.join(names)}) from stdin (format binary)"


@dataclass(frozen=True)
class Template:
    """One row in the binary format, and where its fields' values begin."""

    names: list[str]
    row: bytes
    places: dict[str, int]
    entry: bytes

    def rows(self, log_id: int, first: int, number: int, *, frames: int, lease_base: int) -> bytes:
        """``number`` rows from index ``first`` on; every ``frames`` of them have a lease of their own."""
        made = np.tile(np.frombuffer(self.row, np.uint8), (number, 1))
        index = np.arange(first, first + number, dtype=np.int64)
        self._put(made, "idx", index, ">i8")
        self._put(made, "lease", lease_base + index // frames, ">i8")
        self._put(made, "frame", index % frames, ">i4")
        self._put(made, "take", np.zeros(number, np.int64), ">i2")
        self._put(made, "log_id", np.full(number, log_id), ">i4")
        return HEADER + made.tobytes() + TRAILER

    def _put(self, made: np.ndarray, name: str, values: np.ndarray, form: str) -> None:
        packed = values.astype(form).view(np.uint8).reshape(len(values), -1)
        at = self.places[name]
        made[:, at : at + packed.shape[1]] = packed


def template_of(wire: psycopg.Connection, log_id: int) -> Template:
    """A frame that intake wrote, as a template for any number of rows."""
    names = columns(wire)
    picked = (
        f"select {', '.join(names)} from {TABLE} where log_id = {log_id} and kind = 3 and lease > 0 limit 1"
    )
    with wire.cursor() as cursor, cursor.copy(f"copy ({picked}) to stdout (format binary)") as copy:  # type: ignore[arg-type]
        data = b"".join(bytes(piece) for piece in copy)
    row = data[len(HEADER) : -len(TRAILER)]
    places, at, entry = {}, 2, b""
    for name in names:
        length = int.from_bytes(row[at : at + 4], "big", signed=True)
        places[name] = at + 4
        if name == "entry":
            entry = row[at + 4 : at + 4 + length]
        at += 4 + max(0, length)
    if at != len(row) or not entry:
        raise RuntimeError("the binary row is not understood")
    return Template(names, row, places, entry)
