"""Exports: whole, typed, verifiable by others' tools, in constant memory, harmless in a spreadsheet."""

from __future__ import annotations

import csv
import io
import subprocess
import sys
import uuid
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq
import pytest
from django.db import connection
from django.test import Client

from receipts import cli
from receipts.exports import slice_of
from receipts.exports.sheet import harmless
from receipts.exports.streams import pieces
from receipts.models import EntryKind
from receipts.services import drain_log
from receipts.services.publish import publish_log
from receipts.services.sequence import FRAME_TAIL, append_frames, lock_log, open_log
from tests import factories
from tests.receipts.conftest import Farm, make_farm, sha
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import NoteVerifier, verify_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash

EXPORT = "/api/v1/render/receipts/export"
pytestmark = pytest.mark.django_db


def rendered(farm: Farm, *, frames: int = 20, first: int = 0, **changes: Any) -> str:
    """Check, render, report; the third frame failed, one frame came from outside the lease."""
    lease = farm.lease(first, first + frames - 1, **changes)["id"]
    rows = [
        farm.row(lease, first + n, outcome="FAILED" if n == 2 else "RENDERED", mark=f"{n:016x}")
        for n in range(frames)
    ]
    answer = farm.send([*rows, farm.row(lease, 90_000 + first)]).json()
    assert (answer["accepted"], answer["unauthorised"]) == (frames, 1), answer
    return lease


def ask(farm: Farm, **query: Any) -> Any:
    return farm.client.get(EXPORT, {"format": "parquet", **query}, headers=farm.headers)


def saved(response: Any, folder: Path, name: str = "export") -> Path:
    """The body of a streamed answer as a file."""
    assert response.status_code == 200, response.content
    assert response.streaming
    path = folder / f"{name}.parquet"
    path.write_bytes(response.getvalue())
    return path


def listed(farm: Farm) -> list[dict[str, Any]]:
    """Every receipt of the licence as the API's pages give it."""
    rows: list[dict[str, Any]] = []
    query = {"token": str(farm.token.pk), "limit": "200"}
    page = farm.client.get("/api/v1/render/receipts", query, headers=farm.headers).json()
    rows += page["results"]
    assert page["next"] is None
    return rows


def root_of(path: Path) -> bytes:
    """The Merkle root over the file's entries, in the order of their leaf index."""
    table = pq.read_table(path, columns=["leaf_index", "entry"]).sort_by("leaf_index")
    assert table["leaf_index"].to_pylist() == list(range(table.num_rows))
    return Frontier().append_many([leaf_hash(entry) for entry in table["entry"].to_pylist()]).root()


def published(farm: Farm) -> uuid.UUID:
    drain_log(production_id=farm.token.production_id)
    publish_log(production_id=farm.token.production_id)
    return farm.token.production_id


def test_duckdb_reads_the_parquet_and_finds_what_the_api_lists(farm: Farm, tmp_path: Path) -> None:
    rendered(farm)
    rendered(farm, first=100, shot="0410_0030")
    production = published(farm)
    receipts = saved(ask(farm, project=str(production)), tmp_path, "receipts")
    checks = saved(ask(farm, project=str(production), kind="checks"), tmp_path, "checks")
    with duckdb.connect() as db:
        counted = db.execute(
            f"select outcome, count(*), sum(frame) from '{receipts}' group by outcome order by outcome"
        ).fetchall()
        assert counted == [
            ("FAILED", 2, 2 + 102),
            ("RENDERED", 38, sum(range(20)) + sum(range(100, 120)) - 104),
            ("UNAUTHORISED", 2, 90_000 + 90_100),
        ]
        joined = db.execute(
            f"select c.shot, count(*), min(r.frame) from '{receipts}' r join '{checks}' c"
            " on c.decision_id = r.check_id and c.leaf_index < r.leaf_index group by c.shot order by c.shot"
        ).fetchall()
        assert joined == [("0410_0020", 20, 0), ("0410_0030", 20, 100)]
        names = "leaf_index, frame, take, counter, outcome, code, file_sha256, pixel_sha256, token, terms_version, check_id, lease, mark"
        exported = db.execute(f"select {names} from '{receipts}' order by leaf_index").fetchall()
        api = listed(farm)
        assert exported == [tuple(row[name] for name in names.split(", ")) for row in api]
        known = [row["shot"] for row in api if row["outcome"] != "UNAUTHORISED"]
        shots = db.execute(
            f"select shot from '{receipts}' where outcome <> 'UNAUTHORISED' order by leaf_index"
        ).fetchall()
        assert [shot for (shot,) in shots] == known
        times = db.execute(
            f"select bool_and(started_at <= finished_at and finished_at <= received_at + interval 1 second),"
            f" any_value(typeof(received_at)) from '{receipts}'"
        ).fetchone()
        assert times == (True, "TIMESTAMP WITH TIME ZONE")


