"""The lineage in the process against the recursive query of the database, and a whole drill to its signed certificate.

python bench/lineage.py                  # a tenth of the bar's graph: a minute or two
python bench/lineage.py --share 1        # 1,000,000 nodes, 5,000,000 edges: 3 GB of disk, some ten minutes

The graph is one house's: blocks, each below a source of its own. A node was made of five others before it in its block, one
of each fifth of it, so that all of a block lies below its source and most nodes have many ways up. One block has
10,001 nodes, one 100,001. Both sides answer in turns, in one process, to the same asker: numbers of nodes. *index* is
what a takedown does: look whether the copy is current, walk, sort; under it the CPU of both, which says more on a busy machine. *query* is ``training.selectors.lineage`` without the
set that it makes. Each turn compares the two.

The drill is another process, as cold as a worker that has just begun: the snapshot is mapped and its seal checked, the radius
found, counted and rooted, every reached node written down, models planned, the certificate signed and checked. Models
have rows of their own (one in a thousand nodes); other nodes stand for rows that a drill does not read.

Bars: the index takes at most 0.4 of the query's time for 10,000 descendants and 0.15 for 100,000 (medians); the drill
over the whole graph ends within 60 seconds. With a smaller share the same is measured and no bar is judged.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import psutil
import psycopg

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

from bench.figures import say  # noqa: E402
from bench.filling import columns_of, let_in  # noqa: E402
from bench.house import open_house  # noqa: E402

NODES, PARENTS, MODEL_EVERY = 1_000_000, 5, 1_000
SIZES = {10_000: 0.4, 100_000: 0.15}
DRILL_SECONDS = 60.0
KEY = "0190a000-0000-7000-8000-"


def main() -> int:
    """Fill, ask, drill, print; 1 where a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--share", type=float, default=0.1, help="of the bar's graph")
    parser.add_argument("--turns", type=int, default=15, help="that each question is asked")
    parser.add_argument("--drill", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument(
        "--database", help="URL of a migrated database to be thrown away, for servers of our own"
    )
    given = parser.parse_args()
    if given.drill:
        person, house_id, sources = given.drill
        return _drill(UUID(person), UUID(house_id), [UUID(one) for one in sources.split(",")])
    if given.database:
        return _run(given.database, given)
    with open_house() as house:
        return _run(house.database_url, given)


def _run(url: str, given: argparse.Namespace) -> int:
    if given.database:
        os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "trustmark.settings"}
        import django

        django.setup()
    from tests.training.making import House

    blocks, judged = blocks_of(int(NODES * given.share)), given.share >= 1
    people = House()
    first = _fill(url, people, blocks)
    missed = _measure(people.organisation.pk, first, blocks, given.turns, judged=judged)
    return 1 if missed + _drills(people, blocks, judged=judged) else 0


def blocks_of(nodes: int) -> list[int]:
    """Sizes of the blocks: the two that are asked for, and the rest, none above 100,000 descendants."""
    asked = [size + 1 for size in SIZES]
    rest = nodes - sum(asked)
    return asked + [min(100_001, rest - begin) for begin in range(0, max(0, rest), 100_001)]


def key_of(place: int) -> UUID:
    """The id of what the ``place``-th node stands for."""
    return UUID(f"{KEY}{place:012x}")


def begins_of(blocks: list[int]) -> list[int]:
    """Where each block begins; its source stands there."""
    return [sum(blocks[:one]) for one in range(len(blocks))]


