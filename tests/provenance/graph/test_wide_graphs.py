"""A hundred thousand things around one: every way of asking ends in bounded time and memory, and says that there is more."""

from __future__ import annotations

import tracemalloc
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from bench.filling import columns_of
from common.errors import Conflict, InvalidInput
from provenance.graph.services import record_batch, recorder
from provenance.graph.specs import EdgeSpec, GenerationSpec, InputSpec, NewRelation, NewVersion, VersionSpec
from tests import factories
from tests.provenance.graph.conftest import Film, edge, thing

pytestmark = pytest.mark.django_db
WIDE = 100_000
TABLES = ("provenance_assetversion", "provenance_classification", "provenance_relation")


def key(kind: int) -> str:
    return f"('0190{kind}000-0000-7000-8000-' || lpad(to_hex(n), 12, '0'))::uuid"


def copied(cursor: Any, table: str, pattern: str, instead: dict[str, str]) -> None:
    columns = columns_of(cursor, table)
    values = ", ".join(instead.get(name, f"s.{name}") for name in columns)
    cursor.execute(
        f"insert into {table} ({', '.join(columns)}) select {values}"
        f" from {table} s, generate_series(1, {WIDE}) n where {pattern}"
    )


def record(film: Film, *specs: Any) -> None:
    record_batch(principal=film.desk, production_id=film.production.pk, specs=list(specs))


@pytest.fixture
def wide(film: Film) -> Film:
    """``plate``, edited into as many versions of ``still``, all of which ``reel`` contains; copied from real rows."""
    record(film, thing("IMAGE", "still", edge("plate", "EDITED_FROM")),
           thing("DELIVERABLE", "reel", edge("still", "CONTAINS")))  # fmt: skip
    still, reel = film.version("still"), film.version("reel")
    with connection.cursor() as cursor:
        # the pattern stood before every check; its copies need not, and it is all undone with the test
        cursor.execute("set constraints all immediate")
        for table in TABLES:
            cursor.execute(f"alter table {table} disable trigger user")
        cursor.execute(
            "select conrelid::regclass::text, conname from pg_constraint where contype = 'f'"
            " and conrelid::regclass::text = any(%s)",
            [list(TABLES)],
        )
        for table, name in cursor.fetchall():
            cursor.execute(f"alter table {table} drop constraint {name}")
        cursor.execute("set constraints all deferred")
        copied(cursor, TABLES[0], f"s.id = '{still}'", {
            "id": key(2), "number": "n + 1", "content_sha256": "encode(sha256(n::text::bytea), 'hex')"})  # fmt: skip
        copied(cursor, TABLES[1], f"s.version_id = '{still}'", {"id": key(3), "version_id": key(2)})
        copied(cursor, TABLES[2], f"s.child_id = '{still}'", {"id": key(4), "child_id": key(2)})
        copied(cursor, TABLES[2], f"s.child_id = '{reel}'", {"id": key(5), "parent_id": key(2)})
        cursor.execute("analyze provenance_relation, provenance_assetversion, provenance_classification")
        # whatever is asked from here on: no statement may run longer
        cursor.execute("set local statement_timeout = '20s'")
    return film


