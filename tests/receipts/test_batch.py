"""``take_batch``: a batch as HTTP without a framework, and the shapes of its answer."""

from __future__ import annotations

import json
import threading
import tracemalloc
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection

from common.problems import PROBLEM_JSON
from receipts import selectors, services
from receipts.api.batch import encode_answer, take_batch
from receipts.inspection import inspect_log
from receipts.models import ReceiptBatch
from receipts.services.batches import BatchAnswer, Run
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm
from trustcore.receipt import FrameEntry

pytestmark = pytest.mark.django_db


def body_of(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


class Wire:
    """A body that comes in pieces, as a socket gives it."""

    def __init__(self, body: bytes, piece: int = 10_000) -> None:
        self._rest, self._piece = memoryview(body), piece

    def read(self, size: int) -> bytes:
        taken, self._rest = self._rest[: min(size, self._piece)], self._rest[min(size, self._piece) :]
        return bytes(taken)


def post(farm: Farm, body: bytes, query: dict[str, str] | None = None, **headers: str) -> Any:
    head = {"content-type": "application/x-ndjson", "content-length": str(len(body)), **headers}
    head = {name.replace("_", "-"): value for name, value in head.items()}
    status, answered, content = take_batch(farm.principal, head, Wire(body).read, query or {})
    return status, answered, json.loads(content)


def test_batch_is_taken_from_a_wire_and_answered_in_bytes(farm: Farm) -> None:
    lease = farm.lease()["id"]
    rows = [farm.row(lease, n) for n in range(20)]
    status, headers, answer = post(farm, body_of(rows), idempotency_key="b1")
    assert (status, headers) == (200, {"Content-Type": "application/json"})
    assert (answer["accepted"], answer["checkpoint"]) == (20, "pending")
    assert [row["row"] for row in answer["rows"]] == list(range(20))
    first = answer["rows"][0]["leaf_index"]
    run = {"row": 0, "count": 20, "status": "accepted", "code": None, "leaf_index": first}
    assert answer["runs"] == [run]
    assert answer["size"] == first + 20


def test_who_prefers_it_minimal_gets_runs_alone_and_the_same_truth(farm: Farm) -> None:
    lease = farm.lease()["id"]
    rows = [farm.row(lease, 0), {}, {}, farm.row(lease, 1), farm.row(lease, 99), farm.row(lease, 0)]
    _, _, full = post(farm, body_of(rows), idempotency_key="b1")
    status, headers, short = post(farm, body_of(rows), idempotency_key="b1", prefer="return=minimal")
    assert (status, headers["Preference-Applied"]) == (200, "return=minimal")
    rows_of_full = full.pop("rows")
    assert short == full
    unfolded = [
        {
            "row": run["row"] + step,
            "status": run["status"],
            "code": run["code"],
            "leaf_index": None if run["leaf_index"] is None else run["leaf_index"] + step,
        }
        for run in short["runs"]
        for step in range(run["count"])
    ]
    assert unfolded == rows_of_full
    assert [row["code"] for row in unfolded] == [
        None, "ROW_MALFORMED", "ROW_MALFORMED", None, "FRAME_OUTSIDE_LEASE", None,
    ]  # fmt: skip


def test_answer_in_bytes_is_the_json_of_its_rows() -> None:
    runs = (Run(0, 2, "accepted", None, 7), Run(2, 1, "refused", "ROW_MALFORMED", None))
    answer = BatchAnswer(uuid.UUID(int=1), 2, 0, 1, runs, 9, is_published=True)
    document = json.loads(encode_answer(answer, rows=True))
    assert document["rows"] == [row._asdict() for row in answer.rows]
    assert document["checkpoint"] == "published"
    nothing = BatchAnswer(uuid.UUID(int=1), 0, 0, 0, (), None, is_published=False)
    assert json.loads(encode_answer(nothing, rows=True))["rows"] == []


def test_who_waits_is_answered_under_the_checkpoint_and_a_retry_says_how_it_stands_now(farm: Farm) -> None:
    lease = farm.lease()["id"]
    body = body_of([farm.row(lease, 0)])
    assert post(farm, body, idempotency_key="b1")[2]["checkpoint"] == "pending"
    assert selectors.published_log(farm.token.production_id) is None
    assert post(farm, body, idempotency_key="b1")[2]["checkpoint"] == "pending"
    waited = post(farm, body, {"wait": "published"}, idempotency_key="b1")[2]
    assert waited["checkpoint"] == "published"
    shown = selectors.published_log(farm.token.production_id)
    assert shown is not None
    assert shown.size == waited["size"]
    assert post(farm, body, idempotency_key="b1")[2]["checkpoint"] == "published"


@pytest.mark.parametrize(
    ("headers", "query", "status", "code"),
    [
        ({"content-type": "application/json"}, {}, 415, "CONTENT_TYPE_UNSUPPORTED"),
        ({"content-length": ""}, {}, 422, "LENGTH_REQUIRED"),
        ({"content-length": "٣"}, {}, 422, "LENGTH_REQUIRED"),
        ({"content-length": "9" * 30}, {}, 422, "LENGTH_REQUIRED"),
        ({"content-length": "999"}, {}, 422, "BODY_INCOMPLETE"),
        ({"content-encoding": "br"}, {}, 415, "ENCODING_UNSUPPORTED"),
        ({"idempotency-key": "a\nb"}, {}, 422, "IDEMPOTENCY_KEY_INVALID"),
        ({}, {"wait": "forever"}, 422, "WAIT_INVALID"),
        ({}, {"project": "film"}, 404, "NOT_FOUND"),
    ],
)
def test_every_refusal_is_a_problem_with_a_stable_code(
    farm: Farm, headers: dict[str, str], query: dict[str, str], status: int, code: str
) -> None:
    body = body_of([farm.row(farm.lease()["id"], 0)])
    head = {"content-type": "application/x-ndjson", "content-length": str(len(body)), **headers}
    answered = take_batch(farm.principal, head, Wire(body).read, query)
    assert answered[0] == status
    assert answered[1]["Content-Type"] == PROBLEM_JSON
    assert json.loads(answered[2])["code"] == code
    assert not ReceiptBatch.objects.exists()


def test_caller_without_scope_or_key_takes_nothing_in(farm: Farm) -> None:
    narrow = Farm(farm.token, *factories.make_credential(farm.token.licensee, scopes=["render:check"]))
    assert post(narrow, b"{}\n")[2]["code"] == "SCOPE_MISSING"
    person = factories.make_producer(farm.token.licensee)
    status, _, content = take_batch(person, {}, Wire(b"").read, {})
    assert (status, json.loads(content)["code"]) == (403, "API_KEY_NEEDED")


def test_client_that_goes_away_leaves_nothing(farm: Farm) -> None:
    def read(_size: int) -> bytes:
        raise OSError("gone")

    head = {"content-type": "application/x-ndjson", "content-length": "10"}
    status, _, content = take_batch(farm.principal, head, read, {})
    assert (status, json.loads(content)["code"]) == (422, "BODY_INCOMPLETE")


# -- long bodies


def pieces(farm: Farm, leases: list[str], each: int) -> Iterator[list[bytes]]:
    for n, lease in enumerate(leases):
        base = farm.row(lease, 0)
        for begin in range(0, each, 1000):
            yield [json.dumps({**base, "frame": n * each + k}).encode() for k in range(begin, begin + 1000)]


@pytest.mark.req("ST-030")
def test_body_of_fifty_thousand_rows_is_one_batch_in_order_in_bounded_memory() -> None:
    farm = make_farm(frames_max=100_000)
    leases = [farm.lease(n * 5000, n * 5000 + 4999)["id"] for n in range(10)]
    services.drain_log(production_id=farm.token.production_id)
    tracemalloc.start()
    answer = services.take_blocks(
        principal=farm.principal, batch_key="long", blocks=pieces(farm, leases, 5000)
    )
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    first = answer.size - 50_000 if answer.size else 0
    assert answer.runs == (Run(0, 50_000, "accepted", None, first),)
    assert peak < 50_000 * 1_400, f"{peak / 50_000:.0f} bytes a row at most at one time"
    frames = [entry.frame for entry in logged(farm.token.production_id, FrameEntry)]
    assert frames == list(range(50_000)), "the order of the rows is the order of the leaves"
    too_many = services.take_blocks
    with pytest.raises(Exception, match="BATCH_TOO_LONG"):
        too_many(principal=farm.principal, batch_key="longer", blocks=[[b"{}"] * 50_001])
    assert selectors.counts_for_token(farm.token.pk).rendered == 50_000


@pytest.mark.django_db(transaction=True)
def test_slow_client_holds_no_lock_of_lease_or_log() -> None:
    """While a body trickles in, its lease beats and others append to its log."""
    farm = make_farm()
    slow, quick = farm.lease(0, 24)["id"], farm.lease(25, 49)["id"]
    line = json.dumps(farm.row(slow, 0)).encode()
    arrived, go_on = threading.Event(), threading.Event()

    def trickle() -> Iterator[list[bytes]]:
        yield [line]
        arrived.set()
        assert go_on.wait(30)
        yield [json.dumps(farm.row(slow, 1)).encode()]

    answers: list[BatchAnswer] = []

    def send() -> None:
        answers.append(services.take_blocks(principal=farm.principal, batch_key="slow", blocks=trickle()))
        connection.close()

    sender = threading.Thread(target=send)
    sender.start()
    assert arrived.wait(30)
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '2s'")
        services.heartbeat_lease(principal=farm.principal, uid=uuid.UUID(slow))
        assert farm.send([farm.row(quick, 30)], query="").json()["accepted"] == 1
        cursor.execute("reset lock_timeout")
    go_on.set()
    sender.join(30)
    assert answers[0].accepted == 2


@pytest.mark.django_db(transaction=True)
def test_lease_that_ends_while_its_frames_are_on_the_way_gives_them_no_leave() -> None:
    farm = make_farm()
    lease = farm.lease(0, 24)["id"]

    def trickle() -> Iterator[list[bytes]]:
        yield [json.dumps(farm.row(lease, 0)).encode()]
        services.end_lease(principal=farm.principal, uid=uuid.UUID(lease))
        yield [json.dumps(farm.row(lease, 1)).encode()]

    answer = services.take_blocks(principal=farm.principal, batch_key="b1", blocks=trickle())
    assert [row.code for row in answer.rows] == ["LEASE_ENDED", "LEASE_ENDED"]
    services.publish_log(production_id=farm.token.production_id)
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()


@pytest.mark.django_db(transaction=True)
def test_many_senders_of_one_batch_and_of_its_rows_leave_each_frame_once() -> None:
    farm = make_farm(frames_max=10_000)
    leases = [farm.lease(n * 500, n * 500 + 499)["id"] for n in range(4)]
    lines = [
        [json.dumps(farm.row(lease, n * 500 + k)).encode() for k in range(500)]
        for n, lease in enumerate(leases)
    ]
    answers: list[tuple[str, BatchAnswer]] = []

    def send(key: str, batch: list[list[bytes]]) -> None:
        answers.append((key, services.take_blocks(principal=farm.principal, batch_key=key, blocks=batch)))
        connection.close()

    work = [
        ("whole", lines),
        ("whole", lines),
        ("other", lines),
        ("half", lines[2:]),
        ("turned", lines[::-1]),
    ]
    threads = [threading.Thread(target=send, args=one) for one in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert {answer.accepted for _, answer in answers} == {2000, 1000}
    whole = [answer.runs for key, answer in answers if key == "whole"]
    assert whole[0] == whole[1]
    frames = [entry.frame for entry in logged(farm.token.production_id, FrameEntry)]
    assert sorted(frames) == list(range(2000))
