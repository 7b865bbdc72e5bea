"""``/api/v1/render/receipts``: post batches, read receipts."""

from collections.abc import Iterator
from typing import Any

from django.conf import settings
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.api import ApiView
from common.clock import rfc3339
from common.errors import InvalidInput, WrongMediaType
from receipts import selectors, services
from receipts.api.base import limit_of, machine_of, page_of, uuid_of, visible_token
from receipts.ndjson import chunks_of, lines_of, unpacked
from trustcore.receipt import MAX_ROW_BYTES

_NDJSON = {"application/x-ndjson", "application/ndjson", "application/jsonl"}
_UNPACKED_FACTOR = 4  # a batch may unpack to this many times the bytes it may be sent in


class RowOutput(serializers.Serializer[Any]):
    """What became of one row, counted from 0."""

    row = serializers.IntegerField()
    status = serializers.ChoiceField(["accepted", "unauthorised", "refused"])
    code = serializers.CharField(allow_null=True)
    leaf_index = serializers.IntegerField(allow_null=True)


class BatchOutput(serializers.Serializer[Any]):
    """The answer to a batch: what is acknowledged here is durable, in the log and under its checkpoint."""

    batch = serializers.UUIDField()
    accepted = serializers.IntegerField()
    unauthorised = serializers.IntegerField()
    refused = serializers.IntegerField()
    rows = RowOutput(many=True)
    size = serializers.IntegerField(allow_null=True)


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

    required_scope = {"POST": "render:receipt", "GET": "licence:read"}
    idempotent = False  # the batch keeps its own key

    @extend_schema(
        operation_id="receipts_post",
        request={"application/x-ndjson": OpenApiTypes.STR},
        responses=BatchOutput,
        parameters=[
            OpenApiParameter("Idempotency-Key", location=OpenApiParameter.HEADER),
            OpenApiParameter("Content-Encoding", location=OpenApiParameter.HEADER, enum=["gzip", "zstd"]),
            OpenApiParameter("project", description="production of rows without a known lease"),
        ],
    )
    def post(self, request: Request) -> Response:
        principal = machine_of(request)
        project = request.query_params.get("project")
        answer = services.take_receipts(
            principal=principal,
            batch_key=request.headers.get("Idempotency-Key", ""),
            lines=_lines(request),
            project=uuid_of(project) if project else None,
        )
        return Response(_batch(answer))

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


def _lines(request: Request) -> Iterator[bytes]:
    """The rows of the body, read as the client sends them.

    Raises:
        WrongMediaType: ``CONTENT_TYPE_UNSUPPORTED``.
        InvalidInput: ``LENGTH_REQUIRED``: without it a body that was cut could not be told from a whole one.
    """
    if request.content_type.partition(";")[0].strip().lower() not in _NDJSON:
        raise WrongMediaType("CONTENT_TYPE_UNSUPPORTED", "Send application/x-ndjson, one receipt a line.")
    length = request.META.get("CONTENT_LENGTH") or ""
    if not length.isdecimal():
        raise InvalidInput("LENGTH_REQUIRED", "Say how long the body is (Content-Length).")
    chunks = chunks_of(request._request, length=int(length), most=settings.BATCH_BYTES_MAX)
    plain = unpacked(
        chunks,
        encoding=request.headers.get("Content-Encoding", ""),
        most=_UNPACKED_FACTOR * settings.BATCH_BYTES_MAX,
    )
    return lines_of(plain, max_line=MAX_ROW_BYTES)


def _batch(answer: services.BatchAnswer) -> dict[str, Any]:
    return {
        "batch": str(answer.batch),
        "accepted": answer.accepted,
        "unauthorised": answer.unauthorised,
        "refused": answer.refused,
        "rows": [
            {"row": row.row, "status": row.status, "code": row.code, "leaf_index": row.leaf_index}
            for row in answer.rows
        ],
        "size": answer.size,
    }


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
