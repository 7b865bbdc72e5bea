"""``POST /api/v1/render/receipts``: rows in, leaves out, one answer a row, the same answer again."""

from __future__ import annotations

import gzip
import io
import json
import threading
import uuid
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
import zstandard
from django.db import connection

from common import clock
from receipts import selectors, services
from receipts.inspection import inspect_log
from receipts.models import LogEntry, ReceiptBatch, UnauthorisedFrame
from receipts.services.batches import RowAnswer, fold_runs, unfold_runs
from tests import factories
from tests.receipts.conftest import RECEIPTS, Farm, Waiting, logged, make_farm, sha
from trustcore.bundle.ledger import Ledger
from trustcore.receipt import CheckedEntry, FrameEntry, parse_entry

pytestmark = pytest.mark.django_db


def counts(response: Any) -> tuple[int, int, int]:
    answer = response.json()
    assert response.status_code == 200, answer
    return answer["accepted"], answer["unauthorised"], answer["refused"]


def codes(response: Any) -> list[str | None]:
    return [row["code"] for row in response.json()["rows"]]


def problem(response: Any) -> tuple[int, str]:
    return response.status_code, response.json()["code"]


def in_order(farm: Farm) -> bool:
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()
    return report.covered == report.size


# -- the ordinary batch


def test_each_row_gets_a_leaf_and_a_receipt_that_cites_its_check(farm: Farm) -> None:
    lease = farm.lease(0, 9)
    response = farm.send([farm.row(lease["id"], n) for n in range(10)])
    answer = response.json()
    assert counts(response) == (10, 0, 0)
    places = [row["leaf_index"] for row in answer["rows"]]
    assert places == list(range(places[0], places[0] + 10))
    assert [row["row"] for row in answer["rows"]] == list(range(10))
    assert answer["size"] == places[-1] + 1
    entries = [parse_entry(leaf.entry) for leaf in selectors.entries_of(farm.token.production_id)]
    assert {entry.check for entry in entries[places[0] :]} == {lease["decision_id"]}
    cited = [n for n, e in enumerate(entries) if isinstance(e, CheckedEntry)]
    assert max(cited) < places[0], "a check stands before the frames that cite it"
    assert in_order(farm)


@pytest.mark.req("BX-015")
def test_receipt_carries_file_and_pixel_hash_and_refuses_a_row_without_one(farm: Farm) -> None:
    """Two takes of a frame differ as files and agree as pixels; both say so."""
    lease = farm.lease()
    same = sha("the same picture")
    rows = [farm.row(lease["id"], 4, take=n, file_sha256=sha(f"{n}"), pixel_sha256=same) for n in (1, 2)]
    assert counts(farm.send(rows)) == (2, 0, 0)
    receipts = logged(farm.token.production_id, FrameEntry)
    assert {receipt.pixel_sha256 for receipt in receipts} == {same}
    assert [receipt.file_sha256 for receipt in receipts] == [sha("1"), sha("2")]
    bare = farm.row(lease["id"], 5)
    del bare["pixel_sha256"]
    short = farm.row(lease["id"], 6, pixel_sha256="abc")
    assert codes(farm.send([bare, short])) == ["ROW_MALFORMED", "HASH_INVALID"]


@pytest.mark.req("ST-091")
@pytest.mark.req("ST-030")
def test_2847_frames_leave_exactly_2847_receipts_each_provable(farm: Farm) -> None:
    """Blocks of 100 with retries and one stray frame: exact counts, every receipt proved by its path."""
    sent = 0
    for first in range(0, 2847, 100):
        last = min(first + 99, 2846)
        lease = farm.lease(first, last)
        rows = [farm.row(lease["id"], n) for n in range(first, last + 1)]
        key = f"block-{first}"
        assert counts(farm.send(rows, key=key, pack=True)) == (len(rows), 0, 0)
        if first % 500 == 0:
            assert counts(farm.send(rows, key=key, pack=True)) == (len(rows), 0, 0)
            assert counts(farm.send(rows, key=f"{key} again")) == (len(rows), 0, 0)
        sent += len(rows)
    assert counts(farm.send([farm.row(lease["id"], 9999)])) == (0, 1, 0)
    tally = selectors.counts_for_token(farm.token.pk)
    assert (sent, tally.rendered, tally.unauthorised, tally.frames_used) == (2847, 2847, 1, 2847)
    frames = logged(farm.token.production_id, FrameEntry)
    assert sorted(f.frame for f in frames if f.outcome == "RENDERED") == list(range(2847))
    assert in_order(farm)
    from trustcore.log.merkle import leaf_hash, verify_inclusion

    for leaf in (*range(30, 2900, 371), 2800):
        proof = selectors.proof_of(farm.token.production_id, leaf)
        assert proof is not None
        verify_inclusion(leaf_hash(proof.entry), leaf, proof.size, proof.hashes, proof.root)


