"""Fill a database that will be thrown away, from rows that its own services made: what the benches of graphs share."""

from __future__ import annotations

from typing import Any


def let_in(wire: Any, tables: list[str]) -> None:
    """Take rows of these tables without asking: the pattern that they are copied from stood before every check."""
    for table in tables:
        wire.execute(f"alter table {table} disable trigger user")
    keys = wire.execute(
        "select conrelid::regclass::text, conname from pg_constraint"
        " where contype = 'f' and conrelid::regclass::text = any(%s)",
        [tables],
    ).fetchall()
    for table, name in keys:
        wire.execute(f"alter table {table} drop constraint {name}")
    wire.commit()


def columns_of(wire: Any, table: str, but: tuple[str, ...] = ()) -> list[str]:
    """The columns that a row is copied by, in order: those that the database does not fill by itself."""
    found = wire.execute(
        "select column_name from information_schema.columns where table_name = %s and table_schema = 'public'"
        " and is_identity = 'NO' and is_generated = 'NEVER' order by ordinal_position",
        [table],
    ).fetchall()
    return [name for (name,) in found if name not in but]
