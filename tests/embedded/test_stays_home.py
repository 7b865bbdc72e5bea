"""One command brings up every part on this machine alone: no address but loopback is served or called."""

from __future__ import annotations

import json
import re
import socket

import httpx
import psutil
import pytest

from tests.embedded.test_supervisor import Deployment, deployment

__all__ = ["deployment"]
LOOPBACK = {"127.0.0.1", "::1"}


def _inet(pid: int) -> list[psutil._common.pconn]:
    try:
        return psutil.Process(pid).net_connections(kind="inet")
    except psutil.NoSuchProcess:
        return []


@pytest.mark.req("BX-025")
def test_one_command_serves_from_this_machine_and_reaches_nowhere_else(deployment: Deployment) -> None:
    deployment.start()
    deployment.wait_ready()
    ports = json.loads((deployment.var / "run" / "ports.json").read_text())
    port = int(ports["web"])
    page = httpx.get(f"http://127.0.0.1:{port}/sign-in/")
    assert page.status_code == 200
    assert not re.search(r"""(src|href|action)=["']?(https?:)?//""", page.text)
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert httpx.get(f"http://127.0.0.1:{port}/readyz").json()["status"] == "ready"
    assert httpx.get(f"http://127.0.0.1:{ports['events']}/readyz").json()["status"] == "ready"
    connections = [connection for pid in deployment.family for connection in _inet(pid)]
    assert {c.laddr.ip for c in connections if c.status == psutil.CONN_LISTEN} <= LOOPBACK
    assert len({c.laddr.port for c in connections if c.status == psutil.CONN_LISTEN}) >= 2
    assert {c.raddr.ip for c in connections if c.raddr} <= LOOPBACK
    # any other address of this machine is refused: 127.0.0.2 is this machine too, and nobody listens there
    others = [
        a.address for rows in psutil.net_if_addrs().values() for a in rows if a.family == socket.AF_INET
    ]
    for address in {"127.0.0.2", *others} - LOOPBACK:
        with socket.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((address, port)) != 0, address
        with socket.socket() as probe:
            probe.settimeout(5)
            assert probe.connect_ex((address, int(ports["events"]))) != 0, address