@pytest.mark.req("ST-038")
def test_receipt_is_proof_of_authorisation_and_a_frame_without_leave_gets_none(farm: Farm) -> None:
    lease = farm.lease(0, 9)
    farm.send([farm.row(lease["id"], 0), farm.row(lease["id"], 10), farm.row(str(uuid.uuid4()), 3)])
    good, outside, unknown = logged(farm.token.production_id, FrameEntry)
    check = next(c for c in logged(farm.token.production_id, CheckedEntry) if c.decision == good.check)
    assert check.outcome.value.startswith("ALLOW")
    assert check.first <= good.frame <= check.last
    assert (check.jti, check.terms_version) == (str(farm.token.pk), 1)
    assert (good.jti, good.terms_version, good.lease) == (None, None, None), "its check says it, once"
    assert (outside.jti, outside.lease) == (str(farm.token.pk), lease["id"])
    assert (outside.outcome.value, outside.check, outside.reason) == (
        "UNAUTHORISED", None, "FRAME_OUTSIDE_LEASE",
    )  # fmt: skip
    assert (unknown.outcome.value, unknown.check, unknown.reason) == ("UNAUTHORISED", None, "LEASE_UNKNOWN")


def test_the_core_accepts_the_log_of_frames_and_lines_and_counts_as_we_do(farm: Farm) -> None:
    """The bundle's own reader judges every entry: cited checks, ranges, grants, no frame twice."""
    voice = {"use_type": "VOICE_RENDER", "construct": "VOICE_SPEAKING", "frame_range": None}
    spoken = farm.check(**voice, units={"lines": 3}).json()["lease"]
    lease = farm.lease(0, 4)["id"]
    farm.send([farm.row(lease, n) for n in range(5)])
    farm.send([farm.row(spoken["id"], n) for n in range(spoken["first"], spoken["last"] + 1)])
    farm.send([farm.row(lease, 77), farm.row(lease, 0, take=2, outcome="FAILED")])
    farm.check(render_territory="FR")
    services.drain_waiting()
    ledger = Ledger()
    for leaf in selectors.entries_of(farm.token.production_id):
        ledger.take(leaf.entry)
    counted = ledger.finish()
    assert (counted.receipts, counted.rendered, counted.failed, counted.unauthorised) == (10, 8, 1, 1)
    assert (counted.checks, counted.denied, counted.tokens) == (3, 1, 1)
    tally = selectors.counts_for_token(farm.token.pk)
    assert (tally.rendered, tally.failed, tally.unauthorised) == (8, 1, 1)
    assert (tally.allowed_checks, tally.refused_checks, tally.lines_used) == (2, 1, 3)


# -- packed bodies


def test_gzip_and_zstd_bodies_are_read_and_damaged_ones_refused_whole(farm: Farm) -> None:
    lease = farm.lease()["id"]

    def body(first: int) -> bytes:
        return b"".join(json.dumps(farm.row(lease, n)).encode() + b"\n" for n in range(first, first + 5))

    packed = {"gzip": gzip.compress(body(0)), "zstd": zstandard.compress(body(5))}
    for encoding, content in packed.items():
        assert counts(farm.send(content, headers={"Content-Encoding": encoding})) == (5, 0, 0)
    for encoding, content in packed.items():
        cut = farm.send(content[:-9], headers={"Content-Encoding": encoding})
        assert problem(cut) == (422, "ENCODING_INVALID")
        noise = farm.send(b"\x00" * 40, headers={"Content-Encoding": encoding})
        assert problem(noise) == (422, "ENCODING_INVALID")
    assert problem(farm.send(body(10), headers={"Content-Encoding": "br"})) == (415, "ENCODING_UNSUPPORTED")
    assert selectors.counts_for_token(farm.token.pk).rendered == 10


