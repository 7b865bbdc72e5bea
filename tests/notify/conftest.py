"""A receiver of webhooks on this machine, and the cast that has something to tell."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from django.conf import settings as django_settings

from accounts.principals import Principal
from audit.services import record
from notify import services
from notify.models import Delivery, WebhookEndpoint
from tests.licensing.conftest import Api, Cast, api, cast, move_clock, stranger_api

__all__ = ["Api", "Cast", "api", "cast", "move_clock", "stranger_api"]


@dataclass
class Call:
    """One request that arrived."""

    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Receiver:
    """An HTTP server in a thread: keeps what arrives, answers ``status`` after ``delay_seconds``."""

    status: int = 200
    answer_headers: dict[str, str] = field(default_factory=dict)
    delay: threading.Event | None = None
    calls: list[Call] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)
    server: ThreadingHTTPServer | None = None

    @property
    def port(self) -> int:
        assert self.server is not None
        return int(self.server.server_address[1])

    def url(self, path: str = "/hook") -> str:
        return f"http://127.0.0.1:{self.port}{path}"

    def wait_for(self, count: int, *, seconds: float = 20) -> list[Call]:
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.calls) >= count, seconds), self.calls
            return list(self.calls)

    def start(self) -> None:
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with receiver.arrived:
                    receiver.calls.append(
                        Call(self.path, {k.lower(): v for k, v in self.headers.items()}, body)
                    )
                    receiver.arrived.notify_all()
                if receiver.delay is not None:
                    receiver.delay.wait(30)
                self.send_response(receiver.status)
                for name, value in receiver.answer_headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self) -> None:
        assert self.server is not None
        if self.delay is not None:
            self.delay.set()
        self.server.shutdown()
        self.server.server_close()


@pytest.fixture
def make_receiver() -> Iterator[Callable[..., Receiver]]:
    """Receivers that are stopped at the end."""
    running: list[Receiver] = []

    def make(**options: Any) -> Receiver:
        receiver = Receiver(**options)
        receiver.start()
        running.append(receiver)
        return receiver

    yield make
    for receiver in running:
        receiver.stop()


@pytest.fixture
def closed_network(settings: Any) -> None:
    """A deployment whose receivers are on its own network."""
    settings.WEBHOOK_ALLOW_PRIVATE = True


@pytest.fixture
def receiver(make_receiver: Callable[..., Receiver], closed_network: None) -> Receiver:
    """A receiver that says 200."""
    return make_receiver()


def make_endpoint(principal: Principal, url: str, *kinds: str) -> services.WithSecret:
    """An endpoint of the principal's organisation with its secret."""
    return services.create_endpoint(principal=principal, url=url, kinds=kinds)


def happen(principal: Principal, kind: str = "thing.happened", **further: Any) -> Any:
    """An event of the principal's organisation, and of those it is shared with."""
    return record(kind=kind, principal=principal, object_type="thing", object_id="t", **further)


def send_due() -> int:
    """Place and send what is due, here and now, as a worker does; how many were sent."""
    services.place_waiting()
    claimed = services.claim_due()
    for delivery_id in claimed:
        services.attempt(delivery_id=delivery_id)
    return len(claimed)


def forget_waiting() -> None:
    """Let the events of the cast's making be placed before an endpoint listens."""
    services.place_waiting()


def only_delivery(endpoint: WebhookEndpoint) -> Delivery:
    return Delivery.objects.select_related("event").get(endpoint=endpoint)


def database_url() -> str:
    """The test's own database, for a process beside it."""
    from django.db import connection

    db = connection.settings_dict
    return f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"


def secret_of_the_house() -> str:
    return str(django_settings.TRUSTMARK_SECRET)
