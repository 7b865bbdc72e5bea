"""A witness as a process of its own: keygen, run, kill, restart; forks, roll-backs, and what it shows."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from trustmark_witness import cli
from trustmark_witness.config import ConfigInvalid, read_config
from trustmark_witness.state import StateUnusable, WitnessState

from tests.growing import ORIGIN, VERIFIER, GrowingLog, served
from trustcore.log.checkpoint import NoteVerifier, parse_checkpoint_text, parse_note, verify_checkpoint
from trustcore.log.cosignature import Cosignature, parse_witness_key, witness_verifier
from trustcore.log.merkle import verify_consistency
from trustcore.log.tiles import ReadTiles
from trustcore.log.witness import Submission, origin_hash

ROOT = Path(__file__).resolve().parents[2]
NAME = "guild.example/witness"
ALONE = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": f"{ROOT}:{ROOT / 'clients/witness'}",
    "HOME": "/nonexistent",
}


class Guild:
    """A witness's key, state and command line."""

    def __init__(self, folder: Path) -> None:
        self.key, self.state = folder / "witness.key", folder / "state"
        assert self.main("keygen", "--name", NAME, "--out", self.key) == 0
        name, signer = parse_witness_key(self.key.read_text())
        self.verifier = witness_verifier(name, signer.public_key)

    def main(self, *arguments: object) -> int:
        return cli.main([str(one) for one in arguments])

    def once(self, url: str) -> int:
        return self.main(
            "run", "--log", url, "--vkey", VERIFIER.vkey, "--key", self.key, "--state", self.state, "--once"
        )

    def start(self, url: str, *more: str) -> subprocess.Popen[str]:
        command = [
            sys.executable, "-m", "trustmark_witness", "run", "--log", url, "--vkey", VERIFIER.vkey, "--key",
            str(self.key), "--state", str(self.state), *more,
        ]  # fmt: skip
        return subprocess.Popen(command, env=ALONE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)

    @property
    def folder(self) -> Path:
        return self.state / origin_hash(ORIGIN)

    def last(self) -> Any:
        return parse_checkpoint_text(parse_note((self.folder / "checkpoint").read_bytes()).text)

    def evidence(self) -> dict[str, str]:
        return {path.name: path.read_text() for path in sorted((self.folder / "evidence").glob("*"))}


@pytest.fixture
def guild(tmp_path: Path) -> Guild:
    return Guild(tmp_path)


@pytest.fixture
def log(tmp_path: Path) -> GrowingLog:
    log = GrowingLog(tmp_path / "log")
    log.grow(300)
    return log


@pytest.fixture
def address(log: GrowingLog) -> Iterator[tuple[str, list[bytes]]]:
    with served(log.folder) as found:
        yield found


