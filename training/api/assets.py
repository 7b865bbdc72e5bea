"""``/api/v1/training-assets``, ``-jobs``, ``-reviews``, ``-exceptions``: through the gate, and what people decide."""

from typing import Any, BinaryIO, ClassVar, cast
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import problem
from common.clock import rfc3339
from common.errors import NotFound
from training.api.base import Strict, TrainingView
from training.models import Derivative, PolicyDecision, Review, RightsException, ScanJob, TrainingAsset
from training.seats import require_engineer
from training.selectors.inventory import assets_of, exceptions_of, reviews_of
from training.services.assets import Admission, asset_of, missing_of, register_asset
from training.services.derivatives import DerivativeAsk, JobAsk, register_derivatives, register_job
from training.services.exceptions import ExceptionAsk, ask_exception, end_exception, sign_exception
from training.services.gate import SIZE_MOST, Capture
from training.services.reviews import answer_review
from training.vocabulary import AssetState, Held, MediaKind, Outcome
from training.workflows import take_content

_SHA256 = r"^[0-9a-f]{64}$"
_CONTRACT = r"^sha256:[0-9a-f]{64}$"


class CaptureInput(Strict):
    """What was captured at collection; what the kind demands beside it stands in ``capture``."""

    source_id = serializers.UUIDField()
    external_id = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=MediaKind.values)
    media_type = serializers.CharField(max_length=120)
    sha256 = serializers.RegexField(_SHA256)
    size_bytes = serializers.IntegerField(min_value=0, max_value=SIZE_MOST)
    canonical_url = serializers.CharField(max_length=1000)
    method = serializers.CharField(max_length=12)
    collected_at = serializers.DateTimeField()
    licence_claim = serializers.CharField(max_length=200, allow_blank=True, default="")
    territory = serializers.CharField(max_length=6)
    capture = serializers.DictField()
    content = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=40)
    flags = serializers.ListField(child=serializers.CharField(max_length=40), default=list, max_length=40)
    business_unit = serializers.CharField(max_length=80, allow_blank=True, default="")
    location = serializers.CharField(max_length=1000, allow_blank=True, default="")
    contract_hash = serializers.RegexField(
        _CONTRACT, allow_null=True, allow_blank=True, default=None,
        help_text="The contract that the ingest runs by: 409 CONTRACT_CHANGED under another. Left out: not asked.",
    )  # fmt: skip


class ContentInput(Strict):
    """The bytes, and the contract that the ingest runs by, if it is to be asked."""

    file = serializers.FileField()
    contract_hash = serializers.RegexField(_CONTRACT, allow_null=True, allow_blank=True, default=None)


class GateDecisionOutput(Strict):
    """A verdict of the gate with what it rested on."""

    id = serializers.UUIDField()
    outcome = serializers.ChoiceField(choices=Outcome.values)
    codes = serializers.ListField(child=serializers.CharField())
    facts_hash = serializers.CharField()
    policy_hash = serializers.CharField()
    contract_hash = serializers.CharField()
    missing = serializers.ListField(child=serializers.CharField())
    invalid = serializers.ListField(child=serializers.CharField())
    exceptions = serializers.ListField(child=serializers.UUIDField())
    decided_at = serializers.DateTimeField()


class TrainingAssetOutput(Strict):
    """An original."""

    id = serializers.UUIDField()
    source_id = serializers.UUIDField()
    rights = serializers.UUIDField()
    external_id = serializers.CharField()
    version = serializers.IntegerField()
    kind = serializers.ChoiceField(choices=MediaKind.values)
    sha256 = serializers.CharField()
    state = serializers.ChoiceField(choices=AssetState.values)
    held = serializers.ChoiceField(choices=Held.values)
    collector = serializers.CharField()
    collected_at = serializers.DateTimeField()
    capture = serializers.DictField()
    findings = serializers.DictField()
    node = serializers.IntegerField()
    decision = GateDecisionOutput()


