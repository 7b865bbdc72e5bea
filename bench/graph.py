"""The graph at size: ancestors of a deliverable, and assets by model and reference, against a read by primary key.

python bench/graph.py                     # a fiftieth of the bar's graph, minutes
python bench/graph.py --share 1           # 5,000,000 assets, 20,000,000 relations: 20 GB of disk, an hour
Made of blocks of fifty assets, each made from up to five before it, the last one a deliverable: it has 47
others behind it. Two fifths of them are a model's; one model made a third, and one reference went into a tenth of all
runs. The questions are asked in turns with the read, in one process, through the functions that the API calls.

Bar: the 95th percentile of the queries at most twenty times that of the read. *Answers* are the same questions with
every row read and every name resolved, against a read through the same mapper; they have no bar.
"""

from __future__ import annotations

import argparse
import random
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

from bench.figures import say  # noqa: E402
from bench.filling import columns_of, let_in  # noqa: E402
from bench.house import open_house  # noqa: E402

ASSETS, BLOCK, PARENTS, SOURCES, RUNS = 5_000_000, 50, 5, 10, 20
MODELS, BAR, CHUNK = 100, 20.0, 100_000
KIND = {
    "asset": "1",
    "version": "2",
    "class": "3",
    "relation": "4",
    "run": "5",
    "input": "6",
    "output": "7",
    "model": "8",
}


