"""Who owns which layer, one truth about licence terms, and a policy that holds on every path to training."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.apps import apps
from django.db import connection

from common.errors import DomainError, Forbidden, InvalidInput
from tests.factories import signed_in
from tests.training.contracts import GOOD, bound_source, written
from tests.training.making import COMMIT, House, make_capture, make_derivative, of_bytes, picture
from training.models import PolicyDecision, RightsRecord, TrainingAsset
from training.services.assets import receive_content, register_asset
from training.services.contracts import register_contract
from training.services.derivatives import JobAsk, register_derivatives, register_job
from training.services.imports import hand_in_material, read_material
from training.services.manifests import ManifestAsk, freeze_manifest
from training.services.releasing import may_be_trained_on
from training.services.rights import record_rights
from training.services.runs import RunAsk, register_run
from training.services.sources import SourceAsk, register_source, stop_class

pytestmark = pytest.mark.django_db


def manifest_of(house: House, *assets: TrainingAsset, by: Any = None) -> Any:
    ask = ManifestAsk(
        name=f"faces-{len(assets)}", code_commit=COMMIT, container_image="image@sha256:1", territory="US",
        purpose="A test.", assets=tuple(one.pk for one in assets),
    )  # fmt: skip
    return freeze_manifest(principal=by or house.engineer, ask=ask)


@pytest.mark.req("TP-134")
@pytest.mark.parametrize(
    "place",
    [
        "https://drive.example.test/Rights%20overview.xlsx", "file:///home/ada/Provenance.IPYNB",
        "https://files.example.test/licences.csv?version=3", "https://docs.google.com/spreadsheets/d/1abc/edit#gid=0",
        "https://colab.research.google.com/drive/1abc", "vault://sheets/terms.ods",
    ],
)  # fmt: skip
def test_a_notebook_or_a_spreadsheet_is_no_evidence_and_leaves_no_record(house: House, place: str) -> None:
    source = house.source()
    with pytest.raises(InvalidInput) as refused:
        house.rights(source, evidence_uri=place)
    assert refused.value.code == "EVIDENCE_INFORMAL"
    assert not RightsRecord.objects.exists()
    assert house.ask(source).decision.outcome == "REFUSE"
    assert house.rights(source, evidence_uri="vault://contracts/csv-archive/12.pdf").version == 1
    assert house.ask(source).decision.outcome == "ADMIT"


@pytest.mark.req("TP-160")
def test_ingestion_schemas_lineage_and_checks_are_done_by_engineering_and_by_counsel_none(
    house: House,
) -> None:
    source, asset = house.licensed_source(), house.admit()
    kind, job = house.source_class(), house.job()
    manifest = manifest_of(house, asset)
    told = {"canonical_url": "https://films.example.test/new", "platform": "Archive", "platform_id": "new",
            "rights_holder": "Archive Ltd", "source_class": kind.code}  # fmt: skip
    steps = JobAsk(name="blur", code_commit=COMMIT, container_image="i@sha256:1", steps=[{"step": "blur"}],
                   approved_by=house.producer.person.email)  # fmt: skip
    run = RunAsk(external_id="r1", name="r1", manifest=manifest.content_id, code_commit=COMMIT,
                 container_image="image@sha256:1", parameters={})  # fmt: skip
    acts: dict[str, Callable[[Any], Any]] = {
        "source": lambda who: register_source(principal=who, ask=SourceAsk(**told)),
        "ingestion": lambda who: register_asset(principal=who, source_id=source.pk, capture=make_capture()),
        "schema": lambda who: register_contract(principal=who, text=written(kind.code)),
        "transformation": lambda who: register_job(principal=who, ask=steps),
        "lineage": lambda who: register_derivatives(principal=who, job_id=job.pk, asks=[make_derivative(asset.pk)]),
        "manifest": lambda who: manifest_of(house, asset, house.admit(), by=who),
        "run": lambda who: register_run(principal=who, ask=run),
    }  # fmt: skip
    for what, act in acts.items():
        with pytest.raises(Forbidden) as refused:
            act(house.counsel)
        assert refused.value.code == "ENGINEER_ONLY", what
        assert act(house.engineer) is not None, what


@pytest.mark.req("TP-128")
def test_a_stop_holds_on_every_path_and_each_refusal_says_by_which_policy(house: House) -> None:
    source = house.licensed_source()
    data = picture(401)
    waiting, trained = house.admit(source, **of_bytes(data)), house.admit(source)
    manifest = manifest_of(house, trained)
    assert "SOURCE_CLASS_STOPPED" not in may_be_trained_on(manifest).codes
    stop_class(principal=house.engineer, class_id=source.source_class.pk, reason="A claim came in.")

    asked = house.ask(source)
    sent = receive_content(principal=house.engineer, asset_id=waiting.pk, stream=io.BytesIO(data))
    for answer in (asked, sent):
        assert (answer.decision.outcome, "SOURCE_CLASS_STOPPED" in answer.decision.codes) == ("REFUSE", True)
    row = {**vars_of_capture(), "source_id": str(source.pk)}
    lines = json.dumps(row).encode() + b"\n"
    job, _ = hand_in_material(principal=house.engineer, read=io.BytesIO(lines).read, length=len(lines))
    assert (read_material(job.pk).rows_refused, job.rows_admitted) == (1, 0)
    assert "SOURCE_CLASS_STOPPED" in may_be_trained_on(manifest).codes
    with pytest.raises(DomainError):
        manifest_of(house, trained, house.admit())
    refusals = PolicyDecision.objects.filter(outcome="REFUSE").select_related("policy")
    assert refusals.count() >= 2
    for decision in refusals:
        assert decision.facts["class_stopped"] is True
        assert "SOURCE_CLASS_STOPPED" in decision.policy.text


def vars_of_capture() -> dict[str, Any]:
    told = {name: getattr(make_capture(), name) for name in (
        "external_id", "kind", "media_type", "sha256", "size_bytes", "canonical_url", "method", "licence_claim",
        "territory", "capture")}  # fmt: skip
    return told | {"collected_at": "2026-10-01T12:00:00Z"}


@pytest.mark.req("TP-124")
def test_counsel_inspects_each_layer_and_changes_none_of_them(house: House) -> None:
    source, contract = bound_source(house)
    asset = house.admit()
    house.derive(asset)
    manifest = manifest_of(house, asset)
    paths = (
        "source-classes", "sources", f"sources/{source.pk}", "training-assets", f"training-assets/{asset.pk}",
        "training-reviews", "training-exceptions", "data-contracts", f"data-contracts/{contract.pk}",
        f"data-contracts/{contract.pk}/schema", "manifests", f"manifests/{manifest.content_id}",
        f"manifests/{manifest.content_id}/rows", f"manifests/{manifest.content_id}/prov", "training-runs", "takedowns",
        "training-imports", "rights-reports",
    )  # fmt: skip
    counsel = signed_in(house.counsel.person)
    before = everything()
    for path in paths:
        assert counsel.get(f"/api/v1/{path}").status_code == 200, path
    assert everything() == before
    told = {"source_class": source.source_class.code, "canonical_url": "https://films.example.test/new",
            "platform": "A", "platform_id": "new", "rights_holder": "A Ltd"}  # fmt: skip
    refused = counsel.post("/api/v1/sources", told, content_type="application/json")
    assert (refused.status_code, refused.json()["code"]) == (403, "ENGINEER_ONLY")
    for path in (
        f"training-assets/{asset.pk}",
        f"manifests/{manifest.content_id}",
        f"data-contracts/{contract.pk}",
    ):
        answer = counsel.delete(f"/api/v1/{path}")
        assert answer.status_code == 405, path
    assert everything() == before


def everything() -> dict[str, str]:
    """The sum of each table of this floor; the stopwatch of questions is no layer."""
    found = {}
    with connection.cursor() as cursor:
        for model in apps.get_app_config("training").get_models():
            table = model._meta.db_table
            if table != "training_trainingquestion":
                cursor.execute(
                    f"select coalesce(md5(string_agg(row::text, '|' order by row::text)), '') from {table} row"
                )
                found[table] = cursor.fetchall()[0][0]
    return found


@pytest.mark.req("TP-173")
def test_procurement_counsel_and_engineering_read_the_same_terms_and_a_decision_keeps_their_id_alone(
    house: House, stranger: House
) -> None:
    source = house.source()
    for version, restriction in ((1, "No faces of minors."), (2, "Nothing after 2027.")):
        record = house.rights(source, restrictions=(restriction,))
        asset = house.admit(source)
        path = f"/api/v1/sources/{source.pk}"
        told = [
            signed_in(who.person).get(path).json() for who in (house.producer, house.counsel, house.engineer)
        ]
        assert told[0] == told[1] == told[2]
        assert restriction in json.dumps(told[0])
        assert f'"version": {version}' in json.dumps(told[0])
        assert asset.rights_id == record.pk
        assert restriction not in json.dumps(asset.decision.facts)
    assert signed_in(stranger.engineer.person).get(f"/api/v1/sources/{source.pk}").status_code == 404
    with pytest.raises(Forbidden):
        record_rights(principal=house.counsel, source_id=source.pk, ask=None)  # type: ignore[arg-type]


@pytest.mark.req("TP-121")
def test_the_catalogue_leads_from_an_asset_to_its_rights_its_schema_and_its_lineage(house: House) -> None:
    source, contract = bound_source(house)
    asset = house.admit(source, **GOOD)
    made = house.derive(asset)
    caller = signed_in(house.counsel.person)
    whole = caller.get(f"/api/v1/training-assets/{asset.pk}").json()
    rights = caller.get(f"/api/v1/sources/{whole['source_id']}").json()
    assert whole["rights"] in json.dumps(rights)
    assert asset.decision.contract_hash == contract.hash
    schema = caller.get(f"/api/v1/data-contracts/{contract.pk}/schema").json()
    assert "photographer" in json.dumps(schema)
    manifest = freeze_manifest(
        principal=house.engineer,
        ask=ManifestAsk(name="walk", code_commit=COMMIT, container_image="image@sha256:1", territory="US",
                        purpose="A test.", datasets=((made.dataset, made.dataset_version),), assets=(asset.pk,)),
    )  # fmt: skip
    prov = caller.get(f"/api/v1/manifests/{manifest.content_id}/prov").getvalue().decode()
    for one in (asset.pk, made.pk, source.pk):
        assert str(one) in prov