class TrainingScanOutput(Strict):
    """A scan; ``problem`` says why it gave no verdict."""

    state = serializers.ChoiceField(choices=ScanJob.State.values)
    problem = serializers.CharField(allow_blank=True)
    asked_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class TrainingJobInput(Strict):
    """A transformation job; ``approved_by`` is the address of somebody else."""

    name = serializers.CharField(max_length=120)
    code_commit = serializers.CharField(max_length=64)
    container_image = serializers.CharField(max_length=300)
    steps = serializers.ListField(child=serializers.DictField(), allow_empty=False, max_length=100)
    approved_by = serializers.EmailField()


class TrainingJobOutput(Strict):
    """A registered job."""

    id = serializers.UUIDField()
    name = serializers.CharField()
    code_commit = serializers.CharField()
    container_image = serializers.CharField()
    approved_by = serializers.UUIDField()


class DerivativeInput(Strict):
    """One output of a job."""

    parents = serializers.ListField(child=serializers.UUIDField(), allow_empty=False, max_length=1000)
    dataset = serializers.RegexField(r"^[a-z0-9][a-z0-9-]{0,79}$")
    dataset_version = serializers.IntegerField(min_value=1)
    kind = serializers.ChoiceField(choices=MediaKind.values)
    role = serializers.CharField(max_length=40)
    media_type = serializers.CharField(max_length=120)
    sha256 = serializers.RegexField(_SHA256)
    size_bytes = serializers.IntegerField(min_value=0, max_value=SIZE_MOST)
    technical = serializers.DictField()
    location = serializers.CharField(max_length=1000, allow_blank=True, default="")


class DerivativesInput(Strict):
    """The outputs of a job, all or none."""

    outputs = serializers.ListField(child=DerivativeInput(), allow_empty=False, max_length=1000)


class DerivativeOutput(Strict):
    """A derivative."""

    id = serializers.UUIDField()
    job = serializers.UUIDField()
    dataset = serializers.CharField()
    dataset_version = serializers.IntegerField()
    role = serializers.CharField()
    sha256 = serializers.CharField()
    node = serializers.IntegerField()


class TrainingReviewAnswerInput(Strict):
    """``ADMIT`` or ``REFUSE``, and why."""

    answer = serializers.ChoiceField(choices=Review.Answer.values)
    reason = serializers.CharField(max_length=2000)


class TrainingReviewOutput(Strict):
    """An isolated asset and what was decided about it."""

    id = serializers.UUIDField()
    asset = serializers.UUIDField()
    codes = serializers.ListField(child=serializers.CharField())
    risk = serializers.IntegerField()
    due_at = serializers.DateTimeField()
    answer = serializers.CharField()
    answered_at = serializers.DateTimeField(allow_null=True)
    reason = serializers.CharField()


class ExceptionInput(Strict):
    """Every field that an exception must state."""

    codes = serializers.ListField(
        child=serializers.CharField(max_length=60), allow_empty=False, max_length=20
    )
    source_class = serializers.CharField(max_length=60)
    source_id = serializers.UUIDField(required=False, allow_null=True, default=None)
    owner = serializers.EmailField()
    reason = serializers.CharField(max_length=2000)
    compensating_controls = serializers.CharField(max_length=2000)
    rollback_plan = serializers.CharField(max_length=2000)
    review_on = serializers.DateField()
    ends_at = serializers.DateTimeField()


class ExceptionOutput(ExceptionInput):
    """An exception and how it stands."""

    id = serializers.UUIDField()
    signed_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)


class TrainingAssetsApi(TrainingView):
    """List originals, put one through the gate."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="training_assets_list", responses=TrainingAssetOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(assets_of(self.principal), write_asset)

    @extend_schema(
        operation_id="training_assets_register", request=CaptureInput, responses={201: TrainingAssetOutput},
        description="422 ASSET_REFUSED with the gate's codes; 201 also for what is isolated: read ``state``.",
    )  # fmt: skip
    def post(self, request: Request) -> Response:
        told = self.parsed(CaptureInput)
        source_id, under = told.pop("source_id"), told.pop("contract_hash")
        told |= {name: tuple(told[name]) for name in ("content", "flags")}
        capture = Capture(**told, collector="")
        return answer_of(
            register_asset(principal=self.principal, source_id=source_id, capture=capture, under=under),
            capture,
        )


class TrainingAssetApi(TrainingView):
    """Read one original."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_assets_read", responses=TrainingAssetOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        row = assets_of(self.principal).filter(pk=asset_id).first()
        if row is None:
            raise NotFound
        return Response(write_asset(row))


