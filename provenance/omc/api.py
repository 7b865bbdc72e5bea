"""The HTTP face of exchange: a production as OMC-JSON or PROV-JSON, and an OMC-JSON document into its graph."""

import io
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.exceptions import RequestDataTooBig
from django.http import StreamingHttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.parsers import BaseParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import InvalidInput
from provenance.graph.classify import ORIGINS
from provenance.omc import exporting
from provenance.omc.importing import import_omc

_AS_OF = OpenApiParameter("as_of", int, description="number of the last event that counts; the newest")


class DocumentParser(BaseParser):
    """A document of a whole production, up to ``BATCH_BYTES_MAX``; it is read an entity at a time as it comes in."""

    media_type = "application/json"

    def parse(self, stream: Any, media_type: str | None = None, parser_context: Any = None) -> Any:
        most = settings.BATCH_BYTES_MAX
        body = stream.read(most + 1)
        if len(body) > most:
            raise RequestDataTooBig
        return io.BytesIO(body)


class ImportedOutput(serializers.Serializer[Any]):
    """What became of a document."""

    assets = serializers.IntegerField()
    versions = serializers.IntegerField()
    runs = serializers.IntegerField()
    known = serializers.IntegerField(help_text="what the graph had already")
    ignored = serializers.DictField(
        child=serializers.IntegerField(), help_text="entities that a graph has no place for, by type"
    )


class ProductionOmc(ApiView):
    """A production's graph as OMC-JSON 2.8."""

    required_scope = {"GET": "asset:read", "POST": "asset:write"}
    parser_classes = (DocumentParser,)
    # a document that comes twice records nothing anew
    idempotent = False

    @extend_schema(
        operation_id="production_omc_export",
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
        parameters=[_AS_OF],
    )
    def get(self, request: Request, production_id: UUID) -> StreamingHttpResponse:
        """Export the whole graph, streamed."""
        export = _export(request, production_id)
        return _streamed(exporting.omc_pieces(export), f"omc-{production_id}-{export.as_of}.json")

    @extend_schema(
        operation_id="production_omc_import",
        request=OpenApiTypes.OBJECT,
        responses={200: ImportedOutput},
        parameters=[
            OpenApiParameter("origin", enum=sorted(ORIGINS), description="of things that do not tell theirs")
        ],
    )
    def post(self, request: Request, production_id: UUID) -> Response:
        """Record what a document tells: all of it or nothing, each thing once."""
        done = import_omc(
            principal=principal_of(request),
            production_id=production_id,
            document=request.data,
            origin=request.query_params.get("origin", ""),
        )
        return Response(ImportedOutput(done).data)


class ProductionProv(ApiView):
    """The same graph as W3C PROV-JSON."""

    required_scope = "asset:read"

    @extend_schema(
        operation_id="production_prov_export",
        responses={(200, "application/json"): OpenApiTypes.OBJECT},
        parameters=[_AS_OF],
    )
    def get(self, request: Request, production_id: UUID) -> StreamingHttpResponse:
        """Export the whole graph, streamed."""
        export = _export(request, production_id)
        return _streamed(exporting.prov_pieces(export), f"prov-{production_id}-{export.as_of}.json")


def _export(request: Request, production_id: UUID) -> exporting.Export:
    asked = request.query_params.get("as_of")
    if asked is not None and not (asked.isdecimal() and len(asked) < 19):
        raise InvalidInput("EVENT_UNKNOWN", "The graph has no such event yet.")
    as_of = None if asked is None else int(asked)
    return exporting.export_for(principal_of(request), production_id, as_of=as_of)


def _streamed(pieces: Any, file_name: str) -> StreamingHttpResponse:
    headers = {
        "Content-Disposition": f'attachment; filename="{file_name}"',
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }
    return StreamingHttpResponse(pieces, content_type="application/json", headers=headers)
