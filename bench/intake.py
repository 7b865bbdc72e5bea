"""Batches of receipts through the real web server, against raw COPY and plain DRF; and what they cost in memory."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from typing import Self

import numpy as np
import psutil
import psycopg

from bench import farms
from bench.checks import CONNECTIONS, plain_headers
from bench.figures import Ratio, Room, Sample, say, served
from bench.house import House, add_baseline, cpu_seconds
from bench.load import Load, drive, request
from bench.packed import repacked
from common import clock
from receipts.models import ProductionLog
from receipts.services import drain_log
from tests.receipts.conftest import Farm, sha

ROWS = 5_000
LEASES_A_BATCH = ROWS // farms.LEASE
ALL = rf'"accepted": ?({ROWS})\b'


class Intake:
    """A farm with open leases for several clients; each batch is a take of its own."""

    def __init__(self, house: House, clients: int, farm: Farm | None = None) -> None:
        self.house, self.farm, self.take = house, farm or farms.new_farm(), 0
        opened = farms.open_leases(self.farm, clients * LEASES_A_BATCH)
        self.leases = [opened[n * LEASES_A_BATCH : (n + 1) * LEASES_A_BATCH] for n in range(clients)]
        drain_log(production_id=self.farm.token.production_id)

    @property
    def log_id(self) -> int:
        return ProductionLog.objects.get(production_id=self.farm.token.production_id).pk

    def queues(self, clients: int, batches: int) -> list[list[bytes]]:
        first, self.take = self.take, self.take + batches
        return [
            [farms.batch(self.farm, self.leases[n], (first + turn) % 32_000) for turn in range(batches)]
            for n in range(clients)
        ]

    def send(self, clients: int, batches: int) -> Load:
        return drive(self.house.web.port, self.queues(clients, batches), ok=ALL)

    def sample(self, queues: list[list[bytes]]) -> Sample:
        """Send batches that were made before."""
        return served(
            self.house,
            self.house.web,
            lambda: drive(self.house.web.port, queues, ok=ALL),
            each=ROWS,
        )


def receipt_room(house: House, *, batches: int, turns: int) -> Room:
    """Batches over HTTP, acknowledged when durable, sequenced and published, against COPY and plain DRF."""
    plain = house.others.get("plain") or add_baseline(house, "plain", 1_000)
    say("leases for the receipts")
    intake = Intake(house, 4)
    intake.send(2, 2)
    room = Room(
        "Receipts",
        (
            f"Batches of {ROWS:,} receipts of one production ({LEASES_A_BATCH} leases each), acknowledged when durable and in "
            "the log, against prepacked binary COPY of the same rows into the same table, its indexes and triggers, one "
            "commit a batch, one connection. `web µs` of COPY is the client's."
        ),
        "receipts",
    )
    wire = psycopg.connect(house.database_url)
    again = iter(range(1_000_000))

    def copy() -> Sample:
        return raw_copy(house, wire, intake.log_id, batches, again)

    plain_turns = iter(range(1_000_000))
    calls = {
        "binary COPY, prepacked": copy,
        "HTTP, 1 client": lambda: intake.sample(intake.queues(1, batches)),
        "HTTP, 2 clients": lambda: intake.sample(intake.queues(2, batches)),
        "HTTP, 4 clients": lambda: intake.sample(intake.queues(4, max(1, batches // 2))),
        "plain DRF + history": lambda: _plain_receipts(house, 40 * batches, next(plain_turns)),
    }
    room.play(turns, calls)
    wire.close()
    for name, bar in (("HTTP, 1 client", 0.35), ("HTTP, 2 clients", 0.45), ("HTTP, 4 clients", 0.45)):
        room.ratios += [
            Ratio(f"{name}, to COPY", name, "binary COPY, prepacked", "wall", bar),
            Ratio(f"{name}, to COPY", name, "binary COPY, prepacked", "cpu", None),
        ]
    room.ratios += [
        Ratio("HTTP, 2 clients, to plain DRF + history", "HTTP, 2 clients", "plain DRF + history", by, bar)
        for by, bar in (("wall", 100), ("cpu", 100))
    ]
    assert plain.port
    return room


def raw_copy(
    house: House, wire: psycopg.Connection, log_id: int, batches: int, again: Iterator[int]
) -> Sample:
    """Write ``batches`` batches of the intake's own rows again, packed beforehand, into a log of no production."""
    into = 1_000_000_000 + log_id
    packed = [repacked(wire, log_id, rows=ROWS, into=into, turn=next(again)) for _ in range(batches)]
    wire.commit()
    before, used, begun = cpu_seconds(house.postgres), time.process_time(), time.perf_counter()
    for statement, data in packed:
        with wire.cursor() as cursor, cursor.copy(statement) as copy:  # type: ignore[arg-type]
            copy.write(data)
        wire.commit()
    wall, own = time.perf_counter() - begun, time.process_time() - used
    number = batches * ROWS
    spent = cpu_seconds(house.postgres) - before
    return Sample(rate=number / wall, web_us=own / number * 1e6, db_us=spent / number * 1e6)


