"""The tree against the definition in RFC 6962, written down naively."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.log.merkle import (
    EMPTY_ROOT,
    Frontier,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    nodes_of,
    root_from_leaves,
    verify_consistency,
    verify_inclusion,
)

# the inputs of the Certificate Transparency reference tests, and the roots published with them
INPUTS = [bytes.fromhex(text) for text in ("", "00", "10", "2021", "3031", "40414243")] + [
    bytes.fromhex("5051525354555657"),
    bytes.fromhex("606162636465666768696a6b6c6d6e6f"),
]
ROOTS = [
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]
SIZES = st.integers(1, 600)


def naive_root(entries):
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return hashlib.sha256(b"\x00" + entries[0]).digest()
    split = 1
    while split * 2 < len(entries):
        split *= 2
    return hashlib.sha256(b"\x01" + naive_root(entries[:split]) + naive_root(entries[split:])).digest()


def some_entries(count):
    return [index.to_bytes(4, "big") for index in range(count)]


def hashes_of(count):
    return [leaf_hash(entry) for entry in some_entries(count)]


@pytest.mark.parametrize("size", range(1, 9))
def test_roots_are_those_of_the_reference_tests(size):
    assert root_from_leaves([leaf_hash(entry) for entry in INPUTS[:size]]).hex() == ROOTS[size - 1]


def test_the_empty_tree_has_the_hash_of_nothing():
    assert Frontier().root() == EMPTY_ROOT == naive_root([])


@given(st.lists(st.integers(0, 130), max_size=6))
def test_appending_in_batches_gives_the_naive_root(batches):
    frontier, count = Frontier(), 0
    for batch in batches:
        frontier = frontier.append_many(hashes_of(count + batch)[count:])
        count += batch
    assert frontier.size == count
    assert frontier.root() == naive_root(some_entries(count))


@given(SIZES, st.data())
def test_every_leaf_has_a_proof_that_verifies(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes_of(size)
    proof = inclusion_proof(index, size, nodes_of(leaves))
    verify_inclusion(leaves[index], index, size, proof, naive_root(some_entries(size)))


@given(SIZES, st.data())
def test_a_wrong_leaf_index_size_or_proof_is_refused(size, data):
    index = data.draw(st.integers(0, size - 1))
    leaves = hashes_of(size)
    root = root_from_leaves(leaves)
    proof = inclusion_proof(index, size, nodes_of(leaves))
    wrong = [
        (leaf_hash(b"other"), index, size, proof, root),
        (leaves[index], index, size, [*proof, root], root),
        (leaves[index], index, size, proof, leaf_hash(b"other")),
        (leaves[index], size, size, proof, root),
        (leaves[index], -1, size, proof, root),
    ]
    if proof:
        spot = data.draw(st.integers(0, len(proof) - 1))
        bent = [*proof]
        bent[spot] = bytes([bent[spot][0] ^ 1]) + bent[spot][1:]
        wrong += [(leaves[index], index, size, bent, root), (leaves[index], index, size, proof[:-1], root)]
    for arguments in wrong:
        with pytest.raises(InvalidEvidence) as caught:
            verify_inclusion(*arguments)
        assert caught.value.reason is InvalidReason.INCLUSION_INVALID


@given(SIZES, st.data())
def test_every_older_tree_is_shown_to_be_extended(size, data):
    old = data.draw(st.integers(1, size))
    leaves = hashes_of(size)
    proof = consistency_proof(old, size, nodes_of(leaves))
    verify_consistency(old, naive_root(some_entries(old)), size, naive_root(some_entries(size)), proof)


@given(st.integers(2, 300), st.data())
def test_a_rewritten_history_is_refused(size, data):
    old = data.draw(st.integers(1, size - 1))
    changed = data.draw(st.integers(0, old - 1))
    leaves = hashes_of(size)
    rewritten = [*leaves]
    rewritten[changed] = leaf_hash(b"rewritten")
    proof = consistency_proof(old, size, nodes_of(rewritten))
    with pytest.raises(InvalidEvidence) as caught:
        verify_consistency(old, root_from_leaves(leaves[:old]), size, root_from_leaves(rewritten), proof)
    assert caught.value.reason is InvalidReason.CONSISTENCY_INVALID


def test_degenerate_extensions():
    root = root_from_leaves(hashes_of(3))
    verify_consistency(0, EMPTY_ROOT, 3, root, [])
    verify_consistency(3, root, 3, root, [])
    for old, old_root, proof in (
        (0, root, []),
        (3, EMPTY_ROOT, []),
        (3, root, [root]),
        (2, root, []),
        (4, root, []),
    ):
        with pytest.raises(InvalidEvidence):
            verify_consistency(old, old_root, 3, root, proof)


def test_misuse_is_a_value_error():
    nodes = nodes_of(hashes_of(3))
    for call in (
        lambda: inclusion_proof(3, 3, nodes),
        lambda: consistency_proof(0, 3, nodes),
        lambda: consistency_proof(4, 3, nodes),
        lambda: Frontier(3, (b"x" * 32,)),
        lambda: Frontier(1, (b"x",)),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
