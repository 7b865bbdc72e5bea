"""The moment that a report is cut at, and waiting until everything that was written by then can be seen.

A row says when it was written; a transaction that is still open may hold rows that say "before the cut". So whoever
writes at the moment of the cut is waited for, and what commits afterwards says a later moment. A report that is made
again at the same cut reads the same rows, whatever happened since.
"""

import time
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.db import connection
from django.db.models import Max, Q

from audit.models import Event
from common import clock
from common.errors import Unavailable
from training.models import LineageEdge
from training.vocabulary import ReportScope

# a row is stamped a moment before the statement that writes it begins
_STAMPED_BEFORE: Final = timedelta(milliseconds=250)
_LOOK_AGAIN: Final = 0.02
# tables alone: a vacuum holds such locks on indexes, and writes nothing that a report could miss
_WRITERS = """
select distinct virtualtransaction from pg_locks
where locktype = 'relation' and mode = 'RowExclusiveLock' and pid is distinct from pg_backend_pid()
  and database = (select oid from pg_database where datname = current_database())
  and not exists (select from pg_stat_activity a where a.pid = pg_locks.pid and a.xact_start > %s)
  and relation in (
    select oid from pg_class where relkind = 'r' and (relname = 'audit_event' or relname like 'training\\_%%')
  )
"""


@dataclass(frozen=True, slots=True)
class Cut:
    """What a report is about, and up to where: ``organisation`` all of it, or the ``scope`` that ``ref`` names."""

    organisation: UUID
    scope: str
    ref: UUID | None
    until: datetime

    @property
    def is_whole(self) -> bool:
        """Whether it is about everything of the house."""
        return self.scope == ReportScope.ORGANISATION

    def written(self, field: str = "created_at") -> Q:
        """Rows of the house that were there at the cut."""
        return Q(organisation=self.organisation, **{f"{field}__lte": self.until})


def exact(moment: datetime | None) -> str | None:
    """A moment to the microsecond, UTC, as rows keep it.

    >>> exact(datetime.fromisoformat("2026-11-22T08:05:00.25+00:00"))
    '2026-11-22T08:05:00.250000Z'
    """
    if moment is None:
        return None
    return moment.isoformat(timespec="microseconds").replace("+00:00", "Z")


def settle(until: datetime, *, seconds_most: float) -> None:
    """Wait until nobody who wrote at the cut is still at it.

    Raises:
        Unavailable: ``REPORT_UNSETTLED``: somebody still is after ``seconds_most``; ask again.
    """
    began = time.monotonic()
    early = (until + _STAMPED_BEFORE - clock.now()).total_seconds()
    if early > 0:
        time.sleep(early)
    since = until + _STAMPED_BEFORE
    waiting = _writers(since)
    while waiting:
        if time.monotonic() - began > seconds_most:
            raise Unavailable("REPORT_UNSETTLED", "Material is being written at this moment; ask again.")
        time.sleep(_LOOK_AGAIN)
        waiting &= _writers(since)


def last_event(cut: Cut) -> int:
    """The number of the last event of the house at the cut; 0: there is none."""
    rows = Event.objects.filter(organisation_id=cut.organisation, at__lte=cut.until)
    return rows.aggregate(last=Max("number"))["last"] or 0


def last_edge(cut: Cut) -> int:
    """The number of the last edge of the house's graph at the cut; 0: there is none."""
    rows = LineageEdge.objects.filter(organisation=cut.organisation, at__lte=cut.until)
    return rows.aggregate(last=Max("number"))["last"] or 0


def _writers(since: datetime) -> set[str]:
    """Transactions at work on these tables that began before ``since``: later ones stamp nothing at the cut."""
    with connection.cursor() as cursor:
        cursor.execute(_WRITERS, [since])
        return {one for (one,) in cursor.fetchall()}
