"""A training script that keeps its runs in MLflow says here what it consumes, and what it made of it.

    with mlflow.start_run():
        mlflow.log_params({"steps": 1000})
        log_manifest(client, "sha256:0f3c...", image="registry.example/train@sha256:...")
        ...
        log_model(client, name="voice", version="3", path="voice.safetensors")

The MLflow run gets the manifest as its input and the verdict as tags; the licence server gets the run, under MLflow's own
id of it, with its parameters and its commit. A run that the manifest does not permit is registered too (what trained
without leave must be known above all) and then stopped by ``Denied``. Needs ``mlflow`` or ``mlflow-skinny``.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import quote

import mlflow
from mlflow.entities import Dataset, DatasetInput, InputTag, Run
from mlflow.tracking import MlflowClient

from trustmark_client.client import TrustmarkClient
from trustmark_client.errors import Denied
from trustmark_client.exchange import Call

RUN_TAG, MANIFEST_TAG, REFUSALS_TAG = "trustmark.run", "trustmark.manifest", "trustmark.refusals"
_COMMIT_TAG = "mlflow.source.git.commit"
_DIGEST_MOST = 36  # MLflow's
_CHUNK = 1024 * 1024


def log_manifest(client: TrustmarkClient, manifest: str, *, image: str, commit: str = "") -> dict[str, Any]:
    """Register the active MLflow run as one that trains on ``manifest``; the run as the server has it.

    Called again in the same run, it answers the same.

    Args:
        manifest: the id of a frozen manifest (``sha256:...``).
        image: the container image that the run is in, by its digest.
        commit: the whole commit of the code; else the one that MLflow found.

    Raises:
        ValueError: no MLflow run is active, or nobody knows the commit.
        Denied: the server registered the run, and says why it may not train.
        ClientError: the server refused to register it, or gave no answer: do not train.
    """
    run = _active()
    commit = commit or run.data.tags.get(_COMMIT_TAG, "")
    if not commit:
        raise ValueError("MLflow knows no commit of this code: give commit=")
    body = {
        "external_id": run.info.run_id,
        "name": (run.info.run_name or run.info.run_id)[:120],
        "manifest": manifest,
        "code_commit": commit,
        "container_image": image,
        "parameters": dict(run.data.params),
    }
    known = run.data.tags.get(RUN_TAG)
    if known:
        told: dict[str, Any] = client.transport.request(Call("GET", f"/api/v1/training-runs/{known}")).json()
        if told["manifest"] != manifest:
            raise ValueError(f"this run is registered for {told['manifest']}")
    else:
        told = client.transport.request(Call("POST", "/api/v1/training-runs", json=body)).json()
        _write(client, run, told, manifest)
    if told["refusals"]:
        raise Denied(list(told["refusals"]), "the run is registered, and may not train")
    return told


def log_model(client: TrustmarkClient, *, name: str, version: str, path: str | Path) -> dict[str, Any]:
    """Register a model that the active run made, by the hash of its file; the model as the server has it.

    Raises:
        ValueError: the run was not registered by :func:`log_manifest`. OSError: no such file.
        ClientError: the server refused, or gave no answer.
    """
    run = _active()
    known = run.data.tags.get(RUN_TAG)
    if not known:
        raise ValueError("this run is not registered: call log_manifest first")
    digest = hashlib.sha256()
    with Path(path).open("rb") as stream:
        for chunk in iter(lambda: stream.read(_CHUNK), b""):
            digest.update(chunk)
    body = {"models": [{"name": name, "version": version, "sha256": digest.hexdigest()}]}
    answer = client.transport.request(Call("POST", f"/api/v1/training-runs/{known}/models", json=body)).json()
    mlflow.set_tag(f"trustmark.model.{name}", digest.hexdigest())
    return dict(answer[0])


def provenance(client: TrustmarkClient) -> dict[str, Any]:
    """The server's provenance report of the active run. Raises as :func:`log_model`."""
    known = _active().data.tags.get(RUN_TAG)
    if not known:
        raise ValueError("this run is not registered: call log_manifest first")
    return dict(client.transport.request(Call("GET", f"/api/v1/training-runs/{known}/provenance")).json())


def _active() -> Run:
    active = mlflow.active_run()
    if active is None:
        raise ValueError("no MLflow run is active")
    return MlflowClient().get_run(active.info.run_id)  # as it is stored: with the parameters logged since


def _write(client: TrustmarkClient, run: Run, told: dict[str, Any], manifest: str) -> None:
    mlflow.set_tags({RUN_TAG: told["id"], MANIFEST_TAG: manifest, REFUSALS_TAG: ",".join(told["refusals"])})
    place = f"{client.transport.base_url}/api/v1/manifests/{quote(manifest, safe=':')}"
    dataset = Dataset(
        name="trustmark-manifest",
        digest=manifest.partition(":")[2][:_DIGEST_MOST],
        source_type="http",
        source=place,
    )
    tag = InputTag("mlflow.data.context", "training")
    MlflowClient().log_inputs(run.info.run_id, [DatasetInput(dataset, [tag])])
