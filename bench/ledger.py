"""What a check and a batch of receipts cost, against a no-op request and a raw COPY of the same rows.

Everything is measured on one machine in one run, interleaved, through the real web server (granian, two
workers) and PostgreSQL with fsync on. Rates depend on the machine and on what else it does; the ratios are
what to compare. CPU counts the server's side alone: web workers and PostgreSQL, not the clients.
"""

from __future__ import annotations

import json
import statistics
import threading
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass

import httpx
import psutil

ROWS = 5_000
CHECK_CLIENTS = 8


@dataclass(frozen=True)
class Figure:
    """One measurement: ``per`` names what ``number`` counts a second; CPU is microseconds of server for one."""

    name: str
    per: str
    number: float
    cpu_us: float
    p99_ms: float | None = None


class Bench:
    """A running server with its database. CPU is sampled, so that a backend that ended still counts."""

    def __init__(self, url: str, web: psutil.Process, database_url: str) -> None:
        self.url, self.database_url = url, database_url
        self._web = web
        self._used: dict[tuple[int, float], float] = {}
        threading.Thread(target=self._sample, daemon=True).start()

    def server_seconds(self) -> float:
        """CPU seconds that web workers and PostgreSQL have used so far."""
        for process in (self._web, *self._web.children(recursive=True), *_postgres()):
            try:
                times, born = process.cpu_times(), process.create_time()
            except psutil.NoSuchProcess:
                continue
            self._used[process.pid, born] = times.user + times.system
        return sum(self._used.values())

    def _sample(self) -> None:
        while self._web.is_running():
            self.server_seconds()
            time.sleep(0.2)


def _postgres() -> list[psutil.Process]:
    own = psutil.Process()
    return [p for p in own.children(recursive=True) if p.name().startswith("postgres")]


def measure(
    bench: Bench, name: str, per: str, clients: int, each: int, call: Callable[[int, int], int]
) -> Figure:
    """Run ``call(client, turn)`` ``each`` times on every client at once; it returns how many things it did."""
    spans: list[float] = []
    done: list[int] = []
    errors: list[BaseException] = []
    start = threading.Barrier(clients + 1)

    def client(number: int) -> None:
        start.wait()
        for turn in range(each):
            begun = time.perf_counter()
            try:
                done.append(call(number, turn))
            except BaseException as error:  # noqa: BLE001 - reported below
                errors.append(error)
                return
            spans.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for thread in threads:
        thread.start()
    before, begun = bench.server_seconds(), time.perf_counter()
    start.wait()
    for thread in threads:
        thread.join()
    wall, cpu = time.perf_counter() - begun, bench.server_seconds() - before
    if errors:
        raise errors[0]
    p99 = statistics.quantiles(spans, n=100)[98] * 1000 if len(spans) >= 100 else None
    return Figure(name, per, sum(done) / wall, cpu / sum(done) * 1e6, p99)


def noop(bench: Bench, clients: int, each: int) -> Figure:
    """A request that does nothing, through the same server and middleware."""
    wires = [httpx.Client(base_url=bench.url, timeout=60) for _ in range(clients)]

    def call(number: int, turn: int) -> int:
        assert wires[number].get("/healthz").status_code == 200
        return 1

    return measure(bench, "no-op view, full middleware", "requests", clients, each, call)


def checks(bench: Bench, each: int, *, one_token: bool) -> Figure:
    """Checks with their proofs and leases of 25 frames, each decision durable."""
    from tests.receipts.conftest import CHECKS, make_farm

    farms = [
        make_farm(frames_max=1_000_000) for _ in range(1 if one_token else CHECK_CLIENTS)
    ] * CHECK_CLIENTS
    tokens = [farm.jws() for farm in farms]
    wires = [httpx.Client(base_url=bench.url, timeout=60) for _ in range(CHECK_CLIENTS)]

    def call(number: int, turn: int) -> int:
        farm, jws = farms[number], tokens[number]
        body = farm.body(token=jws, frame_range={"first": turn * 25, "last": turn * 25 + 24})
        headers = {**farm.headers, "DPoP": farm.proof(jws)}
        answer = wires[number].post(CHECKS, json=body, headers=headers).json()
        assert answer["frames_reserved"] == 25, answer
        return 1

    name = "check, one token" if one_token else "check, a token for each client"
    return measure(bench, f"{name}, {CHECK_CLIENTS} connections", "checks", CHECK_CLIENTS, each, call)


def receipts(bench: Bench, clients: int, each: int) -> Figure:
    """Batches of 5,000 receipts of one production, acknowledged when durable, in the log and published."""
    from tests.receipts.conftest import RECEIPTS, make_farm

    farm = make_farm(frames_max=1_000_000)
    leases = [farm.lease(n * 10_000, n * 10_000 + ROWS - 1)["id"] for n in range(clients)]
    bodies = {
        (n, turn): b"".join(
            json.dumps(farm.row(leases[n], n * 10_000 + k, take=turn)).encode() + b"\n" for k in range(ROWS)
        )
        for n in range(clients)
        for turn in range(each)
    }
    wires = [httpx.Client(base_url=bench.url, timeout=120) for _ in range(clients)]

    def call(number: int, turn: int) -> int:
        headers = {
            **farm.headers, "Content-Type": "application/x-ndjson", "Idempotency-Key": str(uuid.uuid4()),
        }  # fmt: skip
        answer = wires[number].post(RECEIPTS, content=bodies[number, turn], headers=headers).json()
        assert answer["accepted"] == ROWS, {**answer, "rows": answer.get("rows", [])[:3]}
        return ROWS

    return measure(
        bench, f"receipts over HTTP, batches of {ROWS}, {clients} clients", "rows", clients, each, call
    )


def raw_copy(bench: Bench, each: int) -> Figure:
    """Prepacked binary COPY of such rows into the same table with its indexes and triggers; one commit a batch."""
    import psycopg

    from common import clock
    from receipts.services.sequence import FrameLeaf, frame_copy

    entry = b'{"file_sha256":"' + b"0" * 64 + b'","pad":"' + b"x" * 300 + b'"}'
    number = 1_000_000_000 + uuid.uuid4().int % 1_000_000_000
    leaves = [[FrameLeaf(entry, turn + 1, k, 0, 1, bytes(32)) for k in range(ROWS)] for turn in range(each)]
    batches = [
        frame_copy(log_id=number, first=turn * ROWS, leaves=leaves[turn], received_at=clock.now())
        for turn in range(each)
    ]
    wire = psycopg.connect(bench.database_url)

    def call(_client: int, turn: int) -> int:
        statement, rows = batches[turn]
        with wire.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(rows)
        wire.commit()
        return ROWS

    figure = measure(bench, "raw COPY of the same rows", "rows", 1, each, call)
    wire.close()
    return figure
