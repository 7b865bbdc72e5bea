"""Words and time on screen of leases that are older than their counters (migration ``0100_count_what_was_leased``).

A licence that was in mid-work when the counters came began them at nothing. Here they are made up for, licence by
licence, each in a transaction of its own under the lock of its quotas, by a function of the database; a lease that was
counted says so (``beside``), so that running it twice counts nothing twice, and running it again goes on where it stopped.

Time on screen is exact but for the sequence, which leases of then did not keep: it is the one that the terms name, where
they name one alone, else none. Words were not kept at all: each line counts for its share of what the terms grant,
``words_max / lines_max`` rounded up, and for one word at least. Neither counter goes beyond what is granted.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.backends.base.base import BaseDatabaseWrapper

_WAITING: Final = """
select k.jti from licensing_licencetoken k join licensing_termsversion t on t.id = k.terms_id
where k.jti > %s and exists (
    select from receipts_lease l where l.token_jti = k.jti and l.beside = ''
        and ((l.counter = 'frames' and t.terms -> 'scope' ->> 'max_screen_seconds' is not null)
            or (l.counter = 'lines' and t.terms -> 'scope' ->> 'words_max' is not null)))
order by k.jti limit %s
"""


@dataclass(frozen=True, slots=True)
class Counted:
    """How many licences were gone through, and how many of their leases were counted."""

    licences: int = 0
    leases: int = 0


def count_what_was_leased(
    connection: BaseDatabaseWrapper, *, batch: int = 500, told: Callable[[Counted], None] = lambda _far: None
) -> Counted:
    """Count the leases that no counter of words or screen time has; ``told`` hears after each ``batch`` licences.

    MUST NOT be called inside a transaction, which would hold every licence's quotas to the end.
    """
    far = Counted()
    for jtis in _batches(connection, batch):
        for jti in jtis:
            with connection.cursor() as cursor:
                cursor.execute("select receipts_count_beside(%s)", [jti])
                (leases,) = cursor.fetchone()
            far = Counted(far.licences + 1, far.leases + leases)
        told(far)
    return far


def _batches(connection: BaseDatabaseWrapper, batch: int) -> Iterator[list[UUID]]:
    last = UUID(int=0)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(_WAITING, [last, batch])
            jtis = [row[0] for row in cursor.fetchall()]
        if not jtis:
            return
        yield jtis
        last = jtis[-1]
