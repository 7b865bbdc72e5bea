"""Proof files, cosignatures, submissions and comparisons: what holds, and what must not."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.growing import ORIGIN, SIGNER, VERIFIER, GrowingLog, served
from trustcore import cli
from trustcore.errors import InvalidEvidence, InvalidKey, InvalidReason
from trustcore.log.checkpoint import Checkpoint, Note, NoteVerifier, encode_checkpoint, parse_note
from trustcore.log.compare import Verdict, compare_checkpoints, open_checkpoint
from trustcore.log.cosignature import (
    Cosignature,
    cosign,
    encode_witness_key,
    parse_witness_key,
    verify_cosignatures,
    witness_verifier,
)
from trustcore.log.merkle import EMPTY_ROOT, Frontier, edge_of, leaf_hash, leaf_hashes, perfect_levels
from trustcore.log.proof import LogProof, parse_log_proof, verify_log_proof
from trustcore.log.tiles import ReadTiles, cut_tile, entries_path, pack_entries, tile_path
from trustcore.log.witness import (
    Submission,
    WitnessCode,
    WitnessRefused,
    judge_submission,
    parse_submission,
)
from trustcore.signing import Ed25519Signer

GUILD = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
STUDIO = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(2, 34))))
GUILD_KEY = witness_verifier("guild.example/witness", GUILD.public_key)
STUDIO_KEY = witness_verifier("studio.example/witness", STUDIO.public_key)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> GrowingLog:
    log = GrowingLog(tmp_path_factory.mktemp("log"))
    log.grow(700)
    return log


def cosigned(note: bytes, *, now: int = 1_790_000_000) -> bytes:
    return cosign(parse_note(note), name=GUILD_KEY.name, signer=GUILD, now=now).encode()


def proof_of(log: GrowingLog, index: int, note: bytes | None = None) -> LogProof:
    hashes = tuple(ReadTiles(log.read, len(log.entries)).inclusion_proof(index))
    return LogProof(index, hashes, note or log.note(), log.entries[index])


# -- .tlog-proof


@pytest.mark.parametrize("index", [0, 255, 256, 699])
def test_proof_reads_back_and_shows_its_entry(log: GrowingLog, index: int) -> None:
    data = proof_of(log, index, cosigned(log.note())).encode()
    assert data.startswith(b"c2sp.org/tlog-proof@v1\nextra ")
    proof = parse_log_proof(data)
    assert proof.encode() == data
    proven = verify_log_proof(proof, log_keys=[VERIFIER], witnesses=[GUILD_KEY])
    assert (proven.index, proven.entry) == (index, log.entries[index])
    assert proven.checkpoint.size == 700
    assert proven.cosignatures == (Cosignature(GUILD_KEY.name, 1_790_000_000),)


def test_flipped_bit_of_a_proof_is_always_refused(log: GrowingLog) -> None:
    data = proof_of(log, 300, cosigned(log.note())).encode()
    for position in range(len(data)):
        bent = data[:position] + bytes([data[position] ^ 1]) + data[position + 1 :]
        with pytest.raises(InvalidEvidence):
            verify_log_proof(parse_log_proof(bent), log_keys=[VERIFIER], witnesses=[GUILD_KEY])


def test_proof_without_its_entry_needs_it_from_elsewhere(log: GrowingLog) -> None:
    bare = replace(proof_of(log, 5), extra=None)
    assert b"extra" not in bare.encode()
    assert parse_log_proof(bare.encode()) == bare
    with pytest.raises(InvalidEvidence) as caught:
        verify_log_proof(bare, log_keys=[VERIFIER])
    assert caught.value.reason is InvalidReason.MISSING_FILE
    assert verify_log_proof(bare, log_keys=[VERIFIER], entry=log.entries[5]).entry == log.entries[5]
    with pytest.raises(InvalidEvidence) as caught:
        verify_log_proof(proof_of(log, 5), log_keys=[VERIFIER], entry=log.entries[6])
    assert caught.value.reason is InvalidReason.INCLUSION_INVALID


def test_missing_witness_is_refused_unless_the_quorum_is_reached(log: GrowingLog) -> None:
    note = parse_note(cosigned(log.note()))
    both = [GUILD_KEY, STUDIO_KEY]
    assert len(verify_cosignatures(note, both, quorum=1)) == 1
    with pytest.raises(InvalidEvidence, match=r"1 of 2 cosignatures; missing: studio\.example"):
        verify_cosignatures(note, both)
    with pytest.raises(ValueError, match="quorum of 3"):
        verify_cosignatures(note, both, quorum=3)
    line = note.signatures[1]
    wrong = replace(line, signature=line.signature[:-1] + bytes([line.signature[-1] ^ 1]))
    with pytest.raises(InvalidEvidence):
        verify_cosignatures(Note(note.text, (note.signatures[0], wrong)), both, quorum=0)
    late = replace(line, signature=b"\xff" + line.signature[1:])
    with pytest.raises(InvalidEvidence, match="not a time"):
        verify_cosignatures(Note(note.text, (note.signatures[0], late)), [GUILD_KEY])


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"c2sp.org/tlog-proof@v1\n",
        b"c2sp.org/tlog-proof@v1\n\nnote",
        b"c2sp.org/tlog-proof@v2\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 01\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex -1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra ??\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra QQ==\n\nnote",
        b"c2sp.org/tlog-proof@v1\nextra QR==\nindex 1\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\nextra QQ==\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\nQUJD\n\nnote",
        b"c2sp.org/tlog-proof@v1\nindex 1\n" + b"A" * 43 + b"=\n" * 70 + b"\nnote",
        b"\xff\n\nnote",
    ],
)
def test_bytes_that_are_no_proof_are_refused(data: bytes) -> None:
    with pytest.raises(InvalidEvidence) as caught:
        parse_log_proof(data)
    assert caught.value.reason is InvalidReason.MALFORMED


# -- keys of witnesses


def test_witness_key_reads_back_and_never_shows_itself() -> None:
    private = Ed25519PrivateKey.generate()
    text = encode_witness_key("guild.example/witness", private)
    name, signer = parse_witness_key(text + "\n")
    assert (name, signer.public_key) == ("guild.example/witness", private.public_key())
    other = encode_witness_key("guild.example/other", private)
    for bad in (
        "",
        "PRIVATE+KEY+x",
        text[:-4],
        text.replace("guild", "gild"),
        text.replace("PRIVATE", "PUBLIC"),
        "é",
    ):
        with pytest.raises(InvalidKey) as caught:
            parse_witness_key(bad)
        assert text.rsplit("+", 1)[1] not in str(caught.value)
    assert other != text


# -- what a witness decides


def submission(log: GrowingLog, old: int, size: int) -> Submission:
    proof = tuple(ReadTiles(log.read, 700).consistency_proof(old, size)) if old else ()
    return Submission(old, proof, parse_note(log.note(size)))


LOGS = {ORIGIN: [VERIFIER]}


def refused(asked: Submission, seen: Checkpoint | None) -> WitnessRefused:
    with pytest.raises(WitnessRefused) as caught:
        judge_submission(asked, logs=LOGS, seen=seen)
    return caught.value


def test_submission_reads_back_and_is_judged(log: GrowingLog) -> None:
    asked = submission(log, 300, 700)
    assert parse_submission(asked.encode()) == asked
    seen = Checkpoint(ORIGIN, 300, log.root(300))
    assert judge_submission(asked, logs=LOGS, seen=seen).size == 700
    assert judge_submission(submission(log, 0, 300), logs=LOGS, seen=None).root == log.root(300)
    assert judge_submission(Submission(300, (), parse_note(log.note(300))), logs=LOGS, seen=seen) == seen


def test_each_step_of_a_witness_refuses_with_its_own_code_and_status(log: GrowingLog) -> None:
    seen = Checkpoint(ORIGIN, 300, log.root(300))
    asked = submission(log, 300, 700)
    stranger = encode_checkpoint(Checkpoint("other.example/log/x", 700, log.root()), SIGNER)
    unsigned = encode_checkpoint(Checkpoint(ORIGIN, 700, log.root()), GUILD)
    forked = encode_checkpoint(Checkpoint(ORIGIN, 300, log.root(299)), SIGNER)
    hollow = encode_checkpoint(Checkpoint(ORIGIN, 0, log.root(299)), SIGNER)
    cases = [
        (replace(asked, note=parse_note(stranger)), seen, WitnessCode.LOG_UNKNOWN, 404, False),
        (replace(asked, note=parse_note(unsigned)), seen, WitnessCode.SIGNATURE_UNTRUSTED, 403, False),
        (replace(asked, old_size=701), seen, WitnessCode.OLD_SIZE_TOO_LARGE, 400, False),
        (replace(asked, old_size=299), seen, WitnessCode.OLD_SIZE_STALE, 409, False),
        (asked, None, WitnessCode.OLD_SIZE_STALE, 409, False),
        (Submission(300, (), parse_note(forked)), seen, WitnessCode.ROOT_CONFLICT, 409, True),
        (replace(asked, proof=asked.proof[1:]), seen, WitnessCode.INCONSISTENT, 422, True),
        (replace(asked, proof=(*asked.proof, log.root())), seen, WitnessCode.INCONSISTENT, 422, True),
        (asked, Checkpoint(ORIGIN, 300, log.root(299)), WitnessCode.INCONSISTENT, 422, True),
        (Submission(0, (), parse_note(hollow)), None, WitnessCode.ROOT_CONFLICT, 409, True),
    ]  # fmt: skip
    for given, known, code, status, suspect in cases:
        refusal = refused(given, known)
        assert (refusal.reason, refusal.status, refusal.suspect) == (code, status, suspect)
    assert refused(replace(asked, old_size=299), seen).known_size == 300


# -- two checkpoints


def fork_of(tmp_path: Path, common: int, size: int) -> GrowingLog:
    fork = GrowingLog(tmp_path / "fork")
    fork.grow(common)
    fork.grow(size - common, history="second")
    return fork


@pytest.mark.req("BX-002")
def test_any_holder_of_two_checkpoints_catches_a_fork(log: GrowingLog, tmp_path: Path) -> None:
    fork = fork_of(tmp_path, 100, 900)
    one, other = (open_checkpoint(note, [VERIFIER]) for note in (log.note(300), fork.note()))
    found = compare_checkpoints(other, one, fetch=fork.read, log_keys=[VERIFIER])
    assert (found.verdict, found.older, found.newer) == (Verdict.FORKED, one, other)
    for said in (log.root(300).hex(), fork.root().hex(), "size 300", "size 900", ORIGIN):
        assert said in found.report()
    for signature in (*one.note.signatures, *other.note.signatures):
        assert signature.line() in found.report()
    whole = compare_checkpoints(
        one, open_checkpoint(log.note(), [VERIFIER]), fetch=log.read, log_keys=[VERIFIER]
    )
    assert whole.verdict is Verdict.CONSISTENT
    assert compare_checkpoints(one, whole.newer, proof=whole.proof).verdict is Verdict.CONSISTENT


def test_same_size_with_two_roots_needs_no_log_to_be_caught(log: GrowingLog, tmp_path: Path) -> None:
    fork = fork_of(tmp_path, 100, 700)
    one, other = (open_checkpoint(note, [VERIFIER]) for note in (log.note(), fork.note()))
    assert compare_checkpoints(one, other).verdict is Verdict.FORKED
    assert compare_checkpoints(one, one).verdict is Verdict.CONSISTENT


def test_checkpoint_that_the_log_has_dropped_is_caught_by_the_one_it_shows(
    log: GrowingLog, tmp_path: Path
) -> None:
    fork = fork_of(tmp_path, 100, 900)
    one, two = (open_checkpoint(log.note(size), [VERIFIER]) for size in (300, 400))
    found = compare_checkpoints(one, two, fetch=fork.read, log_keys=[VERIFIER])
    assert found.verdict is Verdict.FORKED
    assert found.newer.size == 900
    unsigned = compare_checkpoints(one, two, fetch=fork.read, log_keys=[GUILD_KEY])
    assert unsigned.verdict is Verdict.UNPROVEN


def test_damaged_or_missing_tiles_prove_nothing(log: GrowingLog) -> None:
    one, other = (open_checkpoint(log.note(size), [VERIFIER]) for size in (300, 700))

    def damaged(path: str) -> bytes:
        content = log.read(path)
        return bytes([content[0] ^ 1]) + content[1:] if path == "tile/0/001" else content

    for fetch in (damaged, {}.__getitem__, None):
        assert compare_checkpoints(one, other, fetch=fetch, log_keys=[VERIFIER]).verdict is Verdict.UNPROVEN
    assert compare_checkpoints(one, other, proof=(log.root(),)).verdict is Verdict.UNPROVEN


def test_empty_tree_is_extended_by_every_tree_and_two_logs_are_not_compared(log: GrowingLog) -> None:
    empty = encode_checkpoint(Checkpoint(ORIGIN, 0, EMPTY_ROOT), SIGNER)
    one, other = (open_checkpoint(note, [VERIFIER]) for note in (empty, log.note()))
    assert compare_checkpoints(one, other).verdict is Verdict.CONSISTENT
    name = "other.example/log/x"
    strange = open_checkpoint(
        encode_checkpoint(Checkpoint(name, 700, log.root()), SIGNER),
        [NoteVerifier.of(name, SIGNER.public_key)],
    )
    with pytest.raises(InvalidEvidence, match="two different logs"):
        compare_checkpoints(one, strange)


# -- pieces of the tree


def test_levels_and_edges_are_those_of_a_tree_built_leaf_by_leaf(log: GrowingLog) -> None:
    hashes = leaf_hashes(log.entries[:256])
    assert hashes == [leaf_hash(entry) for entry in log.entries[:256]]
    levels = perfect_levels(hashes)
    assert levels[-1] == [log.root(256)]
    for width in (1, 2, 3, 127, 200, 255, 256):
        assert edge_of(levels, width) == Frontier().append_many(hashes[:width]).hashes


def test_partial_tile_is_cut_from_the_full_one(log: GrowingLog) -> None:
    hashes, bundle = log.read("tile/0/000"), log.read("tile/entries/000")
    assert cut_tile(tile_path(0, 0, 7), hashes) == hashes[: 7 * 32]
    assert cut_tile(entries_path(0, 7), bundle) == pack_entries(log.entries[:7])
    for path, content in ((tile_path(0, 0, 7), hashes[:32]), (entries_path(0, 7), pack_entries([b"x"]))):
        with pytest.raises(InvalidEvidence):
            cut_tile(path, content)


# -- the command


@pytest.fixture
def files(log: GrowingLog, tmp_path: Path) -> Path:
    (tmp_path / "a").write_bytes(log.note(300))
    (tmp_path / "b").write_bytes(cosigned(log.note()))
    (tmp_path / "vkey").write_text(VERIFIER.vkey)
    (tmp_path / "receipt.tlog-proof").write_bytes(proof_of(log, 42, cosigned(log.note())).encode())
    return tmp_path


def command(*arguments: object) -> int:
    return cli.main(["log", *map(str, arguments)])


def test_command_verifies_a_proof_offline(
    files: Path, log: GrowingLog, capsys: pytest.CaptureFixture[str]
) -> None:
    proof = files / "receipt.tlog-proof"
    verify = ("proof", "verify", proof, "--vkey", files / "vkey")
    assert command(*verify, "--witness", GUILD_KEY.vkey) == 0
    said = capsys.readouterr().out
    assert f"Leaf 42 stands in {ORIGIN} of 700 entries" in said
    assert "guild.example/witness at 1790000000" in said
    assert command(*verify, "--witness", GUILD_KEY.vkey, "--witness", STUDIO_KEY.vkey) == 4
    assert "SIGNATURE_INVALID" in capsys.readouterr().err
    both = ("--witness", GUILD_KEY.vkey, "--witness", STUDIO_KEY.vkey, "--quorum", 1)
    assert command(*verify, *both, "--json") == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["leaf_index"], document["entry"]) == (42, log.entries[42].decode())
    assert command("proof", "verify", proof, "--vkey", STUDIO_KEY.vkey) == 4
    proof.write_bytes(proof.read_bytes().replace(b"index 42", b"index 43"))
    assert command(*verify) == 4
    assert "INCLUSION_INVALID" in capsys.readouterr().err


@pytest.mark.req("BX-002")
def test_command_compares_two_checkpoints_and_names_both(
    files: Path, log: GrowingLog, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare = ("compare", files / "a", files / "b", "--vkey", VERIFIER.vkey)
    assert command(*compare) == 4
    assert capsys.readouterr().out.startswith("UNPROVEN")
    assert command(*compare, "--log-dir", log.folder) == 0
    assert command(*compare, "--log-dir", log.folder, "--json") == 0
    shown = json.loads("{" + capsys.readouterr().out.partition("\n{")[2])
    lines = tmp_path / "proof.txt"
    lines.write_text("\n".join(_base64(bytes.fromhex(item)) for item in shown["proof"]))
    assert command(*compare, "--proof", lines) == 0
    lines.write_text(json.dumps({"hashes": [_base64(bytes.fromhex(item)) for item in shown["proof"]]}))
    assert command(*compare, "--proof", lines) == 0
    lines.write_text("{}")
    assert command(*compare, "--proof", lines) == 4
    fork = fork_of(tmp_path, 100, 900)
    (files / "b").write_bytes(fork.note())
    capsys.readouterr()
    with served(fork.folder) as (url, _):
        assert command(*compare, "--log-url", url) == 4
        said = capsys.readouterr().out
        assert (
            command("compare", files / "a", f"{url}/checkpoint", "--vkey", VERIFIER.vkey, "--log-url", url)
            == 4
        )
    assert said.startswith(f"FORKED: {ORIGIN}")
    assert log.root(300).hex() in said
    assert fork.root().hex() in said


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (["proof"], 2),
        (["proof", "verify", "x"], 2),
        (["proof", "verify", "/nonexistent", "--vkey", "a+b+c"], 2),
        (["proof", "verify", "/nonexistent", "--vkey", VERIFIER.vkey], 1),
        (["proof", "verify", "/nonexistent", "--vkey", VERIFIER.vkey, "--quorum", "1"], 2),
        (["proof", "verify", __file__, "--vkey", VERIFIER.vkey], 4),
        (["compare", "a", "b", "--vkey", "/nonexistent"], 2),
        (["compare", "http://127.0.0.1:9/checkpoint", "b", "--vkey", VERIFIER.vkey], 1),
        (["proof", "--help"], 0),
    ],
)
def test_exit_codes_of_the_log_commands_are_stable(arguments: list[str], code: int) -> None:
    assert command(*arguments) == code


def _base64(data: bytes) -> str:
    return base64.b64encode(data).decode()
