"""Known answers for the log, written by other code from the specifications' own definitions."""

import json
from pathlib import Path

import pytest

from tests.trustcore.bundling import some_entries
from tests.vectors import make_log
from trustcore.errors import InvalidEvidence
from trustcore.log.checkpoint import NoteVerifier, encode_checkpoint, encode_vkey, verify_checkpoint
from trustcore.log.merkle import (
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_of,
    root_from_leaves,
    verify_consistency,
    verify_inclusion,
)
from trustcore.receipt import encode_entry, parse_entry
from trustcore.signing import Ed25519Signer

VECTORS = json.loads((Path(__file__).resolve().parents[1] / "vectors" / "log.json").read_bytes())
ENTRIES = [text.encode() for text in VECTORS["entries"]]
LEAVES = [leaf_hash(entry) for entry in ENTRIES]
ROOTS = [bytes.fromhex(text) for text in VECTORS["roots"]]
SIZE = len(ENTRIES)


def test_generator_writes_what_is_checked_in():
    assert json.loads(json.dumps(make_log.vectors())) == VECTORS


def test_entries_have_the_recorded_bytes_and_hashes():
    assert [encode_entry(entry) for entry in some_entries(make_log.FRAMES)] == ENTRIES
    assert [parse_entry(data) for data in ENTRIES] == some_entries(make_log.FRAMES)
    assert [leaf.hex() for leaf in LEAVES] == VECTORS["leaf_hashes"]
    assert {json.loads(entry)["t"] for entry in ENTRIES} == {
        *("authorised", "checked", "frame", "marked", "verified", "revoked", "exported")
    }


def test_roots_and_proofs_are_the_recorded_ones():
    nodes = nodes_of(LEAVES)
    assert [root_from_leaves(LEAVES[:size]) for size in range(SIZE + 1)] == ROOTS
    for index, recorded in enumerate(VECTORS["inclusion"]):
        proof = inclusion_proof(index, SIZE, nodes)
        assert [item.hex() for item in proof] == recorded
        verify_inclusion(LEAVES[index], index, SIZE, proof, ROOTS[SIZE])
    for old, recorded in enumerate(VECTORS["consistency"], start=1):
        proof = consistency_proof(old, SIZE, nodes)
        assert [item.hex() for item in proof] == recorded
        verify_consistency(old, ROOTS[old], SIZE, ROOTS[SIZE], proof)


def test_the_recorded_checkpoint_verifies_and_is_what_we_would_sign():
    note, vkey = VECTORS["checkpoint"]["note"].encode(), VECTORS["checkpoint"]["vkey"]
    checkpoint = verify_checkpoint(note, [NoteVerifier.parse(vkey)])
    assert (checkpoint.size, checkpoint.root) == (SIZE, ROOTS[SIZE])
    signer = Ed25519Signer(make_log.KEY)
    assert encode_checkpoint(checkpoint, signer) == note
    assert encode_vkey(checkpoint.origin, signer.public_key) == vkey
    with pytest.raises(InvalidEvidence):
        verify_checkpoint(note.replace(b"\n%d\n" % SIZE, b"\n%d\n" % (SIZE - 1)), [NoteVerifier.parse(vkey)])
