"""``/api/v1/training-requests`` and ``/api/v1/training-tokens``: training rights, apart from every render licence."""

from typing import Any, ClassVar, Final
from uuid import UUID

from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import NotFound
from licensing import selectors, services
from licensing.api.base import CodeField, LicensingView, PersonView, StrictSerializer, nothing_here
from licensing.models import TrainingRequest, TrainingToken
from trustcore.policy.vocabulary import Channel, Construct, ReplicaClass, UseType

_HASH: Final = r"^sha256:[0-9a-f]{64}$"


class TrainingInput(StrictSerializer):
    """What is asked: training uses alone; ``models`` are the models that may be fitted."""

    project = serializers.UUIDField()
    talent = serializers.CharField(max_length=80)
    use_types = serializers.ListField(child=CodeField(UseType), allow_empty=False, max_length=40)
    constructs = serializers.ListField(child=CodeField(Construct), allow_empty=False, max_length=20)
    replica_class = CodeField(ReplicaClass)
    description = serializers.CharField(max_length=8000)
    days = serializers.IntegerField(min_value=1, max_value=3650)
    runs_max = serializers.IntegerField(min_value=1, max_value=1_000_000)
    models = serializers.ListField(child=serializers.CharField(max_length=128), default=list, max_length=50)
    render_territory = serializers.ListField(child=serializers.CharField(max_length=16), allow_empty=False)
    distribution_territory = serializers.ListField(
        child=serializers.CharField(max_length=16), allow_empty=False
    )
    channels = serializers.ListField(child=CodeField(Channel), allow_empty=False, max_length=40)
    compensation = serializers.DictField(required=False, default=dict)
    declared = serializers.DictField(required=False, default=dict)
    retention = serializers.DictField(required=False, default=dict)


class TrainingConsentInput(StrictSerializer):
    """The hash of the terms that were read."""

    terms_hash = serializers.RegexField(_HASH)


class TrainingReasonInput(StrictSerializer):
    """Why, in words that the parties read."""

    reason = serializers.CharField(max_length=2000)


class TrainingRequestOutput(StrictSerializer):
    """A training request."""

    id = serializers.UUIDField()
    state = serializers.CharField()
    project = serializers.UUIDField()
    talent = serializers.CharField()
    use_types = serializers.ListField(child=serializers.CharField())
    terms = serializers.DictField()
    terms_hash = serializers.CharField()
    token = serializers.UUIDField(allow_null=True)
    submitted_at = serializers.DateTimeField()
    answer_by = serializers.DateTimeField()


class TrainingTokenOutput(StrictSerializer):
    """A training licence."""

    jti = serializers.UUIDField()
    state = serializers.CharField()
    project = serializers.UUIDField()
    use_types = serializers.ListField(child=serializers.CharField())
    terms_hash = serializers.CharField()
    runs_max = serializers.IntegerField()
    not_before = serializers.DateTimeField()
    not_after = serializers.DateTimeField()


class TrainingBeatOutput(TrainingTokenOutput):
    """How it stands, and the token to present while it is in force."""

    token = serializers.CharField(allow_null=True)
    expires_at = serializers.DateTimeField(allow_null=True)


