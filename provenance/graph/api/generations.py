"""Record runs of generative models, and find them again by model and input."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import DomainError, InvalidInput
from provenance.graph.api.pages import IdPage
from provenance.graph.api.shapes import GenerationOutput, GenerationsInput, RecordedOutputs
from provenance.graph.reading import generation_of
from provenance.graph.schema import schema_bytes
from provenance.graph.selectors import generation_told, generations_page
from provenance.graph.selectors.generations import uuid_or_none
from provenance.graph.services import record_batch
from provenance.graph.sights import Sight
from provenance.graph.specs import GenerationSpec


class Generations(ApiView):
    """Runs of generative models."""

    required_scope = {"POST": "asset:write", "GET": "asset:read"}

    @extend_schema(request=GenerationsInput, responses={201: RecordedOutputs})
    def post(self, request: Request) -> Response:
        """Record runs into a production's graph, in their order; all of them, or none."""
        given = self.parsed(GenerationsInput)
        specs = [_read(place, record) for place, record in enumerate(given["generations"])]
        recorded = record_batch(principal=principal_of(request), production_id=given["project"], specs=specs)
        told = [
            {"id": one.generation, "is_new": one.is_new, "outputs": list(one.outputs)} for one in recorded
        ]
        return Response(RecordedOutputs({"generations": told}).data, status=201)

    @extend_schema(
        responses=GenerationOutput(many=True),
        parameters=[
            OpenApiParameter("project", OpenApiTypes.UUID),
            OpenApiParameter("model", str, description="Id, sha256:..., name, or name@version."),
            OpenApiParameter(
                "reference", str, description="An input: asset or version id, sha256:... or external:..."
            ),
        ],
    )
    def get(self, request: Request) -> Response:
        """List runs, newest first: those by one model, those that were given one input, or both."""
        principal, asked = principal_of(request), request.query_params
        rows = generations_page(
            principal,
            model=asked.get("model", ""),
            reference=asked.get("reference", ""),
            project=_project(asked.get("project", "")),
        )
        page, sight = IdPage(), Sight.of(principal)
        found = page.paginate_queryset(rows, request, view=self) or []
        told = [generation_told(run, sight) for run in found]
        return page.get_paginated_response(GenerationOutput(told, many=True).data)


@require_GET
def generation_schema(request: HttpRequest) -> HttpResponse:
    """Serve the schema of generation records."""
    return HttpResponse(
        schema_bytes(),
        content_type="application/schema+json",
        headers={"Cache-Control": "public, max-age=300"},
    )


def _read(place: int, record: object) -> GenerationSpec:
    try:
        return generation_of(record)
    except DomainError as error:
        error.extra.setdefault("item", place)
        raise


def _project(text: str) -> UUID | None:
    key = uuid_or_none(text)
    if text and key is None:
        raise InvalidInput("PROJECT_INVALID", "A production is named by its id.")
    return key
