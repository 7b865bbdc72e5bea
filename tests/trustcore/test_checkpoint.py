"""Signed notes, checkpoints and cosignatures; with Go's own note package as a second opinion."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from tests import golang
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import (
    Checkpoint,
    Note,
    NoteVerifier,
    encode_checkpoint,
    encode_vkey,
    parse_checkpoint_text,
    parse_note,
    verify_checkpoint,
)
from trustcore.log.cosignature import Cosignature, cosign, witness_verifier
from trustcore.log.merkle import leaf_hash, root_from_leaves
from trustcore.log.tiles import ReadTiles, tiles_to_write
from trustcore.signing import Ed25519Signer

ORIGIN = "studio.example/log/0198c2f4-7c1e-7b44-9d4e-2a6d1c5b9f01"
SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
VERIFIER = NoteVerifier.of(ORIGIN, SIGNER.public_key)
CHECKPOINT = Checkpoint(ORIGIN, 3, root_from_leaves([leaf_hash(b"%d" % n) for n in range(3)]))

# the example in the documentation of golang.org/x/mod/sumdb/note
PETER_VKEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PETER_NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
).encode()

GO_READER = Path(__file__).parent / "data" / "readlog.go"


def test_the_note_of_gos_documentation_verifies():
    note = parse_note(PETER_NOTE)
    note.verify(NoteVerifier.parse(PETER_VKEY))
    assert note.encode() == PETER_NOTE
    with pytest.raises(InvalidEvidence):
        parse_note(PETER_NOTE.replace(b"answer", b"question")).verify(NoteVerifier.parse(PETER_VKEY))


def test_a_checkpoint_is_signed_and_verified():
    data = encode_checkpoint(CHECKPOINT, SIGNER)
    assert verify_checkpoint(data, [VERIFIER]) == CHECKPOINT
    assert data.decode().splitlines()[:2] == [ORIGIN, "3"]
    assert NoteVerifier.parse(encode_vkey(ORIGIN, SIGNER.public_key)) == VERIFIER


def test_one_flipped_bit_of_a_checkpoint_is_always_refused():
    data = encode_checkpoint(CHECKPOINT, SIGNER)
    for position in range(len(data)):
        for bit in range(8):
            bent = data[:position] + bytes([data[position] ^ 1 << bit]) + data[position + 1 :]
            with pytest.raises(InvalidEvidence) as caught:
                verify_checkpoint(bent, [VERIFIER])
            assert caught.value.reason in (InvalidReason.MALFORMED, InvalidReason.SIGNATURE_INVALID)


def test_a_checkpoint_signed_for_another_log_is_refused():
    other = Note(CHECKPOINT.text(), ()).signed_by("other.example/log/x", SIGNER).encode()
    with pytest.raises(InvalidEvidence) as caught:
        verify_checkpoint(other, [NoteVerifier.of("other.example/log/x", SIGNER.public_key)])
    assert caught.value.reason is InvalidReason.KEY_UNTRUSTED
    with pytest.raises(InvalidEvidence) as caught:
        verify_checkpoint(
            encode_checkpoint(CHECKPOINT, Ed25519Signer(Ed25519PrivateKey.generate())), [VERIFIER]
        )
    assert caught.value.reason is InvalidReason.SIGNATURE_INVALID


def test_extension_lines_are_kept():
    checkpoint = Checkpoint(ORIGIN, 3, CHECKPOINT.root, ("extra one", "extra two"))
    assert verify_checkpoint(encode_checkpoint(checkpoint, SIGNER), [VERIFIER]) == checkpoint


@given(st.integers(0, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_the_text_of_a_checkpoint_reads_back(size, root):
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert parse_checkpoint_text(checkpoint.text()) == checkpoint


@pytest.mark.parametrize(
    "text",
    [
        "",
        "o\n1\n",
        "o\n01\nAAAA\n",
        "o\n-1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 43 + "=",
        "o\n1\n\n",
        "\n1\n" + "A" * 43 + "=\n",
        "o\n1\n" + "A" * 42 + "B=\n",
        "o\n99999999999999999999\n" + "A" * 43 + "=\n",
    ],
)
def test_a_text_that_is_no_checkpoint_is_refused(text):
    with pytest.raises(InvalidEvidence):
        parse_checkpoint_text(text)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"text\n",
        b"text\n\n",
        b"text\n\nno dash\n",
        PETER_NOTE[:-1],
        PETER_NOTE + b"\n",
        PETER_NOTE.replace(b"answer", b"an\tswer"),
        PETER_NOTE.replace(b"x08go/", b"x08go*"),
        PETER_NOTE.replace("— Peter".encode(), b"- Peter"),
        b"\xff" + PETER_NOTE,
        PETER_NOTE + PETER_NOTE.splitlines(keepends=True)[-1] * 100,
        b"x" * 1_000_001,
    ],
    ids=range(12),
)
def test_bytes_that_are_no_note_are_refused(data):
    with pytest.raises(InvalidEvidence):
        parse_note(data)


@pytest.mark.parametrize(
    ("vkey", "reason"),
    [
        ("", InvalidReason.MALFORMED),
        (PETER_VKEY.replace("c74f20a3", "c74f20a4"), InvalidReason.MALFORMED),
        (PETER_VKEY.replace("Peter", "Paul"), InvalidReason.MALFORMED),
        (PETER_VKEY.replace("Peter", "Peter "), InvalidReason.MALFORMED),
        (PETER_VKEY[:-1], InvalidReason.MALFORMED),
        (PETER_VKEY.replace("+ARpc", "+CRpc"), InvalidReason.UNSUPPORTED),
        (PETER_VKEY[:-4], InvalidReason.UNSUPPORTED),
    ],
)
def test_a_vkey_that_does_not_fit_itself_is_refused(vkey, reason):
    with pytest.raises(InvalidEvidence) as caught:
        NoteVerifier.parse(vkey)
    assert caught.value.reason is reason


def test_a_key_name_has_no_blank_and_no_plus():
    for name in ("", "a b", "a+b"):
        with pytest.raises(ValueError, match="key name"):
            NoteVerifier.of(name, SIGNER.public_key)


def test_a_witness_says_when_it_saw_the_checkpoint():
    guild = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(range(1, 33))))
    verifier = NoteVerifier.parse(witness_verifier("guild.example/witness", guild.public_key).vkey)
    note = parse_note(encode_checkpoint(CHECKPOINT, SIGNER))
    cosigned = parse_note(
        cosign(note, name="guild.example/witness", signer=guild, now=1_790_000_000).encode()
    )
    assert Cosignature.verified(cosigned, verifier) == Cosignature("guild.example/witness", 1_790_000_000)
    assert verify_checkpoint(cosigned.encode(), [VERIFIER]) == CHECKPOINT
    backdated = bytearray(cosigned.signatures[1].signature)
    backdated[7] ^= 1
    for bent in (
        note,
        Note(cosigned.text.replace("\n3\n", "\n4\n"), cosigned.signatures),
        Note(cosigned.text, (type(note.signatures[0])(verifier.name, verifier.key_id, bytes(backdated)),)),
        Note(cosigned.text, (type(note.signatures[0])(verifier.name, verifier.key_id, b"short"),)),
    ):
        with pytest.raises(InvalidEvidence) as caught:
            Cosignature.verified(bent, verifier)
        assert caught.value.reason is InvalidReason.SIGNATURE_INVALID


@pytest.fixture(scope="module")
def go_reader(tmp_path_factory):
    return golang.build(GO_READER, tmp_path_factory.mktemp("go"))


def test_gos_packages_read_the_log(go_reader, tmp_path):
    size = 70_000
    entries = [b"entry %d" % index for index in range(size)]
    for path, data in tiles_to_write(0, size, entries=entries, fetch={}.__getitem__):
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_bytes(data)
    log = ReadTiles(lambda path: (tmp_path / path).read_bytes(), size)
    (tmp_path / "checkpoint").write_bytes(encode_checkpoint(Checkpoint(ORIGIN, size, log.root()), SIGNER))
    question = [go_reader, tmp_path, VERIFIER.vkey, "0", "255", "65536", str(size - 1)]
    answered = golang.run(*question)
    assert answered.returncode == 0, answered.stderr
    answer = json.loads(answered.stdout)
    assert answer["size"] == size
    for index in (0, 255, 65_536, size - 1):
        assert answer["leaves"][str(index)] == leaf_hash(entries[index]).hex()
        assert answer["proofs"][str(index)] == [item.hex() for item in log.inclusion_proof(index)]
    (tmp_path / "tile/0/000").write_bytes(b"\x00" * 8192)
    refused = golang.run(*question)
    assert refused.returncode != 0
