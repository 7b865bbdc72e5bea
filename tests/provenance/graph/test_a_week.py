"""A week of a production: thousands of assets of a dozen models, each recorded by the pipeline's own calls, none by hand."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from django.db import connection
from django.test import Client

from provenance.graph.inspection import inspect_graph
from provenance.graph.models import AssetVersion, GenerationRecord
from tests import factories
from tests.provenance.graph.conftest import Film

pytestmark = pytest.mark.django_db
URL = "/api/v1/generations"
MODELS, RUNS, EACH, BATCH = 12, 500, 4, 125


def names_of(number: int) -> list[str]:
    """What one run makes."""
    return [f"still {number}-{one}" for one in range(EACH)]


def run(number: int) -> dict[str, Any]:
    """What a pipeline's hook sends of one run: nothing that a person would type."""
    model = number % MODELS
    return {
        "external_id": f"job-{number}",
        "model": {"name": f"model {model}", "version": "1", "sha256": hashlib.sha256(b"%d" % model).hexdigest()},
        "engine": "farm", "seed": str(number), "guidance_scale": "7", "parameters": {"steps": 30},
        "prompt": f"shot {number}",
        "inputs": [{"asset": "external:plate" if number % 2 else "external:scan", "role": "REFERENCE"}],
        "outputs": [{
            "kind": "VIDEO" if number % 5 == 0 else "IMAGE", "name": name, "external_id": name,
            "version": {"content_sha256": hashlib.sha256(name.encode()).hexdigest()},
        } for name in names_of(number)],
    }  # fmt: skip


def send_week(film: Film, headers: dict[str, str], runs: int) -> None:
    client = Client()
    for first in range(0, runs, BATCH):
        body = {
            "project": str(film.production.pk),
            "generations": [run(number) for number in range(first, min(first + BATCH, runs))],
        }
        answer = client.post(
            URL, body, content_type="application/json", headers=headers | {"Idempotency-Key": f"week-{first}"}
        )
        assert answer.status_code == 201, answer.content[:300]


def found(headers: dict[str, str], **query: str) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    cursor = ""
    while True:
        page = (
            Client()
            .get("/api/v1/graph/assets", {**query, "limit": "200", "cursor": cursor}, headers=headers)
            .json()
        )
        rows += page["results"]
        cursor = page["next_cursor"] or ""
        if not cursor:
            return rows


@pytest.mark.timeout(600)
@pytest.mark.req("GP-006")
def test_thousands_of_assets_of_a_dozen_models_record_themselves_and_every_one_is_found(film: Film) -> None:
    credential, _ = factories.make_credential(
        film.production.organisation, scopes=["asset:read", "asset:write"]
    )
    headers = factories.bearer(credential)
    before = AssetVersion.objects.count()
    send_week(film, headers, RUNS)
    # as the server does by itself: else it plans for tables that were empty before
    with connection.cursor() as cursor:
        cursor.execute(
            "analyze provenance_assetversion, provenance_graphasset, provenance_generationrecord,"
            " provenance_generationoutput, provenance_generationinput, provenance_classification"
        )
    assert AssetVersion.objects.count() == before + RUNS * EACH
    assert GenerationRecord.objects.filter(engine="farm", model__name__startswith="model ").count() == RUNS
    by_model = {model: found(headers, model=f"model {model}@1") for model in range(MODELS)}
    assert {len(rows) for rows in by_model.values()} == {RUNS // MODELS * EACH, (RUNS // MODELS + 1) * EACH}
    names = {row["name"] for rows in by_model.values() for row in rows}
    assert names == {name for number in range(RUNS) for name in names_of(number)}
    both = found(headers, model="model 3@1", reference="external:plate", kind="IMAGE")
    wanted = {name for n in range(RUNS) if n % MODELS == 3 and n % 2 and n % 5 for name in names_of(n)}
    assert {row["name"] for row in both} == wanted
    # each is classified by its run and attributed to the person behind the pipeline's key, without anybody's typing
    one = by_model[7][0]
    assert one["digital_source_type"].rsplit("/", 1)[-1] == "trainedAlgorithmicMedia"
    assert (one["recorded_by"]["id"], one["through"]) == (str(credential.created_by_id), credential.name)
    assert inspect_graph(film.production.pk) == []
    # sent again by a pipeline that restarted, nothing is recorded twice
    send_week(film, headers, BATCH)
    assert AssetVersion.objects.count() == before + RUNS * EACH