def test_keygen_prints_a_vkey_and_writes_a_key_for_its_owner_alone(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    guild = Guild(tmp_path)
    assert NoteVerifier.parse(capsys.readouterr().out) == guild.verifier
    assert guild.key.stat().st_mode & 0o777 == 0o600
    assert guild.main("keygen", "--name", NAME, "--out", guild.key) == 2, "a key is never written over"
    assert guild.main("keygen", "--name", "two words", "--out", tmp_path / "other") == 2


def test_log_that_grows_is_cosigned_and_the_line_is_brought_to_it(
    guild: Guild, log: GrowingLog, address: tuple[str, list[bytes]]
) -> None:
    url, pushed = address
    assert guild.once(url) == 0
    log.grow(700)
    assert guild.once(url) == 0
    assert guild.once(url) == 0
    sizes = [verify_checkpoint(note, [VERIFIER]).size for note in pushed]
    assert sizes == [300, 1000, 1000], "an unchanged log is brought its line again, in case it was lost"
    for note in pushed:
        seen = Cosignature.verified(parse_note(note), guild.verifier)
        assert abs(seen.seen_at - time.time()) < 60
    assert pushed[1] == pushed[2] == (guild.folder / "checkpoint").read_bytes()
    assert guild.last().size == 1000


def test_unreachable_log_is_no_alarm_and_a_strange_key_is(
    guild: Guild, log: GrowingLog, address: tuple[str, list[bytes]], capsys: pytest.CaptureFixture[str]
) -> None:
    assert guild.once("http://127.0.0.1:9") == 1
    assert "UNREACHABLE" in capsys.readouterr().out
    log.put("checkpoint", log.note().replace(b"\n300\n", b"\n299\n"))
    assert guild.once(address[0]) == 4
    assert "INVALID" in capsys.readouterr().err
    assert not guild.folder.exists()


@pytest.mark.req("BX-002")
@pytest.mark.parametrize("size", [300, 301, 299, 900])
def test_forked_log_is_refused_and_both_checkpoints_are_kept(
    guild: Guild, log: GrowingLog, tmp_path: Path, capsys: pytest.CaptureFixture[str], size: int
) -> None:
    with served(log.folder) as (url, _):
        assert guild.once(url) == 0
    before = (guild.folder / "checkpoint").read_bytes()
    fork = GrowingLog(tmp_path / "fork")
    fork.grow(100)
    note = fork.grow(size - 100, history="second")
    with served(fork.folder) as (url, pushed):
        assert guild.once(url) == 4
    assert not pushed, "nothing is cosigned"
    assert (guild.folder / "checkpoint").read_bytes() == before
    kept = guild.evidence()
    report = next(text for name, text in kept.items() if name.endswith(".txt"))
    verdict = "UNPROVEN" if size < 300 else "FORKED"  # a shorter tree alone does not lead to the longer one
    assert report.startswith(f"{verdict}: {ORIGIN}")
    for checkpoint in (log.root(), fork.root()):
        assert checkpoint.hex() in report
    assert f"size {size}" in report
    assert "size 300" in report
    assert {before.decode(), note.decode()} <= set(kept.values())
    assert "evidence" in capsys.readouterr().err


def test_log_put_back_to_an_old_state_is_refused(
    guild: Guild, log: GrowingLog, tmp_path: Path, address: tuple[str, list[bytes]]
) -> None:
    assert guild.once(address[0]) == 0
    restored = GrowingLog(tmp_path / "restored")
    restored.grow(200)
    with served(restored.folder) as (url, _):
        assert guild.once(url) == 4, "its files do not reach what was signed"
    assert guild.last().size == 300
    assert any(text.startswith("UNPROVEN") for text in guild.evidence().values())
    log.put("checkpoint", log.note(200))
    assert guild.once(address[0]) == 0, "an old checkpoint from a cache is consistent: no alarm, no signature"
    assert guild.last().size == 300


def test_damaged_tile_is_no_proof_against_the_log_and_gets_no_cosignature(
    guild: Guild, log: GrowingLog, address: tuple[str, list[bytes]]
) -> None:
    assert guild.once(address[0]) == 0
    log.grow(500)
    tile = log.read("tile/0/001")
    log.put("tile/0/001", bytes([tile[0] ^ 1]) + tile[1:])
    assert guild.once(address[0]) == 4
    assert guild.last().size == 300
    assert [text[:8] for name, text in guild.evidence().items() if name.endswith(".txt")] == ["UNPROVEN"]
    log.put("tile/0/001", tile)
    assert guild.once(address[0]) == 0
    assert guild.last().size == 800


def test_partial_tile_that_is_gone_is_cut_from_the_full_one(
    guild: Guild, log: GrowingLog, address: tuple[str, list[bytes]]
) -> None:
    assert guild.once(address[0]) == 0
    late = log.grow(100)
    log.grow(300)
    for path in log.folder.glob("tile/0/*.p/*"):
        path.unlink()
    log.put("checkpoint", late)
    assert guild.once(address[0]) == 0
    assert guild.last().size == 400


def test_killed_witness_never_signs_a_smaller_or_another_tree(
    guild: Guild, log: GrowingLog, address: tuple[str, list[bytes]]
) -> None:
    url, pushed = address
    chance = random.Random(7)
    for _ in range(8):
        witness = guild.start(url, "--interval", "0.001")
        until = time.monotonic() + 20
        seen = len(pushed)
        while len(pushed) < seen + 3 and time.monotonic() < until:
            log.grow(chance.randrange(1, 60))
        time.sleep(chance.random() / 20)
        witness.kill()
        witness.communicate()
    signed = [verify_checkpoint(note, [VERIFIER]) for note in pushed]
    assert len(signed) >= 24
    assert [one.size for one in signed] == sorted(one.size for one in signed)
    tiles = ReadTiles(log.read, len(log.entries))
    for one in signed:
        assert tiles.root(one.size) == one.root
    assert guild.last().size >= signed[-1].size, "what left was stored before"
    assert guild.once(url) == 0


def test_state_is_used_by_one_process_and_a_damaged_one_signs_nothing(
    guild: Guild, address: tuple[str, list[bytes]]
) -> None:
    assert guild.once(address[0]) == 0
    with WitnessState(guild.state, guild.verifier):
        assert guild.once(address[0]) == 1
    path = guild.folder / "checkpoint"
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"\n300\n", b"\n100\n"))
    assert guild.once(address[0]) == 1, "whoever could set the witness back would make it sign twice"
    with WitnessState(guild.state, guild.verifier) as state, pytest.raises(StateUnusable):
        state.last(ORIGIN)
    path.write_bytes(whole)
    assert guild.once(address[0]) == 0


