"""The HTTP face of the marks: ask about a file, read the answer, follow a mark."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.errors import InvalidInput, NotFound, TooLarge
from watermarking import selectors, workflows
from watermarking.models import DetectionState, MarkDetection, MarkRegistration
from watermarking.reports import LAYERS, parse_payload
from watermarking.schemes import declarations, watermark_facts

_MULTIPART_ROOM = 64 * 1024


class DetectInput(serializers.Serializer[Any]):
    """The parts of a question about a file."""

    file = serializers.FileField()
    layers = serializers.CharField(default=",".join(LAYERS), help_text="pixel, audio or both, by comma")


class LeadOutput(serializers.ModelSerializer[MarkRegistration]):
    """What a mark leads to."""

    payload = serializers.CharField(source="mark_id")
    production = serializers.UUIDField(source="production_id")
    tokens = serializers.ListField(source="token_jtis", child=serializers.UUIDField())
    asset = serializers.UUIDField(source="asset_id", allow_null=True)
    registered_at = serializers.DateTimeField(source="created_at")

    class Meta:
        model = MarkRegistration
        fields = ("payload", "production", "tokens", "asset", "segment", "card", "key_id", "registered_at")


class WatermarkOutput(serializers.Serializer[Any]):
    """The answer in short: what every report on a file carries."""

    status = serializers.CharField(allow_null=True, help_text="present, absent or uncertain")
    confidence = serializers.FloatField(allow_null=True)
    scheme = serializers.CharField(allow_null=True)
    p_value = serializers.FloatField(allow_null=True)
    cards = serializers.ListField(child=serializers.CharField())
    error = serializers.CharField(allow_null=True)


class SchemeOutput(serializers.Serializer[Any]):
    """What a mark is and what reading it needs."""

    scheme = serializers.CharField()
    version = serializers.IntegerField()
    card = serializers.CharField()
    layer = serializers.CharField()
    alg = serializers.CharField(allow_null=True)
    kind = serializers.ChoiceField(choices=["robust", "fragile"])
    nbits = serializers.IntegerField()
    blind = serializers.BooleanField()
    needs_original = serializers.BooleanField()
    methods = serializers.ListField(child=serializers.CharField())
    recovery_key = serializers.CharField()
    thresholds = serializers.DictField(child=serializers.FloatField())
    measured = serializers.DictField()


class DetectionOutput(serializers.ModelSerializer[MarkDetection]):
    """A question about a file and, once a worker has read it, the answer."""

    result = serializers.DictField(allow_null=True)
    lead = serializers.SerializerMethodField()
    watermark = serializers.SerializerMethodField()

    class Meta:
        model = MarkDetection
        fields = (
            "id",
            "state",
            "file_name",
            "sha256",
            "layers",
            "watermark",
            "result",
            "lead",
            "error_code",
            "created_at",
            "finished_at",
        )

    @extend_schema_field(WatermarkOutput)
    def get_watermark(self, row: MarkDetection) -> dict[str, Any]:
        """Status, confidence and scheme; a reading that failed says so."""
        return watermark_facts(row.result, failed=row.state == DetectionState.FAILED)

    @extend_schema_field(LeadOutput(allow_null=True))
    def get_lead(self, row: MarkDetection) -> dict[str, Any] | None:
        """What the mark leads to, where the caller may be told."""
        payload = (row.result or {}).get("payload")
        if not payload:
            return None
        lead = selectors.registrations_visible_to(self.context["principal"]).filter(mark_id=payload).first()
        return dict(LeadOutput(lead).data) if lead else None


class DetectApi(ApiView):
    """Ask whether a file carries a mark of this deployment."""

    required_scope = "watermark:detect"
    parser_classes = (MultiPartParser,)
    # the general memory of answers would hash the file's name only
    idempotent = False

    @extend_schema(request={"multipart/form-data": DetectInput}, responses={202: DetectionOutput})
    def post(self, request: Request) -> Response:
        """Take a file in; read the answer at ``Location``."""
        refuse_oversize(request)
        given = self.parsed(DetectInput)
        upload: UploadedFile = given["file"]
        principal = principal_of(request)
        with on_disk(upload) as path:
            row = workflows.detect_upload(
                principal=principal,
                path=path,
                file_name=upload.name or "upload",
                layers=[name.strip() for name in given["layers"].split(",")],
            )
        data = DetectionOutput(row, context={"principal": principal}).data
        headers = {"Location": f"/api/v1/watermarks/detections/{row.pk}"}
        return Response(data, status=202, headers=headers)


class DetectionApi(ApiView):
    """One question about a file."""

    required_scope = "watermark:detect"

    @extend_schema(responses=DetectionOutput)
    def get(self, request: Request, uid: UUID) -> Response:
        """Read where it stands, and the answer."""
        principal = principal_of(request)
        row = selectors.detection_for(principal, uid)
        if row is None:
            raise NotFound
        return Response(DetectionOutput(row, context={"principal": principal}).data)


class SchemesApi(ApiView):
    """The schemes that this deployment marks and reads with."""

    authentication_classes = ()
    permission_classes = ()

    @extend_schema(responses=SchemeOutput(many=True), auth=[])
    def get(self, request: Request) -> Response:
        """Declare each: blind or not, which key recovery needs, thresholds, what was measured."""
        return Response(
            {"next": None, "previous": None, "results": SchemeOutput(declarations(), many=True).data}
        )


class MarksApi(ApiView):
    """Registered marks that the caller may be told of."""

    required_scope = "watermark:detect"

    @extend_schema(
        responses=LeadOutput(many=True),
        parameters=[OpenApiParameter("payload", str, description="a mark id, 16 hex digits")],
    )
    def get(self, request: Request) -> Response:
        """List marks, newest first; ``payload`` follows one mark to its production and licences."""
        rows = selectors.registrations_visible_to(principal_of(request))
        if text := request.query_params.get("payload"):
            rows = rows.filter(mark_id=mark_id_of(text))
        pages = CursorPage()
        page = pages.paginate_queryset(rows, request, view=self)
        return pages.get_paginated_response(LeadOutput(page, many=True).data)


def mark_id_of(text: str) -> str:
    """Read a mark id.

    Raises:
        InvalidInput: ``PAYLOAD_MALFORMED``.
    """
    try:
        parse_payload(text)
    except ValueError as error:
        raise InvalidInput("PAYLOAD_MALFORMED", "A mark id is 16 hex digits.") from error
    return text.lower()


def refuse_oversize(request: Request) -> None:
    """Refuse by the declared length, before a byte of the body is read."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdigit() or int(declared) > settings.UPLOAD_BYTES_MAX + _MULTIPART_ROOM:
        raise TooLarge(
            "UPLOAD_TOO_LARGE",
            _("An upload may have %(upload_bytes_max)s bytes.")
            % {"upload_bytes_max": settings.UPLOAD_BYTES_MAX},
        )


@contextmanager
def on_disk(upload: UploadedFile) -> Iterator[Path]:
    """Give the upload as a file: the one Django spooled, or a temporary one for small uploads."""
    spooled = getattr(upload, "temporary_file_path", None)
    if spooled is not None:
        yield Path(spooled())
        return
    with tempfile.NamedTemporaryFile(
        prefix="tm-upload-", suffix=Path(upload.name or "").suffix[:8].lower()
    ) as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)