def test_a_hundred_thousand_things_around_one_are_answered_in_parts_or_refused_with_a_code(
    wide: Film,
) -> None:
    reader = factories.signed_in(wide.desk.person)
    plate, reel, still = wide.version("plate"), wide.version("reel"), wide.version("still")

    def asked(address: str, **query: Any) -> Any:
        answer = reader.get(address, query)
        assert answer.status_code == 200, answer.content[:300]
        return answer.json() if address.startswith("/api") else answer.content.decode()

    asked(f"/assets/{wide.version('shot')}/")  # whatever is loaded once is loaded
    with CaptureQueriesContext(connection) as told:
        for address in (f"{plate}/descendants", f"{reel}/origin"):
            answer = asked(f"/api/v1/assets/{address}")
            assert (len(answer["versions"]), answer["is_cut"]) == (500, True), address
        statement = asked(f"/api/v1/assets/{reel}/statement")
        assert (statement["is_cut"], statement["is_complete"]) == (True, False)
        tracemalloc.start()  # it makes everything slow: of the page alone, which holds the most
        page = asked(f"/assets/{reel}/")
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        first = asked(f"/api/v1/assets/{still}/versions")
        second = asked(f"/api/v1/assets/{still}/versions", cursor=first["next_cursor"])
    assert peak < 60_000_000, peak
    assert len(told) < 120, len(told)
    # the portal's list holds fifty and counts the rest of what was reached; the picture holds fewer; both say so
    assert "There is more behind it than a page holds" in page
    assert len(page) < 400_000
    # versions come page by page, without a gap
    numbers = [one["number"] for one in (*first["versions"], *second["versions"])]
    assert numbers == list(range(WIDE + 1, WIDE - 999, -1))
    assert reader.get(f"/api/v1/assets/{still}/versions", {"cursor": "x"}).status_code == 404
    # what would have to be derived again for all of them is refused, with nothing recorded
    record(wide, thing("IMAGE", "paint", origin="GENERATIVE_MODEL"))
    with pytest.raises(Conflict) as refused:
        record(wide, NewRelation(child="external:plate", edge=edge("paint", "COMPOSITED_FROM")))
    assert refused.value.code == "GRAPH_TOO_WIDE"
    # and what has come from a hundred thousand takes no more
    with pytest.raises(InvalidInput) as full:
        record(wide, NewRelation(child="external:reel", edge=edge("plate", "CONTAINS")))
    assert full.value.code == "TOO_MANY_PARENTS"


def test_what_is_too_wide_is_refused_before_anything_is_looked_up(film: Film) -> None:
    parents = tuple(EdgeSpec(parent=str(UUID(int=n)), kind="CONTAINS") for n in range(1001))
    run: dict[str, Any] = {"model_name": "m", "outputs": tuple(thing("IMAGE", f"o {n}") for n in range(30))}
    inputs = tuple(InputSpec(asset=str(UUID(int=n)), role="STYLE") for n in range(201))
    for spec, code in (
        (thing("SHOT", "of all", *parents), "TOO_MANY_PARENTS"),
        (NewVersion(asset="external:shot", version=VersionSpec(parents=parents)), "TOO_MANY_PARENTS"),
        (GenerationSpec(**run, inputs=inputs), "TOO_MANY_EDGES"),
        (GenerationSpec(**run, inputs=inputs[:180]), "TOO_MANY_EDGES"),
    ):
        with CaptureQueriesContext(connection) as told, pytest.raises(InvalidInput) as refused:
            record(film, spec)
        assert refused.value.code == code
        assert len(told) < 20, code
    # one fewer is looked up, and is not there
    answer = factories.signed_in(film.desk.person).post(
        "/api/v1/graph/assets",
        {"project": str(film.production.pk), "assets": [{"kind": "SHOT", "name": "of all", "version": {
            "parents": [{"parent": one.parent, "kind": "CONTAINS"} for one in parents]}}]},
        content_type="application/json",
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) in {(422, "TOO_MANY_PARENTS"), (422, "FIELDS_INVALID")}


def test_as_much_as_may_change_at_once_changes_and_one_more_does_not(
    film: Film, monkeypatch: pytest.MonkeyPatch
) -> None:
    record(film, *(thing("IMAGE", f"still {n}", edge("plate", "EDITED_FROM")) for n in range(6)),
           thing("IMAGE", "paint", origin="GENERATIVE_MODEL"))  # fmt: skip
    change = NewRelation(child="external:plate", edge=edge("paint", "COMPOSITED_FROM"))
    for limit, most in (("_CHANGED_MOST", 6), ("_LOOKED_AT_MOST", 6)):
        with monkeypatch.context() as narrow:
            narrow.setattr(recorder, limit, most)
            with pytest.raises(Conflict) as refused:
                record(film, change)
            assert refused.value.code == "GRAPH_TOO_WIDE"
    monkeypatch.setattr(recorder, "_CHUNK", 2)
    record(film, change)
    reader = factories.signed_in(film.desk.person)
    for n in range(6):
        told = reader.get(f"/api/v1/assets/{film.version(f'still {n}')}/versions").json()["versions"][0]
        assert told["digital_source_type"].endswith(
            "/trainedAlgorithmicMedia"
        )  # it was edited by hand alone before
