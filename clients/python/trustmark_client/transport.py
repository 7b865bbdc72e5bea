"""HTTP with patience: retries with full jitter, problem details as exceptions.

A request is repeated only where that is safe: reads, and writes that carry an ``Idempotency-Key``.
"""

from __future__ import annotations

import random
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import field
from typing import Any

import httpx

from trustcore.older import dataclass
from trustmark_client.errors import ServerRefused, ServerUnreachable

RETRIED_STATUS = frozenset({429, 502, 503, 504})


@dataclass(frozen=True, slots=True)
class Patience:
    """How long to try: waits are drawn from [0, base * 2**attempt], capped.

    Source: AWS Architecture Blog, "Exponential Backoff And Jitter" (full jitter).
    """

    attempts: int = 5
    base_seconds: float = 0.25
    cap_seconds: float = 8.0
    timeout_seconds: float = 30.0

    def wait(self, attempt: int) -> float:
        """Seconds to sleep after the failed attempt of that number, from 0."""
        return random.uniform(0, min(self.cap_seconds, self.base_seconds * 2**attempt))  # noqa: S311 - jitter


@dataclass(slots=True)
class Transport:
    """One server, one API key."""

    base_url: str
    api_key: str
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    tls: ssl.SSLContext | None = None
    http: httpx.Client = field(init=False)
    _own: threading.local = field(default_factory=threading.local, init=False)

    def __post_init__(self) -> None:
        # a farm's proxy settings are none of our business unless asked for: fail closed, not elsewhere
        self.http = httpx.Client(
            base_url=self.base_url,
            timeout=self.patience.timeout_seconds,
            verify=self.tls if self.tls is not None else True,
            headers={"Authorization": f"Bearer {self.api_key}", "User-Agent": "trustmark-client/0.1"},
        )

    def url(self, path: str) -> str:
        """The absolute URL, as DPoP's ``htu`` needs it."""
        return f"{self.base_url.rstrip('/')}{path}"

    @contextmanager
    def hurried(self, seconds: float) -> Iterator[None]:
        """All requests of this thread in the block together take no longer, attempts and waits included."""
        self._own.ends_at = time.monotonic() + seconds
        try:
            yield
        finally:
            self._own.ends_at = None

    def _left(self) -> float | None:
        """Seconds that a hurried request has left; none if it need not hurry."""
        ends_at: float | None = getattr(self._own, "ends_at", None)
        return None if ends_at is None else ends_at - time.monotonic()

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Callable[[], Mapping[str, str]] = dict,
        repeatable: bool = False,
        once_within: float | None = None,
        **content: Any,
    ) -> httpx.Response:
        """Send, repeat where safe, and return the answer of a success.

        Args:
            headers: called for every attempt, since a proof may be used once only.
            repeatable: whether sending twice is harmless; GET always is.
            once_within: send once alone, and wait so many seconds for the answer: for callers who ask again.

        Raises:
            ServerRefused: a 4xx that repeating would not change.
            ServerUnreachable: no answer, or only 5xx.
        """
        attempts = self.patience.attempts if repeatable or method == "GET" else 1
        if once_within is not None:
            attempts, content["timeout"] = 1, once_within
        failure = "not tried"
        for attempt in range(attempts):
            if attempt:
                self.sleep(self.patience.wait(attempt - 1))
            if (left := self._left()) is not None:
                if left <= 0:
                    break
                content["timeout"] = min(left, self.patience.timeout_seconds)
            try:
                answer = self.http.request(method, path, headers=dict(headers()), **content)
            except httpx.HTTPError as error:
                failure = f"{type(error).__name__}: {error}"
                continue
            if answer.is_success:
                return answer
            if answer.status_code not in RETRIED_STATUS and answer.status_code < 500:
                raise refusal(answer)
            failure = f"status {answer.status_code}"
        raise ServerUnreachable(f"{method} {self.url(path)}: {failure} after {attempts} attempt(s)")


def refusal(answer: httpx.Response) -> ServerRefused:
    """The problem of an error answer; an answer without one gets the code ``HTTP_<status>``."""
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, detail = f"HTTP_{answer.status_code}", answer.reason_phrase
    return ServerRefused(answer.status_code, code, detail)