@pytest.mark.parametrize("encoding", ["gzip", "zstd", ""])
def test_bodies_that_unpack_too_large_are_refused(farm: Farm, settings: Any, encoding: str) -> None:
    settings.BATCH_BYTES_MAX = 100_000
    body = b"\n" * 2_000_000
    pack = {"gzip": gzip.compress, "zstd": zstandard.compress, "": bytes}[encoding]
    answer = farm.send(pack(body), headers={"Content-Encoding": encoding} if encoding else None)
    assert problem(answer) == (413, "BODY_TOO_LARGE")


def test_too_many_rows_are_refused_whole(farm: Farm, settings: Any) -> None:
    settings.BATCH_ROWS_MAX = 10
    lease = farm.lease()["id"]
    assert problem(farm.send([farm.row(lease, n) for n in range(11)])) == (413, "BATCH_TOO_LONG")
    assert selectors.counts_for_token(farm.token.pk).receipts == 0


def test_body_that_ends_before_its_length_is_refused_whole(farm: Farm) -> None:
    lease = farm.lease()["id"]
    body = json.dumps(farm.row(lease, 0)).encode() + b"\n"
    promised: dict[str, Any] = {"CONTENT_LENGTH": str(len(body) + 50), "wsgi.input": io.BytesIO(body)}
    promised["CONTENT_TYPE"] = "application/x-ndjson"
    answer = farm.client.generic("POST", RECEIPTS, headers=farm.headers, **promised)
    assert problem(answer) == (422, "BODY_INCOMPLETE")
    assert selectors.counts_for_token(farm.token.pk).receipts == 0


def test_wrong_content_type_and_empty_batches_are_refused(farm: Farm) -> None:
    lease = farm.lease()["id"]
    answer = farm.send([farm.row(lease, 0)], content_type="application/json")
    assert problem(answer) == (415, "CONTENT_TYPE_UNSUPPORTED")
    assert problem(farm.send(b"\n \n")) == (422, "BATCH_EMPTY")


# -- rows that are refused, one by one


def test_line_cut_at_the_end_is_refused_and_the_rest_is_kept(farm: Farm) -> None:
    lease = farm.lease()["id"]
    lines = [json.dumps(farm.row(lease, n)).encode() for n in range(4)]
    response = farm.send(b"\n".join(lines)[:-60])
    assert counts(response) == (3, 0, 1)
    assert codes(response) == [None, None, None, "ROW_MALFORMED"]
    assert in_order(farm)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"outcome": "PERFECT"}, "OUTCOME_UNKNOWN"),
        ({"outcome": "UNAUTHORISED"}, "OUTCOME_UNKNOWN"),
        ({"frame": -1}, "FRAME_INVALID"),
        ({"frame": 1.5}, "FRAME_INVALID"),
        ({"take": 40_000}, "TAKE_INVALID"),
        ({"file_sha256": "AB" * 32}, "HASH_INVALID"),
        ({"mark": "xyz"}, "MARK_INVALID"),
        ({"started_at": "yesterday"}, "TIME_INVALID"),
        ({"lease": "my lease"}, "LEASE_INVALID"),
        ({"extra": True}, "ROW_MALFORMED"),
        ({"mark": "0" * 3000}, "ROW_TOO_LONG"),
    ],
)
def test_row_out_of_form_is_refused_with_its_code_between_good_ones(
    farm: Farm, changes: dict[str, Any], code: str
) -> None:
    lease = farm.lease()["id"]
    rows = [farm.row(lease, 0), {**farm.row(lease, 1), **changes}, farm.row(lease, 2)]
    response = farm.send(rows)
    assert counts(response) == (2, 0, 1)
    assert codes(response) == [None, code, None]


