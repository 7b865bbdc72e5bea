"""The log: order, publication, crashes, two servers, tampering, and the files that the world sees."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import uuid
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import DatabaseError, connection, transaction

from audit.models import Event
from audit.services import record
from common import keys
from receipts import cli, selectors, services
from receipts.inspection import inspect_log
from receipts.models import LogEntry, PendingEntry, ProductionLog
from receipts.services.publish import LogBroken
from receipts.services.sequence import lock_log
from receipts.storage import LogFiles
from tests.receipts.conftest import Farm, logged, make_farm, revoke
from trustcore.log.checkpoint import NoteVerifier, verify_checkpoint
from trustcore.log.merkle import Frontier, leaf_hash, verify_consistency, verify_inclusion
from trustcore.log.tiles import ReadTiles, tiles_of
from trustcore.receipt import AuthorisedEntry, CheckedEntry, VerifiedEntry, parse_entry

pytestmark = pytest.mark.django_db


def production(farm: Farm) -> uuid.UUID:
    return farm.token.production_id


def render(farm: Farm, first: int, number: int = 10) -> Any:
    lease = farm.lease(first, first + number - 1)["id"]
    response = farm.send([farm.row(lease, first + n) for n in range(number)])
    assert response.json()["accepted"] == number, response.json()
    return response.json()


def faults(farm: Farm) -> list[str]:
    report = inspect_log(production_id=production(farm))
    assert report is not None
    return [f"{fault.code} {fault.where}" for fault in report.faults]


def check_log(farm: Farm, size: int) -> None:
    """Everything there is, read again as an outsider would: vkey, checkpoint, tiles, bundles, rows."""
    files = LogFiles(production(farm))
    vkey = NoteVerifier.parse(files.fetch("vkey").decode())
    checkpoint = verify_checkpoint(files.fetch("checkpoint"), [vkey])
    assert checkpoint.size == size
    tiles = ReadTiles(files.fetch, size)
    entries = list(tiles.entries())
    assert Frontier().append_many([leaf_hash(entry) for entry in entries]).root() == checkpoint.root
    assert tiles.root() == checkpoint.root
    assert [leaf.entry for leaf in selectors.entries_of(production(farm))][:size] == entries
    if size:
        for index in {0, size // 2, size - 1}:
            proof = tiles.inclusion_proof(index)
            verify_inclusion(leaf_hash(entries[index]), index, size, proof, checkpoint.root)
    assert faults(farm) == []


# -- order


def test_cited_entries_come_first_and_each_fact_stands_once(farm: Farm) -> None:
    for first in (0, 10, 20):
        render(farm, first)
    services.drain_log(production_id=production(farm))
    services.drain_log(production_id=production(farm))
    leaves = [parse_entry(leaf.entry) for leaf in selectors.entries_of(production(farm))]
    assert isinstance(leaves[0], AuthorisedEntry)
    seen: set[str] = set()
    for entry in leaves:
        if isinstance(entry, CheckedEntry):
            assert entry.decision not in seen
            seen.add(entry.decision)
        elif not isinstance(entry, AuthorisedEntry):
            assert entry.check in seen  # type: ignore[union-attr]
    assert not PendingEntry.objects.exists()


def test_events_of_other_packages_are_sequenced_by_the_beat(farm: Farm) -> None:
    entry = VerifiedEntry(
        asset=str(uuid.uuid4()), asset_sha256="0" * 64, at="2026-11-22T08:00:00Z", layers=(),
        mark="0123456789abcdef", released=True,
    )  # fmt: skip
    record(
        kind="asset.verified", principal=None, object_type="asset", object_id=entry.asset,
        production_id=production(farm), log_entry=entry,
    )  # fmt: skip
    revoke(farm.token)
    assert services.drain_waiting() == 3
    assert services.drain_waiting() == 0
    assert [leaf.kind for leaf in selectors.entries_of(production(farm))] == [
        "authorised", "verified", "revoked",
    ]  # fmt: skip
    check_log(farm, 3)


def test_event_that_commits_late_under_an_early_number_is_not_skipped(farm: Farm) -> None:
    """Numbers are given before a transaction commits: a cursor over them would lose the slower one."""
    services.drain_waiting()
    entry = logged(production(farm), AuthorisedEntry)[0]
    late, early = (
        record(
            kind="licence.noted", principal=None, object_type="licence", object_id=entry.jti,
            production_id=production(farm), log_entry=entry,
        )
        for _ in range(2)
    )  # fmt: skip
    assert late.number < early.number
    hidden = Event.objects.filter(pk=late.pk)
    with connection.cursor() as cursor:  # as another session sees it while the first has not committed
        cursor.execute("alter table audit_event disable trigger user")
        hidden.update(production_id=uuid.uuid4())
        services.drain_log(production_id=production(farm))
        hidden.update(production_id=production(farm))
    assert services.drain_log(production_id=production(farm)) == 1


# -- publication


def test_checkpoint_covers_what_was_acknowledged_at_every_size(farm: Farm) -> None:
    for number in (1, 24, 255, 7, 300, 1, 513):
        answer = render(farm, first=int(number * 1000), number=number)
        check_log(farm, answer["size"])


def test_later_checkpoint_extends_the_earlier_one(farm: Farm) -> None:
    render(farm, 0, 300)
    old = selectors.published_log(production(farm))
    render(farm, 300, 300)
    new = selectors.published_log(production(farm))
    assert old is not None
    assert new is not None
    proof = ReadTiles(LogFiles(production(farm)).fetch, new.size).consistency_proof(old.size)
    verify_consistency(old.size, old.root, new.size, new.root, proof)


def test_files_are_served_with_the_headers_that_caches_need(farm: Farm) -> None:
    render(farm, 0, 300)
    base = f"/log/{production(farm)}"
    tile = farm.client.get(f"{base}/tile/0/000")
    assert (tile.status_code, len(tile.content)) == (200, 256 * 32)
    assert tile["Cache-Control"] == "public, max-age=31536000, immutable"
    assert farm.client.get(f"{base}/tile/entries/001.p/46").status_code == 200
    for name in ("checkpoint", "vkey"):
        answer = farm.client.get(f"{base}/{name}")
        assert (answer.status_code, answer["Cache-Control"]) == (200, "no-cache")
        assert answer["Content-Type"] == "text/plain; charset=utf-8"
    for path in ("tile/0/1", "tile/0/000.p/0", "tile/0/../checkpoint", ".checkpoint.x", "tile/entries/009"):
        assert farm.client.get(f"{base}/{path}").status_code == 404
    assert farm.client.get(f"/log/{uuid.uuid4()}/checkpoint").status_code == 404
    assert farm.client.post(f"{base}/checkpoint").status_code == 405


def test_partial_tiles_go_once_a_later_tile_is_full(farm: Farm, own_log_store: Path) -> None:
    for first in range(0, 800, 100):
        render(farm, first, 100)
    kept = sorted(path.parent.name for path in own_log_store.glob("*/tile/entries/*.p/*"))
    assert "000.p" not in kept
    assert "003.p" in kept, "the tile that still grows keeps its widths"
    check_log(farm, selectors.log_state(production(farm)).size)  # type: ignore[union-attr]


def test_files_made_from_rows_are_the_files_on_the_store(farm: Farm) -> None:
    render(farm, 0, 600)
    state = selectors.log_state(production(farm))
    assert state is not None
    made = dict(selectors.log_files(production(farm), state.size))
    assert set(made) == {tile.path for tile in tiles_of(state.size)}
    files = LogFiles(production(farm))
    assert all(files.read(path) == content for path, content in made.items())


def test_long_log_is_published_and_read_stretch_by_stretch(
    farm: Farm, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("receipts.services.publish._STRETCH", 256)
    monkeypatch.setattr("receipts.selectors.logs._CHUNK", 256)
    monkeypatch.setattr("receipts.inspection.scan.STRETCH_TILES", 1)
    size = render(farm, 0, 900)["size"]
    check_log(farm, size)
    made = dict(selectors.log_files(production(farm), size))
    assert set(made) == {tile.path for tile in tiles_of(size)}
    assert all(LogFiles(production(farm)).read(path) == content for path, content in made.items())


def test_rotated_key_signs_the_next_checkpoint_and_the_old_log_still_checks(farm: Farm) -> None:
    render(farm, 0)
    old = LogFiles(production(farm)).fetch("vkey")
    keys.rotate_key("LOG")
    services.publish_log(production_id=production(farm))
    assert LogFiles(production(farm)).fetch("vkey") != old
    check_log(farm, selectors.log_state(production(farm)).size)  # type: ignore[union-attr]


def test_who_waits_for_a_store_that_takes_nothing_is_told_and_the_retry_is_exact(
    farm: Farm, own_log_store: Path
) -> None:
    render(farm, 0)
    lease = farm.lease(100, 109)["id"]
    rows = [farm.row(lease, n) for n in range(100, 110)]
    folder = own_log_store / str(production(farm))
    folder.rename(folder.with_name("away"))
    folder.write_bytes(b"")  # nothing can be made below a file
    refused = farm.send(rows, key="b1")
    assert (refused.status_code, refused.json()["code"]) == (503, "LOG_UNPUBLISHED")
    folder.unlink()
    folder.with_name("away").rename(folder)
    assert farm.send(rows, key="b1").json()["accepted"] == 10
    check_log(farm, selectors.log_state(production(farm)).size)  # type: ignore[union-attr]
    assert selectors.counts_for_token(farm.token.pk).rendered == 20


def test_lost_store_is_written_again_from_the_rows(farm: Farm, own_log_store: Path) -> None:
    render(farm, 0, 300)
    render(farm, 300, 10)
    (own_log_store / str(production(farm)) / "tile/1/000.p/1").unlink()
    render(farm, 400, 300)
    check_log(farm, selectors.log_state(production(farm)).size)  # type: ignore[union-attr]


@pytest.mark.req("GP-035")
def test_checkpoint_is_never_replaced_by_one_that_does_not_extend_it(farm: Farm) -> None:
    """A database restored from an old backup: the store remembers what was shown."""
    render(farm, 0)
    before = ProductionLog.objects.get(production_id=production(farm))
    savepoint = transaction.savepoint()
    render(farm, 100)
    shown = LogFiles(production(farm)).fetch("checkpoint")
    transaction.savepoint_rollback(savepoint)
    assert ProductionLog.objects.get(pk=before.pk).size == before.size
    assert "LOG_ROLLED_BACK" in faults(farm)[0]
    lease = farm.lease(200, 229)["id"]
    refused = farm.send([farm.row(lease, n) for n in range(200, 230)])
    assert (refused.status_code, refused.json()["code"]) == (503, "LOG_BROKEN")
    with pytest.raises(LogBroken):
        services.publish_log(production_id=production(farm))
    assert LogFiles(production(farm)).fetch("checkpoint") == shown


# -- crashes and two servers


_SERVER = """
import os, sys, uuid
import django
django.setup()
from receipts.services import publish, publish_log, take_receipts
from tests.factories import desk_of_key
from accounts.models import ApiCredential
credential = ApiCredential.objects.select_related("organisation", "created_by").get(pk=sys.argv[1])
if sys.argv[4] == "die":
    import receipts.services.intake as intake
    intake.publish_log = lambda **_: os.kill(os.getpid(), 9)
