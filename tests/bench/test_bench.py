"""The measuring tools measure: a wrong answer stops a run, ratios read the right way, a filled log goes on."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.db import connection

from bench import farms, packed, scale
from bench.figures import Ratio, Room, Sample, table
from bench.load import drive, request
from bench.run import page
from receipts.models import ProductionLog
from receipts.services.publish import publish_log
from receipts.storage import LogFiles
from tests.receipts.conftest import make_farm
from trustcore.log.checkpoint import NoteVerifier, verify_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash


class Echo(socketserver.StreamRequestHandler):
    """Answers 200 with a number, 404 where asked for it, and a big body in chunks."""

    def handle(self) -> None:
        while line := self.rfile.readline():
            length = 0
            while (header := self.rfile.readline()) not in {b"\r\n", b""}:
                if header.lower().startswith(b"content-length:"):
                    length = int(header.split(b":")[1])
            body = self.rfile.read(length)
            if b"/missing" in line:
                self.wfile.write(b"HTTP/1.1 404 Not Found\r\nContent-Length: 2\r\n\r\nno")
            elif b"/chunks" in line:
                self.wfile.write(
                    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n"
                )
            else:
                answer = b'{"n": %d}' % len(body)
                self.wfile.write(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(answer) + answer)


@pytest.fixture
def port() -> Iterator[int]:
    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        allow_reuse_address = True

    with Server(("127.0.0.1", 0), Echo) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def test_every_prepared_request_is_sent_once_and_counted(port: int) -> None:
    queues = [[request("POST", "/", body=b"x" * size) for size in (1, 10, 3_000_000)], [request("GET", "/")]]
    load = drive(port, queues, ok=r'"n": (\d+)')
    assert (load.count, load.total, dict(load.statuses)) == (4, 3_000_011, {200: 4})
    assert len(load.spans) == 4
    assert load.wall > 0
    assert drive(port, [[request("GET", "/chunks")] * 2], ok="abc").count == 2


def test_a_wrong_answer_stops_a_run(port: int) -> None:
    with pytest.raises(RuntimeError, match="1 of 2 answers are wrong"):
        drive(port, [[request("GET", "/"), request("GET", "/missing")]])
    with pytest.raises(RuntimeError, match="2 of 2"):
        drive(port, [[request("GET", "/")] * 2], ok="permit")
    assert drive(port, [[request("GET", "/missing")]], must=False).statuses == {404: 1}


def test_ratios_read_as_their_names_say() -> None:
    fast, slow = Sample(200, 10, 10, 5, 1, 2), Sample(100, 30, 10, 5, 2, 6)
    turns = {"fast": [fast], "slow": [slow]}
    told = {by: Ratio("r", "fast", "slow", by, 1).values(turns)[0] for by in ("wall", "cpu", "p99")}
    assert told == {"wall": 2, "cpu": 2, "p99": pytest.approx(1 / 3)}
    assert Ratio("r", "fast", "slow", "cpu with client", 1).values(turns) == [45 / 25]
    assert Ratio("r", "slow", "fast", "wall cost", 1.5).met(2.0) is False
    assert Ratio("r", "fast", "slow", "wall", 1.5).met(2.0) is True
    assert Ratio("r", "fast", "slow", "p99", 3).met(3.1) is False


def test_the_page_keeps_what_was_not_measured_again() -> None:
    def room(title: str, rate: float) -> Room:
        made = Room(title, "What.", "things", {"a": [Sample(rate, 1)], "b": [Sample(50, 1)]})
        made.ratios.append(Ratio("a to b", "a", "b", "wall", 3))
        return made

    first = page("", {"Checks": room("Checks", 100), "Scale": room("Scale", 300)})
    assert "| a to b | wall | 2.00 | 2.00 to 2.00 | ≥ 3 | **missed** |" in table(room("Checks", 100))
    second = page(f"{first}\n## By hand\n\nMeasured elsewhere.\n", {"Checks": room("Checks", 200)})
    assert (second.count("## Checks"), second.count("## Scale"), second.count("## How to repeat it")) == (
        1,
        1,
        1,
    )
    assert "| a to b | wall | 4.00 | 4.00 to 4.00 | ≥ 3 | met |" in second
    assert "| a to b | wall | 6.00 |" in second
    assert "| a to b | wall | 2.00 |" not in second
    assert second.endswith("## By hand\n\nMeasured elsewhere.\n")


@pytest.fixture
def wire(transactional_db: None) -> Iterator[psycopg.Connection]:
    db = connection.settings_dict
    with psycopg.connect(
        host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"], dbname=db["NAME"]
    ) as made:
        yield made


def test_a_filled_log_goes_on_as_after_real_receipts(
    wire: psycopg.Connection,
    own_log_store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(scale, "CHUNK", 70_000)
    farm = make_farm()
    lease = farm.lease()["id"]
    assert farm.send([farm.row(lease, n) for n in range(25)]).json()["accepted"] == 25
    log = scale.settled(farm)
    monkeypatch.setattr(scale, "_store", lambda folder: None)  # the test's own
    scale.fill_log(wire, own_log_store, log, farm, 140_000)
    grown = ProductionLog.objects.get(pk=log.pk)
    assert grown.size == log.size + 140_000
    with connection.cursor() as cursor:
        cursor.execute("select idx, entry from receipts_logentry where log_id = %s order by idx", [log.pk])
        rows = cursor.fetchall()
        assert [idx for idx, _ in rows] == list(range(grown.size))
        cursor.execute(
            "select count(distinct (lease, frame)), count(distinct e.lease), count(l.id) from receipts_logentry e"
            " join receipts_lease l on l.id = e.lease where e.log_id = %s and e.idx >= %s",
            [log.pk, log.size],
        )
        assert cursor.fetchone() == (140_000, 140_000 // 25 + 1, 140_000)
    root = Frontier().append_many([leaf_hash(bytes(entry)) for _, entry in rows]).root()
    assert scale.frontier_of(grown).root() == root
    again = farm.lease(100, 124)["id"]
    assert farm.send([farm.row(again, n) for n in range(100, 125)]).json()["accepted"] == 25
    size = publish_log(production_id=farm.token.production_id)
    assert size > grown.size
    files = LogFiles(farm.token.production_id)
    checkpoint = verify_checkpoint(
        files.fetch("checkpoint"), [NoteVerifier.parse(files.fetch("vkey").decode())]
    )
    assert checkpoint.size == size


def test_copies_of_a_licence_answer_as_the_licence_does(wire: psycopg.Connection) -> None:
    farm = make_farm()
    farms.copy_tokens(wire, farm, 3, quotas=True)
    jtis = farms.copies_of(farm, 10)
    assert len(set(jtis)) == 4
    for jws in farms.tokens_of(farm, jtis):
        answer: dict[str, Any] = farm.check(token=jws).json()
        assert answer["frames_reserved"] == 25, answer


def test_copied_rows_are_the_rows_that_intake_wrote(wire: psycopg.Connection) -> None:
    farm = make_farm()
    lease = farm.lease()["id"]
    farm.send([farm.row(lease, n) for n in range(25)])
    log = ProductionLog.objects.get(production_id=farm.token.production_id)
    into = 1_000_000_000
    for turn in range(2):
        statement, data = packed.repacked(wire, log.pk, rows=25, into=into, turn=turn)
        with wire.cursor() as cursor, cursor.copy(statement) as copy:
            copy.write(data)
    wire.commit()
    rows = "select frame, take, outcome, file_sha256, entry from receipts_logentry where log_id = %s and kind = 3"
    with connection.cursor() as cursor:
        cursor.execute(f"{rows} order by idx", [log.pk])
        wrote = cursor.fetchall()
        cursor.execute(f"{rows} order by idx", [into])
        assert cursor.fetchall() == [*wrote, *wrote]
        cursor.execute("select array_agg(idx order by idx) from receipts_logentry where log_id = %s", [into])
        assert cursor.fetchone() == (list(range(50)),)