def test_entries_lead_to_the_signed_root_and_a_flipped_row_does_not(farm: Farm, tmp_path: Path) -> None:
    rendered(farm)
    production = published(farm)
    path = saved(ask(farm, project=str(production), kind="entries"), tmp_path)
    told = {key.decode(): value.decode() for key, value in pq.read_metadata(path).metadata.items()}
    checkpoint = verify_checkpoint(
        told["trustmark.checkpoint"].encode(), [NoteVerifier.parse(told["trustmark.vkey"])]
    )
    assert checkpoint.origin == told["trustmark.origin"]
    assert checkpoint.size == int(told["trustmark.size"]) == pq.read_metadata(path).num_rows
    assert root_of(path) == checkpoint.root == bytes.fromhex(told["trustmark.root"])
    with duckdb.connect() as db:  # one digit of one hash
        forged = tmp_path / "forged.parquet"
        db.execute(
            f"copy (select leaf_index, case when leaf_index = 5 then"
            f" encode(replace(decode(entry), '\"frame\":', '\"frame\":1')) else entry end as entry"
            f" from '{path}') to '{forged}' (format parquet)"
        )
        assert db.execute(
            f"select count(*) from '{path}' a join '{forged}' b using (leaf_index) where a.entry <> b.entry"
        ).fetchone() == (1,)
    assert root_of(forged) != checkpoint.root


def test_receipts_and_checks_carry_the_bytes_of_their_leaves(farm: Farm, tmp_path: Path) -> None:
    rendered(farm)
    production = published(farm)
    files = {
        kind: saved(ask(farm, project=str(production), kind=kind), tmp_path, kind)
        for kind in ("receipts", "checks", "entries")
    }
    with duckdb.connect() as db:
        for kind, tag in (("receipts", "frame"), ("checks", "checked")):
            assert db.execute(
                f"select count(*), bool_and(a.entry = e.entry and e.kind = '{tag}')"
                f" from '{files[kind]}' a left join '{files['entries']}' e using (leaf_index)"
            ).fetchone() == (pq.read_metadata(files[kind]).num_rows, True)


def test_only_what_the_checkpoint_covers_is_exported(farm: Farm, tmp_path: Path) -> None:
    lease = rendered(farm)
    production = published(farm)
    log = open_log(production_id=production)
    before = saved(ask(farm, project=str(production), kind="entries"), tmp_path, "before")
    raw = pq.read_table(before)["entry"].to_pylist()[-1]
    tail = FRAME_TAIL.pack(
        8, 1_000_000, 8, 0, 4, log.pk, 4, 1, 2, EntryKind.FRAME, 2, 1, 2, 1, -1, 32, bytes(32), len(raw)
    )
    append_frames(log=lock_log(log_id=log.pk), packed=[([tail + raw], [leaf_hash(raw)])])
    after = saved(ask(farm, project=str(production), kind="entries"), tmp_path, "after")
    assert lease
    assert root_of(after) == root_of(before)


def test_a_range_of_leaves_is_cut_out(farm: Farm, tmp_path: Path) -> None:
    rendered(farm)
    production = str(published(farm))
    every = pq.read_table(saved(ask(farm, project=production), tmp_path))["leaf_index"].to_pylist()
    first, last = every[3], every[7]
    path = saved(ask(farm, project=production, from_leaf=first, to_leaf=last), tmp_path)
    assert pq.read_table(path)["leaf_index"].to_pylist() == every[3:8]
    beyond = saved(ask(farm, project=production, from_leaf=10_000), tmp_path)
    assert pq.read_metadata(beyond).num_rows == 0
    for wrong in ({"from_leaf": "-1"}, {"from_leaf": 5, "to_leaf": 4}, {"to_leaf": "9" * 19}):
        answer = ask(farm, project=production, **wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "LEAF_INVALID")


def test_a_licence_gets_its_own_rows_alone(farm: Farm, tmp_path: Path) -> None:
    other = make_farm(production=farm.token.production)
    rendered(farm)
    rendered(other, frames=5)
    published(farm)
    for one, number in ((farm, 21), (other, 6)):
        table = pq.read_table(saved(ask(one, token=str(one.token.pk)), tmp_path))
        assert table["token"].to_pylist() == [str(one.token.pk)] * number
        checks = pq.read_table(saved(ask(one, token=str(one.token.pk), kind="checks"), tmp_path))
        assert checks["token"].to_pylist() == [str(one.token.pk)]
        assert checks["reason_codes"].to_pylist() == [[]]
    whole = pq.read_table(saved(ask(farm, project=str(farm.token.production_id)), tmp_path))
    assert whole.num_rows == 27


