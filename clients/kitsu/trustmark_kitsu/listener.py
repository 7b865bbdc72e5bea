"""Kitsu's events: ``task:status-changed``, one after the other, and a round of everything in between.

Events arrive on threads of the socket and are queued; one thread hears them out, since what they ask and write belongs
together. An event that could not be heard out is asked again with the next round: whoever started the task is not
forgotten because Kitsu did not answer us once. Kitsu keeps no events for those who were away: each time the socket is
connected, a round finds what they would have said.

The socket is opened here and not by ``gazu.events``, which gives Kitsu one second to answer.
"""

from __future__ import annotations

import logging
import queue
import threading
import time
from typing import Any

import gazu
import socketio

from trustmark_kitsu.desk import Desk, Heard
from trustmark_kitsu.studio import Studio

EVENT, NAMESPACE = "task:status-changed", "/events"
CONNECT_SECONDS = 30.0
ROUND_SECONDS = 60.0
log = logging.getLogger("trustmark.kitsu")


class Listener:
    """Hears events until ``stop``."""

    def __init__(self, studio: Studio, desk: Desk, *, round_seconds: float = ROUND_SECONDS) -> None:
        """Connects to nothing yet."""
        self._studio, self._desk, self._round = studio, desk, round_seconds
        self._told: queue.Queue[str] = queue.Queue()
        self._failed: set[str] = set()
        self._stopped, self._due = threading.Event(), threading.Event()

    def run(self) -> None:
        """Listen and hear out; returns after ``stop``.

        Raises:
            Exception: Kitsu cannot be reached, does not know our token or lacks what we need: nobody would be heard.
        """
        self._studio.check()
        client = self._studio.client
        events = socketio.Client(ssl_verify=client.session.verify)
        events.on("connect", self._due.set, namespace=NAMESPACE)
        events.on(EVENT, self.tell, namespace=NAMESPACE)
        events.connect(
            gazu.client.get_event_host(client),
            headers=lambda: gazu.client.make_auth_header(client),
            namespaces=[NAMESPACE],
            wait_timeout=CONNECT_SECONDS,
        )
        log.info("listening for %s", EVENT)
        try:
            self._hear()
        finally:
            events.disconnect()

    def tell(self, event: dict[str, Any]) -> None:
        """Queue an event; called by the socket's threads."""
        if event.get("project_id") in (None, self._studio.project) and event.get("task_id"):
            self._told.put(str(event["task_id"]))

    def stop(self) -> None:
        """End ``run`` after what is being heard."""
        self._stopped.set()

    def _hear(self) -> None:
        next_round = time.monotonic()
        while not self._stopped.is_set():
            if self._due.is_set() or time.monotonic() >= next_round:
                self._due.clear()
                self._go_round()
                next_round = time.monotonic() + self._round
            try:
                self._hear_out(self._told.get(timeout=0.2))
            except queue.Empty:
                continue

    def _go_round(self) -> None:
        again, self._failed = self._failed, set()
        for task_id in again:
            self._hear_out(task_id)
        try:
            log.info("round: %s", self._desk.sync())
        except Exception:  # Kitsu's own client raises many kinds; the next round asks again
            log.exception("the round could not be finished")

    def _hear_out(self, task_id: str) -> None:
        try:
            heard: Heard = self._desk.hear(task_id)
        except Exception:  # whatever it was, the task is asked for again
            log.exception("task %s: the event could not be heard out", task_id)
            self._failed.add(task_id)
        else:
            log.info("task %s: %s", task_id, heard.line)