class TrainingContentApi(TrainingView):
    """Send the bytes of a registered original: hashed and scanned before they are kept."""

    required_scope = "training:write"
    idempotent = False
    parser_classes = (MultiPartParser,)

    def initial(self, request: Any, *args: Any, **kwargs: Any) -> None:
        super().initial(request, *args, **kwargs)
        # before a byte of the body is read
        require_engineer(self.principal)
        asset_of(self.principal, kwargs["asset_id"])

    @extend_schema(
        operation_id="training_assets_content", request={"multipart/form-data": ContentInput},
        responses={200: TrainingAssetOutput, 202: TrainingAssetOutput},
        description="202 where it is large: isolated until it is scanned; ``.../scan`` says how that stands.",
    )  # fmt: skip
    def post(self, request: Request, asset_id: UUID) -> Response:
        told = self.parsed(ContentInput)
        stream = cast("BinaryIO", told["file"].file)
        answer = take_content(
            principal=self.principal, asset_id=asset_id, stream=stream, under=told["contract_hash"]
        )
        return answer_of(answer, status=202 if answer.scan else 200)


class TrainingScanApi(TrainingView):
    """How the scan of a large original stands, the newest one."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_assets_scan", responses=TrainingScanOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        asset = assets_of(self.principal).filter(pk=asset_id).first()
        row = asset.scans.order_by("-created_at").first() if asset is not None else None
        if row is None:
            raise NotFound
        return Response(
            {
                "state": row.state, "problem": row.problem, "asked_at": rfc3339(row.created_at),
                "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
            }
        )  # fmt: skip


class TrainingJobsApi(TrainingView):
    """Register a transformation job."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="training_jobs_register", request=TrainingJobInput, responses={201: TrainingJobOutput}
    )
    def post(self, request: Request) -> Response:
        job = register_job(principal=self.principal, ask=JobAsk(**self.parsed(TrainingJobInput)))
        answer = {
            "id": str(job.pk), "name": job.name, "code_commit": job.code_commit,
            "container_image": job.container_image, "approved_by": str(job.approved_by_id),
        }  # fmt: skip
        return Response(answer, status=201)


class TrainingOutputsApi(TrainingView):
    """Write the outputs of a job and what each was made of."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="training_jobs_outputs",
        request=DerivativesInput,
        responses={201: DerivativeOutput(many=True)},
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        told = self.parsed(DerivativesInput)["outputs"]
        asks = [DerivativeAsk(**{**one, "parents": tuple(one["parents"])}) for one in told]
        made = register_derivatives(principal=self.principal, job_id=job_id, asks=asks)
        return Response([write_derivative(row) for row in made], status=201)


class TrainingReviewsApi(TrainingView):
    """List what was isolated."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_reviews_list", responses=TrainingReviewOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(reviews_of(self.principal), write_review)


class TrainingReviewApi(TrainingView):
    """Decide about an isolated asset: a person who did not collect it."""

    required_scope = "training:write"

    @extend_schema(
        operation_id="training_reviews_answer",
        request=TrainingReviewAnswerInput,
        responses=TrainingReviewOutput,
    )
    def post(self, request: Request, review_id: UUID) -> Response:
        row = answer_review(
            principal=self.principal, review_id=review_id, **self.parsed(TrainingReviewAnswerInput)
        )
        return Response(write_review(row))


