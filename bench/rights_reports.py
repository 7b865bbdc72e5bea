"""Rights reports: from the question to the signed archive, in a house that holds much material.

python bench/rights_reports.py                        # 20,000 originals; a server of its own
python bench/rights_reports.py --originals 200000
python bench/rights_reports.py --database URL         # an empty migrated database that may be thrown away

Each original has its verdict, its edge and its event, each fourth of a model a derivative too. A question goes through
the API's own workflow: written down, writers waited for (a quarter of a second, always), tables, signature, archive
stored. The paper is printed apart and stands beside.

Bar: a rights report at p95 within 2 s, on one original, on one source, on a model made of ``--rows`` originals.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "clients" / "witness")]

from bench.figures import say  # noqa: E402
from bench.house import open_house  # noqa: E402

BAR_MS, A_SOURCE = 2000, 100


def main() -> int:
    """Fill, ask, print; 1 where the bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--originals", type=int, default=20_000, help="that the house holds (20,000)")
    parser.add_argument(
        "--rows", type=int, default=1000, help="originals that the model was trained on (1,000)"
    )
    parser.add_argument("--times", type=int, default=40, help="that each question is asked (40)")
    parser.add_argument("--database", help="an empty migrated database, instead of a server of its own")
    given = parser.parse_args()
    with _opened(given.database):
        story = _fill(given.originals, given.rows)
        return _measure(story, given.times)


@contextmanager
def _opened(url: str | None) -> Iterator[None]:
    if url is None:
        with open_house():
            yield
        return
    import django

    os.environ |= {"DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "trustmark.settings"}
    django.setup()
    yield


def _fill(originals: int, rows: int) -> dict[str, Any]:
    from tests.training.making import House
    from tests.training.test_manifests import make_ask, make_run
    from training.services.manifests import freeze_manifest, release_manifest
    from training.services.runs import ModelAsk, register_models

    house, begun = House(), time.monotonic()
    kind = house.source_class()
    made: list[Any] = []
    while len(made) < originals:
        source = house.source(kind)
        house.rights(source)
        made += _originals(house, source, min(A_SOURCE, originals - len(made)))
        if len(made) % (50 * A_SOURCE) == 0:
            say(f"{len(made):,} originals after {time.monotonic() - begun:,.0f} s")
    chosen = made[:: max(1, originals // rows)][:rows]
    _derive(house, chosen[::4])
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=make_ask(assets=tuple(one.pk for one in chosen), datasets=(("bench", 1),)),
    )
    release_manifest(principal=house.counsel, name=manifest.content_id)
    run = make_run(house, manifest)
    (model,) = register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="bench", version="1", sha256="4" * 64)]
    )
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("analyze")
    say(
        f"{originals:,} originals, {manifest.rows:,} rows in the manifest, after {time.monotonic() - begun:,.0f} s"
    )
    return {"house": house, "asset": chosen[0], "model": model, "rows": manifest.rows}


def _originals(house: Any, source: Any, number: int) -> list[Any]:
    """One by the services, and the others after its pattern: verdict, original, edge and event each."""
    from django.db import transaction

    from audit.models import Event
    from common import clock
    from common.ids import new_id
    from training.lineage.writing import link
    from training.models import LineageNode, PolicyDecision, TrainingAsset

    first = house.admit(source)
    event = Event.objects.get(object_id=str(first.pk), kind="training.asset_judged")
    verdicts: list[PolicyDecision] = []
    assets: list[TrainingAsset] = []
    events: list[Event] = []
    nodes: list[LineageNode] = []
    for turn in range(1, number):
        key = new_id()
        verdict = PolicyDecision.objects.get(pk=first.decision_id) if turn == 1 else _copy(verdicts[0])
        verdict.pk, verdict.subject_id, verdict.created_at = new_id(), key, clock.now()
        node = LineageNode(organisation=house.organisation, kind="ASSET", ref=key)
        asset = _copy(first)
        asset.pk, asset.created_at, asset.external_id = key, clock.now(), f"bench-{key}"
        asset.sha256 = f"{key.int:064x}"
        asset.decision_id = verdict.pk
        told = _copy(event)
        told.pk, told.id, told.at, told.object_id = None, new_id(), clock.now(), str(key)
        verdicts.append(verdict)
        nodes.append(node)
        assets.append(asset)
        events.append(told)
    with transaction.atomic():
        PolicyDecision.objects.bulk_create(verdicts)
        LineageNode.objects.bulk_create(nodes)
        for asset, node in zip(assets, nodes, strict=True):
            asset.node_id = node.pk
        TrainingAsset.objects.bulk_create(assets)
        link(organisation_id=house.organisation.pk, edges=[(source.node_id, node.pk) for node in nodes])
        Event.objects.bulk_create(events)
    return [first, *assets]


def _copy(row: Any) -> Any:
    from copy import copy

    made = copy(row)
    made._state = copy(row._state)
    made._state.adding, made._state.fields_cache = True, {}
    return made


def _derive(house: Any, parents: list[Any]) -> None:
    from tests.training.making import make_derivative
    from training.services.derivatives import register_derivatives

    asks = [make_derivative(one.pk, dataset="bench") for one in parents]
    job = house.job()
    for at in range(0, len(asks), 500):
        register_derivatives(principal=house.engineer, job_id=job.pk, asks=asks[at : at + 500])


def _measure(story: dict[str, Any], times: int) -> int:
    from compliance.rights_paper import paper_of
    from training.selectors.views import VIEWS
    from training.services.reports import ReportAsk
    from training.workflows import produce_report

    house, made = story["house"], {}

    def ask(scope: str, about: Any = "") -> Callable[[], None]:
        def run() -> None:
            row = produce_report(principal=house.counsel, ask=ReportAsk(scope=scope, about=str(about)))
            assert row.state == "DONE", (row.state, row.problem)
            made[scope] = row

        return run

    questions = {
        "one original": ask("ASSET", story["asset"].pk),
        f"one source ({A_SOURCE} originals)": ask("SOURCE", story["asset"].source_id),
        f"one model ({story['rows']:,} rows)": ask("MODEL", story["model"].pk),
    }
    missed = False
    for name, question in questions.items():
        missed |= _told(name, question, times) > BAR_MS
    for name in VIEWS:
        _told(f"{name} view", partial(_viewed, house.counsel, name), times)
    begun = time.monotonic()
    paper_of(made["MODEL"])
    say(
        f"its paper: {(time.monotonic() - begun) * 1000:,.0f} ms, once; archive {made['MODEL'].size_bytes:,} bytes"
    )
    say(f"bar: each report at p95 within {BAR_MS:,} ms: {'missed' if missed else 'held'}")
    return int(missed)


def _viewed(principal: Any, view: str) -> None:
    from common import clock
    from training.selectors.views import view_of

    view_of(principal, view, clock.now())


def _told(name: str, question: Callable[[], Any], times: int) -> float:
    question()
    taken, worked = [], []
    for _ in range(times):
        begun, own = time.monotonic(), time.process_time()
        question()
        taken.append((time.monotonic() - begun) * 1000)
        worked.append((time.process_time() - own) * 1000)
    p95 = statistics.quantiles(taken, n=20)[-1]
    load = os.getloadavg()[0]
    say(
        f"{name}: p50 {statistics.median(taken):,.0f} ms, p95 {p95:,.0f} ms over {times};"
        f" own processor {statistics.median(worked):,.0f} ms (load {load:.1f}, {os.cpu_count()} cores)"
    )
    return p95


if __name__ == "__main__":
    sys.exit(main())
