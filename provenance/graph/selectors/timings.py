"""The stopwatch: how long each legal question took in a production, over all times that it was asked."""

from dataclasses import dataclass
from datetime import datetime

from django.db import connection

from licensing.models import Production
from provenance.graph.models import Question
from provenance.graph.questions import BAR_SECONDS

_SUMS = """
select question, count(*), percentile_cont(0.5) within group (order by seconds),
       percentile_cont(0.95) within group (order by seconds), max(seconds), max(created_at),
       count(*) filter (where seconds > %(bar)s), count(*) filter (where through = 'API')
from provenance_questiontime where production_id = %(film)s group by question"""


@dataclass(frozen=True, slots=True)
class Stopwatch:
    """One question: how often it was asked, and in how many seconds it was answered.

    Attributes:
        over: askings that took longer than the bar.
        by_api: askings through the API; the others were made in the portal.
    """

    question: str
    asked: int
    median: float | None = None
    p95: float | None = None
    longest: float | None = None
    last_at: datetime | None = None
    over: int = 0
    by_api: int = 0

    @property
    def is_within(self) -> bool | None:
        """Whether every asking stayed within five minutes; ``None`` where nobody asked."""
        return None if self.longest is None else self.over == 0


def stopwatch_of(production: Production) -> tuple[Stopwatch, ...]:
    """Every question in its order, those that nobody asked too; one query."""
    with connection.cursor() as cursor:
        cursor.execute(_SUMS, {"film": production.pk, "bar": BAR_SECONDS})
        found = {row[0]: Stopwatch(*row) for row in cursor.fetchall()}
    return tuple(found.get(question, Stopwatch(question, 0)) for question in Question.values)