def test_clock_ten_minutes_off_is_refused_either_way_and_taken_once_mended(farm: Farm) -> None:
    lease = farm.lease()["id"]

    def at(minutes: int) -> dict[str, str]:
        moment = clock.rfc3339(clock.now() + timedelta(minutes=minutes))
        return {"started_at": moment, "finished_at": moment}

    response = farm.send([farm.row(lease, 0, **at(10)), farm.row(lease, 1, **at(-10)), farm.row(lease, 2)])
    assert codes(response) == ["CLOCK_SKEW", "CLOCK_SKEW", None]
    assert counts(farm.send([farm.row(lease, 0), farm.row(lease, 1)])) == (2, 0, 0)


# -- repeated rows


def test_same_frame_again_keeps_its_leaf_and_another_file_is_a_conflict(farm: Farm) -> None:
    lease = farm.lease()["id"]
    row = farm.row(lease, 7)
    first = farm.send([row]).json()["rows"][0]["leaf_index"]
    again = farm.send([row, row, {**row, "file_sha256": sha("other")}, {**row, "outcome": "FAILED"}])
    assert [r["leaf_index"] for r in again.json()["rows"]] == [first, first, None, None]
    assert codes(again) == [None, None, "FRAME_CONFLICT", "FRAME_CONFLICT"]
    assert len(logged(farm.token.production_id, FrameEntry)) == 1


def test_same_frame_twice_in_one_batch_gets_one_leaf(farm: Farm) -> None:
    lease = farm.lease()["id"]
    row = farm.row(lease, 7)
    response = farm.send([row, farm.row(lease, 8), row, {**row, "pixel_sha256": sha("other")}])
    places = [r["leaf_index"] for r in response.json()["rows"]]
    assert (places[0], places[3], codes(response)[3]) == (places[2], None, "FRAME_CONFLICT")
    assert counts(response) == (3, 0, 1)
    assert len(logged(farm.token.production_id, FrameEntry)) == 2


def test_same_batch_again_gets_the_same_answer_and_another_body_is_a_conflict(farm: Farm) -> None:
    lease = farm.lease()["id"]
    rows = [farm.row(lease, n) for n in range(5)]
    first = farm.send([*rows, {}], key="b1")
    again = farm.send([*rows, {}], key="b1")
    assert first.json() == again.json()
    assert problem(farm.send(rows, key="b1")) == (409, "IDEMPOTENCY_CONFLICT")
    assert len(logged(farm.token.production_id, FrameEntry)) == 5
    other, _ = factories.make_credential(farm.token.licensee)
    mine = Farm(farm.token, other, None)
    assert counts(mine.send(rows, key="b1")) == (5, 0, 0), "a key belongs to its caller"


