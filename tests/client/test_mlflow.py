"""A training script with MLflow: its run says what it consumed, and two identical runs leave the same report."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# read when it is imported: nothing of a test leaves the machine
os.environ["MLFLOW_DISABLE_TELEMETRY"] = "true"

import mlflow
import pytest
from mlflow.tracking import MlflowClient
from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import Denied, ServerRefused
from trustmark_client.mlflow_runs import log_manifest, log_model, provenance

from tests.factories import make_credential
from tests.training.making import COMMIT, House
from tests.training.test_manifests import IMAGE, released
from training.models import TrainingRun
from training.services.rights import end_rights

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def house(
    live_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[tuple[House, TrustmarkClient]]:
    monkeypatch.setenv("MLFLOW_ALLOW_FILE_STORE", "true")
    mlflow.set_tracking_uri((tmp_path / "runs").as_uri())
    made = House()
    credential, _key = make_credential(made.organisation, created_by=made.engineer.person)
    with TrustmarkClient(live_server.url, credential.secret) as client:  # type: ignore[attr-defined]
        yield made, client
    while mlflow.active_run():
        mlflow.end_run()


def train(
    client: TrustmarkClient, manifest: str, weights: Path, version: str, steps: int = 1000
) -> tuple[Any, Any]:
    """One run of the script: parameters, manifest, model, report."""
    with mlflow.start_run() as run:
        mlflow.log_params({"steps": steps, "rate": 0.001})
        log_manifest(client, manifest, image=IMAGE, commit=COMMIT)
        weights.write_bytes(b"weights of %d steps" % steps)
        log_model(client, name="voice", version=version, path=weights)
        return MlflowClient().get_run(run.info.run_id), provenance(client)


@pytest.mark.req("TP-165", "TP-166")
def test_two_identical_runs_leave_one_report_and_another_leaves_another(
    house: tuple[House, TrustmarkClient], tmp_path: Path
) -> None:
    maker, client = house
    manifest = released(maker, maker.admit())
    (first, report), (second, again), (_, other) = (
        train(client, manifest.content_id, tmp_path / "w", version, steps)
        for version, steps in (("1", 1000), ("2", 1000), ("3", 2000))
    )
    assert report == again
    assert report["report_sha256"] != other["report_sha256"]
    assert (report["manifest"], report["parameters"]) == (
        manifest.content_id,
        {"steps": "1000", "rate": "0.001"},
    )
    # which run consumed what stands on both sides, under MLflow's own id
    for run in (first, second):
        kept = TrainingRun.objects.get(external_id=run.info.run_id)
        assert kept.manifest == manifest
        assert run.data.tags["trustmark.run"] == str(kept.pk)
        (consumed,) = run.inputs.dataset_inputs
        assert manifest.content_id.startswith(f"sha256:{consumed.dataset.digest}")
        assert consumed.dataset.source.endswith(f"/api/v1/manifests/{manifest.content_id}")


def test_a_run_that_may_not_train_is_stopped_and_yet_registered(house: tuple[House, TrustmarkClient]) -> None:
    maker, client = house
    asset = maker.admit()
    manifest = released(maker, asset)
    end_rights(principal=maker.counsel, rights_id=asset.rights_id, reason="Taken back.")
    with mlflow.start_run() as run:
        for _turn in range(2):  # asked again, it says the same
            with pytest.raises(Denied) as denied:
                log_manifest(client, manifest.content_id, image=IMAGE, commit=COMMIT)
            assert "RIGHTS_ENDED" in denied.value.reason_codes
    assert TrainingRun.objects.get(external_id=run.info.run_id).refusals == denied.value.reason_codes
    assert "RIGHTS_ENDED" in MlflowClient().get_run(run.info.run_id).data.tags["trustmark.refusals"]


def test_what_cannot_be_registered_is_not_trained(
    house: tuple[House, TrustmarkClient], tmp_path: Path
) -> None:
    maker, client = house
    with pytest.raises(ValueError, match="no MLflow run"):
        log_manifest(client, "sha256:" + "0" * 64, image=IMAGE, commit=COMMIT)
    with mlflow.start_run():
        with pytest.raises(ServerRefused) as unknown:
            log_manifest(client, "sha256:" + "0" * 64, image=IMAGE, commit=COMMIT)
        assert unknown.value.code == "NOT_FOUND"
        with pytest.raises(ValueError, match="log_manifest first"):
            log_model(client, name="voice", version="1", path=tmp_path / "none")
        one, other = released(maker, maker.admit()), released(maker, maker.admit())
        log_manifest(client, one.content_id, image=IMAGE, commit=COMMIT)
        with pytest.raises(ValueError, match="registered for"):
            log_manifest(client, other.content_id, image=IMAGE, commit=COMMIT)
    assert not TrainingRun.objects.exclude(manifest=one).exists()
