"""``/api/v1/render/checks``: ask before a render, and read what was decided."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.certificates import client_certificate
from common.api import ApiView
from common.clock import rfc3339
from common.errors import TooLarge, WrongMediaType
from receipts import selectors, services
from receipts.api.answers import answer_document
from receipts.api.base import limit_of, machine_of, page_of, uuid_of, visible_token
from receipts.models import RenderCheck
from receipts.requests import MAX_BODY_BYTES, parse_check
from trustcore.policy.vocabulary import DecisionOutcome, InputRole, Purpose


class FrameRangeSchema(serializers.Serializer[Any]):
    """Frames asked for, both ends included."""

    first = serializers.IntegerField(min_value=0)
    last = serializers.IntegerField(min_value=0)


class UnitsSchema(serializers.Serializer[Any]):
    """What is asked for where the use is not counted in frames; one of these."""

    lines = serializers.IntegerField(min_value=0, required=False)
    seconds = serializers.IntegerField(min_value=0, required=False)
    runs = serializers.IntegerField(min_value=0, required=False)
    words = serializers.IntegerField(min_value=0, required=False)


class EngineSchema(serializers.Serializer[Any]):
    """A rendering engine."""

    name = serializers.CharField()
    version = serializers.CharField(required=False, allow_null=True)


class ModelSchema(serializers.Serializer[Any]):
    """A model; ``hash`` is the SHA-256 of its weights."""

    id = serializers.CharField(required=False, allow_null=True)
    name = serializers.CharField(required=False, allow_null=True)
    version = serializers.CharField(required=False, allow_null=True)
    hash = serializers.CharField(required=False, allow_null=True)


class InputSchema(serializers.Serializer[Any]):
    """A file that the render reads: its SHA-256, and as what."""

    hash = serializers.CharField()
    role = serializers.CharField(help_text=" | ".join(InputRole))


class ScriptSchema(serializers.Serializer[Any]):
    """The script that is worked from."""

    sha256 = serializers.CharField()
    ref = serializers.CharField(required=False, allow_null=True)
    version = serializers.CharField(required=False, allow_null=True)


class CheckInput(serializers.Serializer[Any]):
    """A render check (TAXONOMY 14). Codes are plain text: an unknown one is denied, not malformed."""

    token = serializers.CharField(help_text="The short-lived token, as the heartbeat gave it.")
    project = serializers.CharField()
    shot = serializers.CharField(required=False)
    sequence = serializers.CharField(required=False, allow_null=True)
    task = serializers.CharField(required=False)
    use_type = serializers.CharField()
    construct = serializers.CharField()
    frame_range = FrameRangeSchema(required=False, allow_null=True)
    units = UnitsSchema(required=False, allow_null=True)
    engine = EngineSchema(required=False, allow_null=True)
    model = ModelSchema(required=False, allow_null=True)
    worker = serializers.CharField(required=False)
    render_territory = serializers.CharField()
    operator = serializers.CharField(required=False)
    purpose = serializers.CharField(required=False, help_text=" | ".join(Purpose))
    resolution = serializers.CharField(required=False, allow_null=True, help_text="WIDTHxHEIGHT")
    channel = serializers.CharField(required=False, allow_null=True)
    distribution_territory = serializers.CharField(required=False, allow_null=True)
    inputs = InputSchema(many=True, required=False)
    script = ScriptSchema(required=False, allow_null=True)
    content = serializers.JSONField(
        required=False, help_text='switches the shot touches: ["NUDITY"], or with levels {"VIOLENCE": 3}'
    )
    rating = serializers.DictField(
        child=serializers.CharField(), required=False, help_text='what the work aims at: {"MPA": "PG-13"}'
    )
    requested_at = serializers.DateTimeField(help_text="RFC 3339, UTC: the caller's clock.")


class LeaseSchema(serializers.Serializer[Any]):
    """Units reserved for one worker. Beat within ``heartbeat_seconds``; end it when done."""

    id = serializers.UUIDField()
    counter = serializers.CharField()
    first = serializers.IntegerField()
    last = serializers.IntegerField()
    expires_at = serializers.DateTimeField()
    heartbeat_seconds = serializers.IntegerField()
    offline_grace_seconds = serializers.IntegerField()


class CheckOutput(serializers.Serializer[Any]):
    """A decision. Only ``ALLOW`` and ``ALLOW_WITH_OBLIGATIONS`` permit work; anything else reads as DENY."""

    decision_id = serializers.UUIDField()
    decision = serializers.ChoiceField([outcome.value for outcome in DecisionOutcome])
    reason_codes = serializers.ListField(child=serializers.CharField())
    policy_version = serializers.CharField()
    policy_hash = serializers.CharField()
    valid_until = serializers.DateTimeField(allow_null=True)
    frames_reserved = serializers.IntegerField()
    units_reserved = serializers.IntegerField()
    lease = LeaseSchema(allow_null=True)
    obligations = serializers.ListField(child=serializers.CharField())
    next_heartbeat_at = serializers.DateTimeField(allow_null=True)
    server_time = serializers.DateTimeField()
    signature = serializers.CharField(
        help_text="Compact JWS over this answer: a render-lease+jwt for a permit, else a render-decision+jwt."
    )


class CheckLineOutput(serializers.Serializer[Any]):
    """A decision in a list."""

    decision_id = serializers.UUIDField()
    at = serializers.DateTimeField()
    decision = serializers.CharField()
    reason_codes = serializers.ListField(child=serializers.CharField())
    use_type = serializers.CharField()
    construct = serializers.CharField()
    shot = serializers.CharField()
    task = serializers.CharField()
    worker = serializers.CharField()
    first = serializers.IntegerField(allow_null=True)
    last = serializers.IntegerField(allow_null=True)
    terms_version = serializers.IntegerField(allow_null=True)
    lease = serializers.UUIDField(allow_null=True)
    policy_version = serializers.CharField()


class CheckPageOutput(serializers.Serializer[Any]):
    """A page of decisions, newest first."""

    next = serializers.URLField(allow_null=True)
    results = CheckLineOutput(many=True)


class CheckApi(ApiView):
    """Ask whether a render may happen. A refusal is an answer (200), kept and logged with its reasons."""

    required_scope = {"POST": "render:check", "GET": "licence:read"}
    idempotent = False  # the decision's own transaction keeps the key

    @extend_schema(
        operation_id="render_check",
        request=CheckInput,
        responses=CheckOutput,
        parameters=[
            OpenApiParameter(
                "DPoP",
                location=OpenApiParameter.HEADER,
                description="RFC 9449; needed unless the token is bound to a client certificate alone (RFC 8705).",
            ),
            OpenApiParameter("Idempotency-Key", location=OpenApiParameter.HEADER),
        ],
    )
    def post(self, request: Request) -> Response:
        principal = machine_of(request)
        answer = services.check_render(
            principal=principal,
            asked=parse_check(_body_of(request)),
            proof=request.headers.get("DPoP"),
            certificate=client_certificate(request.META),
            method="POST",
            url=f"{settings.BASE_URL}{request.path}",
            idempotency_key=request.headers.get("Idempotency-Key", ""),
        )
        return Response(answer_document(answer))

    @extend_schema(
        operation_id="render_checks_list",
        responses=CheckPageOutput,
        parameters=[
            OpenApiParameter("token", required=True, description="jti of a licence"),
            OpenApiParameter("refused", bool, description="only refusals"),
            OpenApiParameter("cursor"),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request) -> Response:
        jti = visible_token(request, request.query_params.get("token"))
        cursor = request.query_params.get("cursor")
        page = selectors.checks_for_token(
            jti,
            after=uuid_of(cursor) if cursor else None,
            limit=limit_of(request),
            refused_only=request.query_params.get("refused") == "true",
        )
        return Response(page_of(request, [_line(check) for check in page.rows], page.next_after))


def _body_of(request: Request) -> bytes:
    if request.content_type.partition(";")[0].strip().lower() != "application/json":
        raise WrongMediaType("CONTENT_TYPE_UNSUPPORTED", "Send application/json.")
    body = bytes(request._request.body)
    if len(body) > MAX_BODY_BYTES:
        raise TooLarge("BODY_TOO_LARGE", "The body is larger than this operation reads.")
    return body


def _line(check: RenderCheck) -> dict[str, Any]:
    return {
        "decision_id": str(check.pk),
        "at": rfc3339(check.at),
        "decision": check.outcome,
        "reason_codes": check.reasons,
        "use_type": check.use_type,
        "construct": check.construct,
        "shot": check.shot,
        "task": check.task,
        "worker": check.worker,
        "first": check.first,
        "last": check.last,
        "terms_version": check.terms_version,
        "lease": str(check.lease_uid) if check.lease_uid else None,
        "policy_version": check.policy_version,
    }