def test_a_vendor_gets_the_rows_of_its_licences_and_strangers_nothing(farm: Farm, tmp_path: Path) -> None:
    vendor = factories.make_vendor()
    listed_farm = make_farm(production=farm.token.production, vendors=[vendor], credential_of=vendor)
    rendered(farm)
    rendered(listed_farm, frames=5)
    production = str(published(farm))
    table = pq.read_table(saved(ask(listed_farm, project=production), tmp_path))
    assert set(table["token"].to_pylist()) == {str(listed_farm.token.pk)}
    stranger = make_farm()
    for query in ({"project": production}, {"token": str(farm.token.pk)}, {"project": "everything"}):
        answer = ask(stranger, **query)
        assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    assert ask(listed_farm, token=str(farm.token.pk)).status_code == 404
    assert Client().get(EXPORT, {"format": "csv", "project": production}).status_code == 401
    credential, _ = factories.make_credential(farm.token.licensee, scopes=["render:receipt"])
    narrow = farm.client.get(
        EXPORT, {"format": "csv", "project": production}, headers=factories.bearer(credential)
    )
    assert (narrow.status_code, narrow.json()["code"]) == (403, "SCOPE_MISSING")


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"format": "xlsx"}, "FORMAT_UNKNOWN"),
        ({"kind": "secrets"}, "KIND_UNKNOWN"),
        ({}, "SCOPE_NEEDED"),
        ({"project": "a", "token": "b"}, "SCOPE_NEEDED"),
        ({"token": "a", "kind": "entries"}, "SCOPE_INVALID"),
    ],
)
def test_a_question_that_is_none_is_refused_with_its_code(
    farm: Farm, query: dict[str, str], code: str
) -> None:
    answer = ask(farm, **query)
    assert (answer.status_code, answer.json()["code"]) == (422, code)


def test_a_production_without_a_log_exports_no_row(farm: Farm, tmp_path: Path) -> None:
    path = saved(ask(farm, project=str(farm.token.production_id)), tmp_path)
    assert pq.read_metadata(path).num_rows == 0
    assert pq.read_metadata(path).metadata[b"trustmark.size"] == b"0"


def test_csv_is_rfc_4180_and_runs_nothing_in_a_spreadsheet(farm: Farm) -> None:
    shot = '=HYPERLINK("http://evil.example","a, b")'
    rendered(farm, frames=3, shot=shot)
    production = published(farm)
    response = farm.client.get(EXPORT, {"format": "csv", "project": str(production)}, headers=farm.headers)
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    assert response["Content-Disposition"].startswith('attachment; filename="receipts-')
    assert response["Trustmark-Log-Size"] == str(slice_of(production).size)
    body = response.getvalue()
    assert body.endswith(b"\r\n")
    assert body.count(b"\n") == body.count(b"\r\n") == 5
    rows = list(csv.DictReader(io.StringIO(body.decode(), newline=""), strict=True))
    assert [row["shot"] for row in rows] == [f"'{shot}"] * 4
    assert [row["frame"] for row in rows] == ["0", "1", "2", "90000"]
    assert all(row["received_at"].endswith("Z") for row in rows)
    entries = farm.client.get(
        EXPORT, {"format": "csv", "project": str(production), "kind": "entries"}, headers=farm.headers
    ).getvalue()
    leaves = [row["entry"].encode() for row in csv.DictReader(io.StringIO(entries.decode(), newline=""))]
    assert Frontier().append_many([leaf_hash(leaf) for leaf in leaves]).root() == slice_of(production).root


def test_an_export_that_fails_half_way_is_no_file_that_anybody_reads(farm: Farm, tmp_path: Path) -> None:
    rendered(farm)
    production = published(farm)
    rewrite_a_row()
    for file_format, reading in (
        ("csv", "read_csv('{}', header = true, types = {{'leaf_index': 'BIGINT'}})"),
        ("parquet", "'{}'"),
    ):
        response = ask(farm, project=str(production), format=file_format)
        assert response.status_code == 200
        path = tmp_path / f"cut.{file_format}"
        with path.open("wb") as out, pytest.raises(InvalidEvidence):
            out.writelines(response.streaming_content)  # a server may end this stream as if it were whole
        with duckdb.connect() as db, pytest.raises(duckdb.Error):
            db.execute(f"select sum(leaf_index) from {reading.format(path)}").fetchone()
    text = (tmp_path / "cut.csv").read_text()
    assert text.startswith("leaf_index,")
    assert "EXPORT INCOMPLETE" in text
    with pytest.raises(csv.Error):
        list(csv.reader(io.StringIO(text), strict=True))