def ask(url: str, log: GrowingLog, old: int, size: int, *, proof_from: int | None = None) -> httpx.Response:
    begin = min(size, old if proof_from is None else proof_from)
    tiles = ReadTiles(log.read, len(log.entries))
    proof = tuple(tiles.consistency_proof(begin, size)) if begin else ()
    body = Submission(old, proof, parse_note(log.note(size))).encode()
    return httpx.post(f"{url}/add-checkpoint", content=body)


def test_add_checkpoint_answers_as_the_specification_says(
    guild: Guild, log: GrowingLog, tmp_path: Path, address: tuple[str, list[bytes]]
) -> None:
    witness = guild.start(address[0], "--listen", "127.0.0.1:0", "--interval", "3600", "--push", "")
    assert witness.stdout is not None
    url = f"http://{witness.stdout.readline().split()[-1]}"
    try:
        until = time.monotonic() + 20
        while not (guild.folder / "checkpoint").exists() and time.monotonic() < until:
            time.sleep(0.02)
        log.grow(400)
        stale = ask(url, log, 0, 500)
        assert (stale.status_code, stale.text) == (409, "300\n")
        assert stale.headers["content-type"] == "text/x.tlog.size"
        assert ask(url, log, 300, 500, proof_from=299).status_code == 422
        taken = ask(url, log, 300, 500)
        assert taken.status_code == 200
        line = parse_note(log.note(500) + taken.content)
        assert Cosignature.verified(line, guild.verifier).witness == NAME
        assert ask(url, log, 501, 500).status_code == 400
        assert ask(url, log, 500, 500).status_code == 200
        other = GrowingLog(tmp_path / "other")
        other.grow(500, history="second")
        assert ask(url, other, 500, 500).status_code == 409
        assert any("FORKED" in text for text in guild.evidence().values())
        unknown = parse_note(log.note(600).replace(b"studio.example", b"elsewhere.example"))
        forged = parse_note(log.note(600).replace(b"\n600\n", b"\n601\n"))
        for note, status in ((unknown, 404), (forged, 403)):
            body = Submission(500, (), note).encode()
            assert httpx.post(f"{url}/add-checkpoint", content=body).status_code == status
        for body in (b"", b"old 5\n\n", b"old 05\n\n" + log.note(), b"old 5\nAAAA\n\n" + log.note()):
            assert httpx.post(f"{url}/add-checkpoint", content=body).status_code == 400
        assert httpx.post(f"{url}/elsewhere", content=b"x").status_code == 404
        shown = httpx.get(url).json()
        assert shown["witness"] == NAME
        assert [(one["origin"], one["size"]) for one in shown["logs"]] == [(ORIGIN, 500)]
        seen = httpx.get(url + shown["logs"][0]["path"])
        checkpoint = verify_checkpoint(seen.content, [VERIFIER])
        tiles = ReadTiles(log.read, 700)
        verify_consistency(500, checkpoint.root, 700, log.root(), tiles.consistency_proof(500))
        for path in ("/x/checkpoint", f"/{'0' * 64}/checkpoint", "/../lock", "/state"):
            assert httpx.get(url + path).status_code == 404
    finally:
        witness.terminate()
        assert witness.wait(20) == 0, witness.stderr.read()  # type: ignore[union-attr]
    assert guild.last().size == 500


