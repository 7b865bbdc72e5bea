"""Real web servers (granian) on one database: nothing is cached that could be stale, no body is half taken."""

from __future__ import annotations

import gzip
import json
import os
import random
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from django.conf import settings as django_settings
from django.db import connection

from receipts import selectors
from receipts.inspection import inspect_log
from receipts.models import Lease, Quota, ReceiptBatch
from receipts.services import publish_log
from tests.receipts.conftest import CHECKS, RECEIPTS, Farm, make_farm, revoke

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timed]


@dataclass
class Server:
    """One granian process."""

    port: int
    process: subprocess.Popen[bytes]
    log: Path

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def start(folder: Path, number: int, port: int = 0) -> Server:
    """Serve the test's own database and log store."""
    if not port:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
    db = connection.settings_dict
    location = Path(django_settings.STORAGES["log"]["OPTIONS"]["location"])
    log = folder / f"server{number}.log"
    process = subprocess.Popen(
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", "127.0.0.1", "--port", str(port),
            "--workers", "1", "--blocking-threads", "4",
            "trustmark.wsgi:application",
        ],
        env={
            **os.environ, "DJANGO_SETTINGS_MODULE": "trustmark.settings",
            "DATABASE_URL": f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}",
            "STORAGE_URL": f"file://{location.parent}", "TRUSTMARK_SECRET": django_settings.TRUSTMARK_SECRET,
            "TRUSTMARK_BASE_URL": django_settings.BASE_URL, "TRUSTMARK_VAR": str(folder / "var"),
        },
        cwd=django_settings.BASE_DIR, stdout=log.open("ab"), stderr=subprocess.STDOUT,
    )  # fmt: skip
    return Server(port, process, log)


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[list[Server]]:
    running = [start(tmp_path, number) for number in range(2)]
    try:
        for server in running:
            wait_for(server)
        yield running
    finally:
        for server in running:
            server.process.terminate()
        for server in running:
            server.process.wait(20)


def wait_for(server: Server) -> None:
    for _ in range(300):
        try:
            if httpx.get(f"{server.url}/healthz").status_code == 200:
                return
        except httpx.TransportError:
            pass
        assert server.process.poll() is None, server.log.read_text()
        time.sleep(0.1)
    raise AssertionError(server.log.read_text())


def ask(server: Server, farm: Farm, jws: str) -> dict[str, Any]:
    answer = httpx.post(
        f"{server.url}{CHECKS}",
        json=farm.body(token=jws),
        headers={**farm.headers, "DPoP": farm.proof(jws)},
        timeout=30,
    )
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def rows_of(farm: Farm, lease: str, number: int) -> bytes:
    return b"".join(json.dumps(farm.row(lease, n)).encode() + b"\n" for n in range(number))


def post(server: Server, farm: Farm, content: Any, key: str, **headers: str) -> httpx.Response:
    head = {**farm.headers, "Content-Type": "application/x-ndjson", "Idempotency-Key": key, **headers}
    return httpx.post(f"{server.url}{RECEIPTS}?wait=published", content=content, headers=head, timeout=30)


@pytest.mark.req("ST-062")
def test_both_servers_deny_within_a_second_of_a_revocation(servers: list[Server]) -> None:
    farm = make_farm()
    jws = farm.jws()
    for server in (*servers, *servers):
        assert ask(server, farm, jws)["decision"] == "ALLOW_WITH_OBLIGATIONS"
    revoke(farm.token)
    revoked_at = time.monotonic()
    answers = [ask(server, farm, jws) for server in servers]
    assert time.monotonic() - revoked_at < 1
    assert [answer["reason_codes"] for answer in answers] == [["REVOKED"], ["REVOKED"]]


def test_batch_and_its_retry_on_another_server_are_one(servers: list[Server]) -> None:
    farm = make_farm()
    body = gzip.compress(rows_of(farm, farm.lease(0, 99)["id"], 100))
    answers = [post(server, farm, body, "b1", **{"Content-Encoding": "gzip"}).json() for server in servers]
    assert answers[0] == answers[1]
    assert answers[0]["accepted"] == 100
    checkpoint = httpx.get(f"{servers[1].url}/log/{farm.token.production_id}/checkpoint").text
    assert checkpoint.split("\n")[1] == str(answers[0]["size"])


