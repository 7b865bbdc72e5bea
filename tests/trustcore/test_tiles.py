"""Static files of the log, against C2SP tlog-tiles and against the tree in memory."""

import itertools

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trustcore.errors import InvalidEvidence
from trustcore.log.merkle import (
    Frontier,
    inclusion_proof,
    leaf_hash,
    nodes_of,
    root_from_leaves,
    verify_consistency,
    verify_inclusion,
)
from trustcore.log.tiles import (
    ReadTiles,
    Tile,
    entries_path,
    pack_entries,
    parse_tile_path,
    tile_path,
    tiles_of,
    tiles_to_write,
    unpack_entries,
    unpack_hashes,
)


def some_entries(begin, end):
    return [b"entry %d" % index for index in range(begin, end)]


def publish(store, old_size, new_size):
    entries = some_entries(old_size - old_size % 256, new_size)
    for path, data in tiles_to_write(old_size, new_size, entries=entries, fetch=store.__getitem__):
        assert path not in store or store[path] == data
        store[path] = data


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (tile_path(0, 0), "tile/0/000"),
        (tile_path(0, 0, 5), "tile/0/000.p/5"),
        (tile_path(1, 999), "tile/1/999"),
        (tile_path(2, 1000), "tile/2/x001/000"),
        (tile_path(0, 1234067), "tile/0/x001/x234/067"),
        (entries_path(1234067, 255), "tile/entries/x001/x234/067.p/255"),
    ],
)
def test_paths_are_those_of_the_specification(path, expected):
    assert path == expected


@given(st.none() | st.integers(0, 63), st.integers(0, 2**40), st.integers(1, 256))
def test_a_path_reads_back(level, index, width):
    tile = Tile(level, index, width)
    assert parse_tile_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/001.p/256",
        "tile/0/001.p/0",
        "tile/0/001.p/05",
        "tile/0/x000/001",
        "tile/64/000",
        "tile/00/000",
        "tile/0/1000",
        "tile/0/001/002",
        "tile/entries/../000",
        "tile/0/000\n",
        "checkpoint",
    ],
)
def test_another_spelling_of_a_path_is_refused(path):
    with pytest.raises(InvalidEvidence):
        parse_tile_path(path)


@given(st.lists(st.binary(max_size=300), min_size=1, max_size=256))
def test_entry_bundles_read_back(entries):
    data = pack_entries(entries)
    assert data[:2] == len(entries[0]).to_bytes(2, "big")
    assert unpack_entries(data) == entries


def test_entry_bundles_out_of_bounds_are_refused():
    longest = [b"x" * 65_535]
    assert unpack_entries(pack_entries(longest)) == longest
    for entries in ([], [b""] * 257, [b"x" * 65_536]):
        with pytest.raises(ValueError, match=r"."):
            pack_entries(entries)
    for data in (b"\x00", b"\x00\x02x", pack_entries([b"abc"])[:-1], b"\x00\x00" * 257):
        with pytest.raises(InvalidEvidence):
            unpack_entries(data)


def test_hash_tiles_out_of_bounds_are_refused():
    for data in (b"", b"x" * 31, b"x" * 32 * 257):
        with pytest.raises(InvalidEvidence):
            unpack_hashes(data)


@settings(deadline=None, max_examples=25)
@given(st.lists(st.integers(0, 400), min_size=1, max_size=5))
def test_publishing_in_stretches_equals_the_tree_in_memory(stretches):
    store: dict[str, bytes] = {}
    size = 0
    for stretch in stretches:
        publish(store, size, size + stretch)
        size += stretch
        assert {tile.path for tile in tiles_of(size)} <= store.keys()
        leaves = [leaf_hash(entry) for entry in some_entries(0, size)]
        log = ReadTiles(store.__getitem__, size)
        assert log.root() == root_from_leaves(leaves)
        assert log.frontier() == Frontier().append_many(leaves)
        assert list(log.entries()) == some_entries(0, size)


def test_a_log_of_three_levels_is_written_and_read():
    store: dict[str, bytes] = {}
    sizes = [0, 65_000, 65_536, 65_537, 66_100]
    for old, new in itertools.pairwise(sizes):
        publish(store, old, new)
    size = sizes[-1]
    leaves = [leaf_hash(entry) for entry in some_entries(0, size)]
    assert {tile.path for tile in tiles_of(size)} <= store.keys()
    assert "tile/2/000.p/1" in store
    log, nodes, root = ReadTiles(store.__getitem__, size), nodes_of(leaves), root_from_leaves(leaves)
    for index in (0, 255, 256, 65_535, 65_536, size - 1):
        assert log.inclusion_proof(index) == inclusion_proof(index, size, nodes)
        verify_inclusion(leaf_hash(log.entry(index)), index, size, log.inclusion_proof(index), root)
    for old in (1, 255, 65_000, 65_536, size):
        verify_consistency(old, root_from_leaves(leaves[:old]), size, root, log.consistency_proof(old))
        assert log.root(old) == root_from_leaves(leaves[:old])
    assert list(log.entries(66_050)) == some_entries(66_050, size)


def test_a_tile_of_the_wrong_width_is_refused():
    store: dict[str, bytes] = {}
    publish(store, 0, 300)
    log = ReadTiles({**store, "tile/0/001.p/44": store["tile/0/001.p/44"][:-32]}.__getitem__, 300)
    with pytest.raises(InvalidEvidence, match=r"tile/0/001.p/44"):
        log.root()
    log = ReadTiles({**store, "tile/entries/001.p/44": pack_entries([b"x"])}.__getitem__, 300)
    with pytest.raises(InvalidEvidence, match=r"tile/entries/001.p/44"):
        list(log.entries())


def test_misuse_is_a_value_error():
    log = ReadTiles({}.__getitem__, 3)
    for call in (
        lambda: log.entry(3),
        lambda: list(tiles_to_write(256, 300, entries=[b"x"], fetch={}.__getitem__)),
        lambda: list(tiles_to_write(3, 2, entries=[b"x", b"y"], fetch={}.__getitem__)),
    ):
        with pytest.raises(ValueError, match=r"."):
            call()