class TrainingRequestsApi(LicensingView):
    """List training requests, submit one."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:read", "POST": "licence:request"}

    @extend_schema(operation_id="training_requests_list", responses=TrainingRequestOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.training_requests_visible_to(self.principal), write_training_request)

    @extend_schema(
        operation_id="training_requests_submit",
        request=TrainingInput,
        responses={201: TrainingRequestOutput},
        description="404 for a talent or construct that is hidden from the caller and for one that is not there.",
    )
    def post(self, request: Request) -> Response:
        fields = self.parsed(TrainingInput)
        lists = {name: tuple(value) for name, value in fields.items() if isinstance(value, list)}
        ask = services.TrainingAsk(production_id=fields.pop("project"), **{**fields, **lists})
        try:
            made = services.submit_training_request(principal=self.principal, ask=ask)
        except NotFound:
            return nothing_here()
        return Response(write_training_request(made), status=201)


class TrainingRequestApi(LicensingView):
    """Read one training request."""

    required_scope = "licence:read"

    @extend_schema(operation_id="training_requests_read", responses=TrainingRequestOutput)
    def get(self, request: Request, request_id: UUID) -> Response:
        row = selectors.training_requests_visible_to(self.principal).filter(pk=request_id).first()
        if row is None:
            raise NotFound
        return Response(write_training_request(row))


class TrainingApproveApi(PersonView):
    """Consent to training: the talent alone, signed in."""

    @extend_schema(
        operation_id="training_requests_approve", request=TrainingConsentInput, responses=TrainingTokenOutput
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        token = services.approve_training(
            principal=self.person, request_id=request_id, **self.parsed(TrainingConsentInput)
        )
        return Response(write_training_token(token))


class TrainingDeclineApi(PersonView):
    """Say no to training."""

    @extend_schema(
        operation_id="training_requests_decline", request=TrainingReasonInput, responses=TrainingRequestOutput
    )
    def post(self, request: Request, request_id: UUID) -> Response:
        row = services.decline_training(
            principal=self.person, request_id=request_id, **self.parsed(TrainingReasonInput)
        )
        return Response(write_training_request(row))


class TrainingWithdrawApi(LicensingView):
    """Take a training request back."""

    required_scope = "licence:request"

    @extend_schema(operation_id="training_requests_withdraw", request=None, responses=TrainingRequestOutput)
    def post(self, request: Request, request_id: UUID) -> Response:
        row = services.withdraw_training(principal=self.principal, request_id=request_id)
        return Response(write_training_request(row))


class TrainingTokensApi(LicensingView):
    """List training licences."""

    required_scope = "licence:read"

    @extend_schema(operation_id="training_tokens_list", responses=TrainingTokenOutput(many=True))
    def get(self, request: Request) -> Response:
        return self.page(selectors.training_tokens_visible_to(self.principal), write_training_token)


class TrainingBeatApi(LicensingView):
    """Fetch the short-lived training token, bound to the API key's proof key."""

    required_scope = "licence:heartbeat"

    @extend_schema(operation_id="training_tokens_heartbeat", request=None, responses=TrainingBeatOutput)
    def post(self, request: Request, jti: UUID) -> Response:
        beat = services.training_heartbeat(principal=self.principal, jti=jti)
        ends = rfc3339(beat.expires_at) if beat.expires_at else None
        return Response(write_training_token(beat.token) | {"token": beat.jws, "expires_at": ends})


class TrainingRevokeApi(PersonView):
    """Withdraw the consent to training: the talent alone, signed in."""

    @extend_schema(
        operation_id="training_tokens_revoke", request=TrainingReasonInput, responses=TrainingTokenOutput
    )
    def post(self, request: Request, jti: UUID) -> Response:
        token = services.revoke_training(principal=self.person, jti=jti, **self.parsed(TrainingReasonInput))
        return Response(write_training_token(token))


def write_training_request(row: TrainingRequest) -> dict[str, Any]:
    """A training request as the API shows it."""
    token = getattr(row, "token", None)
    return {
        "id": str(row.pk),
        "state": row.state,
        "project": str(row.production_id),
        "talent": row.talent.handle,
        "use_types": list(row.use_types),
        "terms": row.terms,
        "terms_hash": row.terms_hash,
        "token": str(token.pk) if token else None,
        "submitted_at": rfc3339(row.submitted_at),
        "answer_by": rfc3339(row.answer_by),
    }


def write_training_token(token: TrainingToken) -> dict[str, Any]:
    """A training licence as the API shows it."""
    return {
        "jti": str(token.pk),
        "state": str(selectors.training_state(token)),
        "project": str(token.production_id),
        "use_types": list(token.use_types),
        "terms_hash": token.terms_hash,
        "runs_max": token.runs_max,
        "not_before": rfc3339(token.not_before),
        "not_after": rfc3339(token.not_after),
    }
