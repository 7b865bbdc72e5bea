"""Read many tables as they stood at one moment, without holding anybody up.

>>> with one_state():
...     rows = count_rows()  # what others commit from here on is not seen
"""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import connection, transaction


@contextmanager
def one_state() -> Iterator[None]:
    """One transaction that sees the database as its first question found it; it may write what nobody else writes.

    Inside another transaction that one decides what is seen: so nothing may rest on this alone that would be wrong if
    later rows were seen too.
    """
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("set transaction isolation level repeatable read")
        yield
