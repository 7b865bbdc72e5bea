"""``/api/v1/training-jobs/{id}/runs`` and ``/api/v1/training-transforms``: registered jobs at work."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import Count, Q, QuerySet
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import Strict, TrainingView
from training.models import TransformItem, TransformRun
from training.services.derivatives import job_of
from training.services.transforms import INPUTS_MOST, TransformAsk
from training.workflows import transform

_COUNTED = {
    "waiting": TransformItem.State.WAITING, "made": TransformItem.State.MADE,
    "refused_before": TransformItem.State.REFUSED_BEFORE, "failed": TransformItem.State.FAILED,
    "refused_after": TransformItem.State.REFUSED_AFTER,
}  # fmt: skip


class TransformInput(Strict):
    """What to make of which originals."""

    assets = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=INPUTS_MOST)
    dataset = serializers.RegexField(r"^[a-z0-9][a-z0-9-]{0,79}$")
    dataset_version = serializers.IntegerField(min_value=1)
    role = serializers.CharField(max_length=40)


class TransformOutput(Strict):
    """A run of a job and how far it is."""

    id = serializers.UUIDField()
    job = serializers.UUIDField()
    code_commit = serializers.CharField()
    approved_by = serializers.UUIDField()
    started_by = serializers.UUIDField()
    dataset = serializers.CharField()
    dataset_version = serializers.IntegerField()
    role = serializers.CharField()
    state = serializers.ChoiceField(choices=TransformRun.State.values)
    stopped_for = serializers.CharField(allow_blank=True)
    inputs = serializers.IntegerField()
    waiting = serializers.IntegerField()
    made = serializers.IntegerField()
    refused_before = serializers.IntegerField()
    failed = serializers.IntegerField()
    refused_after = serializers.IntegerField()
    started_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class TransformItemOutput(Strict):
    """One input of a run and what became of it."""

    asset = serializers.UUIDField()
    state = serializers.ChoiceField(choices=TransformItem.State.values)
    codes = serializers.ListField(child=serializers.CharField())
    derivative = serializers.UUIDField(allow_null=True)


class JobRunsApi(TrainingView):
    """List the runs of a job, start one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="training_transforms_list", responses=TransformOutput(many=True))
    def get(self, request: Request, job_id: UUID) -> Response:
        job = job_of(self.principal, job_id)
        return self.page(_runs().filter(job=job).order_by("-created_at"), write_transform)

    @extend_schema(
        operation_id="training_transforms_start", request=TransformInput, responses={202: TransformOutput}
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        told = self.parsed(TransformInput)
        run = transform(
            principal=self.principal,
            job_id=job_id,
            ask=TransformAsk(**{**told, "assets": tuple(told["assets"])}),
        )
        return Response(write_transform(_runs().get(pk=run.pk)), status=202)


class TransformApi(TrainingView):
    """How far a run is."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_transforms_read", responses=TransformOutput)
    def get(self, request: Request, run_id: UUID) -> Response:
        return Response(write_transform(self.found(run_id)))

    def found(self, run_id: UUID) -> TransformRun:
        """The caller's run. Raises ``NotFound``."""
        row = _runs().filter(pk=run_id, organisation=self.principal.organisation).first()
        if row is None:
            raise NotFound
        return row


class TransformItemsApi(TransformApi):
    """Every input of a run, the last first, with what was made of it or why nothing was."""

    @extend_schema(operation_id="training_transforms_items", responses=TransformItemOutput(many=True))
    def get(self, request: Request, run_id: UUID) -> Response:
        return self.page(self.found(run_id).items.order_by("-created_at"), _item)


def write_transform(row: Any) -> dict[str, Any]:
    """A run as the API shows it."""
    return {
        "id": str(row.pk), "job": str(row.job_id), "code_commit": row.job.code_commit,
        "approved_by": str(row.job.approved_by_id), "started_by": str(row.started_by_id), "dataset": row.dataset,
        "dataset_version": row.dataset_version, "role": row.role, "state": row.state,
        "stopped_for": row.stopped_for, "inputs": row.inputs,
        **{name: getattr(row, name) for name in _COUNTED},
        "started_at": rfc3339(row.created_at),
        "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
    }  # fmt: skip


def _runs() -> QuerySet[TransformRun]:
    counted = {name: Count("items", filter=Q(items__state=state)) for name, state in _COUNTED.items()}
    return TransformRun.objects.select_related("job").annotate(**counted)


def _item(row: TransformItem) -> dict[str, Any]:
    return {
        "asset": str(row.asset_id), "state": row.state, "codes": list(row.codes),
        "derivative": str(row.derivative_id) if row.derivative_id else None,
    }  # fmt: skip
