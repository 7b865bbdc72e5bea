"""``/api/v1/manifests`` and ``/api/v1/training-runs``: freeze, release, check, and what trained on what."""

from collections.abc import Iterable
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.conf import settings
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import ReasonInput, Strict, TrainingView
from training.exports.croissant import MEDIA_TYPE as CROISSANT_TYPE
from training.exports.croissant import ROWS_TYPE, croissant_of, rows_of
from training.exports.prov import prov_pieces
from training.models import TrainingManifest, TrainingRun
from training.selectors.manifests import lines_of, manifest_for, manifests_of, runs_of
from training.selectors.reports import provenance_of_run
from training.services.manifests import ManifestAsk, freeze_manifest, release_manifest, withdraw_manifest
from training.services.questions import stopwatch
from training.services.releasing import GateAnswer, may_be_trained_on
from training.services.runs import ModelAsk, RunAsk, register_models, register_run
from training.vocabulary import QuestionKind
from trustcore.manifest import MEDIA_TYPE

_SLUG = r"^[a-z0-9][a-z0-9-]{0,79}$"
_SHA256 = r"^[0-9a-f]{64}$"


class DatasetVersionInput(Strict):
    """A version of a dataset of derivatives."""

    dataset = serializers.RegexField(_SLUG)
    version = serializers.IntegerField(min_value=1)


class TrainingManifestInput(Strict):
    """What to freeze, for which code."""

    name = serializers.RegexField(_SLUG)
    purpose = serializers.CharField(max_length=500)
    territory = serializers.CharField(max_length=6)
    code_commit = serializers.CharField(max_length=64)
    container_image = serializers.CharField(max_length=300)
    assets = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=10_000)
    sources = serializers.ListField(child=serializers.UUIDField(), default=list, max_length=1000)
    datasets = serializers.ListField(child=DatasetVersionInput(), default=list, max_length=100)


class TrainingManifestOutput(Strict):
    """A frozen manifest; ``manifest`` is its id, the hash of its head."""

    id = serializers.UUIDField()
    manifest = serializers.CharField()
    name = serializers.CharField()
    rows = serializers.IntegerField()
    rows_root = serializers.CharField()
    policy_hash = serializers.CharField()
    territory = serializers.CharField()
    code_commit = serializers.CharField()
    container_image = serializers.CharField()
    frozen_at = serializers.DateTimeField()
    frozen_by = serializers.UUIDField()
    released_at = serializers.DateTimeField(allow_null=True)
    released_by = serializers.UUIDField(allow_null=True)
    withdrawn_at = serializers.DateTimeField(allow_null=True)
    withdrawn_reason = serializers.CharField()
    node = serializers.IntegerField()


class AgainstOutput(Strict):
    """A reason; ``rows`` is 0 where it stops all of them."""

    code = serializers.CharField()
    rows = serializers.IntegerField()
    examples = serializers.ListField(child=serializers.CharField())


class ManifestCheckOutput(Strict):
    """Whether a job may train on a manifest now."""

    manifest = serializers.CharField()
    permitted = serializers.BooleanField()
    checked_at = serializers.DateTimeField()
    reasons = serializers.ListField(child=AgainstOutput())


class TrainingRunInput(Strict):
    """A run as its job reports it; ``manifest`` is an id of either form, or empty."""

    external_id = serializers.CharField(max_length=200)
    name = serializers.CharField(max_length=120)
    manifest = serializers.CharField(max_length=71, allow_blank=True, default="")
    code_commit = serializers.CharField(max_length=64)
    container_image = serializers.CharField(max_length=300)
    parameters = serializers.DictField(default=dict)


class ModelVersionInput(Strict):
    """A model version that a run made."""

    name = serializers.CharField(max_length=120)
    version = serializers.CharField(max_length=60)
    sha256 = serializers.RegexField(_SHA256)


class ModelVersionsInput(Strict):
    """The models of a run, all or none."""

    models = serializers.ListField(child=ModelVersionInput(), allow_empty=False, max_length=100)