def _plain_receipts(house: House, number: int, turn: int) -> Sample:
    facts, plain = house.facts["plain"], house.others["plain"]
    at = clock.now()
    bodies = (
        {
            "licence": facts["licences"][n % len(facts["licences"])], "use_type": "FACE_RENDER",
            "frame": turn * 100_000 + n, "take": 1, "outcome": "RENDERED",
            "file_sha256": sha(f"{turn} {n}"), "pixel_sha256": sha(f"{n}"),
            "started_at": clock.rfc3339(at - timedelta(seconds=1)), "finished_at": clock.rfc3339(at),
        }
        for n in range(number)
    )  # fmt: skip
    asked = [
        request("POST", "/plain/receipts", headers=plain_headers(facts), body=json.dumps(body).encode())
        for body in bodies
    ]
    return served(
        house,
        plain,
        lambda: drive(plain.port, [asked[n::CONNECTIONS] for n in range(CONNECTIONS)], ok='"receipt"'),
    )


class Watch:
    """The resident memory of every web worker, once in half a second, while something runs."""

    def __init__(self, house: House) -> None:
        self._house, self._stop = house, threading.Event()
        self.seen: list[tuple[float, dict[int, float]]] = []
        self._thread = threading.Thread(target=self._look, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._stop.wait(0.5):
            sizes = {}
            for worker in self._house.web.workers:
                try:
                    sizes[worker.pid] = worker.memory_info().rss / 1e6
                except psutil.NoSuchProcess:
                    continue
            self.seen.append((time.monotonic(), sizes))


def memory_room(house: House, *, receipts: int, clients: int = 2) -> Room:
    """Resident memory of the web workers while ``receipts`` receipts come in."""
    say("leases for the memory room")
    intake = Intake(house, clients)
    room = Room(
        "Memory", f"Web workers while {receipts:,} receipts come in from {clients} clients.", "receipts"
    )
    each = 5
    done = 0
    marks: list[tuple[float, int]] = []  # when how many were in; nothing comes in while bodies are made
    with Watch(house) as watch:
        while done < receipts:
            queues = intake.queues(clients, each)
            marks.append((time.monotonic(), done))
            room.turns.setdefault("HTTP intake", []).append(intake.sample(queues))
            done += clients * each * ROWS
            marks.append((time.monotonic(), done))
    times, counts = zip(*marks, strict=True)
    workers = {pid for _, sizes in watch.seen for pid in sizes}
    for number, pid in enumerate(sorted(workers), 1):
        points = [(at, sizes[pid]) for at, sizes in watch.seen if pid in sizes]
        rows = np.interp([at for at, _ in points], times, counts)
        sizes = np.array([size for _, size in points])
        warm = rows >= done * 0.3
        slope = float(np.polyfit(rows[warm], sizes[warm], 1)[0] * 1e6) if warm.sum() > 10 else float("nan")
        verdict = "met" if sizes.max() < 300 and slope < 10 else "**missed**"
        room.notes.append(
            f"process {number}: at most {sizes.max():.0f} MB (bar: under 300), {slope:+.1f} MB a million receipts after"
            f" the first 30 % (bar: under +10): {verdict}"
        )
    say("; ".join(room.notes))
    return room