def test_batch_without_a_key_is_named_by_its_content(farm: Farm) -> None:
    lease = farm.lease()["id"]
    body = json.dumps(farm.row(lease, 0)).encode()
    answers = [
        farm.client.post(RECEIPTS, body, content_type="application/x-ndjson", headers=farm.headers).json()
        for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert ReceiptBatch.objects.count() == 1


# -- frames without leave are recorded, never dropped


def test_frame_after_its_lease_ended_is_unauthorised_and_a_repeat_of_an_earlier_one_is_not(
    farm: Farm,
) -> None:
    lease = farm.lease()["id"]
    early = farm.row(lease, 0)
    farm.send([early])
    services.end_lease(principal=farm.principal, uid=uuid.UUID(lease))
    late = farm.send([farm.row(lease, 1), early, farm.row(lease, 0, file_sha256=sha("new"))])
    assert codes(late) == ["LEASE_ENDED", None, "LEASE_ENDED"]
    assert counts(late) == (1, 2, 0)
    again = farm.send([farm.row(lease, 1)])
    assert again.json()["rows"][0]["leaf_index"] == late.json()["rows"][0]["leaf_index"]
    assert selectors.counts_for_token(farm.token.pk).unauthorised == 2


def test_frame_beyond_the_offline_grace_is_unauthorised(farm: Farm, move_clock: Callable[..., None]) -> None:
    lease = farm.lease()["id"]
    move_clock(seconds=800)
    assert counts(farm.send([farm.row(lease, 0)])) == (1, 0, 0)
    move_clock(seconds=1000)
    response = farm.send([farm.row(lease, 1)])
    assert codes(response) == ["OFFLINE_GRACE_EXCEEDED"]
    assert counts(response) == (0, 1, 0)


def test_unknown_lease_is_recorded_where_the_production_can_be_known(farm: Farm) -> None:
    stray = farm.row(str(uuid.uuid4()), 12)
    assert codes(farm.send([stray])) == ["LEASE_UNKNOWN"]
    assert not UnauthorisedFrame.objects.exists(), "nobody can say which production it is of"
    named = farm.send([stray], query=f"?wait=published&project={farm.token.production_id}")
    assert counts(named) == (0, 1, 0)
    beside = farm.send([farm.row(farm.lease()["id"], 0), farm.row(str(uuid.uuid4()), 13)])
    assert counts(beside) == (1, 1, 0)
    assert [f.frame for f in UnauthorisedFrame.objects.order_by("idx")] == [12, 13]
    foreign = factories.make_production()
    assert codes(farm.send([stray], query=f"?wait=published&project={foreign.pk}")) == ["LEASE_UNKNOWN"]
    assert in_order(farm)


def test_lease_of_another_organisation_gives_no_leave(farm: Farm) -> None:
    vendor, lease = factories.make_vendor(), farm.lease()["id"]
    other = make_farm(production=farm.token.production, vendors=[vendor], credential_of=vendor)
    response = other.send([other.row(lease, 0)])
    assert codes(response) == ["LEASE_OF_ANOTHER"]
    (stray,) = UnauthorisedFrame.objects.all()
    assert (stray.token_jti, stray.reported_by) == (farm.token.pk, vendor.pk)
    assert counts(farm.send([farm.row(lease, 0)])) == (1, 0, 0), "and takes no place from its holder"


def test_who_takes_no_part_in_a_production_writes_no_frame_into_its_log(farm: Farm) -> None:
    lease, production = farm.lease()["id"], farm.token.production
    stranger = make_farm()
    before = logged(production.pk, object)
    assert codes(stranger.send([stranger.row(lease, 0)])) == ["LEASE_UNKNOWN"]
    production.guild = factories.make_guild()
    production.save()
    guild = Farm(farm.token, *factories.make_credential(production.guild))
    for sender in (stranger, guild):
        query = f"?wait=published&project={production.pk}"
        answer = sender.send([sender.row(lease, 0), sender.row(str(uuid.uuid4()), 1)], query=query)
        assert codes(answer) == ["LEASE_UNKNOWN", "LEASE_UNKNOWN"]
        assert counts(answer) == (0, 0, 2)
    own = stranger.send([stranger.row(stranger.lease()["id"], 0), stranger.row(lease, 0)])
    assert codes(own) == [None, "LEASE_UNKNOWN"]
    assert UnauthorisedFrame.objects.get().log.production_id == stranger.token.production_id
    assert logged(production.pk, object) == before
    assert codes(farm.send([farm.row(str(uuid.uuid4()), 9), farm.row(lease, 0)])) == ["LEASE_UNKNOWN", None]
    assert len(logged(production.pk, object)) == len(before) + 2


def test_one_batch_may_hold_frames_of_two_productions(farm: Farm) -> None:
    other = make_farm(production=factories.make_production(farm.token.licensee))
    other.credential = farm.credential
    other.proof_key = farm.proof_key
    rows = [farm.row(farm.lease()["id"], 0), other.row(other.lease()["id"], 0)]
    response = farm.send(rows)
    assert counts(response) == (2, 0, 0)
    assert response.json()["size"] is None
    assert in_order(farm)
    assert in_order(other)


# -- who may


def test_sender_needs_the_scope_and_an_api_key(farm: Farm) -> None:
    narrow, _ = factories.make_credential(farm.token.licensee, scopes=["render:check"])
    assert problem(Farm(farm.token, narrow, None).send([])) == (403, "SCOPE_MISSING")
    farm.client.force_login(farm.credential.created_by)
    answer = farm.client.post(RECEIPTS, b"{}", content_type="application/x-ndjson")
    assert problem(answer) == (403, "API_KEY_NEEDED")


@pytest.mark.req("ST-036")
@pytest.mark.req("ST-037")
def test_record_builds_itself_from_the_farms_own_calls_and_no_person_can_write_in_it(farm: Farm) -> None:
    lease = farm.lease(0, 4)
    farm.send([farm.row(lease["id"], n) for n in range(5)])
    services.drain_waiting()
    kinds = [leaf.kind for leaf in selectors.entries_of(farm.token.production_id)]
    assert kinds == ["authorised", "checked", *["frame"] * 5]
    page = farm.client.get(f"{RECEIPTS}?token={farm.token.pk}&limit=3", headers=farm.headers).json()
    rest = farm.client.get(page["next"], headers=farm.headers).json()
    assert [r["frame"] for r in page["results"] + rest["results"]] == [0, 1, 2, 3, 4]
    assert rest["next"] is None
    farm.client.force_login(farm.credential.created_by)
    by_hand = json.dumps(farm.row(lease["id"], 5)).encode()
    answer = farm.client.post(RECEIPTS, by_hand, content_type="application/x-ndjson")
    assert problem(answer) == (403, "API_KEY_NEEDED")
    assert selectors.counts_for_token(farm.token.pk).receipts == 5


def test_receipts_and_proofs_are_shown_to_those_who_may_see_the_licence(farm: Farm) -> None:
    leaf = farm.send([farm.row(farm.lease()["id"], 0)]).json()["rows"][0]["leaf_index"]
    proof_path = f"{RECEIPTS}/{leaf}/proof?project={farm.token.production_id}"
    assert farm.client.get(proof_path, headers=farm.headers).json()["leaf_index"] == leaf
    beyond = proof_path.replace(f"/{leaf}/", "/999/")
    assert problem(farm.client.get(beyond, headers=farm.headers)) == (404, "NOT_FOUND")
    stranger = factories.bearer(factories.make_credential(factories.make_studio())[0])
    for path in (proof_path, f"{RECEIPTS}?token={farm.token.pk}", f"{RECEIPTS}?token=x"):
        assert problem(farm.client.get(path, headers=stranger)) == (404, "NOT_FOUND")


# -- the database goes away


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "moment", ["before insert on receipts_logentry", "after update on receipts_productionlog"]
)
def test_database_gone_mid_batch_acknowledges_nothing_and_the_retry_is_exact(moment: str) -> None:
    """The backend that serves the batch is ended for real, inside the batch's own transaction."""
    farm = make_farm()
    lease = farm.lease(0, 99)["id"]
    farm.send([farm.row(lease, 0)])
    size = selectors.log_state(farm.token.production_id).size  # type: ignore[union-attr]
    rows = [farm.row(lease, n) for n in range(1, 100)]
    with Waiting(moment) as waiting:
        answers: list[Any] = []

        def send() -> None:
            answers.append(farm.send(rows, key="doomed"))
            connection.close()

        thread = threading.Thread(target=send)
        thread.start()
        waiting.end_the_backend()
        thread.join()
    assert problem(answers[0]) == (503, "DATABASE_UNAVAILABLE")
    state = selectors.log_state(farm.token.production_id)
    assert state is not None
    assert (state.size, state.published_size) == (size, size), "nothing half-written"
    assert LogEntry.objects.filter(log__production_id=farm.token.production_id).count() == size
    assert counts(farm.send(rows, key="doomed")) == (99, 0, 0)
    assert selectors.counts_for_token(farm.token.pk).rendered == 100
    assert in_order(farm)


# -- how answers are kept


def test_answers_survive_being_folded() -> None:
    rows = [
        RowAnswer(0, "accepted", None, 5),
        RowAnswer(1, "accepted", None, 6),
        RowAnswer(2, "accepted", None, 6),
        RowAnswer(3, "refused", "ROW_MALFORMED", None),
        RowAnswer(4, "refused", "ROW_MALFORMED", None),
        RowAnswer(5, "unauthorised", "LEASE_ENDED", 7),
    ]
    runs = fold_runs(rows)
    assert len(runs) == 4
    assert list(unfold_runs(json.loads(json.dumps(runs)))) == rows