class ModelVersionOutput(Strict):
    """A registered model version."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    version = serializers.CharField()
    sha256 = serializers.CharField()


class TrainingRunOutput(Strict):
    """A run; ``refusals`` is what spoke against it when it was registered."""

    id = serializers.UUIDField()
    external_id = serializers.CharField()
    name = serializers.CharField()
    manifest = serializers.CharField(allow_blank=True)
    code_commit = serializers.CharField()
    container_image = serializers.CharField()
    refusals = serializers.ListField(child=serializers.CharField())
    registered_at = serializers.DateTimeField()
    models = serializers.ListField(child=ModelVersionOutput())
    node = serializers.IntegerField()


class ManifestsApi(TrainingView):
    """List manifests, freeze one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="manifests_list", responses=TrainingManifestOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(manifests_of(self.principal), write_manifest)

    @extend_schema(
        operation_id="manifests_freeze",
        request=TrainingManifestInput,
        responses={201: TrainingManifestOutput},
    )
    def post(self, request: Request) -> Response:
        told = self.parsed(TrainingManifestInput)
        ask = ManifestAsk(
            **{
                **told,
                "assets": tuple(told["assets"]),
                "sources": tuple(told["sources"]),
                "datasets": tuple((one["dataset"], one["version"]) for one in told["datasets"]),
            }
        )
        return Response(write_manifest(freeze_manifest(principal=self.principal, ask=ask)), status=201)


class ManifestApi(TrainingView):
    """Read one manifest."""

    required_scope = "training:read"

    @extend_schema(operation_id="manifests_read", responses=TrainingManifestOutput)
    def get(self, request: Request, name: str) -> Response:
        return Response(write_manifest(self.found(name)))

    def found(self, name: str) -> TrainingManifest:
        """The caller's manifest. Raises ``NotFound``."""
        row = manifest_for(self.principal, name)
        if row is None:
            raise NotFound
        return row


class ManifestFileApi(ManifestApi):
    """The signed file of a manifest: what a training job keeps beside its data."""

    @extend_schema(operation_id="manifests_file", responses={(200, MEDIA_TYPE): OpenApiTypes.BINARY})
    def get(self, request: Request, name: str) -> Any:
        row = self.found(name)
        return _file(lines_of(row), MEDIA_TYPE, f"{row.name}.manifest.ndjson")


class ManifestRowsApi(ManifestApi):
    """The rows of a manifest alone: the file that its Croissant description names by its hash."""

    @extend_schema(operation_id="manifests_rows", responses={(200, ROWS_TYPE): OpenApiTypes.BINARY})
    def get(self, request: Request, name: str) -> Any:
        row = self.found(name)
        return _file(rows_of(row), ROWS_TYPE, f"{row.name}.rows.jsonl")


class ManifestCroissantApi(ManifestApi):
    """A manifest as a Croissant description (JSON-LD), for tools that load data sets."""

    @extend_schema(operation_id="manifests_croissant", responses={(200, CROISSANT_TYPE): OpenApiTypes.OBJECT})
    def get(self, request: Request, name: str) -> Any:
        row = self.found(name)
        page = f"{settings.BASE_URL}/api/v1/manifests/{row.content_id}"
        told = croissant_of(row, rows_url=f"{page}/rows", page_url=page)
        return _file([msgspec.json.encode(told)], CROISSANT_TYPE, f"{row.name}.croissant.json")


class ManifestProvApi(ManifestApi):
    """A manifest with all that it was made of and by which jobs, as W3C PROV-JSON."""

    @extend_schema(operation_id="manifests_prov", responses={(200, "application/json"): OpenApiTypes.OBJECT})
    def get(self, request: Request, name: str) -> Any:
        row = self.found(name)
        return _file(prov_pieces(row), "application/json", f"{row.name}.prov.json")


class ManifestCheckApi(ManifestApi):
    """Whether a job may train on a manifest at this moment, with every reason against it."""

    @extend_schema(operation_id="manifests_check", responses=ManifestCheckOutput)
    def get(self, request: Request, name: str) -> Response:
        row = self.found(name)
        with stopwatch(row.organisation_id, QuestionKind.MANIFEST_CHECK):
            answer = may_be_trained_on(row)
        return Response(write_check(row, answer))


class ManifestReleaseApi(TrainingView):
    """Counsel releases a manifest."""

    required_scope = "training:write"

    @extend_schema(operation_id="manifests_release", request=None, responses=TrainingManifestOutput)
    def post(self, request: Request, name: str) -> Response:
        row, _answer = release_manifest(principal=self.principal, name=name)
        return Response(write_manifest(row))