def main() -> int:
    """Fill, ask, print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--share", type=float, default=0.02, help="of the bar's graph")
    parser.add_argument("--times", type=int, default=300, help="that each question is asked")
    given = parser.parse_args()
    with open_house() as house:
        blocks = max(20, int(ASSETS * given.share) // BLOCK)
        desk, production = _fill(house.database_url, blocks)
        return _measure(desk, production, blocks, given.times)


def key_of(kind: str, number: int) -> UUID:
    """The id of the ``number``-th row of a kind: as the filled tables have it."""
    return UUID(f"0190{KIND[kind]}000-0000-7000-8000-{number:012x}")


def _sql_key(kind: str, number: str) -> str:
    return f"('0190{KIND[kind]}000-0000-7000-8000-' || lpad(to_hex({number}), 12, '0'))::uuid"


def _fill(url: str, blocks: int) -> tuple[Any, Any]:
    """One real film as the pattern, then every table from it, a chunk of assets at a time."""
    import psycopg

    from provenance.graph.services import record_batch
    from tests import factories
    from tests.provenance.graph.conftest import film_specs

    token, _, _ = factories.make_live_token()
    desk = factories.make_producer(token.production.organisation)
    record_batch(principal=desk, production_id=token.production_id, specs=film_specs(token.jti))
    begun = time.monotonic()
    with psycopg.connect(url) as wire:
        tables = _patterns(wire)
        let_in(wire, list(tables))
        _insert(wire, tables["provenance_generativemodel"], f"generate_series(0, {MODELS - 1}) n", {
            "id": _sql_key("model", "n"), "name": "'model ' || n", "sha256": "''", "asset_version_id": "null::uuid"})  # fmt: skip
        for first in range(0, blocks * BLOCK, CHUNK):
            _chunk(wire, tables, first, min(first + CHUNK, blocks * BLOCK))
            wire.commit()
            done = min(first + CHUNK, blocks * BLOCK)
            say(f"{done:,} assets after {time.monotonic() - begun:,.0f} s")
    with psycopg.connect(url, autocommit=True) as wire:
        wire.execute("vacuum analyze")
        stored = wire.execute("select pg_database_size(current_database())").fetchone()
        edges = wire.execute("select count(*) from provenance_relation").fetchone()
    assert stored
    assert edges
    say(
        f"{blocks * BLOCK:,} assets, {edges[0]:,} relations, {stored[0] / 1e9:,.1f} GB after {time.monotonic() - begun:,.0f} s"
    )
    return desk, token.production


def _patterns(wire: Any) -> dict[str, tuple[str, list[str], UUID]]:
    """For each table: its name, its columns, and the row that the others are copied from."""
    found = {}
    for name in ("graphasset", "assetversion", "classification", "relation", "generativemodel", "generationrecord",
                 "generationinput", "generationoutput"):  # fmt: skip
        table = f"provenance_{name}"
        row = wire.execute(f"select id from {table} order by id desc limit 1").fetchone()
        found[table] = (table, columns_of(wire, table), row[0])
    return found


def _insert(wire: Any, table: tuple[str, list[str], UUID], source: str, instead: dict[str, str]) -> None:
    name, columns, pattern = table
    values = ", ".join(instead.get(column, f"s.{column}") for column in columns)
    wire.execute(
        f"insert into {name} ({', '.join(columns)}) select {values} from {name} s, {source}"
        f" {'' if source.endswith('and') else 'where'} s.id = %s",
        [pattern],
    )


def _chunk(wire: Any, tables: dict[str, tuple[str, list[str], UUID]], first: int, end: int) -> None:
    rows = f"generate_series({first}, {end - 1}) n"
    place = f"mod(n, {BLOCK})"
    is_run = f"{place} >= {SOURCES} and {place} < {SOURCES + RUNS}"
    kind = f"case when {place} = {BLOCK - 1} then 'DELIVERABLE' when {place} < {SOURCES} then 'CAPTURE' else 'IMAGE' end"
    _insert(wire, tables["provenance_graphasset"], rows, {
        "id": _sql_key("asset", "n"), "kind": kind, "name": "'asset ' || n", "external_id": "''"})  # fmt: skip
    _insert(wire, tables["provenance_assetversion"], rows, {
        "id": _sql_key("version", "n"), "asset_id": _sql_key("asset", "n"), "number": "1", "output_id": "null::uuid",
        "content_sha256": "encode(sha256(n::text::bytea), 'hex')", "frame_first": "null::int", "frame_last": "null::int"})  # fmt: skip
    _insert(wire, tables["provenance_classification"], rows, {
        "id": _sql_key("class", "n"), "version_id": _sql_key("version", "n"), "number": "1",
        "code": f"case when {place} < {SOURCES} then 'digitalCapture' else 'compositeSynthetic' end"})  # fmt: skip
    # five of those just before: all that is older than the second stands behind what is last
    _insert(wire, tables["provenance_relation"],
            f"{rows} cross join generate_series(1, {PARENTS}) p where {place} >= {SOURCES} and", {
        "id": _sql_key("relation", f"n * {PARENTS} + p - 1"), "child_id": _sql_key("version", "n"),
        "parent_id": _sql_key("version", "n - (array[1, 2, 3, 5, 8])[p]"), "kind": "'COMPOSITED_FROM'",
        "role": "''", "tool": "''", "region": "''", "mask_id": "null::uuid", "generation_id": "null::uuid",
        "frame_first": "null::int", "frame_last": "null::int", "parent_first": "null::int"})  # fmt: skip
    model = _sql_key("model", f"case when mod(n, 3) = 0 then 0 else mod(n, {MODELS}) end")
    runs = f"{rows} where {is_run} and"
    _insert(wire, tables["provenance_generationrecord"], runs, {
        "id": _sql_key("run", "n"), "model_id": model, "external_id": "''", "prompt_id": "null::uuid",
        "negative_prompt_id": "null::uuid"})  # fmt: skip
    _insert(wire, tables["provenance_generationoutput"], runs, {
        "id": _sql_key("output", "n"), "generation_id": _sql_key("run", "n"), "version_id": _sql_key("version", "n")})  # fmt: skip
    # one input of the block, and one that is shared: the first asset of all in a tenth of the runs
    near, shared = f"n - {place}", f"case when mod(n, 10) = 1 then 0 else mod(n, {SOURCES}) * {BLOCK} end"
    for turn, given in ((0, near), (1, shared)):
        _insert(wire, tables["provenance_generationinput"], runs, {
            "id": _sql_key("input", f"n * 2 + {turn}"), "generation_id": _sql_key("run", "n"), "model_id": model,
            "asset_id": _sql_key("asset", given), "version_id": _sql_key("version", given), "role": "'REFERENCE'"})  # fmt: skip


def _measure(desk: Any, production: Any, blocks: int, times: int) -> int:
    from django.db import connection

    from provenance.graph.models import AssetVersion
    from provenance.graph.selectors import Wanted, generated_assets, lineage_of, version_named
    from provenance.graph.selectors.lineage import UP, reached
    from provenance.graph.sights import Sight

    chance = random.Random(20)
    sight = Sight.of(desk)
    hot = Wanted(model=str(key_of("model", 0)), reference=str(key_of("asset", 0)), project=production.pk)

    def deliverable() -> UUID:
        return key_of("version", chance.randrange(blocks) * BLOCK + BLOCK - 1)

    def read() -> None:
        with connection.cursor() as cursor:
            one = key_of("version", chance.randrange(blocks * BLOCK))
            cursor.execute("select * from provenance_assetversion where id = %s", [one])
            assert cursor.fetchone()

    def read_object() -> None:
        AssetVersion.objects.get(pk=key_of("version", chance.randrange(blocks * BLOCK)))

    def ancestors() -> None:
        start = AssetVersion(pk=deliverable(), production=production)
        query = reached(start, UP, 501, sight)
        with connection.cursor() as cursor:
            cursor.execute(query.sql, query.params)
            assert len(cursor.fetchall()) == BLOCK - 2, "the block stands behind it, but for its first two"

    def by_model_and_reference() -> None:
        page = generated_assets(desk, hot, limit=50)
        assert page.rows
        assert {one.run.model_id for one in page.rows} == {key_of("model", 0)}

    def query_alone() -> None:
        from provenance.graph.selectors.finding import page_of_ids

        assert page_of_ids(desk, hot, limit=50)

    def origin() -> None:
        lineage_of(desk, version_named(desk, deliverable()))

    asked: dict[str, Callable[[], None]] = {
        "read by primary key": read,
        "read by primary key, as an object": read_object,
        "ancestors of a deliverable, query": ancestors,
        "assets by model and reference, query": query_alone,
        "ancestors of a deliverable, answer": origin,
        "assets by model and reference, answer": by_model_and_reference,
    }
    taken: dict[str, list[float]] = {name: [] for name in asked}
    for turn in range(times + 20):
        for name, ask in chance.sample(list(asked.items()), len(asked)):
            begun = time.perf_counter()
            ask()
            if turn >= 20:
                taken[name].append(time.perf_counter() - begun)
    reads = {kind: _p95(taken[f"read by primary key{kind}"]) for kind in ("", ", as an object")}
    missed = 0
    say(f"{'':42}{'p50 ms':>10}{'p95 ms':>10}{'times the read':>16}")
    for name, seconds in taken.items():
        ratio = _p95(seconds) / reads[", as an object" if name.endswith("answer") else ""]
        missed += name.endswith("query") and ratio > BAR
        say(f"{name:42}{statistics.median(seconds) * 1e3:10.2f}{_p95(seconds) * 1e3:10.2f}{ratio:16.1f}")
    say(f"bar: queries at most {BAR:g} times the read: {'missed' if missed else 'met'}")
    return 1 if missed else 0


def _p95(seconds: list[float]) -> float:
    return sorted(seconds)[int(0.95 * len(seconds))]


if __name__ == "__main__":
    sys.exit(main())
