"""Mutual TLS for real: nginx as docs/operations/mtls.md configures it, granian behind it, httpx and openssl before it."""

from __future__ import annotations

import re
import shutil
import socket
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest
from trustmark_client import Ask, ClientCertificate, TrustmarkClient

from accounts.models import ApiCredential
from tests import factories
from tests.certificates import Pair, make_pair
from tests.receipts.conftest import CHECKS, Farm
from tests.receipts.test_sender import certified
from tests.receipts.test_servers import Server, start, wait_for

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
PAGE = Path(__file__).resolve().parents[2] / "docs" / "operations" / "mtls.md"

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.skipif(NGINX is None, reason="nginx is not installed (scripts/system-packages installs it)"),
]


@dataclass
class House:
    """nginx in front of one server, and the certificates around it."""

    url: str
    server: Server
    authority: Path
    folder: Path

    def tls(self, pair: Pair | None) -> ssl.SSLContext:
        context = ssl.create_default_context(cafile=str(self.authority))
        if pair is not None:
            context.load_cert_chain(*pair.write(self.folder, "presented"))
        return context

    def ask(self, farm: Farm, jws: str, pair: Pair | None, **headers: str) -> dict[str, Any]:
        """One check through nginx, over a TLS connection of its own."""
        with httpx.Client(verify=self.tls(pair), timeout=30) as client:
            answer = client.post(
                f"{self.url}{CHECKS}", json=farm.body(token=jws), headers={**farm.headers, **headers}
            )
        assert answer.status_code == 200, answer.text
        body: dict[str, Any] = answer.json()
        return body


@pytest.fixture
def house(tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    port = free_port()
    settings.BASE_URL = f"https://127.0.0.1:{port}"
    monkeypatch.setenv("TRUSTMARK_TLS_PROXY", "yes")
    monkeypatch.setenv("TRUSTMARK_CLIENT_CERT_HEADER", "Client-Cert")
    authority = make_pair("authority")
    make_pair("server", authority, is_server=True).write(tmp_path, "server")
    (tmp_path / "ca.pem").write_text(authority.pem)
    server = start(tmp_path, 0)
    proxy = None
    try:
        wait_for(server)
        proxy = serve(tmp_path, port, server.port)
        yield House(settings.BASE_URL, server, tmp_path / "ca.pem", tmp_path)
    finally:
        for process in (proxy, server.process):
            if process is not None:
                process.terminate()
                process.wait(20)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def serve(folder: Path, port: int, behind: int) -> subprocess.Popen[bytes]:
    """Run nginx with the page's own ``server`` block."""
    found = re.search(r"```nginx\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert found, "the page shows a configuration"
    block = found[1]
    for shown, real in {
        "listen 443 ssl": f"listen 127.0.0.1:{port} ssl",
        "/etc/trustmark/server.": f"{folder}/server.",
        "http://127.0.0.1:8000": f"http://127.0.0.1:{behind}",
    }.items():
        assert shown in block
        block = block.replace(shown, real)
    temporary = "\n".join(
        f"{name}_temp_path {folder}/{name};" for name in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    (folder / "nginx.conf").write_text(
        f"daemon off; master_process off; pid {folder}/nginx.pid; error_log {folder}/nginx.log;\n"
        f"events {{}}\nhttp {{\naccess_log off;\n{temporary}\n{block}\n}}\n"
    )
    assert NGINX is not None
    process = subprocess.Popen([NGINX, "-c", str(folder / "nginx.conf"), "-p", str(folder)])
    for _ in range(200):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return process
        assert process.poll() is None, (folder / "nginx.log").read_text()
        time.sleep(0.05)
    raise AssertionError((folder / "nginx.log").read_text())


@pytest.mark.req("BX-012")
def test_certificate_bound_token_works_over_its_connection_and_nowhere_else(house: House) -> None:
    farm, pair = certified()
    jws = farm.jws()
    assert house.ask(farm, jws, pair)["decision"] == "ALLOW_WITH_OBLIGATIONS"
    thief = make_pair("farm")  # same name, another key
    for stolen_by in (thief, None):
        answer = house.ask(farm, jws, stolen_by)
        assert (answer["decision"], answer["reason_codes"]) == ("DENY", ["SENDER_MISMATCH"])


@pytest.mark.req("BX-012")
def test_thief_who_writes_the_header_himself_is_overruled_by_the_proxy(house: House) -> None:
    farm, pair = certified()
    jws = farm.jws()
    for name in ("Client-Cert", "client-cert", "Client_Cert"):
        for presented in (None, make_pair("farm")):
            answer = house.ask(farm, jws, presented, **{name: pair.escaped})
            assert answer["reason_codes"] == ["SENDER_MISMATCH"], name


def test_whole_gate_speaks_mutual_tls(house: House) -> None:
    farm, pair = certified()
    (house.folder / "token.jwt").write_text(farm.jws())
    certificate = ClientCertificate(*pair.write(house.folder, "farm"), house.authority)
    api_key = farm.headers["Authorization"].removeprefix("Bearer ")
    ask = Ask(
        token=farm.jws(), project=str(farm.token.production_id), shot="0410_0020", use_type="FACE_RENDER",
        render_territory="GB", first=1, last=5,
    )  # fmt: skip
    with TrustmarkClient(house.url, api_key, certificate=certificate) as client:
        decision = client.check(ask)
        assert decision.permitted
        assert decision.lease is not None
        gate = client.open_lease(decision.lease)
        assert gate.lease.cnf.x5t_s256 == certificate.thumbprint() == farm.credential.x5t
        with client.keep_lease(decision.lease) as keeper:
            assert keeper.bounds.why_over() == []
        assert client.end_lease(decision.lease.id).settled.units_returned == 5
    thief = ClientCertificate(*make_pair("farm").write(house.folder, "thief"), house.authority)
    with TrustmarkClient(house.url, api_key, certificate=thief) as client:
        assert client.check(ask).reason_codes == ["SENDER_MISMATCH"]
    assert ApiCredential.objects.filter(x5t=farm.credential.x5t).count() == 1


def test_proof_key_goes_on_working_through_the_same_proxy(house: House) -> None:
    from tests.receipts.conftest import make_farm

    farm = make_farm()
    jws = factories.minted(farm.token.pk, farm.credential)
    answer = house.ask(farm, jws, None, DPoP=farm.proof(jws))
    assert answer["decision"] == "ALLOW_WITH_OBLIGATIONS"
