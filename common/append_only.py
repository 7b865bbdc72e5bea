"""Append-only tables: triggers refuse UPDATE, DELETE and TRUNCATE for every role.

A superuser may still disable a trigger; ``trustmark log check`` finds what was changed then.

>>> operations = [*append_only("audit_event")]  # in a migration
"""

from django.db.migrations import RunSQL

_FUNCTION = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception 'append-only: % on % is refused', tg_op, tg_table_name
        using errcode = 'restrict_violation';
end $$;
"""


def refusing_body() -> str:
    """The body of the function that refuses, as the migrations wrote it: an inspection compares."""
    return _FUNCTION.split("$$")[1]


def append_only(table: str) -> list[RunSQL]:
    """Migration operations that make ``table`` append-only (its partitions need their own call)."""
    rows, whole = f"{table}_append_only", f"{table}_no_truncate"
    return [
        RunSQL(_FUNCTION, RunSQL.noop),
        RunSQL(
            f"create trigger {rows} before update or delete on {table} "
            "for each row execute function refuse_change();"
            f"create trigger {whole} before truncate on {table} "
            "for each statement execute function refuse_change();",
            f"drop trigger {rows} on {table}; drop trigger {whole} on {table};",
        ),
    ]
