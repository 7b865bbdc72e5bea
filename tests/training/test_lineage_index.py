"""The lineage in the process against the recursive query: the same set always, and never an answer that is not current."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from uuid import UUID, uuid4

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.factories import make_studio
from training.lineage import index as index_room
from training.lineage.index import (
    build_index,
    forget,
    index_for,
    keep_snapshot,
    keep_snapshots,
)
from training.lineage.snapshot import (
    SnapshotCorrupt,
    discard_snapshot,
    mark_of_snapshot,
    path_of,
    read_snapshot,
    write_snapshot,
)
from training.lineage.walk import reach
from training.lineage.writing import link, make_node
from training.models import LineageEdge, LineageNode
from training.selectors.lineage import above, below
from training.services.radius import radius_of, root_of
from training.vocabulary import NodeKind

Edges = list[tuple[int, int]]
_KINDS = list(NodeKind)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path: Path) -> Path:
    settings.LINEAGE_FOLDER = str(tmp_path / "lineage")
    return tmp_path / "lineage"


@st.composite
def graphs(draw: st.DrawFn) -> tuple[int, Edges, Edges]:
    """A graph without circles: its nodes, edges before a snapshot and edges after it, by place (parent < child)."""
    nodes = draw(st.integers(2, 24))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(
        lambda two: two[0] != two[1]
    )
    drawn = draw(st.lists(pair.map(lambda two: (min(two), max(two))), unique=True, max_size=60))
    cut = draw(st.integers(0, len(drawn)))
    return nodes, drawn[:cut], drawn[cut:]


def make_nodes(organisation_id: UUID, count: int) -> list[int]:
    """Numbers of new nodes, in their order, of all kinds."""
    return [
        make_node(organisation_id=organisation_id, kind=_KINDS[place % len(_KINDS)], ref=uuid4()).pk
        for place in range(count)
    ]


def write(organisation_id: UUID, numbers: list[int], edges: Edges) -> None:
    link(organisation_id=organisation_id, edges=[(numbers[one], numbers[other]) for one, other in edges])


def agree(organisation_id: UUID, numbers: list[int], roots: list[list[int]]) -> None:
    """Index, recursive query and table say the same of each set of roots, both ways, and of the root over it."""
    index = index_for(organisation_id)
    assert index is not None
    for some in roots:
        assert index.graph.below(some).tolist() == sorted(below(some))
        assert index.graph.above(some).tolist() == sorted(above(some))
        by_index = radius_of(organisation_id, some)
        with pytest.MonkeyPatch.context() as without:
            without.setattr("training.lineage.walk.index_for", lambda _house: None)
            by_query = radius_of(organisation_id, some)
        assert (by_index.reached.by_index, by_query.reached.by_index) == (True, False)
        assert rows_of(by_index.reached.table) == rows_of(by_query.reached.table) == {*some, *below(some)}
        assert (by_index.root, by_index.size, by_index.counts) == (
            by_query.root,
            by_query.size,
            by_query.counts,
        )
        assert by_index.root == root_of(LineageNode.objects.filter(pk__in={*some, *below(some)}))
        assert sum(by_index.counts.values()) == by_index.size


def rows_of(table: str) -> set[int]:
    with connection.cursor() as cursor:
        cursor.execute(f"select number from {table}")
        rows = [number for (number,) in cursor.fetchall()]
    assert len(rows) == len(set(rows)), "a node is reached once"
    return set(rows)


@pytest.mark.django_db
@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(graph=graphs(), data=st.data())
def test_index_and_recursive_query_give_the_identical_set_whatever_the_graph(
    graph: tuple[int, Edges, Edges], data: st.DataObject
) -> None:
    nodes, before, after = graph
    with transaction.atomic():
        house = make_studio().pk
        numbers = make_nodes(house, nodes)
        write(house, numbers, before)
        some = st.lists(st.sampled_from(numbers), min_size=1, max_size=4)
        roots = data.draw(st.lists(some, min_size=1, max_size=4))
        agree(house, numbers, roots)
        if before:
            assert keep_snapshot(house) == path_of(house)
            forget(house)
        write(house, numbers, after)
        agree(house, numbers, roots)  # a snapshot and what came after it
        write(house, numbers, [(one, one + 1) for one in range(nodes - 1)])
        agree(house, numbers, roots)  # the same copy, further edges
        index = index_for(house)
        assert index is not None
        packed = index.graph.packed()
        assert packed.edges == index.graph.edges == LineageEdge.objects.filter(organisation_id=house).count()
        assert all(packed.below(one).tolist() == index.graph.below(one).tolist() for one in roots)
        transaction.set_rollback(True)
    forget(house)


@pytest.fixture
def chain(db: None) -> tuple[UUID, list[int]]:
    """A house and five nodes, each made of the one before."""
    house = make_studio().pk
    numbers = make_nodes(house, 5)
    write(house, numbers, [(one, one + 1) for one in range(4)])
    return house, numbers


@pytest.mark.parametrize(
    "breakage",
    [
        lambda data: data[:-1] + bytes([data[-1] ^ 1]),
        lambda data: bytes([data[0] ^ 1]) + data[1:],
        lambda data: data[:200] + bytes([data[200] ^ 1]) + data[201:],
        lambda data: data[:-4],
        lambda data: data + b"\x00\x00\x00\x00",
        lambda _data: b"",
        lambda _data: b"not a graph at all",
    ],
    ids=["a bit of the rows", "a bit of the seal", "a bit of the head", "cut", "longer", "empty", "else"],
)
def test_a_corrupted_snapshot_is_detected_under_its_code_and_written_anew(
    chain: tuple[UUID, list[int]], breakage: Callable[[bytes], bytes], caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    house, numbers = chain
    place = keep_snapshot(house)
    assert place is not None
    assert read_snapshot(house) is not None
    place.write_bytes(breakage(place.read_bytes()))
    with pytest.raises(SnapshotCorrupt) as broken:
        read_snapshot(house)
    assert broken.value.code == "LINEAGE_SNAPSHOT_CORRUPT"
    forget(house)
    monkeypatch.setattr(
        index_room, "AT_ONCE", 0
    )  # as for a graph that is too large to be read when asked for
    with caplog.at_level(logging.ERROR):
        assert index_for(house) is None, "no answer comes from a broken file"
    assert "LINEAGE_SNAPSHOT_CORRUPT" in caplog.text
    assert not place.exists()
    found = reach(house, numbers[:1])
    assert (found.by_index, rows_of(found.table)) == (False, set(numbers)), "the database answers meanwhile"
    assert keep_snapshots() == 1
    again = reach(house, numbers[:1])
    assert (again.by_index, rows_of(again.table)) == (True, set(numbers))


def test_another_houses_snapshot_is_not_believed(chain: tuple[UUID, list[int]]) -> None:
    house, _numbers = chain
    other = make_studio().pk
    place = keep_snapshot(house)
    assert place is not None
    place.rename(path_of(other))
    with pytest.raises(SnapshotCorrupt):
        read_snapshot(other)


def test_a_snapshot_sealed_under_another_secret_is_not_believed(
    chain: tuple[UUID, list[int]], settings
) -> None:
    house, _numbers = chain
    assert keep_snapshot(house) is not None
    settings.TRUSTMARK_SECRET = "another secret of another deployment, long enough"
    with pytest.raises(SnapshotCorrupt):
        read_snapshot(house)


def test_the_index_sees_edges_of_its_own_open_transaction_and_forgets_them_when_it_is_rolled_back(
    transactional_db: None,
) -> None:
    house = make_studio().pk
    numbers = make_nodes(house, 4)
    with transaction.atomic():
        write(house, numbers, [(0, 1)])
    with transaction.atomic():
        assert reach(house, numbers[:1]).size == 2
    with transaction.atomic():
        write(house, numbers, [(1, 2)])
        found = reach(house, numbers[:1])
        assert (found.by_index, found.size) == (True, 3)
        transaction.set_rollback(True)
    with transaction.atomic():
        write(house, numbers, [(1, 3)])
        found = reach(house, numbers[:1])
        assert (found.by_index, rows_of(found.table)) == (True, {numbers[0], numbers[1], numbers[3]})


def test_a_history_other_than_the_databases_is_noticed_and_the_database_answers(
    chain: tuple[UUID, list[int]], caplog: pytest.LogCaptureFixture
) -> None:
    house, numbers = chain
    index = build_index(house)
    # as a restore leaves it: the last edge has the number that the file knows, and is another one
    write_snapshot(house, index.graph, replace(index.mark, last_one="1 2 1790000000.000000"))
    with caplog.at_level(logging.ERROR):
        found = reach(house, [numbers[3]])
    assert (found.by_index, rows_of(found.table)) == (False, {numbers[3], numbers[4]})
    assert "LINEAGE_INDEX_STRAYED" in caplog.text
    assert not path_of(house).exists()
    found = reach(house, [numbers[0]])
    assert (found.by_index, rows_of(found.table)) == (True, set(numbers)), "and it is read anew"


def test_a_snapshot_is_written_when_a_graph_is_large_and_again_when_it_has_grown(
    chain: tuple[UUID, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, numbers = chain
    assert keep_snapshots() == 0, "small graphs are read when they are asked for"
    monkeypatch.setattr(index_room, "AT_ONCE", 3)
    monkeypatch.setattr(index_room, "LATER_PACKED", 2)
    assert (keep_snapshots(), keep_snapshots()) == (1, 0)
    write(house, numbers, [(0, 2)])
    assert keep_snapshots() == 0
    write(house, numbers, [(0, 3)])
    assert keep_snapshots() == 1
    mark = mark_of_snapshot(house)
    assert mark is not None
    assert mark == build_index(house).mark
    assert mark.edges == 6


def test_an_index_too_far_behind_is_not_used_until_upkeep_has_been_there(
    chain: tuple[UUID, list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    house, numbers = chain
    monkeypatch.setattr(index_room, "AT_ONCE", 0)
    monkeypatch.setattr(index_room, "LATER_MOST", 1)
    assert keep_snapshots() == 1
    assert index_for(house) is not None
    write(house, numbers, [(0, 2), (0, 3)])
    assert index_for(house) is None
    call_command("keeplineage", anew=True)
    index = index_for(house)
    assert index is not None
    assert index.packed == 6


def test_the_database_answers_alone_when_the_index_is_switched_off(
    chain: tuple[UUID, list[int]], settings
) -> None:
    house, numbers = chain
    settings.LINEAGE_INDEX = False
    assert keep_snapshots() == 0
    found = radius_of(house, numbers[2:3])
    assert (found.reached.by_index, found.size) == (False, 3)
    assert rows_of(found.reached.table) == set(numbers[2:])
    discard_snapshot(house)