def edges_of(blocks: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Parents and children by place: of every node, one of each fifth of what stands before it in its block."""
    chance = np.random.default_rng(20)
    parents, children = [], []
    for begin, size in zip(begins_of(blocks), blocks, strict=True):
        places = np.arange(1, size)
        for fifth in range(PARENTS):
            low, high = places * fifth // PARENTS, places * (fifth + 1) // PARENTS
            some = high > low
            drawn = low[some] + (chance.random(some.sum()) * (high - low)[some]).astype(np.int64)
            parents.append(begin + drawn)
            children.append(begin + places[some])
    order = np.argsort(np.concatenate(children), kind="stable")  # as they were made
    return np.concatenate(parents)[order], np.concatenate(children)[order]


def _kind(place: int, begins: set[int]) -> str:
    if place in begins:
        return "SOURCE"
    return "MODEL" if place % MODEL_EVERY == MODEL_EVERY - 1 else "DERIVATIVE"


def _fill(url: str, people: Any, blocks: list[int]) -> int:
    """Nodes, edges, the head, and rows of the models; the number of the first node."""
    house, nodes, begins = people.organisation.pk, sum(blocks), begins_of(blocks)
    pattern = _a_model(people)
    begun = time.monotonic()
    parents, children = edges_of(blocks)
    with psycopg.connect(url) as wire:
        let_in(wire, ["training_lineagenode", "training_lineageedge", "training_modelversion"])
        wire.execute("set maintenance_work_mem = '512MB'")
        indexes = _without_indexes(wire)
        row = wire.execute("select coalesce(max(number), 0) + 1 from training_lineagenode").fetchone()
        first = int(row[0]) if row else 1
        at = set(begins)
        with wire.cursor().copy(
            "copy training_lineagenode (number, organisation_id, kind, ref) from stdin"
        ) as copy:
            for start in range(0, nodes, 50_000):
                lines = (
                    f"{first + one}\t{house}\t{_kind(one, at)}\t{key_of(one)}\n"
                    for one in range(start, min(nodes, start + 50_000))
                )
                copy.write("".join(lines))
        with wire.cursor().copy(
            "copy training_lineageedge (organisation_id, parent_id, child_id, at) from stdin"
        ) as copy:
            for start in range(0, len(parents), 50_000):
                some = slice(start, start + 50_000)
                pairs = zip(parents[some].tolist(), children[some].tolist(), strict=True)
                copy.write("".join(f"{house}\t{first + one}\t{first + other}\tnow\n" for one, other in pairs))
        wire.execute(
            "select setval(pg_get_serial_sequence('training_lineagenode', 'number'), %s)", [first + nodes]
        )
        wire.execute(
            "update training_lineagehead set edges = c.n, last_edge = c.last from (select count(*) n, max(number) last"
            " from training_lineageedge where organisation_id = %s) c where organisation_id = %s", [house, house])  # fmt: skip
        for statement in indexes:
            wire.execute(statement)
        _models(wire, pattern, house)
        wire.commit()
    with psycopg.connect(url, autocommit=True) as wire:
        wire.execute("vacuum analyze")
        size = wire.execute("select pg_database_size(current_database())").fetchone()
    say(
        f"{nodes:,} nodes, {len(parents):,} edges, {size[0] / 1e9 if size else 0:,.1f} GB after {time.monotonic() - begun:,.0f} s"
    )
    return first


def _without_indexes(wire: psycopg.Connection) -> list[str]:
    """Drop what would be kept up row by row; the statements that make it again."""
    wire.execute("alter table training_lineageedge drop constraint lineage_edge_once")
    rows = wire.execute(
        "select indexname, indexdef from pg_indexes where tablename = 'training_lineageedge' and indexname <> all(%s)",
        [["training_lineageedge_pkey"]],
    ).fetchall()
    for name, _definition in rows:
        wire.execute(f"drop index {name}")
    once = "create unique index lineage_edge_once on training_lineageedge (parent_id, child_id)"
    return [once, *(definition for _name, definition in rows)]


def _most_mb() -> float:
    """The most memory that this process has held; what its parent held before is not counted."""
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM"))


def _a_model(people: Any) -> UUID:
    """One real story from a source to a model, whose last row is the pattern of the others."""
    from tests.training.test_takedowns import a_story

    return UUID(str(a_story(people)["model"].pk))


def _models(wire: psycopg.Connection, pattern: UUID, house: UUID) -> None:
    instead = {"id": "n.ref", "node_id": "n.number", "name": "'model ' || n.number"}
    names = columns_of(wire, "training_modelversion")
    values = ", ".join(instead.get(name, f"s.{name}") for name in names)
    wire.execute(
        f"insert into training_modelversion ({', '.join(names)}) select {values} from training_modelversion s,"
        f" training_lineagenode n where s.id = %s and n.kind = 'MODEL' and n.organisation_id = %s and n.ref <> s.id"
        f" and n.ref::text like '{KEY}%%'",
        [pattern, house],
    )


def _measure(house: UUID, first: int, blocks: list[int], turns: int, *, judged: bool) -> int:
    from django.db import connection

    from training.lineage.index import index_for, keep_snapshot
    from training.selectors.lineage import _DOWN

    begun = time.monotonic()
    place = keep_snapshot(house)
    assert place is not None
    say(f"snapshot of {place.stat().st_size / 1e6:,.0f} MB written after {time.monotonic() - begun:,.1f} s")
    begun = time.monotonic()
    assert index_for(house) is not None
    say(f"mapped and its seal checked after {time.monotonic() - begun:,.2f} s")

    def by_index(root: int) -> list[int]:
        index = index_for(house)
        assert index is not None
        found: list[int] = index.graph.below([root]).tolist()
        return found

    def by_query(root: int) -> list[int]:
        with connection.cursor() as cursor:
            cursor.execute(_DOWN, [[root], [root]])
            return [number for (number,) in cursor.fetchall()]

    missed, backend = 0, _backend()
    say(
        f"{'descendants':>12}{'query ms':>12}{'index ms':>12}{'index/query':>13}{'lowest':>9}{'highest':>9}{'bar':>7}"
    )
    for begin, size, bar in zip(begins_of(blocks), blocks[: len(SIZES)], SIZES.values(), strict=False):
        taken: dict[Callable[[int], list[int]], list[float]] = {by_index: [], by_query: []}
        spent: dict[Callable[[int], list[int]], list[float]] = {by_index: [], by_query: []}
        for turn in range(turns + 2):
            answers = []
            for ask in (by_index, by_query) if turn % 2 else (by_query, by_index):
                at, cpu = time.perf_counter(), sum(_cpu(backend))
                answers.append(ask(first + begin))
                if turn >= 2:
                    taken[ask].append(time.perf_counter() - at)
                    spent[ask].append(sum(_cpu(backend)) - cpu)
            assert sorted(answers[0]) == sorted(answers[1]), "the identical set"
            assert len(answers[0]) == len(set(answers[0])) == size - 1
        ratios = [one / other for one, other in zip(taken[by_index], taken[by_query], strict=True)]
        middle = statistics.median(taken[by_index]) / statistics.median(taken[by_query])
        say(
            f"{size - 1:12,}{statistics.median(taken[by_query]) * 1e3:12.2f}{statistics.median(taken[by_index]) * 1e3:12.2f}"
            f"{middle:13.3f}{min(ratios):9.3f}{max(ratios):9.3f}{bar:7.2f}"
        )
        means = [statistics.mean(spent[ask]) * 1e3 for ask in (by_query, by_index)]
        say(
            f"{'of it CPU':>12}{means[0]:12.2f}{means[1]:12.2f}{means[1] / max(means[0], 1e-9):13.3f}"
            f"  means of both processes, the kernel counts the query's in 10 ms (load {os.getloadavg()[0]:.1f})"
        )
        missed += judged and middle > bar
    return missed


def _drills(people: Any, blocks: list[int], *, judged: bool) -> int:
    """A drill from the source of 100,000, and one from all sources at once, each in a process of its own."""
    missed = 0
    for sources in (begins_of(blocks)[1:2], begins_of(blocks)):
        command = [
            sys.executable,
            str(Path(__file__)),
            "--drill",
            str(people.counsel.person.pk),
            str(people.organisation.pk),
        ]
        command.append(",".join(str(key_of(one)) for one in sources))
        begun = time.monotonic()
        done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT, env=os.environ)
        whole = time.monotonic() - begun
        told = json.loads(done.stdout.splitlines()[-1])
        say(
            f"drill over {told['reached']:,} nodes: {told['seconds']:.1f} s to a checked certificate ({whole:.1f} s with the"
            f" start of Python), radius {told['radius_ms'] / 1e3:.1f} s, {told['items']:,} items, by the"
            f" {'index' if told['by_index'] else 'database'}; memory {told['before_mb']:.0f} MB before,"
            f" {told['peak_mb']:.0f} MB at most; processor {told['cpu'][0]:.1f} s of Python and {told['cpu'][1]:.1f} s of"
            f" PostgreSQL (load {os.getloadavg()[0]:.1f}, {os.cpu_count()} cores)"
        )
        missed += judged and told["seconds"] > DRILL_SECONDS
    return missed


def _backend() -> psutil.Process | None:
    """The process of the database that answers this one, where it runs beside it."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        (pid,) = cursor.fetchone()
    return psutil.Process(pid) if psutil.pid_exists(pid) else None


def _cpu(backend: psutil.Process | None) -> tuple[float, float]:
    """CPU seconds so far: of this process, of its backend (without the helpers of a parallel query)."""
    if backend is None:
        return time.process_time(), 0.0
    times = backend.cpu_times()
    return time.process_time(), times.user + times.system


def _drill(person: UUID, house: UUID, sources: list[UUID]) -> int:
    import django

    django.setup()

    from accounts.models import User
    from accounts.principals import principal_of_person
    from common import keys
    from training.lineage.index import index_for
    from training.services.takedown_work import PREDICATE_TYPE
    from training.services.takedowns import TakedownAsk, open_takedown
    from trustcore.dsse import verify_statement

    principal = principal_of_person(User.objects.get(pk=person), house)
    assert principal is not None
    before = _most_mb()
    backend = _backend()
    begun, spent = time.monotonic(), _cpu(backend)
    ask = TakedownAsk(trigger="CLAIM", reason="A drill.", sources=tuple(sources), is_drill=True)
    case = open_takedown(principal=principal, ask=ask)
    said = verify_statement(bytes(case.certificate or b""), PREDICATE_TYPE, keys.public_keys("DECISION"))
    seconds, cpu = (
        time.monotonic() - begun,
        [one - other for one, other in zip(_cpu(backend), spent, strict=True)],
    )
    assert said.predicate["reached"] == case.reached
    print(
        json.dumps({
            "seconds": seconds, "reached": case.reached, "radius_ms": case.measured["radius_ms"],
            "items": case.items.count(), "by_index": index_for(principal.organisation_id) is not None,
            "before_mb": before, "peak_mb": _most_mb(), "cpu": cpu, "measured": case.measured,
        })
    )  # fmt: skip
    return 0


if __name__ == "__main__":
    sys.exit(main())
