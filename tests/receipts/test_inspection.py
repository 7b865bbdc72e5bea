"""``trustmark log check``: what an administrator with every right can do, and how each of it is named."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.db import DatabaseError, connection, connections, transaction
from msgspec.structs import replace

from common import clock
from receipts import cli, services
from receipts.inspection import inspect_log
from receipts.inspection.findings import SHOWN, Fault, shortened
from receipts.models import LogCosignature, LogEntry, ProductionLog
from receipts.storage import LogFiles
from tests.receipts.conftest import Farm, make_farm
from tests.receipts.test_log import production, render
from trustcore.log.checkpoint import parse_note
from trustcore.log.cosignature import cosign, witness_verifier
from trustcore.receipt import FrameEntry, encode_entry, parse_entry
from trustcore.signing import Ed25519Signer
from trustmark.embedded.postgres import postgres_program

pytestmark = pytest.mark.django_db
REFUSES_NO_MORE = (
    "create or replace function refuse_change() returns trigger language plpgsql as"
    " $$ begin return coalesce(new, old); end $$"
)


def faults(farm: Farm, **options: Any) -> list[str]:
    report = inspect_log(production_id=production(farm), **options)
    assert report is not None
    return [f"{fault.code} {fault.where}" for fault in report.faults]


def codes(farm: Farm) -> set[str]:
    return {one.split()[0] for one in faults(farm)}


def superuser(table: str, statement: str, *values: Any, back: bool = True) -> None:
    """Lift the triggers of a table, change it, and put them back (or not)."""
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(statement, values)
        if back:
            cursor.execute(f"alter table {table} enable trigger user")


def cosigned(farm: Farm) -> None:
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    services.add_witness(vkey=witness_verifier("guild.example/w", signer.public_key).vkey)
    note = parse_note(LogFiles(production(farm)).fetch("checkpoint"))
    now = int(clock.now().timestamp())
    body = cosign(note, name="guild.example/w", signer=signer, now=now).encode()
    services.take_cosignatures(production_id=production(farm), body=body)


# -- rows


@pytest.mark.req("GP-035")
def test_row_changed_by_the_owner_of_the_table_is_named_and_distinct_from_a_changed_file(
    farm: Farm, own_log_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(farm, 0, 300)
    assert cli.check_logs(production(farm)) == cli.DONE
    row = LogEntry.objects.get(frame=7)
    entry = parse_entry(bytes(row.entry))
    assert isinstance(entry, FrameEntry)
    values = {name: getattr(entry, name) for name in entry.__struct_fields__}
    forged = FrameEntry(**{**values, "pixel_sha256": "0" * 64})
    superuser(
        "receipts_logentry", "update receipts_logentry set entry = %s where frame = 7", encode_entry(forged)
    )
    assert f"ROW_CHANGED leaf {row.idx}" in faults(farm)
    assert "FILE_DIFFERS" not in codes(farm)
    assert {"FRONTIER_DIFFERS", "CHECKPOINT_DIFFERS"} <= codes(farm)
    assert cli.check_logs(production(farm)) == cli.NOT_VERIFIED
    assert "the row is not the entry that was published" in capsys.readouterr().out
    superuser(
        "receipts_logentry", "update receipts_logentry set entry = %s where frame = 7", bytes(row.entry)
    )
    assert faults(farm) == []


@pytest.mark.req("GP-035")
@pytest.mark.parametrize(
    ("column", "value"),
    [("lease", "lease + 1"), ("frame", "77"), ("take", "2"), ("outcome", "2"), ("kind", "4"),
     ("file_sha256", "sha256('x')"), ("file_sha256", "null"), ("ref", "gen_random_uuid()"), ("lease", "null")],
)  # fmt: skip
def test_every_column_that_tells_what_an_entry_tells_is_compared(farm: Farm, column: str, value: str) -> None:
    render(farm, 0)
    other = farm.lease(100, 124)
    assert other
    services.drain_waiting()
    row = LogEntry.objects.get(frame=7)
    superuser("receipts_logentry", f"update receipts_logentry set {column} = {value} where frame = 7")
    assert any(one.startswith("ROW_COLUMNS_DIFFER") for one in faults(farm)), faults(farm)
    assert column == "lease" or f"ROW_COLUMNS_DIFFER leaf {row.idx}" in faults(farm)


def test_row_with_a_line_feed_another_spelling_or_no_text_is_malformed(farm: Farm) -> None:
    render(farm, 0)
    for change in (
        "entry || '\\x0a'::bytea",
        "'{ ' || substr(convert_from(entry, 'UTF8'), 2)",
        "'{}'",
        "set_byte(entry, 12, 255)",
    ):
        value = change if "(entry, 12" in change or "bytea" in change else f"convert_to({change}, 'UTF8')"
        point = transaction.savepoint()
        superuser("receipts_logentry", f"update receipts_logentry set entry = {value} where frame = 7")
        assert "ROW_MALFORMED leaf 9" in faults(farm)
        transaction.savepoint_rollback(point)
    assert faults(farm) == []


@pytest.mark.req("GP-034")
def test_partition_cannot_be_truncated_while_its_trigger_stands_and_is_missed_after(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    render(farm, 0)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(
            "select tableoid::regclass::text from receipts_logentry where log_id = %s limit 1",
            [ProductionLog.objects.get().pk],
        )
        ((partition,),) = cursor.fetchall()
    with (
        pytest.raises(DatabaseError, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute(f"truncate {partition}")
    assert faults(farm) == []
    superuser(partition, f"truncate {partition}")
    found = faults(farm)
    assert found[0].startswith("PARTITION_EMPTY")
    assert cli.check_logs(production(farm)) == cli.NOT_VERIFIED
    assert "none of the log's 12 rows is left" in capsys.readouterr().out


@pytest.mark.req("GP-035")
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        ("alter table receipts_logentry disable trigger user", "TRIGGER_DISABLED receipts_logentry_7"),
        ("alter table receipts_logentry_3 disable trigger user", "TRIGGER_DISABLED receipts_logentry_3"),
        ("drop trigger receipts_logentry_3_no_truncate on receipts_logentry_3", "TRIGGER_MISSING receipts_logentry_3"),
        ("alter table receipts_productionlog enable replica trigger receipts_productionlog_forward",
         "TRIGGER_DISABLED receipts_productionlog"),
        ("alter table audit_event disable trigger user", "TRIGGER_DISABLED audit_event"),
        (REFUSES_NO_MORE, "TRIGGER_CHANGED refuse_change"),
    ],
)  # fmt: skip
def test_guard_that_was_lifted_is_a_finding_of_its_own(
    farm: Farm, capsys: pytest.CaptureFixture[str], statement: str, expected: str
) -> None:
    render(farm, 0)
    assert faults(farm) == []
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute(statement)
    assert expected in faults(farm)
    assert cli.check_logs(production(farm)) == cli.NOT_VERIFIED
    assert expected.split(maxsplit=1)[0] in capsys.readouterr().out


def test_frame_of_an_older_log_is_checked_as_a_lean_one_is(farm: Farm) -> None:
    """A log may hold both; rows put there before entries became short are read by the longer way."""
    render(farm, 0)
    row = LogEntry.objects.get(frame=7)
    entry = parse_entry(bytes(row.entry))
    assert isinstance(entry, FrameEntry)
    long = replace(entry, id=str(row.ref or production(farm)), talent="tal_0000000000000000", terms_version=1)
    superuser(
        "receipts_logentry", "update receipts_logentry set entry = %s where frame = 7", encode_entry(long)
    )
    found = codes(farm)
    assert "ROW_CHANGED" in found
    assert not {one for one in found if one.startswith(("ROW_MALFORMED", "ROW_COLUMNS"))}
    superuser("receipts_logentry", "update receipts_logentry set take = 3 where frame = 7")
    assert "ROW_COLUMNS_DIFFER" in codes(farm)


# -- files


def test_swapped_tiles_are_named_as_files_even_when_they_agree_with_one_another(
    farm: Farm, own_log_store: Path
) -> None:
    render(farm, 0, 300)
    render(farm, 1000, 300)
    folder = own_log_store / str(production(farm)) / "tile"
    assert faults(farm) == []
    for pair in (("0/000", "0/001"), ("entries/000", "entries/001")):
        one, other = (folder / name for name in pair)
        whole = one.read_bytes()
        one.write_bytes(other.read_bytes())
        other.write_bytes(whole)
        found = faults(farm)
        assert {f"FILE_DIFFERS tile/{name}" for name in pair} <= set(found)
        assert {one.split()[0] for one in found} <= {"FILE_DIFFERS"}
    assert "ROW_CHANGED" not in codes(farm), (
        "tile and bundle were swapped alike, and the rows lead to the signed root"
    )


def test_upper_tile_and_lost_files_are_named(farm: Farm, own_log_store: Path) -> None:
    render(farm, 0, 600)
    folder = own_log_store / str(production(farm)) / "tile"
    upper = folder / "1/000.p/2"
    whole = upper.read_bytes()
    upper.write_bytes(whole[:40] + bytes([whole[40] ^ 1]) + whole[41:])
    assert faults(farm) == ["FILE_DIFFERS tile/1/000.p/2"]
    upper.unlink()
    (folder / "0/001").unlink()
    assert set(faults(farm)) == {"FILE_MISSING tile/1/000.p/2", "FILE_MISSING tile/0/001"}


# -- checkpoints and witnesses


@pytest.mark.parametrize(
    ("table", "statement", "expected"),
    [
        ("receipts_logcheckpoint", "update {} set root = sha256('x') where size = 12", "CHAIN_BROKEN checkpoint 12"),
        ("receipts_logcheckpoint", "delete from {} where size = 12", "CHAIN_BROKEN checkpoint 23"),
        ("receipts_logcheckpoint", "delete from {} where size = 23", "CHAIN_BROKEN checkpoint 23"),
        ("receipts_logcheckpoint", "update {} set note = 'x'", "CHECKPOINT_INVALID checkpoint 12"),
        ("receipts_logcosignature", "update {} set seen_at = seen_at + 1",
         "COSIGNATURE_INVALID cosignature of guild.example/w at 23"),
        ("receipts_logcosignature", "update {} set size = 22",
         "COSIGNATURE_INVALID cosignature of guild.example/w at 22"),
        ("receipts_logcosignature", "update {} set note = set_byte(note, length(note) - 20, get_byte(note, length(note) - 20) # 1)",
         "COSIGNATURE_INVALID cosignature of guild.example/w at 23"),
    ],
)  # fmt: skip
def test_change_to_what_was_shown_is_named(farm: Farm, table: str, statement: str, expected: str) -> None:
    render(farm, 0)
    render(farm, 100)
    cosigned(farm)
    assert faults(farm) == []
    superuser(table, statement.format(table))
    found = faults(farm)
    assert expected in found or expected.replace("COSIGNATURE", "CHECKPOINT") in found, found


def test_lost_cosigned_checkpoint_is_missed(farm: Farm, own_log_store: Path) -> None:
    render(farm, 0)
    cosigned(farm)
    (own_log_store / str(production(farm)) / "checkpoint.cosigned").unlink()
    assert faults(farm) == ["FILE_MISSING checkpoint.cosigned"]


def test_checkpoint_that_somebody_brings_is_compared(
    farm: Farm, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    render(farm, 0)
    held = tmp_path / "held"
    held.write_bytes(LogFiles(production(farm)).fetch("checkpoint"))
    render(farm, 100)
    assert cli.main(["check", "--against", str(held)]) == 0
    held.write_bytes(held.read_bytes().replace(b"\n12\n", b"\n11\n"))
    assert cli.main(["check", "--against", str(held)]) == 4
    assert f"CHECKPOINT_INVALID {held}" in capsys.readouterr().out
    held.write_bytes(b"x")
    assert cli.main(["check", "--against", str(held)]) == 1
    assert cli.main(["check", "--against", str(tmp_path / "none")]) == 1
    for bad in ("0", "65", "x"):
        with pytest.raises(SystemExit):
            cli.main(["check", "--jobs", bad])


# -- a backup


def _url(name: str) -> str:
    db = connection.settings_dict
    return f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{name}"


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("GP-035")
def test_database_restored_from_a_real_backup_is_found_and_publishes_nothing(
    tmp_path: Path, own_log_store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = make_farm()
    render(farm, 0)
    name = connection.settings_dict["NAME"]
    dump = tmp_path / "backup.dump"
    done = subprocess.run(
        [postgres_program("pg_dump"), "--format=custom", f"--file={dump}", _url(name)],
        env={"PATH": os.environ["PATH"]}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    render(farm, 100)
    ahead = LogFiles(production(farm)).fetch("checkpoint")
    held = tmp_path / "held"
    held.write_bytes(ahead)
    restored = f"{name}_restored"
    with psycopg.connect(_url("postgres"), autocommit=True) as admin:
        admin.execute(f'create database "{restored}"')
    try:
        subprocess.run(
            [postgres_program("pg_restore"), f"--dbname={_url(restored)}", "--no-owner", dump],
            env={"PATH": os.environ["PATH"]}, capture_output=True, check=True,
        )  # fmt: skip
        connection.close()
        connections["default"].settings_dict["NAME"] = restored
        assert ProductionLog.objects.get().size == 12
        report = inspect_log(production_id=production(farm))
        assert report is not None
        assert [fault.code for fault in report.faults] == ["LOG_ROLLED_BACK"]
        assert "the database holds 12 leaves, checkpoint shows 23" in report.faults[0].detail
        assert cli.check_logs(production(farm)) == cli.NOT_VERIFIED
        with pytest.raises(services.LogBroken):
            render_without_publishing(farm)
        assert LogFiles(production(farm)).fetch("checkpoint") == ahead
        # the files are put back as well: from inside nothing is left to see it, who holds a checkpoint does
        shutil.rmtree(own_log_store)
        services.publish_log(production_id=production(farm))
        capsys.readouterr()
        assert cli.main(["check", "--against", str(held)]) == 4
        assert f"{held} shows 23" in capsys.readouterr().out
    finally:
        connection.close()
        connections["default"].settings_dict["NAME"] = name
        with psycopg.connect(_url("postgres"), autocommit=True) as admin:
            admin.execute(f'drop database "{restored}" with (force)')


def render_without_publishing(farm: Farm) -> None:
    """Ask for a publication, as the beat does: what was shown is ahead of the rows."""
    farm.lease(300, 310)
    services.drain_log(production_id=production(farm))
    services.publish_log(production_id=production(farm))


# -- many at once


@pytest.mark.django_db(transaction=True)
def test_two_processes_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("receipts.inspection.parts._LEAST_TILES", 1)
    farm = make_farm()
    render(farm, 0, 900)
    render(farm, 1000, 700)
    assert faults(farm, jobs=2) == []
    assert faults(farm, jobs=3) == []
    with transaction.atomic():
        superuser("receipts_logentry", "update receipts_logentry set take = 9 where frame in (5, 1600)")
        superuser("receipts_logentry", "delete from receipts_logentry where frame = 400")
    alone = faults(farm)
    assert len([one for one in alone if one.startswith("ROW_COLUMNS_DIFFER")]) == 2
    assert len([one for one in alone if one.startswith("ROW_MISSING")]) == 1
    for jobs in (2, 5, 64):
        assert sorted(faults(farm, jobs=jobs)) == sorted(alone)


def test_long_list_of_faults_is_shortened_and_says_so() -> None:
    many = [Fault("ROW_MISSING", f"leaf {n}", "") for n in range(SHOWN + 7)] + [
        Fault("FILE_DIFFERS", "x", "")
    ]
    kept = shortened(many)
    assert len(kept) == SHOWN + 2
    assert kept[-1] == Fault("ROW_MISSING", "and more", "7 further of this kind are not shown")


def test_cosignatures_are_counted(farm: Farm) -> None:
    render(farm, 0)
    cosigned(farm)
    report = inspect_log(production_id=production(farm))
    assert report is not None
    assert (report.checkpoints, report.cosignatures, report.faults) == (1, 1, ())
    assert LogCosignature.objects.count() == 1
