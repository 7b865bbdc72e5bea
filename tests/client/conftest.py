"""What the tests of the client and of the adapters share: a farm node's desk at a served deployment."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from tests.client.test_gate import Gate, desk


@pytest.fixture
def gate(tmp_path: Path, live_server, settings, transactional_db: None) -> Gate:
    settings.BASE_URL = live_server.url
    settings.LEASE_HEARTBEAT_SECONDS = 1
    # a server's first answer of its life waits for its imports, longer than a gate waits on a crowded machine
    httpx.get(f"{live_server.url}/.well-known/jwks.json", timeout=120)
    return desk(tmp_path, live_server.url)
