"""``/api/v1/training-imports``: captures of many assets in one body, read in the background past the same gate."""

from collections.abc import Iterator
from typing import Any, ClassVar
from uuid import UUID

import msgspec
from django.http import StreamingHttpResponse
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from common.errors import InvalidInput, NotFound, WrongMediaType
from training.api.base import Strict, TrainingView
from training.models import MaterialImport
from training.seats import require_engineer
from training.services.imports import cancel_import
from training.workflows import import_material

_NDJSON = ("application/x-ndjson", "application/ndjson", "application/jsonl")


class TrainingImportOutput(Strict):
    """A file of captures and how far it has been read."""

    id = serializers.UUIDField()
    state = serializers.ChoiceField(choices=MaterialImport.State.values)
    failure = serializers.CharField(allow_blank=True)
    sha256 = serializers.CharField()
    size_bytes = serializers.IntegerField()
    bytes_read = serializers.IntegerField()
    rows_read = serializers.IntegerField()
    rows_admitted = serializers.IntegerField()
    rows_isolated = serializers.IntegerField()
    rows_same = serializers.IntegerField()
    rows_refused = serializers.IntegerField()
    handed_in_at = serializers.DateTimeField()
    finished_at = serializers.DateTimeField(allow_null=True)


class ImportsApi(TrainingView):
    """List files of captures, hand one in."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "training:read", "POST": "training:write"}
    idempotent = False  # the import keeps its own key, and reads its body in pieces

    @extend_schema(operation_id="training_imports_list", responses=TrainingImportOutput(many=True))
    def get(self, request: Request) -> Response:
        mine = MaterialImport.objects.filter(organisation=self.principal.organisation)
        return self.page(mine.order_by("-created_at"), write_import)

    @extend_schema(
        operation_id="training_imports_hand_in",
        request={"application/x-ndjson": OpenApiTypes.STR},
        responses={202: TrainingImportOutput},
        parameters=[OpenApiParameter("Idempotency-Key", location=OpenApiParameter.HEADER)],
        description="One JSON object a line, with the fields of a single registration; ``contract_hash`` among them.",
    )
    def post(self, request: Request) -> Response:
        require_engineer(self.principal)  # before a byte of the body is read
        headers = request.headers
        if headers.get("Content-Type", "").partition(";")[0].strip().lower() not in _NDJSON:
            raise WrongMediaType(
                "CONTENT_TYPE_UNSUPPORTED", _("Send application/x-ndjson, one asset a line.")
            )
        if headers.get("Content-Encoding", "identity").strip().lower() not in ("", "identity"):
            raise WrongMediaType("ENCODING_UNSUPPORTED", _("Send the rows plain."))
        length = headers.get("Content-Length", "")
        if not (length.isdecimal() and length.isascii() and len(length) < 19):
            raise InvalidInput("LENGTH_REQUIRED", "Say how long the body is (Content-Length).")
        job, is_new = import_material(
            principal=self.principal, read=request._request.read, length=int(length),
            repeat_key=headers.get("Idempotency-Key", ""),
        )  # fmt: skip
        replayed = {} if is_new else {"Idempotent-Replay": "true"}
        return Response(write_import(job), status=202, headers=replayed)


class ImportApi(TrainingView):
    """How far a file has been read."""

    required_scope = "training:read"

    @extend_schema(operation_id="training_imports_read", responses=TrainingImportOutput)
    def get(self, request: Request, import_id: UUID) -> Response:
        return Response(write_import(self.found(import_id)))

    def found(self, import_id: UUID) -> MaterialImport:
        """The caller's import. Raises ``NotFound``."""
        row = MaterialImport.objects.filter(pk=import_id, organisation=self.principal.organisation).first()
        if row is None:
            raise NotFound
        return row


class ImportCancelApi(TrainingView):
    """Call a reading off; what was registered before stays."""

    required_scope = "training:write"

    @extend_schema(operation_id="training_imports_cancel", request=None, responses=TrainingImportOutput)
    def post(self, request: Request, import_id: UUID) -> Response:
        return Response(write_import(cancel_import(principal=self.principal, import_id=import_id)))


class ImportRefusalsApi(ImportApi):
    """Every row that was not registered, one JSON object a line."""

    @extend_schema(
        operation_id="training_imports_refusals",
        responses={(200, "application/x-ndjson"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, import_id: UUID) -> StreamingHttpResponse:  # type: ignore[override]
        return StreamingHttpResponse(
            _refusals(self.found(import_id)),
            content_type="application/x-ndjson",
            headers={
                "Content-Disposition": 'attachment; filename="refused.ndjson"',
                "X-Content-Type-Options": "nosniff",
            },
        )


def write_import(row: MaterialImport) -> dict[str, Any]:
    """A file of captures as the API shows it."""
    return {
        "id": str(row.pk), "state": row.state, "failure": row.failure, "sha256": row.sha256,
        "size_bytes": row.size_bytes, "bytes_read": row.bytes_read, "rows_read": row.rows_read,
        "rows_admitted": row.rows_admitted, "rows_isolated": row.rows_isolated, "rows_same": row.rows_same,
        "rows_refused": row.rows_refused, "handed_in_at": rfc3339(row.created_at),
        "finished_at": rfc3339(row.finished_at) if row.finished_at else None,
    }  # fmt: skip


def _refusals(row: MaterialImport) -> Iterator[bytes]:
    rows = row.refusals.order_by("row").values_list("row", "code", "detail", "external_id", "decision_id")
    for number, code, detail, external_id, decision in rows.iterator(chunk_size=2000):
        told = {"row": number, "code": code, "detail": detail, "external_id": external_id,
                "decision": str(decision) if decision else None}  # fmt: skip
        yield msgspec.json.encode(told) + b"\n"
