"""Webhook deliveries: signed, fresh, and heard once.

1. The body is signed with the webhook's secret token (``X-SG-SIGNATURE: sha1=<hex>``, HMAC). A webhook without a
   secret is refused: anybody could say that a shot begins.
2. The body's own ``timestamp`` lies within the window; headers are not signed and prove nothing.
3. A delivery that was heard out is not heard again; one that failed may be sent once more.

Source: Flow Production Tracking, Webhooks guide ("Secret token", "Delivery details", "Batch delivery").
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from trustmark_client import clock

WINDOW_SECONDS = 900.0
REMEMBERED_SECONDS = 14 * 86400.0
DELIVERIES_MOST = 50


class DeliveryRefused(Exception):
    """Not listened to: ``code`` is stable, ``status`` is what HTTP says."""

    def __init__(self, status: int, code: str, detail: str) -> None:
        self.status, self.code, self.detail = status, code, detail
        super().__init__(f"{code}: {detail}")


@dataclass(frozen=True)
class Delivery:
    """One event, as far as we read it: which entity changed which field; the values are read from the tracker."""

    id: str
    event_type: str
    attribute: str
    entity_type: str
    entity_id: int


class Deliveries:
    """The ear: ``read`` a body, then ``done`` what was heard out.

    Args:
        secret: the webhook's secret token.
        memory: an SQLite file that remembers what was heard, over restarts and between processes.
    """

    def __init__(
        self,
        secret: str,
        memory: Path,
        *,
        window_seconds: float = WINDOW_SECONDS,
        now: Callable[[], float] = clock.now,
    ) -> None:
        """Open the memory."""
        if not secret:
            raise ValueError(
                "a webhook needs a secret token: without one anybody could speak for the tracker"
            )
        self._secret, self._window, self._now = secret.encode(), window_seconds, now
        self._lock = threading.Lock()
        self._memory = sqlite3.connect(memory, check_same_thread=False, timeout=5)
        with self._memory:
            self._memory.execute("CREATE TABLE IF NOT EXISTS heard (id TEXT PRIMARY KEY, at REAL NOT NULL)")

    def close(self) -> None:
        """Close the memory."""
        self._memory.close()

    def read(self, body: bytes, signature: str) -> list[Delivery]:
        """The deliveries of a body.

        Raises:
            DeliveryRefused: ``SIGNATURE_INVALID``, ``DELIVERY_MALFORMED``, ``TIMESTAMP_OUTSIDE_WINDOW``.
        """
        expected = "sha1=" + hmac.new(self._secret, body, hashlib.sha1).hexdigest()
        if not hmac.compare_digest(expected.encode(), signature.strip().encode("utf-8", "replace")):
            raise DeliveryRefused(
                401, "SIGNATURE_INVALID", "the body is not signed with this webhook's secret"
            )
        try:
            content = json.loads(body)
            sent_at = _moment(content["timestamp"])
            data = content["data"]
            raw = data.get("deliveries", [data])
            deliveries = [_delivery(one) for one in raw]
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise DeliveryRefused(400, "DELIVERY_MALFORMED", f"the body cannot be read: {error!r}") from error
        if len(deliveries) > DELIVERIES_MOST:
            raise DeliveryRefused(400, "DELIVERY_MALFORMED", f"more than {DELIVERIES_MOST} deliveries")
        if abs(self._now() - sent_at) > self._window:
            raise DeliveryRefused(
                401, "TIMESTAMP_OUTSIDE_WINDOW", "the body was signed too long ago, or ahead"
            )
        return deliveries

    def was_heard(self, delivery: Delivery) -> bool:
        """Whether this one was heard out before."""
        with self._lock:
            found = self._memory.execute("SELECT 1 FROM heard WHERE id = ?", (delivery.id,)).fetchone()
        return found is not None

    def done(self, delivery: Delivery) -> None:
        """Remember that it was heard out."""
        now = self._now()
        with self._lock, self._memory:
            self._memory.execute("INSERT OR IGNORE INTO heard VALUES (?, ?)", (delivery.id, now))
            self._memory.execute("DELETE FROM heard WHERE at < ?", (now - REMEMBERED_SECONDS,))


def _moment(text: str) -> float:
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def _delivery(raw: dict[str, Any]) -> Delivery:
    """An event without an entity (a login, say) is one about nothing."""
    entity = raw.get("entity") or {}
    return Delivery(
        # the id in the signed body; older sites send none, and the event's own id is as good
        str(raw.get("delivery_id") or f"event-{raw['id']}"),
        str(raw["event_type"]),
        str(raw.get("attribute_name") or ""),
        str(entity.get("type") or ""),
        int(entity.get("id") or 0),
    )
