"""The blocking shell around :mod:`trustmark_client.exchange`: it sends, it sleeps, it keeps connections."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager
from dataclasses import field
from typing import TypeVar

import httpx

from trustcore.older import dataclass
from trustmark_client.exchange import (
    USER_AGENT,
    Call,
    Heard,
    Patience,
    Send,
    Step,
    exchange,
    hurried,
    refusal,
)

__all__ = ["Patience", "Transport", "refusal"]
T = TypeVar("T")
Q = TypeVar("Q")
A = TypeVar("A")


@dataclass(slots=True)
class Transport:
    """One server, one API key; its connections are kept and used again, by any thread."""

    base_url: str
    api_key: str
    patience: Patience = field(default_factory=Patience)
    sleep: Callable[[float], None] = time.sleep
    tls: ssl.SSLContext | None = None
    http: httpx.Client = field(init=False)

    def __post_init__(self) -> None:
        # a farm's proxy settings are none of our business unless asked for: fail closed, not elsewhere
        self.http = httpx.Client(
            base_url=self.base_url,
            timeout=self.patience.timeout_seconds,
            verify=self.tls if self.tls is not None else True,
            headers={"Authorization": f"Bearer {self.api_key}", "User-Agent": USER_AGENT},
        )

    def hurried(self, seconds: float) -> AbstractContextManager[None]:
        """All requests of this thread in the block together take no longer, attempts and waits included."""
        return hurried(seconds)

    def request(self, call: Call) -> httpx.Response:
        """Send ``call``, repeat where safe, and return the answer of a success.

        Raises:
            ServerRefused: a 4xx that repeating would not change.
            ServerUnreachable: no answer, or only 5xx.
        """
        return _drive(exchange(call, self.patience, self.base_url), self._perform)

    def run(self, operation: Generator[Call, httpx.Response, T]) -> T:
        """Send what ``operation`` asks for, one call after the other, and return what it makes of the answers."""
        return _drive(operation, self.request)

    def _perform(self, step: Step) -> Heard:
        if not isinstance(step, Send):
            self.sleep(step.seconds)
            return None
        try:
            return self.http.request(step.call.method, step.call.path, **step.options)
        except httpx.HTTPError as error:
            return error


def _drive(questions: Generator[Q, A, T], answer: Callable[[Q], A]) -> T:
    """Answer question after question; an error of ``answer`` is raised where it was asked."""
    try:
        question = next(questions)
        while True:
            try:
                heard = answer(question)
            except Exception as error:  # noqa: BLE001 - it goes where the question came from
                question = questions.throw(error)
            else:
                question = questions.send(heard)
    except StopIteration as done:
        found: T = done.value
        return found
