"""Marked copies: made for one recipient, and named again when they turn up."""

from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from screenplays import selectors, services
from screenplays.api.base import ScriptView, StrictSerializer, handed_out, on_disk, refuse_oversize
from screenplays.models import Copy


class ScriptCopyInput(StrictSerializer):
    """A copy to make. ``recipient``: by keepers, for somebody else than themselves."""

    version = serializers.UUIDField(required=False, allow_null=True, default=None)
    recipient = serializers.CharField(max_length=120, required=False, default="", allow_blank=True)


class ScriptCopyOutput(StrictSerializer):
    """A marked copy."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    version = serializers.UUIDField()
    recipient = serializers.CharField()
    made_at = serializers.DateTimeField()
    pages = serializers.IntegerField()
    marked_words = serializers.IntegerField()
    sha256 = serializers.CharField()


class ScriptLeakInput(StrictSerializer):
    """A PDF, or a picture of a page (PNG, JPEG, TIFF), that turned up."""

    file = serializers.FileField(allow_empty_file=True)


class ScriptLeakOutput(StrictSerializer):
    """Whose copy it was: ``FILE``, ``MARK`` or ``SCAN`` with a bound on the chance of error, or ``NONE``."""

    how = serializers.CharField()
    copy = ScriptCopyOutput(allow_null=True)
    odds = serializers.FloatField(allow_null=True)
    words = serializers.IntegerField()
    lines = serializers.IntegerField()
    copies_asked = serializers.IntegerField()


class CopiesApi(ScriptView):
    """Copies of a work."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "script:read", "POST": "script:access"}

    @extend_schema(operation_id="screenplays_copies", responses=ScriptCopyOutput(many=True))
    def get(self, request: Request, work_id: UUID) -> Response:
        """List them, newest first, by cursor."""
        return self.page(selectors.copies_of(self.work(work_id)), write_copy)

    @extend_schema(
        operation_id="screenplays_make_copy", request=ScriptCopyInput, responses={201: ScriptCopyOutput}
    )
    def post(self, request: Request, work_id: UUID) -> Response:
        """Make one: every page bears the recipient's name, and every line a hidden mark."""
        given = self.parsed(ScriptCopyInput)
        copy = services.make_copy(
            principal=self.principal,
            work_id=work_id,
            version_id=given["version"],
            recipient=given["recipient"],
        )
        return Response(write_copy(copy), status=201)


class CopyFileApi(ScriptView):
    """The PDF of a copy."""

    required_scope = "script:access"

    @extend_schema(
        operation_id="screenplays_copy_file", responses={(200, "application/pdf"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, copy_id: UUID) -> HttpResponse:
        """Fetch a copy that one had made; it is decided anew."""
        copy, data = services.fetch_copy(principal=self.principal, copy_id=copy_id)
        return handed_out(data, "application/pdf", f"script-copy-{copy.number}.pdf")


class LeaksApi(ScriptView):
    """Copies that turned up elsewhere."""

    required_scope = "script:write"
    parser_classes = (MultiPartParser,)
    idempotent = False

    @extend_schema(
        operation_id="screenplays_leak",
        request={"multipart/form-data": ScriptLeakInput},
        responses=ScriptLeakOutput,
    )
    def post(self, request: Request, work_id: UUID) -> Response:
        """Say whose copy a PDF was. It is not kept."""
        refuse_oversize(request)
        self.work(work_id)
        upload: UploadedFile = self.parsed(ScriptLeakInput)["file"]
        with on_disk(upload) as path:
            leak = services.whose_copy(principal=self.principal, work_id=work_id, path=path)
        return Response(
            {
                "how": leak.how,
                "copy": write_copy(leak.copy) if leak.copy else None,
                "odds": leak.likeness.odds if leak.likeness else None,
                "words": leak.likeness.words if leak.likeness else 0,
                "lines": leak.lines,
                "copies_asked": leak.asked,
            }
        )


def write_copy(copy: Copy) -> dict[str, Any]:
    """A copy as the API shows it."""
    return {
        "id": str(copy.pk),
        "number": copy.number,
        "version": str(copy.version_id),
        "recipient": copy.recipient,
        "made_at": rfc3339(copy.created_at),
        "pages": copy.pages,
        "marked_words": copy.marked_words,
        "sha256": copy.sha256,
    }
