"""Generation records over HTTP: held against the published schema, found again by model and input."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client
from jsonschema import Draft202012Validator

from accounts.principals import Principal
from common.errors import InvalidInput
from provenance.graph.models import GenerationRecord, GraphKind, InputRole, ProvenanceEvent, RelationKind
from provenance.graph.reading import generation_of, record_of
from provenance.graph.services import record_batch
from provenance.graph.specs import GenerationSpec
from tests import factories
from tests.provenance.graph.conftest import Film, film_specs, sha

pytestmark = pytest.mark.django_db
URL = "/api/v1/generations"
PUBLISHED = Path(__file__).parents[3] / "docs" / "schemas" / "generation-record-1.json"


def record(**changes: Any) -> dict[str, Any]:
    return {
        "model": {"name": "Sky maker", "version": "2", "sha256": sha("sky maker")},
        "seed": "18446744073709551615", "guidance_scale": "7.5", "parameters": {"steps": 30}, "prompt": "A low sky",
        "inputs": [{"asset": "external:plate", "role": "REFERENCE"}],
        "outputs": [{"kind": "IMAGE", "name": f"sky {uuid4()}", "version": {"content_sha256": sha("sky")}}],
        **changes,
    }  # fmt: skip


def send(desk: Principal, film: Film, *records: Any, **headers: str) -> Any:
    body = {"project": str(film.production.pk), "generations": list(records)}
    return factories.signed_in(desk.person).post(URL, body, content_type="application/json", headers=headers)


def listed(desk: Principal, **query: str) -> list[dict[str, Any]]:
    answer = factories.signed_in(desk.person).get(URL, query)
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def test_the_schema_is_published_and_says_what_the_models_say() -> None:
    answer = Client().get("/schemas/generation-record-1.json")
    assert answer.content == PUBLISHED.read_bytes()
    schema = json.loads(answer.content)
    Draft202012Validator.check_schema(schema)
    kinds = {"asset": GraphKind, "input": None, "edge": RelationKind}
    for name, choices in kinds.items():
        properties = schema["$defs"][name]["properties"]
        if choices:
            assert properties["kind"]["enum"] == choices.values
        if "role" in properties:
            assert properties["role"]["enum"] == InputRole.values


@pytest.mark.req("GP-040")
def test_a_record_is_held_against_the_schema_before_it_is_written(film: Film) -> None:
    made = send(film.desk, film, record())
    assert made.status_code == 201, made.content
    run = GenerationRecord.objects.get(pk=made.json()["generations"][0]["id"])
    assert (run.seed, run.model.name, run.inputs.get().role) == (
        "18446744073709551615",
        "Sky maker",
        "REFERENCE",
    )
    before = ProvenanceEvent.objects.count()
    for wrong in (
        {"seed": 7}, {"seed": "7\n"}, {"guidance_scale": "much"}, {"model": {}}, {"outputs": []}, {"cfg": 1},
        {"inputs": [{"asset": "external:plate", "role": "MUSE"}]}, {"parameters": []}, {"prompt": None},
        {"started_at": "yesterday"}, {"started_at": "2026-13-01T00:00:00Z"}, {"tokens": ["one"]},
        {"model": {"name": "x", "sha256": "ABC"}}, {"inputs": [{"asset": "external:\0", "role": "STYLE"}]},
    ):  # fmt: skip
        refused = send(film.desk, film, record(), record(**wrong))
        assert (refused.status_code, refused.json()["code"]) == (422, "GENERATION_INVALID"), wrong
        assert refused.json()["item"] == 1
    assert ProvenanceEvent.objects.count() == before


@pytest.mark.req("GP-040")
def test_no_other_way_in_goes_round_the_schema(film: Film) -> None:
    for wrong in ({"seed": "x" * 41}, {"guidance_scale": "much"}, {"model_sha256": "abc"}):
        spec = GenerationSpec(**{"model_name": "x", "outputs": ("external:frames",), **wrong})
        with pytest.raises(InvalidInput) as refused:
            record_batch(principal=film.desk, production_id=film.production.pk, specs=[spec])
        assert refused.value.code == "GENERATION_INVALID"


def test_what_is_read_is_what_is_said(film: Film) -> None:
    for spec in film_specs(film.token.jti):
        if isinstance(spec, GenerationSpec):
            assert generation_of(record_of(spec)) == spec


@pytest.mark.req("GP-041", "GP-042")
def test_everything_by_a_model_with_a_reference_is_found_and_nothing_else(film: Film) -> None:
    with_plate = send(film.desk, film, record()).json()["generations"][0]
    send(film.desk, film, record(inputs=[{"asset": "external:script", "role": "SCRIPT"}]))
    send(film.desk, film, record(model={"name": "Sky maker", "version": "3"}))
    plate = film.version("plate")
    for model in ("Sky maker@2", f"sha256:{sha('sky maker')}"):
        for reference in ("external:plate", str(plate), f"sha256:{sha('plate')}"):
            found = listed(film.desk, model=model, reference=reference)
            assert [run["id"] for run in found] == [with_plate["id"]], (model, reference)
            assert [one["version"] for one in found[0]["outputs"]] == with_plate["outputs"]
            assert [one["role"] for one in found[0]["inputs"]] == ["REFERENCE"]
    assert len(listed(film.desk, model="Sky maker")) == 3
    for nothing in (
        {"model": "Sea maker"},
        {"reference": str(uuid4())},
        {"reference": "x\0"},
        {"model": "\0"},
    ):
        assert listed(film.desk, **nothing) == []
    answer = factories.signed_in(film.desk.person).get(URL, {"limit": 2, "model": "Sky maker"}).json()
    rest = factories.signed_in(film.desk.person).get(answer["next"]).json()
    assert (len(answer["results"]), len(rest["results"]), rest["next"]) == (2, 1, None)


@pytest.mark.req("GP-042")
def test_strangers_find_and_record_nothing_and_the_talent_sees_its_own(film: Film) -> None:
    send(film.desk, film, record())
    stranger = factories.make_producer(factories.make_studio())
    assert listed(stranger) == listed(stranger, model="Sky maker", reference="external:plate") == []
    assert send(stranger, film, record()).status_code == 404
    theirs = listed(factories.desk_of_talent(film.token.talent))
    assert [(run["external_id"], run["tokens"]) for run in theirs] == [("G-2201", [str(film.token.jti)])]
    assert (theirs[0]["inputs"], theirs[0]["recorded_by"]) == ([], None)
    assert [one["name"] for one in theirs[0]["outputs"]] == ["frames"]


def test_a_repeat_is_answered_alike_and_records_nothing(film: Film) -> None:
    one = record()
    first, again = (send(film.desk, film, one, **{"Idempotency-Key": "k"}) for _ in range(2))
    assert (first.json(), again["Idempotent-Replay"]) == (again.json(), "true")
    assert GenerationRecord.objects.filter(production=film.production, model__name="Sky maker").count() == 1
