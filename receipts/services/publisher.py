"""The publisher: a process of its own that keeps tiles and checkpoints up with the logs.

Intake acknowledges what is durable and has its place; this process shows it to the world, within a second.
It is woken when a batch commits and looks by itself five times a second, for the checks and events that come
without a call. Any number may run, on any machine that reaches the store: each log is published by one of them
at a time (an advisory lock), the others leave it alone. Killed at any point it loses nothing: whoever comes next
starts from the rows.

A log whose files cannot be written (full disk, cut network) is tried again, less and less often; the other logs
do not wait for it.
"""

import logging
import threading
import time
from dataclasses import dataclass, field
from uuid import UUID

from django.db import InterfaceError, OperationalError, connection

from audit.selectors import log_events
from common.errors import Unavailable
from receipts.models import PendingEntry
from receipts.selectors.logs import logs_behind
from receipts.services.publish import LogBroken, publish_log
from receipts.services.sequence import drain_log
from receipts.services.upkeep import productions_that_wait

logger = logging.getLogger(__name__)
CHANNEL = "receipts_log"
_POLL_SECONDS = 0.2
_GAP_SECONDS = 0.25  # between two publications of what never rests: fewer partial tiles, fewer flushes
_EVENTS_EVERY_SECONDS = 1.0
_ALL_EVENTS_EVERY_SECONDS = 60.0
_LATE_EVENTS = 1_000
_RETRY_SECONDS = (0.5, 15.0)  # first and longest wait after a failure


@dataclass(slots=True)
class _Trouble:
    """A log that could not be published: how long to leave it alone."""

    wait_seconds: float
    until: float


@dataclass(slots=True)
class Publisher:
    """Publishes until ``stop`` is set."""

    stop: threading.Event = field(default_factory=threading.Event)
    _troubles: dict[UUID, _Trouble] = field(default_factory=dict)
    _events_at: float = 0.0
    _all_events_at: float = 0.0
    _looked_up_to: int = 0

    def run(self) -> None:
        """Publish until told to stop; a database that went away is waited for."""
        wait = _RETRY_SECONDS[0]
        while not self.stop.is_set():
            try:
                self._listen()
                wait = _RETRY_SECONDS[0]
                while not self.stop.is_set():
                    if self.turn():
                        self.stop.wait(_GAP_SECONDS)
                    self._sleep()
            except (OperationalError, InterfaceError):
                logger.exception("the database does not answer; trying again")
                connection.close()
                self.stop.wait(wait)
                wait = min(2 * wait, _RETRY_SECONDS[1])
        connection.close()

    def turn(self) -> int:
        """Sequence what waits, publish what is behind; returns how many logs were brought up."""
        for production_id in self._waiting():
            drain_log(production_id=production_id)
        return sum(self._publish(log.production_id) for log in logs_behind())

    def _waiting(self) -> set[UUID]:
        """Productions with checks that wait; once a second also those with new events, once a minute with any.

        Numbers are given before transactions commit: what came late under an old number is found by the
        minute's look, at the latest.
        """
        now = time.monotonic()
        if now < self._events_at:
            return set(PendingEntry.objects.order_by().values_list("production_id", flat=True).distinct())
        self._events_at = now + _EVENTS_EVERY_SECONDS
        if now < self._all_events_at:
            return productions_that_wait(after_event=self._looked_up_to - _LATE_EVENTS)
        self._all_events_at = now + _ALL_EVENTS_EVERY_SECONDS
        newest = log_events().order_by("-number").values_list("number", flat=True).first()
        self._looked_up_to = newest or 0
        return productions_that_wait()

    def _publish(self, production_id: UUID) -> bool:
        trouble = self._troubles.get(production_id)
        if trouble is not None and time.monotonic() < trouble.until:
            return False
        try:
            size = publish_log(production_id=production_id, patient=False)
        except LogBroken:
            logger.exception("log of %s is not published", production_id)
            self._note_trouble(production_id)
            return False
        except Unavailable:  # logged where it happened
            self._note_trouble(production_id)
            return False
        if self._troubles.pop(production_id, None) is not None:
            logger.warning("log of %s is published again, up to %d", production_id, size)
        return size > 0

    def _note_trouble(self, production_id: UUID) -> None:
        before = self._troubles.get(production_id)
        wait = min(2 * before.wait_seconds, _RETRY_SECONDS[1]) if before else _RETRY_SECONDS[0]
        self._troubles[production_id] = _Trouble(wait, time.monotonic() + wait)

    def _listen(self) -> None:
        with connection.cursor() as cursor:
            cursor.execute(f"listen {CHANNEL}")

    def _sleep(self) -> None:
        """Wait for a batch to commit, a fifth of a second at most."""
        with connection.wrap_database_errors:
            for _ in connection.connection.notifies(timeout=_POLL_SECONDS, stop_after=1):
                pass