def rewrite_a_row() -> None:
    """Somebody changes a row past the triggers."""
    with connection.cursor() as cursor:
        cursor.execute("alter table receipts_logentry disable trigger user")
        cursor.execute("update receipts_logentry set entry = '\\x7b7d' where kind = 3 and frame = 4")
        cursor.execute("alter table receipts_logentry enable trigger user")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t=", "\r", " =", "\uff1d", "\n+"])
def test_a_cell_that_would_run_gets_an_apostrophe(start: str) -> None:
    assert harmless(f"{start}1+1") == f"'{start}1+1"
    assert harmless(f"a{start}1") == f"a{start}1"


def test_the_command_writes_a_file_whole_or_not_at_all(
    farm: Farm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    rendered(farm)
    production = published(farm)
    out = tmp_path / "receipts.parquet"
    command = ["export", "--production", str(production), "--out", str(out)]
    assert cli.main(command) == 0
    assert "root " + slice_of(production).root.hex() in capsys.readouterr().out
    assert pq.read_metadata(out).num_rows == 21
    one = ["--token", str(farm.token.pk), "--format", "csv"]
    assert cli.main([*command, *one]) == 0
    assert out.read_bytes().startswith(b"leaf_index,received_at,shot,frame,")
    kept = out.read_bytes()
    rewrite_a_row()
    assert cli.main(command) == 1
    assert "nothing was exported" in capsys.readouterr().out
    assert out.read_bytes() == kept
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".")] == []
    with pytest.raises(InvalidEvidence):
        list(pieces(slice_of(production), "receipts", "parquet"))
    assert cli.main(["export", "--production", str(uuid.uuid4()), "--out", str(out)]) == 1
    with pytest.raises(SystemExit, match="2"):
        cli.main([*command, "--token", str(farm.token.pk), "--kind", "entries"])


GROWTH = """
import os, resource, sys, uuid
sys.path[:0] = [os.getcwd(), "clients/python"]
import django
django.setup()
from django.db import connection
connection.settings_dict["NAME"] = sys.argv[1]
from receipts.exports import streams
from receipts.selectors.exports import LogSlice
peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
for form in ("parquet", "csv"):
    read = []
    for rows in (55_000, 170_000):  # the first pass warms up
        part = LogSlice(uuid.UUID(int=1), int(sys.argv[2]), "o", rows, bytes(32), b"", b"", 0, rows)
        sizes = [len(piece) for piece in streams.pieces(part, "receipts", form)]
        read.append(peak())
    print(form, sum(sizes), len(sizes), *read)
"""


@pytest.mark.django_db(transaction=True)
def test_memory_does_not_grow_with_the_log(tmp_path: Path) -> None:
    farm = make_farm()
    lease = farm.lease(0, 24)
    raw = farm_entry(farm, lease["id"])
    number = 77_000_001
    with connection.cursor() as cursor:  # rows alone: no tree is needed to read them
        cursor.execute(
            "insert into receipts_logentry (idx, lease, received_at, log_id, frame, kind, take, outcome,"
            " file_sha256, entry) select n, (select id from receipts_lease where uid = %s), now(), %s,"
            " mod(n, 25), 3, n / 25, 1, h, convert_to(replace(%s, %s, encode(h, 'hex')), 'UTF8')"
            " from generate_series(0, 169999) n, lateral (select sha256(int8send(n)) h) hashed",
            [lease["id"], number, raw.decode(), sha(f"file {lease['id']} 0")],
        )
    done = subprocess.run(
        [sys.executable, "-c", GROWTH, connection.settings_dict["NAME"], str(number)],
        cwd=Path(__file__).resolve().parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 2
    for line in lines:
        form, size, count, warm, peak = line.split()
        assert int(size) > 170_000 * 32, line
        assert int(count) >= 4, line
        assert float(peak) - float(warm) < 40, line  # MiB; the rows alone are 120
        assert form in {"parquet", "csv"}


def farm_entry(farm: Farm, lease: str) -> bytes:
    """The bytes of one receipt, as the intake writes them."""
    assert farm.send([farm.row(lease, 0)]).json()["accepted"] == 1
    with connection.cursor() as cursor:
        cursor.execute("select entry from receipts_logentry where kind = 3 limit 1")
        (raw,) = cursor.fetchone() or (b"",)
    return bytes(raw)