def test_configuration_names_logs_and_the_keys_that_people_gave(
    guild: Guild, log: GrowingLog, tmp_path: Path, address: tuple[str, list[bytes]]
) -> None:
    config = tmp_path / "witness.toml"
    config.write_text(f'[[log]]\nurl = "{address[0]}"\nvkey = "{log.folder}/vkey"\npush = ""\n')
    assert read_config(config)[0].push_url == ""
    run = ("run", "--config", config, "--key", guild.key, "--state", guild.state, "--once")
    assert guild.main(*run) == 0
    assert not address[1]
    for text in (
        "", "[[log]]\nurl = 'x'\n", "[[log]]\nvkey = 'a+b+c'\n", "[[log]]\nvkey = 7\n", "name = 'x'\n", "[[log]",
        f"[[log]]\nvkey = '{guild.verifier.vkey}'\n",
    ):  # fmt: skip
        config.write_text(text)
        with pytest.raises(ConfigInvalid):
            read_config(config)
        assert guild.main(*run) == 2


def test_witness_needs_the_core_and_httpx_alone() -> None:
    code = (
        "import sys, trustmark_witness.cli\n"
        "print(sorted({m.split('.')[0] for m in sys.modules} & {'django', 'celery', 'receipts', 'psycopg', 'torch'}))"
    )
    done = subprocess.run([sys.executable, "-c", code], env=ALONE, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_witness_installs_beside_the_core_alone_and_is_a_command(
    tmp_path: Path, log: GrowingLog, address: tuple[str, list[bytes]]
) -> None:
    target = tmp_path / "target"
    ignored = shutil.ignore_patterns("__pycache__", "*.egg-info", "build")
    for name in ("trustcore", "clients/witness"):
        source = tmp_path / "source" / name
        shutil.copytree(ROOT / name, source, ignore=ignored)
        options = ["--quiet", "--no-index", "--no-deps", "--no-build-isolation", "--target", target]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, source], check=True, timeout=120)
    assert (target / "trustmark_witness" / "py.typed").exists()

    def trustmark(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-P", target / "bin" / "trustmark", *arguments]
        environment = {"PATH": os.environ["PATH"], "PYTHONPATH": str(target), "HOME": "/nonexistent"}
        return subprocess.run(
            list(map(str, command)),
            env=environment,
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )

    made = trustmark("witness", "keygen", "--name", NAME, "--out", "w.key")
    assert made.returncode == 0, made.stderr
    run = (
        "witness",
        "run",
        "--log",
        address[0],
        "--vkey",
        log.folder / "vkey",
        "--key",
        "w.key",
        "--state",
        "state",
    )
    done = trustmark(*run, "--once")
    assert (done.returncode, done.stdout) == (0, f"COSIGNED: {ORIGIN} at 300\n"), done.stderr
    (tmp_path / "old").write_bytes(log.note(200))
    compared = trustmark(
        "log",
        "compare",
        "old",
        f"{address[0]}/checkpoint",
        "--vkey",
        log.folder / "vkey",
        "--log-url",
        address[0],
    )
    assert compared.returncode == 0, compared.stderr
    assert compared.stdout.startswith("CONSISTENT")
