"""Every page in at most twelve queries, and in as many for a crowd as for a few."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from django.db import connection, reset_queries, transaction
from django.test.utils import CaptureQueriesContext

from accounts.subject_keys import forget_keys
from tests import factories
from tests.permissions.crowd import grow
from tests.permissions.table import Line, read_table
from tests.permissions.walk import Walk
from tests.permissions.worlds import GROUPS

pytestmark = pytest.mark.django_db
MOST, FEW, MANY = 12, 3, 60
# one reader of each seat; who may read a page and not act on it sees the same rows
READERS = ("agent", "talent", "producer", "vendor", "auditor", "legal", "operator")
# the server's own bookkeeping around a test's transaction
_OURS = (
    "SAVEPOINT",
    "RELEASE SAVEPOINT",
    "ROLLBACK TO SAVEPOINT",
    # the one write of a page that is read: how long legal's questions took, kept at each asking
    'INSERT INTO "provenance_questiontime"',
)


@dataclass(frozen=True)
class Visit:
    """One page as one reader opens it."""

    line: Line
    reader: str

    @property
    def name(self) -> str:
        return f"{self.line.address} as {self.reader}"


def visits() -> list[Visit]:
    pages = [
        line
        for line in read_table()
        if "GET" in line.methods and not line.let_in & {"anonymous", *GROUPS["keys"]} and not line.is_nobodys
    ]
    assert len(pages) > 30
    return [Visit(line, name) for line in pages for name in READERS if name in line.let_in]


def counted(walk: Walk, visit: Visit) -> tuple[int, list[str]]:
    """How many queries the page takes, and which."""
    forget_keys()  # what a process remembers for some seconds is asked for each time
    reset_queries()  # the connection remembers 9000, over all pages
    with CaptureQueriesContext(connection) as seen:
        answer = walk.send(visit.reader, "GET", visit.line, walk.ours)
    assert answer.status_code in (200, 302), f"{visit.name}: {answer.status_code}"
    said = [row["sql"] for row in seen.captured_queries if not row["sql"].startswith(_OURS)]
    # what the walk arranges for this visit comes before the page is asked for, which begins with the reader's session
    said = said[next((at for at, sql in enumerate(said) if 'FROM "django_session"' in sql), 0) :]
    return len(said), said


@pytest.mark.timeout(1200)
def test_every_page_of_every_seat_takes_twelve_queries_and_no_more_for_a_crowd(walk: Walk) -> None:
    faults = []
    with transaction.atomic():
        grow(walk.ours, FEW)
        # what a process keeps after a page's first reader (it keeps nothing of the reader) counts for no page
        for first in {visit.line: visit for visit in reversed(visits())}.values():
            counted(walk, first)
        few = {visit.name: counted(walk, visit)[0] for visit in visits()}
        grow(walk.ours, MANY)
        with connection.cursor() as cursor:
            cursor.execute("analyze")
        for visit in visits():
            number, said = counted(walk, visit)
            if number > MOST:
                faults.append(f"{visit.name}: {number} queries, {MOST} at most")
            if number > few[visit.name]:
                extra = "; ".join(sql[:160] for sql in said[-3:])
                faults.append(f"{visit.name}: {few[visit.name]} queries for few, {number} for many: {extra}")
        transaction.set_rollback(True)
    assert faults == [], "\n".join(faults)


def test_a_page_that_asks_for_each_row_is_found(walk: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    from agents_portal.views import productions
    from licensing.models import Production

    honest = productions.productions_visible_to

    def one_by_one(principal: object) -> list[Production]:
        rows = honest(principal)  # type: ignore[arg-type]
        return [rows.get(pk=row.pk) for row in rows]

    (line,) = [line for line in read_table() if line.address == "/productions/"]
    visit = Visit(line, "producer")
    with transaction.atomic():
        before = counted(walk, visit)[0]
        for _ in range(5):
            factories.make_production(walk.ours.facts["studio"])
        assert counted(walk, visit)[0] == before
        monkeypatch.setattr(productions, "productions_visible_to", one_by_one)
        assert counted(walk, visit)[0] >= before + 5
        transaction.set_rollback(True)