def test_body_cut_on_the_way_leaves_nothing_and_the_retry_is_whole(servers: list[Server]) -> None:
    farm = make_farm()
    body = rows_of(farm, farm.lease(0, 24)["id"], 25)
    head = (
        f"POST {RECEIPTS} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/x-ndjson\r\n"
        f"Authorization: {farm.headers['Authorization']}\r\nIdempotency-Key: b1\r\n"
        f"Content-Length: {len(body)}\r\n\r\n"
    ).encode()
    with socket.create_connection(("127.0.0.1", servers[0].port)) as wire:
        wire.sendall(head + body[: len(body) // 2])
        time.sleep(0.5)
    time.sleep(1)
    assert not ReceiptBatch.objects.exists()
    assert post(servers[0], farm, body, "b1").json()["accepted"] == 25
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()


def test_body_without_a_length_is_refused_whole(servers: list[Server]) -> None:
    farm = make_farm()
    body = rows_of(farm, farm.lease(0, 24)["id"], 25)
    answer = post(servers[0], farm, iter([body[:1000], body[1000:]]), "b1")
    assert (answer.status_code, answer.json()["code"]) == (422, "LENGTH_REQUIRED")
    assert selectors.counts_for_token(farm.token.pk).rendered == 0


def test_sixty_four_clients_of_one_token_never_get_more_than_the_quota(servers: list[Server]) -> None:
    """Two servers, 64 connections, leases of 25 out of 2,010: eighty are given, and the last ten frames to nobody."""
    farm = make_farm(frames_max=2_010)
    jws = farm.jws()
    ask(servers[0], farm, jws)  # the quota's row exists, the licence is remembered by one of the two
    questions = [
        (servers[n % 2].url, farm.body(token=jws), {**farm.headers, "DPoP": farm.proof(jws)})
        for n in range(128)
    ]

    def put(question: tuple[str, dict[str, Any], dict[str, str]]) -> dict[str, Any]:
        url, body, headers = question
        answer = httpx.post(f"{url}{CHECKS}", json=body, headers=headers, timeout=60)
        assert answer.status_code == 200, answer.text
        decision: dict[str, Any] = answer.json()
        return decision

    with ThreadPoolExecutor(64) as pool:
        answers = list(pool.map(put, questions))
    granted = [a for a in answers if a["lease"]]
    assert sum(a["frames_reserved"] for a in granted) + 25 == 2_000
    assert {tuple(a["reason_codes"]) for a in answers if not a["lease"]} == {("FRAMES_EXHAUSTED",)}
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 2_000
    assert Lease.objects.filter(token_jti=farm.token.pk).count() == 80
    for lease in granted[:2]:
        end = f"{servers[1].url}/api/v1/render/leases/{lease['lease']['id']}/end"
        assert httpx.post(end, headers=farm.headers, timeout=30).json()["state"] == "ENDED"
    again = [ask(server, farm, jws) for server in (*servers, *servers)]
    assert sum(a["frames_reserved"] for a in again) == 50, "what two leases gave back, and no frame more"


def _send_until_acknowledged(
    server: Server, farm: Farm, content: bytes, key: str, seed: int
) -> dict[str, Any]:
    """What a farm's client does: the same batch under the same key, until there is an answer."""
    waits = random.Random(seed)
    head = {**farm.headers, "Content-Type": "application/x-ndjson", "Idempotency-Key": key}
    for _ in range(600):
        try:
            answer = httpx.post(f"{server.url}{RECEIPTS}", content=content, headers=head, timeout=5)
        except httpx.TransportError:
            time.sleep(waits.uniform(0.05, 0.2))
            continue
        if answer.status_code == 200:
            body: dict[str, Any] = answer.json()
            return body
        assert answer.status_code >= 500, answer.text
        time.sleep(waits.uniform(0.05, 0.2))
    raise AssertionError("no answer")


def _kill(server: Server) -> None:
    """End the server and its workers outright, as a machine that loses its power does."""
    for process in [*psutil.Process(server.process.pid).children(recursive=True), server.process]:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    server.process.wait(10)


@pytest.mark.req("ST-030")
def test_server_killed_under_load_loses_no_acknowledged_receipt_and_repeats_none(
    servers: list[Server], tmp_path: Path
) -> None:
    """Servers are killed outright in the middle of batches and started again; clients send again."""
    farm = make_farm(frames_max=100_000)
    leases = [farm.lease(n * 100, n * 100 + 99)["id"] for n in range(60)]
    bodies = [
        b"".join(json.dumps(farm.row(lease, n * 100 + k)).encode() + b"\n" for k in range(100))
        for n, lease in enumerate(leases)
    ]
    answers: dict[int, dict[str, Any]] = {}

    def client(numbers: range) -> None:
        for n in numbers:
            answers[n] = _send_until_acknowledged(servers[n % 2], farm, bodies[n], f"b{n}", n)
            time.sleep(0.2)

    clients = [threading.Thread(target=client, args=(range(first, 60, 3),)) for first in range(3)]
    for thread in clients:
        thread.start()
    chance = random.Random(7)
    killed = 0
    while any(thread.is_alive() for thread in clients) and killed < 3:
        time.sleep(chance.uniform(0.3, 0.8))
        at = killed % 2
        _kill(servers[at])
        killed += 1
        servers[at] = start(tmp_path, at, servers[at].port)
        wait_for(servers[at])
    for thread in clients:
        thread.join(60)
    assert killed >= 2, "the load was over before it was disturbed"
    assert len(answers) == 60
    assert {(answer["accepted"], len(answer["runs"])) for answer in answers.values()} == {(100, 1)}
    first_leaves = [answer["runs"][0]["leaf_index"] for answer in answers.values()]
    assert len({first + step for first in first_leaves for step in range(100)}) == 6_000, "no index twice"
    assert selectors.counts_for_token(farm.token.pk).rendered == 6_000
    publish_log(production_id=farm.token.production_id)
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert (report.faults, report.covered) == ((), report.size)
