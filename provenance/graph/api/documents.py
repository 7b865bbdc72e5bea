"""Papers of the shoot over HTTP."""

from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import TooLarge
from provenance.graph.models import CustodyDocument, DocumentKind
from provenance.graph.selectors.lineage import version_named
from provenance.graph.services.documents import DOCUMENT_BYTES_MOST, attach_document, facts_told
from watermarking.api import on_disk, refuse_oversize


class CustodyInput(serializers.Serializer[Any]):
    """The parts of an upload."""

    file = serializers.FileField(help_text="32 MB at most; it is read and hashed, and not kept")
    kind = serializers.ChoiceField(choices=DocumentKind.choices)
    on_behalf_of = serializers.CharField(max_length=254, required=False)


class CustodyOutput(serializers.ModelSerializer[CustodyDocument]):
    """What was kept of a document."""

    facts = serializers.SerializerMethodField()

    class Meta:
        model = CustodyDocument
        fields = ("id", "version", "kind", "name", "sha256", "size_bytes", "facts", "at")

    def get_facts(self, document: CustodyDocument) -> dict[str, Any]:
        """What was read out of it; once a talent it may name is erased, no more than sizes and counts."""
        return facts_told(document)


class AssetDocuments(ApiView):
    """Papers of one version: camera reports, call sheets, dailies, headers, edit lists, logs, timelines."""

    required_scope = "asset:write"
    parser_classes = (MultiPartParser,)
    # the same file attached twice is one document
    idempotent = False

    @extend_schema(
        operation_id="asset_attach",
        request={"multipart/form-data": CustodyInput},
        responses={201: CustodyOutput},
    )
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Attach a document; EXR and DPX headers, EDL, ALE and OTIO are read by the field's libraries."""
        refuse_oversize(request)
        given = self.parsed(CustodyInput)
        upload: UploadedFile = given["file"]
        if (upload.size or 0) > DOCUMENT_BYTES_MOST:
            raise TooLarge("DOCUMENT_TOO_LARGE", "A document has at most 32 MB.")
        principal = principal_of(request)
        version = version_named(principal, asset_id)
        with on_disk(upload) as path:
            document = attach_document(
                principal=principal,
                version_id=version.pk,
                kind=given["kind"],
                name=upload.name or "document",
                path=path,
                on_behalf_of=given.get("on_behalf_of", ""),
            )
        return Response(CustodyOutput(document).data, status=201)