class TrainingExceptionsApi(TrainingView):
    """List exceptions, ask for one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}

    @extend_schema(operation_id="training_exceptions_list", responses=ExceptionOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(exceptions_of(self.principal), write_exception)

    @extend_schema(
        operation_id="training_exceptions_ask", request=ExceptionInput, responses={201: ExceptionOutput}
    )
    def post(self, request: Request) -> Response:
        told = self.parsed(ExceptionInput)
        told |= {"codes": tuple(told["codes"]), "source": told.pop("source_id")}
        ask = ExceptionAsk(**told)
        return Response(write_exception(ask_exception(principal=self.principal, ask=ask)), status=201)


class TrainingExceptionSignApi(TrainingView):
    """Counsel signs an exception."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_exceptions_sign", request=None, responses=ExceptionOutput)
    def post(self, request: Request, exception_id: UUID) -> Response:
        return Response(write_exception(sign_exception(principal=self.principal, exception_id=exception_id)))


class TrainingExceptionEndApi(TrainingView):
    """End an exception before its time."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_exceptions_end", request=None, responses=ExceptionOutput)
    def post(self, request: Request, exception_id: UUID) -> Response:
        return Response(write_exception(end_exception(principal=self.principal, exception_id=exception_id)))


def answer_of(admission: Admission, capture: Capture | None = None, *, status: int = 201) -> Response:
    """What came of an asset. A refusal is returned, not raised: its decision is kept."""
    decision = admission.decision
    if admission.asset is None or decision.outcome == Outcome.REFUSE:
        document = problem(
            422, "ASSET_REFUSED", "The gate refuses this asset.", ", ".join(decision.codes),
            decision=write_decision(decision), codes=list(decision.codes),
            missing=list(missing_of(capture)) if capture else [],
        )  # fmt: skip
        return Response(document, status=422, content_type="application/problem+json")
    return Response(write_asset(admission.asset), status=status)


def write_decision(row: PolicyDecision) -> dict[str, Any]:
    """A decision as the API shows it."""
    return {
        "id": str(row.pk), "outcome": row.outcome, "codes": list(row.codes), "facts_hash": row.facts_hash,
        "policy_hash": row.policy_id, "contract_hash": row.contract_hash,
        # fields that the contract of its class asks for and does not find, or not as they must be
        "missing": row.facts.get("metadata_missing", []), "invalid": row.facts.get("metadata_invalid", []),
        "exceptions": [str(one) for one in row.exceptions], "decided_at": rfc3339(row.created_at),
    }  # fmt: skip


def write_asset(row: TrainingAsset) -> dict[str, Any]:
    """An original as the API shows it."""
    return {
        "id": str(row.pk), "source_id": str(row.source_id), "rights": str(row.rights_id),
        "external_id": row.external_id, "version": row.version, "kind": row.kind, "sha256": row.sha256,
        "state": row.state, "held": row.held, "collector": row.collector,
        "collected_at": rfc3339(row.collected_at), "capture": row.capture, "findings": row.findings,
        "node": row.node_id, "decision": write_decision(row.decision),
    }  # fmt: skip


def write_derivative(row: Derivative) -> dict[str, Any]:
    """A derivative as the API shows it."""
    return {
        "id": str(row.pk), "job": str(row.job_id), "dataset": row.dataset,
        "dataset_version": row.dataset_version, "role": row.role, "sha256": row.sha256, "node": row.node_id,
    }  # fmt: skip


def write_review(row: Review) -> dict[str, Any]:
    """A review as the API shows it."""
    return {
        "id": str(row.pk), "asset": str(row.asset_id), "codes": list(row.codes), "risk": row.risk,
        "due_at": rfc3339(row.due_at), "answer": row.answer,
        "answered_at": rfc3339(row.answered_at) if row.answered_at else None, "reason": row.reason,
    }  # fmt: skip


def write_exception(row: RightsException) -> dict[str, Any]:
    """An exception as the API shows it."""
    return {
        "id": str(row.pk), "codes": list(row.codes), "source_class": row.source_class.code,
        "source_id": str(row.source_id) if row.source_id else None, "owner": row.owner.email,
        "reason": row.reason, "compensating_controls": row.compensating_controls,
        "rollback_plan": row.rollback_plan, "review_on": row.review_on.isoformat(),
        "ends_at": rfc3339(row.ends_at), "signed_at": rfc3339(row.signed_at) if row.signed_at else None,
        "ended_at": rfc3339(row.ended_at) if row.ended_at else None,
    }  # fmt: skip