elif sys.argv[4] == "die among files":
    from receipts.storage import LogFiles
    write = LogFiles.write
    LogFiles.write = lambda self, path, content: (
        os.kill(os.getpid(), 9) if path == "checkpoint" else write(self, path, content)
    )
answer = take_receipts(
    principal=desk_of_key(credential), batch_key=sys.argv[2], lines=open(sys.argv[3], "rb").read().splitlines(),
    wait=True,
)
print(answer.accepted, answer.size)
"""


def _server(farm: Farm, key: str, rows: list[dict[str, Any]], tmp_path: Path, mode: str) -> Any:
    """Start another server process on the same database and store, which takes one batch."""
    batch = tmp_path / f"{key}.ndjson"
    batch.write_text("\n".join(json.dumps(row) for row in rows))
    db = connection.settings_dict
    location = django_settings.STORAGES["log"]["OPTIONS"]["location"]
    url = f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}"
    return subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(farm.credential.pk), key, str(batch), mode],
        env={
            **os.environ, "DATABASE_URL": url, "STORAGE_URL": f"file://{Path(location).parent}",
            "DJANGO_SETTINGS_MODULE": "trustmark.settings", "TRUSTMARK_SECRET": django_settings.TRUSTMARK_SECRET,
        },
        cwd=django_settings.BASE_DIR, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("mode", ["die", "die among files"])
def test_server_killed_between_commit_and_checkpoint_is_healed_by_the_next(tmp_path: Path, mode: str) -> None:
    farm = make_farm()
    render(farm, 0)
    covered = selectors.log_state(production(farm)).size  # type: ignore[union-attr]
    lease = farm.lease(100, 399)["id"]
    rows = [farm.row(lease, n) for n in range(100, 400)]
    killed = _server(farm, "b1", rows, tmp_path, mode)
    assert killed.wait(60) == -signal.SIGKILL, killed.stderr.read()
    state = selectors.log_state(production(farm))
    assert state is not None
    assert (state.size, state.published_size) == (covered + 301, covered), "committed, not shown"
    assert services.publish_waiting() == 1
    check_log(farm, covered + 301)
    assert farm.send(rows, key="b1 by another key").json()["accepted"] == 300
    check_log(farm, covered + 301)


@pytest.mark.django_db(transaction=True)
def test_check_does_not_wait_for_a_batch_that_holds_the_log() -> None:
    farm = make_farm()
    render(farm, 0)
    answers: list[Any] = []

    def ask() -> None:
        answers.append(farm.check(frame_range={"first": 100, "last": 124}).json())
        connection.close()

    log = ProductionLog.objects.get(production_id=production(farm))
    thread = threading.Thread(target=ask)
    with transaction.atomic():
        lock_log(log_id=log.pk)
        thread.start()
        thread.join(30)
        assert answers, "the check waited for the log"
    assert answers[0]["frames_reserved"] == 25


@pytest.mark.django_db(transaction=True)
def test_two_servers_on_one_database_do_not_fork_the_log(tmp_path: Path) -> None:
    farm = make_farm()
    leases = [farm.lease(n * 1000, n * 1000 + 199)["id"] for n in range(6)]
    batches = [[farm.row(lease, n * 1000 + k) for k in range(200)] for n, lease in enumerate(leases)]
    servers = [_server(farm, f"b{n}", batch, tmp_path, "live") for n, batch in enumerate(batches[:2])]
    here = [
        threading.Thread(target=lambda batch=batch: (farm.send(batch), connection.close()))
        for batch in batches[2:]
    ]
    for thread in here:
        thread.start()
    outputs = [server.communicate(timeout=120) for server in servers]
    for thread in here:
        thread.join()
    assert [out.split()[0] for out, _ in outputs] == ["200", "200"], outputs
    assert selectors.counts_for_token(farm.token.pk).rendered == 1200
    check_log(farm, selectors.log_state(production(farm)).size)  # type: ignore[union-attr]


# -- nobody rewrites it quietly


@pytest.mark.req("GP-034")
@pytest.mark.parametrize("table", ["receipts_logentry", "receipts_rendercheck", "receipts_unauthorisedframe"])
@pytest.mark.parametrize("verb", ["update", "delete", "truncate"])
def test_facts_refuse_change_even_to_their_owner(farm: Farm, table: str, verb: str) -> None:
    lease = farm.lease()["id"]
    farm.send([farm.row(lease, 0), farm.row(lease, 99)])
    statement = {
        "update": f"update {table} set {'frame' if table != 'receipts_rendercheck' else 'first'} = 1",
        "delete": f"delete from {table}",
        "truncate": f"truncate {table}",
    }[verb]
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            cursor.execute(statement)
    assert LogEntry.objects.count() == 4


def test_single_partition_and_a_logs_own_row_refuse_too(farm: Farm) -> None:
    render(farm, 0)
    for statement, words in [
        *((f"truncate receipts_logentry_{n}", "append-only") for n in range(16)),
        ("update receipts_productionlog set size = size - 1", "only grows"),
        ("update receipts_productionlog set size = size + 1", "frontier"),
        ("update receipts_productionlog set origin = 'elsewhere'", "only grows"),
        ("delete from receipts_productionlog", "append-only"),
    ]:
        with pytest.raises(DatabaseError, match=words), transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(statement)
    assert faults(farm) == []


# GP-035 has two halves: what an administrator changes is found (below), and so is a restored backup (above)
def tamper(*statements: str) -> None:
    """What a superuser can do: lift the triggers, change, put them back."""
    tables = ("receipts_logentry", "receipts_rendercheck", "receipts_productionlog", "audit_event")
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"alter table {table} disable trigger user")
        for statement in statements:
            cursor.execute(statement)
        for table in tables:
            cursor.execute(f"alter table {table} enable trigger user")


@pytest.mark.req("GP-035")
@pytest.mark.parametrize(
    ("statement", "expected"),
    [
        (
            (
                "update receipts_logentry set entry = convert_to(replace(convert_from(entry, 'UTF8'),"
                " '\"take\":1', '\"take\":2'), 'UTF8'), take = 2 where frame = 5"
            ),
            {"FRONTIER_DIFFERS", "ROW_CHANGED leaf 7", "CHECKPOINT_DIFFERS checkpoint"},
        ),
        ("update receipts_logentry set frame = 77 where frame = 5", {"ROW_COLUMNS_DIFFER leaf 7"}),
        ("delete from receipts_logentry where frame = 5", {"ROW_MISSING leaf 7"}),
        ("delete from receipts_logentry where frame = 9", {"ROW_MISSING leaf 11"}),
        ("update receipts_rendercheck set outcome = 'DENY'", {"FACT_DIFFERS leaf 1"}),
        (
            (
                "insert into receipts_rendercheck select (replace(id::text, '-7', '-8'))::uuid, at, outcome, reasons,"
                " obligations, token_jti, production_id, organisation_id, credential_id, terms_version, use_type,"
                " construct, shot, task, worker, first, last, counter, units_asked, units_reserved, valid_until,"
                " lease_uid, input_sha256, policy_version, policy_hash from receipts_rendercheck"
            ),
            {"FACT_UNLOGGED check"},
        ),
        ("delete from receipts_rendercheck", {"FACT_DIFFERS leaf 1"}),
        ("update audit_event set log_entry = '{}' where log_entry is not null", {"FACT_DIFFERS leaf 0"}),
        ("update receipts_productionlog set frontier = set_byte(frontier, 3, 7)", {"FRONTIER_DIFFERS"}),
    ],
)
def test_row_changed_by_a_superuser_is_named(
    farm: Farm, capsys: pytest.CaptureFixture[str], statement: str, expected: set[str]
) -> None:
    render(farm, 0)
    assert cli.check_logs(production(farm)) == cli.DONE
    tamper(statement)
    found = faults(farm)
    assert all(any(one.startswith(want) for one in found) for want in expected), found
    assert cli.check_logs(production(farm)) == cli.NOT_VERIFIED
    assert next(iter(expected)).split()[0] in capsys.readouterr().out


@pytest.mark.parametrize(
    ("path", "change", "expected"),
    [
        ("tile/0/000", lambda b: bytes([b[0] ^ 1]) + b[1:], "FILE_DIFFERS tile/0/000"),
        ("tile/entries/000", lambda b: b[:-1] + b"!", "FILE_DIFFERS tile/entries/000"),
        ("tile/entries/000", lambda b: None, "FILE_MISSING tile/entries/000"),
        ("checkpoint", lambda b: b.replace(b"\n302\n", b"\n301\n"), "CHECKPOINT_INVALID checkpoint"),
        ("checkpoint", lambda b: None, "FILE_MISSING checkpoint"),
    ],
)
def test_changed_file_is_named(
    farm: Farm, own_log_store: Path, path: str, change: Any, expected: str
) -> None:
    render(farm, 0, 300)
    file = own_log_store / str(production(farm)) / path
    changed = change(file.read_bytes())
    file.write_bytes(changed) if changed is not None else file.unlink()
    assert expected in faults(farm)


def test_old_checkpoint_put_back_is_named(farm: Farm, own_log_store: Path) -> None:
    render(farm, 0)
    file = own_log_store / str(production(farm)) / "checkpoint"
    old = file.read_bytes()
    render(farm, 100)
    file.write_bytes(old)
    assert faults(farm) == ["CHECKPOINT_OLD checkpoint"]
    render(farm, 200)
    assert faults(farm) == []


def test_command_says_which_log_is_missing_and_counts_the_ones_in_order(
    farm: Farm, capsys: pytest.CaptureFixture[str]
) -> None:
    render(farm, 0)
    assert cli.main(["check"]) == 0
    assert (
        "12 leaves, 12 under the checkpoint, 1 checkpoints, 0 cosignatures: in order"
        in capsys.readouterr().out
    )
    assert cli.main(["check", "--production", str(uuid.uuid4())]) == 1
    with pytest.raises(SystemExit) as misuse:
        cli.main(["check", "--production", "everything"])
    assert misuse.value.code == 2
    call_command("checklog", production=production(farm))
    call_command("drainlog")
