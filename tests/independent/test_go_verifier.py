"""Our log read by an implementation that is not ours: Go's sumdb packages, in a program built here."""

from __future__ import annotations

import base64
import json
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common import clock
from receipts import services
from receipts.storage import LogFiles
from tests import golang
from tests.growing import VERIFIER, GrowingLog, served
from tests.receipts.conftest import make_farm, own_log_store  # noqa: F401 - a fixture
from tests.receipts.test_log import production, render
from trustcore.log.checkpoint import parse_note
from trustcore.log.cosignature import cosign, witness_verifier
from trustcore.log.tiles import ReadTiles
from trustcore.receipt import FrameEntry, parse_entry
from trustcore.signing import Ed25519Signer

SOURCE = Path(__file__).parent / "go" / "main.go"

Verify = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="session")
def verify(tmp_path_factory: pytest.TempPathFactory) -> Verify:
    """Build the program, answer with a function that runs it."""
    return partial(golang.run, golang.build(SOURCE, tmp_path_factory.mktemp("go")))


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> GrowingLog:
    log = GrowingLog(tmp_path_factory.mktemp("log"))
    log.grow(70_000)
    return log


def flipped(content: bytes, at: int) -> bytes:
    at %= len(content)
    return content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]


@pytest.mark.req("BX-001")
def test_go_verifies_checkpoint_tiles_and_entries_from_files_and_over_http(
    verify: Verify, log: GrowingLog
) -> None:
    indexes = (0, 255, 256, 65_535, 65_536, 69_999)
    with served(log.folder) as (url, _):
        for base in (log.folder, url):
            answer = verify("log", VERIFIER.vkey, base, *indexes)
            assert answer.returncode == 0, answer.stderr
            found = json.loads(answer.stdout)
            assert found["size"] == 70_000
            assert found["entries"] == {str(n): log.entries[n].decode() for n in indexes}


@pytest.mark.req("BX-001")
@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("checkpoint", 3), ("checkpoint", 60), ("checkpoint", 80), ("checkpoint", -20),
        ("tile/0/000", 0), ("tile/0/000", 8191), ("tile/1/000", 40), ("tile/1/001.p/17", 500),
        ("tile/2/000.p/1", 31), ("tile/entries/000", 2), ("tile/entries/000", 33),
    ],
)  # fmt: skip
def test_go_refuses_a_flipped_byte_in_each_file(
    verify: Verify, log: GrowingLog, path: str, place: int
) -> None:
    question = ("log", VERIFIER.vkey, log.folder, 0, 3, 69_999)
    assert verify(*question).returncode == 0
    whole = log.read(path)
    log.put(path, flipped(whole, place))
    refused = verify(*question)
    log.put(path, whole)
    assert refused.returncode == 1
    assert refused.stderr
    assert not refused.stdout


def test_go_verifies_growth_and_refuses_a_flipped_byte_in_the_proof_or_a_fork(
    verify: Verify, log: GrowingLog, tmp_path: Path
) -> None:
    older, newer, lines = (tmp_path / name for name in ("older", "newer", "proof"))
    older.write_bytes(log.note(66_000))
    newer.write_bytes(log.note())
    proof = ReadTiles(log.read, 70_000).consistency_proof(66_000)
    question = ("growth", VERIFIER.vkey, older, newer, lines)

    def give(hashes: list[bytes]) -> subprocess.CompletedProcess[str]:
        lines.write_text("\n".join(base64.b64encode(item).decode() for item in hashes))
        return verify(*question)

    assert json.loads(give(proof).stdout) == {"old": 66_000, "new": 70_000}
    for number, item in enumerate(proof):
        bent = [*proof[:number], flipped(item, number), *proof[number + 1 :]]
        assert give(bent).returncode == 1
    fork = GrowingLog(tmp_path / "fork")
    fork.grow(66_000, history="second")
    older.write_bytes(fork.note())
    assert give(proof).returncode == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.req("BX-001")
def test_go_verifies_what_the_server_serves_and_the_proof_it_gives(
    verify: Verify, live_server: Any, tmp_path: Path
) -> None:
    farm = make_farm()
    render(farm, 0, 300)
    files = LogFiles(production(farm))
    vkey = files.fetch("vkey").decode()
    url = f"{live_server.url}/log/{production(farm)}"
    answer = verify("log", vkey, url, 0, 1, 5, 301)
    assert answer.returncode == 0, answer.stderr
    found = json.loads(answer.stdout)
    assert found["size"] == 302
    assert isinstance(parse_entry(found["entries"]["301"].encode()), FrameEntry)
    signer = Ed25519Signer(Ed25519PrivateKey.generate())
    guild = witness_verifier("guild.example/w", signer.public_key)
    services.add_witness(vkey=guild.vkey)
    now = int(clock.now().timestamp())
    cosigned = cosign(parse_note(files.fetch("checkpoint")), name=guild.name, signer=signer, now=now)
    services.take_cosignatures(production_id=production(farm), body=cosigned.encode())
    assert verify("log", vkey, url, 7).returncode == 0, "a cosigned checkpoint reads as before"
    given = farm.client.get(
        "/api/v1/render/receipts/7/proof",
        {"project": production(farm), "format": "tlog-proof"},
        headers=farm.headers,
    )
    path = tmp_path / "7.tlog-proof"
    path.write_bytes(given.content)
    shown = json.loads(verify("proof", vkey, path, guild.vkey).stdout)
    assert (shown["index"], shown["size"], shown["signatures"]) == (7, 302, 2)
    for place in range(30, len(given.content), 97):
        path.write_bytes(flipped(given.content, place))
        assert verify("proof", vkey, path, guild.vkey).returncode == 1
