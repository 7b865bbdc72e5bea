"""What the world sees of a log: files and their headers, proofs by API, cosignatures, a server that forks."""

from __future__ import annotations

import base64
import subprocess
import sys
import time
import uuid
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.conf import settings as django_settings
from django.db import DatabaseError, connection, transaction
from django.test import Client
from trustmark_witness import cli as witness_cli

from common import clock, keys
from receipts import cli, services
from receipts.inspection import inspect_log
from receipts.models import LogCheckpoint, LogCosignature, ProductionLog, Witness
from receipts.services.tally import recount
from receipts.storage import LogFiles
from tests.receipts.conftest import Farm, make_farm
from tests.receipts.test_log import production, render
from trustcore.log.checkpoint import (
    Checkpoint,
    NoteVerifier,
    encode_checkpoint,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.cosignature import cosign, verify_cosignatures, witness_verifier
from trustcore.log.merkle import leaf_hash, verify_consistency, verify_inclusion
from trustcore.log.proof import parse_log_proof, verify_log_proof
from trustcore.receipt import CheckedEntry, FrameEntry, parse_entry
from trustcore.signing import Ed25519Signer

pytestmark = pytest.mark.django_db
ROOT = Path(__file__).resolve().parents[2]


class Guild:
    """A witness that is accepted here."""

    def __init__(self, name: str = "guild.example/witness") -> None:
        self.name = name
        self.signer = Ed25519Signer(Ed25519PrivateKey.generate())
        self.verifier = witness_verifier(name, self.signer.public_key)
        services.add_witness(vkey=self.verifier.vkey)

    def cosigned(self, note: bytes, *, ahead: int = 0) -> bytes:
        now = int(clock.now().timestamp()) + ahead
        return cosign(parse_note(note), name=self.name, signer=self.signer, now=now).encode()


@pytest.fixture
def guild(db: None) -> Guild:
    return Guild()


def bring(farm: Farm, note: bytes) -> Any:
    return Client(enforce_csrf_checks=True).post(
        f"/log/{production(farm)}/cosignatures", data=note, content_type="text/plain"
    )


def shown(farm: Farm, name: str = "checkpoint") -> bytes:
    return LogFiles(production(farm)).fetch(name)


def log_key(farm: Farm) -> NoteVerifier:
    return NoteVerifier.parse(shown(farm, "vkey").decode())


# -- files


def test_checkpoint_that_the_caller_has_is_not_sent_again(farm: Farm) -> None:
    render(farm, 0)
    address = f"/log/{production(farm)}/checkpoint"
    first = farm.client.get(address)
    assert first["ETag"]
    again = farm.client.get(address, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again["Cache-Control"] == "no-cache"
    render(farm, 100)
    fresh = farm.client.get(address, headers={"If-None-Match": first["ETag"]})
    assert fresh.status_code == 200
    assert fresh["ETag"] != first["ETag"]


def test_partial_tiles_and_bundles_may_be_kept_for_ever(farm: Farm) -> None:
    render(farm, 0)
    for path in ("tile/0/000.p/12", "tile/entries/000.p/12"):
        answer = farm.client.get(f"/log/{production(farm)}/{path}")
        assert answer["Cache-Control"] == "public, max-age=31536000, immutable"
        assert farm.client.head(f"/log/{production(farm)}/{path}").status_code == 200
        known = farm.client.get(f"/log/{production(farm)}/{path}", headers={"If-None-Match": answer["ETag"]})
        assert known.status_code == 304


def test_reader_and_check_that_come_late_get_a_dropped_partial_tile_from_the_full_one(
    farm: Farm, own_log_store: Path
) -> None:
    render(farm, 0)
    late = shown(farm)
    part = {path: shown(farm, path) for path in ("tile/0/000.p/12", "tile/entries/000.p/12")}
    for first in range(100, 1000, 300):
        render(farm, first, 300)
    for path, content in part.items():
        assert not (own_log_store / str(production(farm)) / path).exists()
        assert farm.client.get(f"/log/{production(farm)}/{path}").content == content
    assert farm.client.get(f"/log/{production(farm)}/tile/0/009.p/12").status_code == 404
    # a check that began when `late` was the checkpoint still finds what that covers
    checkpoint = own_log_store / str(production(farm)) / "checkpoint"
    checkpoint.write_bytes(late)
    report = inspect_log(production_id=production(farm))
    assert report is not None
    assert [fault.code for fault in report.faults] == ["CHECKPOINT_OLD"]


# -- proofs by API


def get(farm: Farm, path: str, **query: Any) -> Any:
    return farm.client.get(path, query, headers=farm.headers)


@pytest.mark.req("BX-001")
def test_proof_file_is_verified_without_the_server(farm: Farm, guild: Guild) -> None:
    render(farm, 0)
    bring(farm, guild.cosigned(shown(farm)))
    render(farm, 100)  # a later checkpoint, not cosigned yet
    path = "/api/v1/render/receipts/5/proof"
    answer = get(farm, path, project=production(farm), format="tlog-proof")
    assert answer.status_code == 200
    assert answer["Content-Type"] == "text/plain; charset=utf-8"
    assert answer["Content-Disposition"] == f'attachment; filename="{production(farm)}-5.tlog-proof"'
    proof = parse_log_proof(answer.content)
    proven = verify_log_proof(proof, log_keys=[log_key(farm)], witnesses=[guild.verifier])
    assert proven.index == 5
    assert isinstance(parse_entry(proven.entry), FrameEntry)
    assert proven.checkpoint.size == 12, "rather the cosigned checkpoint"
    late = get(farm, "/api/v1/render/receipts/20/proof", project=production(farm), format="tlog-proof")
    proven = verify_log_proof(parse_log_proof(late.content), log_keys=[log_key(farm)])
    assert proven.checkpoint.size > 20, "the newest, where the cosigned one does not reach"
    plain = get(farm, path, project=production(farm)).json()
    hashes = [base64.b64decode(item) for item in plain["hashes"]]
    leaf = leaf_hash(base64.b64decode(plain["entry"]))
    verify_inclusion(leaf, 5, plain["size"], hashes, base64.b64decode(plain["root_hash"]))


def test_strangers_and_unknown_leaves_get_no_proof(farm: Farm) -> None:
    render(farm, 0)
    stranger = make_farm()
    for form in ("json", "tlog-proof"):
        path = "/api/v1/render/receipts/{}/proof"
        hidden = stranger.client.get(
            path.format(5), {"project": production(farm), "format": form}, headers=stranger.headers
        )
        missing = get(farm, path.format(99), project=production(farm), format=form)
        for answer in (hidden, missing):
            assert (answer.status_code, answer.json()["code"]) == (404, "NOT_FOUND")
    for name in ("consistency", "leaf"):
        path = f"/api/v1/logs/{production(farm)}/{name}"
        hidden = stranger.client.get(path, {"first": 1, "decision": uuid.uuid4()}, headers=stranger.headers)
        assert hidden.status_code == 404


def test_growth_of_the_log_is_proved_between_any_two_sizes(farm: Farm) -> None:
    render(farm, 0, 300)
    old = verify_checkpoint(shown(farm), [log_key(farm)])
    render(farm, 300, 300)
    new = verify_checkpoint(shown(farm), [log_key(farm)])
    path = f"/api/v1/logs/{production(farm)}/consistency"
    for first, second in ((old.size, new.size), (1, old.size), (256, 512), (7, 7)):
        answer = get(farm, path, first=first, second=second).json()
        hashes = [base64.b64decode(item) for item in answer["hashes"]]
        roots = [base64.b64decode(answer[name]) for name in ("first_root", "second_root")]
        verify_consistency(first, roots[0], second, roots[1], hashes)
    answer = get(farm, path, first=old.size).json()
    assert answer["second"] == new.size
    assert base64.b64decode(answer["first_root"]) == old.root
    for query in ({}, {"first": 0}, {"first": 5, "second": 4}, {"first": 1, "second": 10**6}, {"first": "x"}):
        refused = get(farm, path, **query)
        assert (refused.status_code, refused.json()["code"]) == (422, "SIZES_INVALID")


def test_receipt_and_decision_are_found_in_the_log(farm: Farm) -> None:
    lease = farm.lease(0, 9)
    farm.send([farm.row(lease["id"], n, take=2) for n in range(10)])
    path = f"/api/v1/logs/{production(farm)}/leaf"
    found = get(farm, path, lease=lease["id"], frame=4, take=2).json()
    assert (found["leaf_index"], found["kind"], found["published"]) == (6, "frame", True)
    entry = parse_entry(base64.b64decode(found["entry"]))
    assert isinstance(entry, FrameEntry)
    assert entry.frame == 4
    check = get(farm, path, decision=lease["decision_id"]).json()
    assert check["kind"] == "checked"
    stated = parse_entry(base64.b64decode(check["entry"]))
    assert isinstance(stated, CheckedEntry)
    assert stated.decision == lease["decision_id"]
    for query in (
        {"lease": lease["id"], "frame": 4},
        {"lease": lease["id"], "frame": 10**12, "take": 2},
        {"lease": str(uuid.uuid4()), "frame": 4},
        {"decision": str(uuid.uuid4())},
        {"decision": "x"},
    ):
        assert get(farm, path, **query).status_code == 404
    for query in ({}, {"lease": lease["id"]}, {"frame": 4}, {"lease": lease["id"], "frame": "x"}):
        assert get(farm, path, **query).json()["code"] == "LEAF_UNNAMED"


# -- cosignatures


@pytest.mark.req("BX-002")
def test_cosigned_checkpoint_is_published_and_still_verifies_by_the_logs_key_alone(
    farm: Farm, guild: Guild
) -> None:
    render(farm, 0)
    plain = shown(farm)
    answer = bring(farm, guild.cosigned(plain))
    assert (answer.status_code, answer.json()["taken"][0]["witness"]) == (200, guild.name)
    for name in ("checkpoint", "checkpoint.cosigned"):
        served = farm.client.get(f"/log/{production(farm)}/{name}")
        assert served["Cache-Control"] == "no-cache"
        assert verify_checkpoint(served.content, [log_key(farm)]) == verify_checkpoint(plain, [log_key(farm)])
        assert verify_cosignatures(parse_note(served.content), [guild.verifier])
    second = Guild("studio.example/witness")
    assert bring(farm, second.cosigned(plain)).status_code == 200
    assert len(verify_cosignatures(parse_note(shown(farm)), [guild.verifier, second.verifier])) == 2
    render(farm, 100)
    assert len(parse_note(shown(farm)).signatures) == 1
    kept = verify_checkpoint(shown(farm, "checkpoint.cosigned"), [log_key(farm)])
    assert kept.size == 12, "the older one stays, with its own checkpoint"
    seen = farm.client.get(f"/log/{production(farm)}/cosignatures").json()["cosigned"]
    assert [(one["witness"], one["size"]) for one in seen] == [(guild.name, 12), (second.name, 12)]
    assert cli.check_logs(production(farm)) == cli.DONE


def test_late_cosignature_is_kept_and_never_replaces_a_newer_one(farm: Farm, guild: Guild) -> None:
    render(farm, 0)
    old = shown(farm)
    render(farm, 100)
    new = shown(farm)
    assert bring(farm, guild.cosigned(new)).status_code == 200
    assert bring(farm, guild.cosigned(old)).status_code == 200
    assert LogCosignature.objects.count() == 2
    assert shown(farm, "checkpoint.cosigned") == shown(farm)
    assert bring(farm, guild.cosigned(new, ahead=5)).status_code == 200
    assert LogCosignature.objects.count() == 2, "the same again tells nothing new"


def test_cosignatures_that_prove_nothing_are_refused_with_their_code(farm: Farm, guild: Guild) -> None:
    render(farm, 0)
    plain, log = shown(farm), ProductionLog.objects.get()
    signer = keys.signer_for("LOG")

    def signed(size: int, origin: str = log.origin) -> bytes:
        return guild.cosigned(encode_checkpoint(Checkpoint(origin, size, bytes(32)), signer))

    stranger = Ed25519Signer(Ed25519PrivateKey.generate())
    unknown = cosign(parse_note(plain), name="x.example/w", signer=stranger, now=1).encode()
    own = guild.cosigned(encode_checkpoint(Checkpoint(log.origin, 12, bytes(32)), stranger))
    bent = guild.cosigned(plain).replace(b"\n12\n", b"\n11\n")
    cases = [
        (b"", 422, "NOTE_MALFORMED"),
        (b"x" * 70_000, 422, "NOTE_MALFORMED"),
        (plain, 403, "WITNESS_UNKNOWN"),
        (unknown, 403, "WITNESS_UNKNOWN"),
        (own, 422, "SIGNATURE_INVALID"),
        (bent, 422, "SIGNATURE_INVALID"),
        (guild.cosigned(plain, ahead=10_000), 422, "CLOCK_SKEW"),
        (signed(13), 409, "CHECKPOINT_AHEAD"),
        (signed(12), 409, "CHECKPOINT_FORKED"),
        (signed(5), 409, "CHECKPOINT_FORKED"),
        (signed(12, "elsewhere.example/log/x"), 422, "SIGNATURE_INVALID"),
    ]
    for note, status, code in cases:
        answer = bring(farm, note)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert not LogCosignature.objects.exists()
    assert shown(farm) == plain
    assert Client().post(f"/log/{uuid.uuid4()}/cosignatures", plain, "text/plain").status_code == 404
    services.remove_witness(name=guild.name)
    assert bring(farm, guild.cosigned(plain)).json()["code"] == "WITNESS_UNKNOWN"


def test_checkpoint_whose_row_was_lost_with_a_crash_can_still_be_cosigned(farm: Farm, guild: Guild) -> None:
    render(farm, 0)
    old = shown(farm)
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table receipts_logcheckpoint disable trigger user")
        LogCheckpoint.objects.all().delete()
        cursor.execute("alter table receipts_logcheckpoint enable trigger user")
    render(farm, 100)
    assert bring(farm, guild.cosigned(old)).status_code == 200


def test_resigned_checkpoint_keeps_the_cosignatures_of_its_tree(farm: Farm, guild: Guild) -> None:
    render(farm, 0)
    bring(farm, guild.cosigned(shown(farm)))
    keys.rotate_key("LOG")
    services.publish_log(production_id=production(farm))
    assert verify_checkpoint(shown(farm), [log_key(farm)]).size == 12
    assert verify_cosignatures(parse_note(shown(farm)), [guild.verifier])


def test_chain_of_checkpoints_only_grows(farm: Farm) -> None:
    render(farm, 0)
    render(farm, 100)
    sizes = list(LogCheckpoint.objects.order_by("size").values_list("previous", "size"))
    assert sizes == [(None, 12), (12, 23)]
    log = ProductionLog.objects.get()
    for size, previous in ((23, 12), (22, 12), (30, 12), (30, None), (5, None)):
        with pytest.raises(DatabaseError, match="follows the last one"), transaction.atomic():
            LogCheckpoint.objects.create(log=log, size=size, previous=previous, root=bytes(32), note=b"x")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    for table in ("receipts_logcheckpoint", "receipts_logcosignature"):
        with (
            pytest.raises(DatabaseError, match="append-only"),
            transaction.atomic(),
            connection.cursor() as cursor,
        ):
            cursor.execute(f"truncate {table}")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        LogCheckpoint.objects.update(size=99)


def test_witnesses_are_kept_by_a_command(guild: Guild, capsys: pytest.CaptureFixture[str]) -> None:
    key = witness_verifier("actors.example/w", Ed25519PrivateKey.generate().public_key()).vkey
    assert cli.main(["witness", "add", key, "--url", "https://w.example"]) == 0
    assert cli.main(["witness", "list"]) == 0
    said = capsys.readouterr().out
    assert f"actors.example/w  {key}  accepted  has cosigned nothing yet" in said
    assert cli.main(["witness", "remove", "actors.example/w"]) == 0
    assert cli.main(["witness", "remove", "actors.example/w"]) == 1
    assert Witness.objects.get(vkey=key).removed_at is not None
    assert cli.main(["witness", "add", key]) == 0
    assert Witness.objects.get(vkey=key).removed_at is None
    log_key = NoteVerifier.of("x.example/log", Ed25519PrivateKey.generate().public_key()).vkey
    for bad in ("a+b+c", log_key):
        assert cli.main(["witness", "add", bad]) == 1
        assert "VKEY_INVALID" in capsys.readouterr().out


# -- a server that shows two histories


def superuser(*statements: str) -> None:
    tables = (
        "receipts_logentry", "receipts_productionlog", "receipts_logcheckpoint", "receipts_logcosignature",
        "receipts_rendercheck",
    )  # fmt: skip
    with connection.cursor() as cursor:
        for table in tables:
            cursor.execute(f"alter table {table} disable trigger user")
        for statement in statements:
            cursor.execute(statement)
        for table in tables:
            cursor.execute(f"alter table {table} enable trigger user")


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("BX-002")
def test_server_with_a_second_history_is_caught_by_its_witness(
    live_server: Any, tmp_path: Path, settings: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = make_farm()
    render(farm, 0)
    url = f"{live_server.url}/log/{production(farm)}"
    key, state = tmp_path / "witness.key", tmp_path / "state"
    assert witness_cli.main(["keygen", "--name", "guild.example/witness", "--out", str(key)]) == 0
    guild_vkey = capsys.readouterr().out.strip()
    assert cli.main(["witness", "add", guild_vkey]) == 0
    vkey = shown(farm, "vkey").decode()
    run = ["run", "--log", url, "--vkey", vkey, "--key", str(key), "--state", str(state), "--once"]
    assert witness_cli.main(run) == 0
    first = shown(farm)
    assert verify_cosignatures(parse_note(first), [NoteVerifier.parse(guild_vkey)])
    held = tmp_path / "held"
    held.write_bytes(first)
    # the same key and the same name, another history: rows, chain and files begin anew
    superuser(
        "delete from receipts_logcosignature",
        "delete from receipts_logcheckpoint",
        "delete from receipts_logentry",
        "delete from receipts_rendercheck",
        "update receipts_productionlog set size = 0, frontier = ''",
        "update receipts_logpublication set size = 0, checkpoint = '', stale_tile = null",
    )
    recount(log_id=ProductionLog.objects.get(production_id=farm.token.production_id).pk)
    settings.STORAGES = {
        **settings.STORAGES,
        "log": {
            **settings.STORAGES["log"],
            "OPTIONS": {**settings.STORAGES["log"]["OPTIONS"], "location": str(tmp_path / "second")},
        },
    }
    lease = farm.lease(500, 540)["id"]
    assert farm.send([farm.row(lease, n) for n in range(500, 541)]).status_code == 200
    second = shown(farm)
    capsys.readouterr()
    assert witness_cli.main(run) == 4
    report = next(state.glob("*/evidence/*.txt")).read_text()
    sizes = [verify_checkpoint(note, [log_key(farm)]) for note in (first, second)]
    assert report.startswith("FORKED")
    for one in sizes:
        assert f"size {one.size}" in report
        assert one.root.hex() in report
    assert parse_note(shown(farm)).signatures == parse_note(second).signatures, "not cosigned"
    # and by anybody who holds the first checkpoint
    assert cli.main(["check"]) == 0, "from inside, the second history looks whole"
    assert cli.main(["check", "--against", str(held)]) == 4
    assert f"CHECKPOINT_DIFFERS {held}" in capsys.readouterr().out
    compared = subprocess.run(
        [
            sys.executable, "-m", "trustcore.cli", "log", "compare", str(held), f"{url}/checkpoint", "--vkey",
            vkey.strip(), "--log-url", url,
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    assert compared.returncode == 4, compared.stderr
    assert compared.stdout.startswith("FORKED")


@pytest.mark.django_db(transaction=True)
def test_witness_that_is_asked_remembers_what_the_database_forgot(
    live_server: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    farm = make_farm()
    render(farm, 0)
    url = f"{live_server.url}/log/{production(farm)}"
    key, state = tmp_path / "witness.key", tmp_path / "state"
    assert witness_cli.main(["keygen", "--name", "guild.example/witness", "--out", str(key)]) == 0
    guild_vkey = capsys.readouterr().out.strip()
    command = [
        sys.executable, "-m", "trustmark_witness", "run", "--log", url, "--vkey", shown(farm, "vkey").decode(),
        "--key", str(key), "--state", str(state), "--listen", "127.0.0.1:0", "--interval", "0.1",
    ]  # fmt: skip
    environment = {"PATH": "/usr/bin:/bin", "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/witness'}"}
    witness = subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True)
    try:
        assert witness.stdout is not None
        address = f"http://{witness.stdout.readline().split()[-1]}"
        assert cli.main(["witness", "add", guild_vkey, "--url", address]) == 0
        until = time.monotonic() + 30
        while not LogCosignature.objects.exists() and time.monotonic() < until:
            time.sleep(0.1)
        assert LogCosignature.objects.exists()
    finally:
        witness.terminate()
        witness.wait(20)
    assert cli.main(["check", "--ask-witnesses"]) == 0, "a silent witness is no fault"
    witness = subprocess.Popen(
        [*command[:-4], "--listen", address.removeprefix("http://"), "--interval", "3600"],
        env=environment, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    try:
        assert witness.stdout is not None
        assert witness.stdout.readline().startswith("listening")
        capsys.readouterr()
        assert cli.main(["check", "--ask-witnesses"]) == 0
        # everything of ours goes back, files too
        superuser(
            "delete from receipts_logcosignature",
            "delete from receipts_logcheckpoint",
            "delete from receipts_logentry",
            "delete from receipts_rendercheck",
            "update receipts_productionlog set size = 0, frontier = ''",
            "update receipts_logpublication set size = 0, checkpoint = '', stale_tile = null",
        )
        for path in Path(django_settings.STORAGES["log"]["OPTIONS"]["location"]).rglob("checkpoint*"):
            path.unlink()
        cli.main(["check", "--ask-witnesses"])
        said = capsys.readouterr().out
        assert "LOG_ROLLED_BACK" in said
        assert "witness guild.example/witness shows 12" in said
    finally:
        witness.terminate()
        witness.wait(20)
