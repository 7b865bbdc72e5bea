"""Questions of one process share a statement and a commit: waiting for the disk is shared, not queued for.

A thread that finds a free lane leads: it takes every question that waits, runs ``receipts_keep_checks`` once over
its own connection, and hands each its verdict. While it waits for the database, later questions gather for the
next leader. So one question alone waits for nobody, and sixty-four on one licence cost a few commits, not
sixty-four waits for one row.

One lane a process (``CHECK_LANES``) was the fastest where measured: more lanes make smaller batches. Several
processes wait for the disk beside each other.
"""

from enum import IntEnum
from threading import Lock

import msgspec
import psycopg
from django.conf import settings
from django.db import OperationalError, connection
from psycopg.rows import tuple_row

from receipts.services.kept import KeptQuestion

_MOST = 64
_KEEP = "select receipts_keep_checks(%s::text::json)"
_encoder = msgspec.json.Encoder()


class Verdict(IntEnum):
    """What became of a question; see migration ``0003_keep_checks``."""

    KEPT = 0
    STALE = 1
    NO_ROOM = 2
    REPLAYED = 3
    REPEATED = 4


class _Ticket:
    """A question on its way. ``gate`` opens when it has its verdict, or when it is to lead ``batch``."""

    __slots__ = ("batch", "error", "gate", "question", "verdict")

    def __init__(self, question: KeptQuestion) -> None:
        self.question = question
        self.verdict: Verdict | None = None
        self.error: BaseException | None = None
        self.batch: list[_Ticket] | None = None
        self.gate = Lock()
        self.gate.acquire()


class _Lanes:
    """Lanes that are free, and questions that wait; nothing waits while a lane is free."""

    def __init__(self, lanes: int) -> None:
        self._lock = Lock()
        self._free = lanes
        self._waiting: list[_Ticket] = []

    def keep(self, question: KeptQuestion) -> Verdict:
        ticket = _Ticket(question)
        with self._lock:
            if self._free:
                self._free -= 1
                ticket.batch = [ticket]
            else:
                self._waiting.append(ticket)
        if ticket.batch is None:
            ticket.gate.acquire()
        if ticket.batch is not None:
            self._lead(ticket, ticket.batch)
        if ticket.error is not None:
            raise ticket.error
        assert ticket.verdict is not None
        return ticket.verdict

    def _lead(self, own: _Ticket, batch: list[_Ticket]) -> None:
        with self._lock:  # who came since the lead was handed over comes along
            batch += self._take(_MOST - len(batch))
        try:
            _settle(batch)
        finally:
            with self._lock:
                following = self._take(_MOST)
                if not following:
                    self._free += 1
            if following:
                following[0].batch = following
                following[0].gate.release()
            for ticket in batch:
                if ticket is not own:
                    ticket.gate.release()

    def _take(self, most: int) -> list[_Ticket]:
        taken, self._waiting = self._waiting[:most], self._waiting[most:]
        return taken


def keep(question: KeptQuestion) -> Verdict:
    """Keep a decision if it still holds; durable when this returns ``KEPT``.

    Raises:
        django.db.Error: the database did not answer; whether the decision was kept is not known, and nobody may
            act on it.
    """
    return _lanes.keep(question)


_lanes = _Lanes(settings.CHECK_LANES)


def _settle(batch: list[_Ticket]) -> None:
    try:
        for ticket, verdict in zip(batch, _run([t.question for t in batch]), strict=True):
            ticket.verdict = Verdict(verdict)
    except OperationalError as error:  # the connection is gone: nobody knows more
        _fail(batch, error)
    except Exception as error:  # noqa: BLE001 - each question must be answered
        if len(batch) == 1:
            _fail(batch, error)
        else:  # one of them cannot be kept: let it fail alone
            for ticket in batch:
                _settle([ticket])


def _fail(batch: list[_Ticket], error: BaseException) -> None:
    for ticket in batch:
        ticket.error = error


def _run(questions: list[KeptQuestion]) -> list[int]:
    for place, question in enumerate(questions, 1):
        question.place = place
    text = _encoder.encode(questions).decode()
    with connection.wrap_database_errors:
        try:
            row = _cursor().execute(_KEEP, [text], prepare=True, binary=True).fetchone()
        except psycopg.OperationalError:
            connection.close()
            raise
    assert row is not None
    verdicts: list[int] = row[0]
    return verdicts


def _cursor() -> "psycopg.Cursor[tuple[list[int]]]":
    """A cursor of this thread's connection that binds and prepares in the server; Django's own does not."""
    connection.ensure_connection()
    return psycopg.Cursor(connection.connection, row_factory=tuple_row)