class ManifestWithdrawApi(TrainingView):
    """Counsel ends a manifest."""

    required_scope = "training:write"

    @extend_schema(operation_id="manifests_withdraw", request=ReasonInput, responses=TrainingManifestOutput)
    def post(self, request: Request, name: str) -> Response:
        row = withdraw_manifest(principal=self.principal, name=name, **self.parsed(ReasonInput))
        return Response(write_manifest(row))


class TrainingRunsApi(TrainingView):
    """List runs, register one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="training_runs_list", responses=TrainingRunOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(runs_of(self.principal), write_run)

    @extend_schema(
        operation_id="training_runs_register", request=TrainingRunInput, responses={201: TrainingRunOutput}
    )
    def post(self, request: Request) -> Response:
        run = register_run(principal=self.principal, ask=RunAsk(**self.parsed(TrainingRunInput)))
        return Response(write_run(run), status=201)


class TrainingRunApi(TrainingView):
    """Read one run."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_runs_read", responses=TrainingRunOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(write_run(self.found(run_id)))

    def found(self, run_id: UUID) -> TrainingRun:
        """The caller's run. Raises ``NotFound``."""
        row = runs_of(self.principal).filter(pk=run_id).first()
        if row is None:
            raise NotFound
        return row


class TrainingRunReportApi(TrainingRunApi):
    """What a run rested on; of two identical runs the same, to the byte."""

    @extend_schema(operation_id="training_runs_provenance", responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, run_id: UUID) -> Response:
        with stopwatch(self.principal.organisation_id, QuestionKind.RUN_PROVENANCE):
            told = provenance_of_run(self.found(run_id))
        return Response(told)


class TrainingRunModelsApi(TrainingView):
    """Write the models that a run made."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="training_runs_models", request=ModelVersionsInput,
        responses={201: ModelVersionOutput(many=True)},
    )  # fmt: skip
    def post(self, request: Request, run_id: UUID) -> Response:
        asks = [ModelAsk(**one) for one in self.parsed(ModelVersionsInput)["models"]]
        made = register_models(principal=self.principal, run_id=run_id, asks=asks)
        return Response([_model(row) for row in made], status=201)


def write_manifest(row: TrainingManifest) -> dict[str, Any]:
    """A manifest as the API shows it."""
    return {
        "id": str(row.pk), "manifest": row.content_id, "name": row.name, "rows": row.rows,
        "rows_root": row.rows_root, "policy_hash": row.policy_id, "territory": row.territory,
        "code_commit": row.code_commit, "container_image": row.container_image,
        "frozen_at": rfc3339(row.created_at), "frozen_by": str(row.frozen_by_id),
        "released_at": rfc3339(row.released_at) if row.released_at else None,
        "released_by": str(row.released_by_id) if row.released_by_id else None,
        "withdrawn_at": rfc3339(row.withdrawn_at) if row.withdrawn_at else None,
        "withdrawn_reason": row.withdrawn_reason, "node": row.node_id,
    }  # fmt: skip


def write_check(row: TrainingManifest, answer: GateAnswer) -> dict[str, Any]:
    """What the gate says, as the API shows it."""
    return {
        "manifest": row.content_id, "permitted": answer.is_clear, "checked_at": rfc3339(answer.at),
        "reasons": [
            {"code": one.code, "rows": one.rows, "examples": list(one.examples)} for one in answer.against
        ],
    }  # fmt: skip


def write_run(row: TrainingRun) -> dict[str, Any]:
    """A run as the API shows it."""
    return {
        "id": str(row.pk), "external_id": row.external_id, "name": row.name,
        "manifest": row.manifest.content_id if row.manifest else "", "code_commit": row.code_commit,
        "container_image": row.container_image, "refusals": list(row.refusals),
        "registered_at": rfc3339(row.created_at), "models": [_model(one) for one in row.models.all()],
        "node": row.node_id,
    }  # fmt: skip


def _file(pieces: Iterable[bytes], media_type: str, name: str) -> StreamingHttpResponse:
    answer = StreamingHttpResponse(pieces, content_type=media_type)
    answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _model(row: Any) -> dict[str, Any]:
    return {"id": str(row.pk), "name": row.name, "version": row.version, "sha256": row.sha256}
