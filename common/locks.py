"""One worker at a time on one object, without a timer: the lock lives and dies with a database session."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from uuid import UUID

from django.db import connection, transaction


@contextmanager
def one_at_a_time(name: str) -> Iterator[None]:
    """Wait for the turn of whoever does the same thing, in a transaction that ends it.

    For what is looked for and made if it is not there, where two that made it would leave two different things.
    """
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 9))", [name])
        yield


@contextmanager
def sole_worker(object_id: UUID) -> Iterator[bool]:
    """Say whether this process may work on the object; another one at it means no.

    A killed worker loses the lock at once, so its work can be taken up without waiting. Losing it by a
    dropped connection must be safe too: work under this lock ends in a transaction that checks the state it
    started from. The lock saves double work; it does not guard data.
    """
    key = int.from_bytes(object_id.bytes[8:], "big", signed=True)
    with connection.cursor() as cursor:
        cursor.execute("select pg_try_advisory_lock(%s)", [key])
        row = cursor.fetchone()
    is_mine = bool(row and row[0])
    try:
        yield is_mine
    finally:
        # a broken connection gave the lock back already, and cannot be asked
        if is_mine and connection.connection is not None and not connection.needs_rollback:
            with connection.cursor() as cursor:
                cursor.execute("select pg_advisory_unlock(%s)", [key])


def objects_worked_on(object_ids: Iterable[UUID]) -> set[UUID]:
    """Those of the objects at which some process works under :func:`sole_worker` now; 1 query.

    Nothing is locked by asking, so that no worker is told no because of it. The answer is of a moment: whoever takes work
    up afterwards takes the lock itself.
    """
    keys: dict[int, list[UUID]] = {}
    for one in object_ids:
        keys.setdefault(int.from_bytes(one.bytes[8:], "big", signed=True), []).append(one)
    if not keys:
        return set()
    with connection.cursor() as cursor:
        # a lock of one number of 64 bits stands there in two halves, with 1 beside it
        cursor.execute(
            "select (classid::bigint << 32) | objid::bigint from pg_locks where locktype = 'advisory' and objsubid = 1"
            " and granted and database = (select oid from pg_database where datname = current_database())"
            " and ((classid::bigint << 32) | objid::bigint) = any(%s)",
            [list(keys)],
        )
        return {one for (key,) in cursor.fetchall() for one in keys[key]}
