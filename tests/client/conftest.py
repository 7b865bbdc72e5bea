"""What the tests of the client and of the adapters share: a farm node's desk at a served deployment."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.client.test_gate import Gate, desk
from tests.client.wire import Wire


@pytest.fixture
def gate(tmp_path: Path, live_server, settings, transactional_db: None) -> Gate:
    settings.BASE_URL = live_server.url
    settings.LEASE_HEARTBEAT_SECONDS = 1
    # a server's first answer of its life waits for its imports, longer than a gate waits on a crowded machine
    httpx.get(f"{live_server.url}/.well-known/jwks.json", timeout=120)
    return desk(tmp_path, live_server.url)


@pytest.fixture
def wire(live_server) -> Iterator[Wire]:
    wire = Wire(live_server.thread.port)
    yield wire
    wire.cut()  # before it sounds again: what it held back dies with the test
    wire.sound()


@pytest.fixture
def far_gate(tmp_path: Path, wire: Wire, settings, transactional_db: None) -> Gate:
    """A node whose wire may be cut: leases of three seconds, a grace of four."""
    settings.BASE_URL = wire.url
    settings.LEASE_HEARTBEAT_SECONDS, settings.LEASE_LIFE_SECONDS = 1, 3
    settings.OFFLINE_GRACE_SECONDS, settings.OFFLINE_GRACE_FRAMES = 4, 100
    return desk(tmp_path, wire.url)
