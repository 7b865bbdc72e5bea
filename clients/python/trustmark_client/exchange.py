"""One request and its repetitions, without a socket: what to send, when to wait, what an answer means.

A request is repeated only where that is safe: reads, and writes that carry an ``Idempotency-Key``. The shells that
send and wait are :mod:`trustmark_client.transport` (blocking) and :mod:`trustmark_client.aio.transport` (asyncio).
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Generator, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Union

import httpx

from trustcore.older import TypeAlias, dataclass
from trustmark_client.errors import ServerRefused, ServerUnreachable

USER_AGENT = "trustmark-client/0.1"
RETRIED_STATUS = frozenset({429, 502, 503, 504})
_ends_at: ContextVar[float | None] = ContextVar("trustmark_ends_at", default=None)


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


@dataclass(frozen=True, slots=True)
class Call:
    """One request.

    Attributes:
        headers: called for every attempt, since a proof may be used once only.
        repeatable: whether sending twice is harmless; GET always is.
        once_within: send once alone, and wait so many seconds for the answer: for callers who ask again.
    """

    method: str
    path: str
    headers: Callable[[], Mapping[str, str]] = dict
    repeatable: bool = False
    once_within: float | None = None
    json: Any = None
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Send:
    """Send the call, and wait so many seconds at most for each step of it."""

    call: Call
    timeout_seconds: float

    @property
    def options(self) -> dict[str, Any]:
        """What httpx's ``request`` takes beside method and path."""
        call = self.call
        body = {"content": call.content} if call.content is not None else {"json": call.json}
        return {"headers": dict(call.headers()), "timeout": self.timeout_seconds} | (
            body if call.method != "GET" else {}
        )


@dataclass(frozen=True, slots=True)
class Sleep:
    """Wait so many seconds."""

    seconds: float


Step: TypeAlias = Union[Send, Sleep]
# a shell sends back the answer to Send, or the error that came instead, and nothing to Sleep
Heard: TypeAlias = Union[httpx.Response, httpx.HTTPError, None]


@contextmanager
def hurried(seconds: float) -> Iterator[None]:
    """All requests of this thread or task in the block take no longer together, attempts and waits included."""
    before = _ends_at.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends_at.reset(before)


def exchange(call: Call, patience: Patience, base_url: str) -> Generator[Step, Heard, httpx.Response]:
    """Yield the steps of ``call``, and return the answer of a success.

    Raises:
        ServerRefused: a 4xx that repeating would not change.
        ServerUnreachable: no answer, or only 5xx.
    """
    attempts = patience.attempts if call.repeatable or call.method == "GET" else 1
    timeout = patience.timeout_seconds
    if call.once_within is not None:
        attempts, timeout = 1, call.once_within
    failure, ends_at = "not tried", _ends_at.get()
    for attempt in range(attempts):
        if attempt:
            yield Sleep(patience.wait(attempt - 1))
        if ends_at is not None:
            left = ends_at - time.monotonic()
            if left <= 0:
                break
            timeout = min(left, patience.timeout_seconds)
        heard = yield Send(call, timeout)
        if isinstance(heard, httpx.Response):
            if heard.is_success:
                return heard
            if heard.status_code not in RETRIED_STATUS and heard.status_code < 500:
                raise refusal(heard)
            failure = f"status {heard.status_code}"
        else:
            failure = f"{type(heard).__name__}: {heard}"
    raise ServerUnreachable(f"{call.method} {base_url}{call.path}: {failure} after {attempts} attempt(s)")


def refusal(answer: httpx.Response) -> ServerRefused:
    """The problem of an error answer; an answer without one gets the code ``HTTP_<status>``."""
    try:
        problem = answer.json()
        code, detail = str(problem["code"]), str(problem.get("detail") or problem.get("title") or "")
    except (ValueError, KeyError, TypeError, AttributeError):
        code, detail = f"HTTP_{answer.status_code}", answer.reason_phrase
    return ServerRefused(answer.status_code, code, detail)
