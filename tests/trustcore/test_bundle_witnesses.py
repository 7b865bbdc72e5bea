"""Witnesses in a bundle: what they cosigned is an earlier state of the same log; the ones I know are among them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.trustcore import bundling
from tests.trustcore.bundling import Forge, bag_files, some_entries, zip_bytes
from trustcore import cli
from trustcore.bundle import Trust, verify_bundle
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.checkpoint import Checkpoint, encode_checkpoint, parse_note
from trustcore.log.cosignature import cosign, witness_verifier
from trustcore.log.merkle import Frontier, leaf_hash
from trustcore.receipt import encode_entry
from trustcore.signing import Ed25519Signer

GUILD = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x21" * 32), "guild")
STRANGER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x22" * 32), "stranger")
NAME = "guild.example/witness"
VERIFIER = witness_verifier(NAME, GUILD.public_key)
LEAVES = [leaf_hash(encode_entry(entry)) for entry in some_entries()]


def note(size: int = 270, *, leaves: list[bytes] = LEAVES, witness: Ed25519Signer = GUILD) -> bytes:
    """What the guild's witness cosigned of the first ``size`` leaves."""
    root = Frontier().append_many(leaves[:size]).root()
    signed = encode_checkpoint(Checkpoint(bundling.ORIGIN, size, root), bundling.LOG_SIGNER)
    return cosign(parse_note(signed), name=NAME, signer=witness, now=1_788_264_000).encode()


def bundle(folder: Path, cosigned: bytes) -> Path:
    files = bag_files(
        Forge(
            payload=lambda files: files.update(
                {"data/witnesses/1.note": cosigned, "data/witnesses/1.vkey": VERIFIER.vkey.encode() + b"\n"}
            )
        )
    )
    path = folder / "bundle.zip"
    path.write_bytes(zip_bytes(files))
    return path


@pytest.mark.parametrize("size", [1, 255, 256, 257, 270, len(LEAVES)])
def test_what_a_witness_cosigned_is_an_earlier_state_of_this_log(size: int, tmp_path: Path) -> None:
    report = verify_bundle(bundle(tmp_path, note(size)), Trust(witnesses=(VERIFIER,)))
    assert report.witnesses == (f"{NAME} up to entry {size}, at 2026-09-01T12:00:00Z",)


def test_another_history_and_another_hand_are_refused(tmp_path: Path) -> None:
    forked = [*LEAVES[:100], leaf_hash(b"{}"), *LEAVES[101:]]
    for cosigned, reason in (
        (note(leaves=forked), InvalidReason.ROOT_MISMATCH),
        (note(size=len(LEAVES) + 1, leaves=[*LEAVES, leaf_hash(b"{}")]), InvalidReason.ROOT_MISMATCH),
        (note(witness=STRANGER), InvalidReason.SIGNATURE_INVALID),
        (b"nothing", InvalidReason.MALFORMED),
    ):
        with pytest.raises(InvalidEvidence) as refused:
            verify_bundle(bundle(tmp_path, cosigned))
        assert (refused.value.reason, refused.value.path) == (reason, "data/witnesses/1.note")


def test_a_witness_that_i_rely_on_must_be_there_under_the_key_i_have(tmp_path: Path, capsys) -> None:
    path = bundle(tmp_path, note())
    assert cli.main(["bundle", "verify", str(path), "--key", VERIFIER.vkey]) == 0
    assert "Cosigned by guild.example/witness up to entry 270" in capsys.readouterr().out
    other = witness_verifier(NAME, STRANGER.public_key)
    assert cli.main(["bundle", "verify", str(path), "--key", other.vkey]) == 4
    assert "MISSING_SIGNATURE" in capsys.readouterr().err
    (tmp_path / "none").mkdir()
    bare = tmp_path / "none" / "bundle.zip"
    bare.write_bytes(zip_bytes(bag_files()))
    assert verify_bundle(bare).witnesses == ()
    with pytest.raises(InvalidEvidence, match="did not cosign"):
        verify_bundle(bare, Trust(witnesses=(VERIFIER,)))
