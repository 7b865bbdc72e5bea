"""One attempt against real servers: what counts as delivered, what is never followed, who is trusted."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from notify import sending
from notify.sending import Outcome
from tests.notify.conftest import Receiver


def post(url: str) -> Outcome:
    return asyncio.run(sending.post(url, b'{"a":1}', {"webhook-id": "x"}))


def test_2xx_is_delivered_and_the_request_is_a_plain_post(receiver: Receiver) -> None:
    receiver.status = 204
    assert post(receiver.url("/a?b=c")).is_delivered
    (call,) = receiver.calls
    assert (call.path, call.body) == ("/a?b=c", b'{"a":1}')
    assert call.headers["host"] == f"127.0.0.1:{receiver.port}"
    assert call.headers["content-type"] == "application/json"
    assert call.headers["webhook-id"] == "x"


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_failures_and_not_followed(receiver: Receiver, make_receiver: Any, status: int) -> None:
    elsewhere: Receiver = make_receiver()
    receiver.status, receiver.answer_headers = status, {"Location": elsewhere.url()}
    assert post(receiver.url()) == Outcome(status, "HTTP_STATUS")
    assert elsewhere.calls == []


@pytest.mark.parametrize(("said", "heard"), [("120", 120), ("x", None), ("-1", None), ("٣", None)])
def test_retry_after_is_heard_in_seconds(receiver: Receiver, said: str, heard: int | None) -> None:
    receiver.status, receiver.answer_headers = 503, {"Retry-After": said.encode().decode("latin-1")}
    outcome = post(receiver.url())
    assert (outcome.status, outcome.is_delivered) == (503, False)
    assert outcome.retry_after == (timedelta(seconds=heard) if heard is not None else None)


def test_loopback_is_refused_outside_closed_networks(make_receiver: Any, settings: Any) -> None:
    receiver: Receiver = make_receiver()
    assert post(receiver.url()) == Outcome(error="ADDRESS_REFUSED")
    assert receiver.calls == []
    settings.WEBHOOK_ALLOW_PRIVATE = True
    assert post(receiver.url()).is_delivered


def test_connection_goes_to_the_address_that_was_judged(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A name that would lead elsewhere when asked again is not asked again."""
    asked: list[str] = []

    async def judged(host: str, port: int) -> list[str]:
        asked.append(host)
        return ["127.0.0.1"]

    monkeypatch.setattr(sending, "allowed_addresses", judged)
    # a name that nobody resolves: only the judged address can have been connected to
    assert post(f"http://rebinding.invalid:{receiver.port}/").is_delivered
    assert asked == ["rebinding.invalid"]
    assert receiver.calls[0].headers["host"] == f"rebinding.invalid:{receiver.port}"


def test_next_address_is_tried_when_one_does_not_answer(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def two(host: str, port: int) -> list[str]:
        return ["127.0.0.3", "127.0.0.1"]  # nobody listens on the first

    monkeypatch.setattr(sending, "allowed_addresses", two)
    assert post(f"http://two.invalid:{receiver.port}/").is_delivered


def test_nobody_there_is_a_failed_connection(closed_network: None) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    assert post(f"http://127.0.0.1:{port}/") == Outcome(error="CONNECT_FAILED")


def raw_server(answer: Callable[[socket.socket], None]) -> int:
    """A server that does what it likes with one connection; its port."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen()

    def serve() -> None:
        wire, _ = listener.accept()
        with wire, listener, contextlib.suppress(OSError):
            answer(wire)

    threading.Thread(target=serve, daemon=True).start()
    return int(listener.getsockname()[1])


def test_receiver_that_drips_bytes_does_not_hold_an_attempt_beyond_its_time(
    closed_network: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "TOTAL_SECONDS", 1.0)

    def drip(wire: socket.socket) -> None:
        wire.recv(4096)
        wire.sendall(b"HTTP/1.1 200 OK\r\n")
        for _ in range(100):
            wire.sendall(b"X-A: b\r\n")
            time.sleep(0.1)

    begun = time.monotonic()
    assert post(f"http://127.0.0.1:{raw_server(drip)}/") == Outcome(error="TIMEOUT")
    assert time.monotonic() - begun < 5


def test_answer_that_is_no_http_is_a_failure(closed_network: None) -> None:
    port = raw_server(lambda wire: (wire.recv(4096), wire.sendall(b"SSH-2.0-x\r\n\r\n"))[1])
    assert post(f"http://127.0.0.1:{port}/") == Outcome(error="ANSWER_INVALID")


def test_endless_body_is_not_read(closed_network: None) -> None:
    sent: list[int] = []

    def flood(wire: socket.socket) -> None:
        wire.recv(4096)
        wire.sendall(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            sent.append(wire.send(b"10000\r\n" + b"x" * 65536 + b"\r\n"))

    begun = time.monotonic()
    assert post(f"http://127.0.0.1:{raw_server(flood)}/").is_delivered
    assert time.monotonic() - begun < 5


class Authority:
    """A certificate authority of a closed network and one server of it."""

    def __init__(self, folder: Path, *names: x509.GeneralName) -> None:
        self.file = folder / "ca.pem"
        key, server_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Closed network")])
        root = self._certificate(name, name, key.public_key(), key, [
            (x509.BasicConstraints(ca=True, path_length=None), True),
            (x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False),
            (x509.KeyUsage(*([False] * 5), True, True, False, False), True),
        ])  # fmt: skip
        leaf = self._certificate(
            x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "server")]), name, server_key.public_key(), key,
            [
                (x509.SubjectAlternativeName(names), False),
                (x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False),
            ],
        )  # fmt: skip
        pem = serialization.Encoding.PEM
        self.file.write_bytes(root.public_bytes(pem))
        (folder / "server.pem").write_bytes(
            leaf.public_bytes(pem)
            + server_key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        )
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(folder / "server.pem")

    def _certificate(self, subject: Any, issuer: Any, public: Any, key: Any, extensions: list[Any]) -> Any:
        now = datetime.now(tz=UTC)
        builder = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(issuer)
            .public_key(public)
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(hours=1))
            .not_valid_after(now + timedelta(hours=1))
        )
        for extension, is_critical in extensions:
            builder = builder.add_extension(extension, is_critical)
        return builder.sign(key, hashes.SHA256())


def test_https_wants_a_certificate_of_the_name_from_an_authority_that_is_trusted(
    receiver: Receiver, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = Authority(
        tmp_path, x509.DNSName("hooks.example.test"), x509.IPAddress(ip_address("127.0.0.1"))
    )
    assert receiver.server is not None
    receiver.server.socket = authority.context.wrap_socket(receiver.server.socket, server_side=True)

    async def here(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    monkeypatch.setattr(sending, "allowed_addresses", here)
    url = f"https://hooks.example.test:{receiver.port}/"
    assert post(url) == Outcome(error="TLS_FAILED"), "an unknown authority"
    settings.WEBHOOK_CA_FILE = str(authority.file)
    assert post(url).is_delivered
    assert post(f"https://127.0.0.1:{receiver.port}/").is_delivered
    assert post(f"https://other.example.test:{receiver.port}/") == Outcome(error="TLS_FAILED"), "another name"
    assert len(receiver.calls) == 2
