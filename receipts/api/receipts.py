"""``/api/v1/render/receipts``: post batches, read receipts."""

from typing import Any

from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.clock import rfc3339
from common.errors import InvalidInput
from receipts import selectors
from receipts.api.base import DPOP, limit_of, page_of, sender_of, visible_token
from receipts.api.batch import SCOPE, take_batch


class RowOutput(serializers.Serializer[Any]):
    """What became of one row, counted from 0."""

    row = serializers.IntegerField()
    status = serializers.ChoiceField(["accepted", "unauthorised", "refused"])
    code = serializers.CharField(allow_null=True)
    leaf_index = serializers.IntegerField(allow_null=True)


class RunOutput(RowOutput):
    """What became of ``count`` consecutive rows; their leaves are consecutive too."""

    count = serializers.IntegerField()


class BatchOutput(serializers.Serializer[Any]):
    """The answer to a batch: what is acknowledged here is durable and has its place in the log.

    The signed checkpoint covers it at most a second later; ``size`` says which size to wait for.
    """

    batch = serializers.UUIDField()
    accepted = serializers.IntegerField()
    unauthorised = serializers.IntegerField()
    refused = serializers.IntegerField()
    runs = RunOutput(many=True)
    rows = RowOutput(many=True, required=False, help_text="left out with Prefer: return=minimal")
    size = serializers.IntegerField(allow_null=True)
    checkpoint = serializers.ChoiceField(["published", "pending"])


class ReceiptOutput(serializers.Serializer[Any]):
    """One receipt."""

    leaf_index = serializers.IntegerField()
    received_at = serializers.DateTimeField()
    shot = serializers.CharField()
    frame = serializers.IntegerField()
    take = serializers.IntegerField()
    counter = serializers.CharField()
    outcome = serializers.CharField()
    code = serializers.CharField(allow_blank=True)
    file_sha256 = serializers.CharField()
    pixel_sha256 = serializers.CharField()
    token = serializers.UUIDField(allow_null=True)
    terms_version = serializers.IntegerField(allow_null=True)
    check_id = serializers.UUIDField(allow_null=True)
    lease = serializers.UUIDField(allow_null=True)
    mark = serializers.CharField(allow_null=True)


class ReceiptPageOutput(serializers.Serializer[Any]):
    """A page of receipts in the order of the log."""

    next = serializers.URLField(allow_null=True)
    results = ReceiptOutput(many=True)


class ReceiptsApi(ApiView):
    """Post a batch of receipts (NDJSON, plain, gzip or zstd); list the receipts of a licence."""

    required_scope = {"POST": SCOPE, "GET": "licence:read"}
    idempotent = False  # the batch keeps its own key

    @extend_schema(
        operation_id="receipts_post",
        request={"application/x-ndjson": OpenApiTypes.STR},
        responses=BatchOutput,
        parameters=[
            DPOP,
            OpenApiParameter("Idempotency-Key", location=OpenApiParameter.HEADER),
            OpenApiParameter("Content-Encoding", location=OpenApiParameter.HEADER, enum=["gzip", "zstd"]),
            OpenApiParameter("Prefer", location=OpenApiParameter.HEADER, enum=["return=minimal"]),
            OpenApiParameter("project", description="production of rows without a known lease"),
            OpenApiParameter("wait", enum=["published"], description="answer once the checkpoint covers it"),
        ],
    )
    def post(self, request: Request) -> HttpResponse:
        status, headers, body = take_batch(
            sender_of(request), request.headers, request._request.read, request.query_params
        )
        return HttpResponse(body, status=status, headers=headers)

    @extend_schema(
        operation_id="receipts_list",
        responses=ReceiptPageOutput,
        parameters=[
            OpenApiParameter("token", required=True, description="jti of a licence"),
            OpenApiParameter("cursor", description="leaf index of the last receipt already seen"),
            OpenApiParameter("limit", int),
        ],
    )
    def get(self, request: Request) -> Response:
        jti = visible_token(request, request.query_params.get("token"))
        cursor = request.query_params.get("cursor", "")
        if cursor and not (cursor.isdecimal() and len(cursor) < 19):
            raise InvalidInput("CURSOR_INVALID", "cursor is a leaf index.")
        page = selectors.receipts_for_token(
            jti, after=int(cursor) if cursor else None, limit=limit_of(request)
        )
        return Response(page_of(request, [_receipt(row) for row in page.rows], page.next_after))


def _receipt(row: selectors.ReceiptRow) -> dict[str, Any]:
    return {
        "leaf_index": row.leaf_index,
        "received_at": rfc3339(row.received_at),
        "shot": row.shot,
        "frame": row.frame,
        "take": row.take,
        "counter": row.counter,
        "outcome": row.outcome,
        "code": row.code,
        "file_sha256": row.file_sha256,
        "pixel_sha256": row.pixel_sha256,
        "token": str(row.token_jti) if row.token_jti else None,
        "terms_version": row.terms_version,
        "check_id": str(row.check_id) if row.check_id else None,
        "lease": str(row.lease) if row.lease else None,
        "mark": row.mark,
    }
