"""The audit trail of one asset over HTTP: who, when, what; page by page, oldest first."""

from typing import Any
from uuid import UUID

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView
from common.errors import InvalidInput
from provenance.graph.selectors.trail import GRAPH, PAGE_MOST, TRAIL, trail_of


class TrailLineOutput(serializers.Serializer[Any]):
    """One line: a time, a person, what was done, and where the record of it is."""

    at = serializers.DateTimeField()
    source = serializers.ChoiceField(choices=[(one, one) for one in (GRAPH, TRAIL)])  # type: ignore[assignment]
    number = serializers.IntegerField(help_text="of the event in its source")
    what = serializers.CharField()
    about = serializers.CharField()
    about_id = serializers.CharField()
    person_id = serializers.UUIDField(allow_null=True, help_text="null: a step of the server itself")
    person = serializers.CharField(allow_blank=True)
    through = serializers.CharField(
        allow_blank=True, help_text="the service account that acted for the person"
    )
    organisation = serializers.CharField(allow_blank=True)
    digest = serializers.CharField(
        allow_blank=True, help_text="SHA-256, hex; of a graph's event, under the log's root"
    )
    facts = serializers.DictField()


class TrailPageOutput(serializers.Serializer[Any]):
    """A page of the trail; ``next_cursor`` goes on, null at the end."""

    asset = serializers.UUIDField()
    results = TrailLineOutput(many=True)
    next_cursor = serializers.CharField(allow_null=True)


class AssetTrail(ApiView):
    """Everything that happened to one asset."""

    required_scope = "asset:read"

    @extend_schema(
        operation_id="asset_trail",
        responses=TrailPageOutput,
        parameters=[
            OpenApiParameter("cursor", str),
            OpenApiParameter("limit", int, description="Lines of a page; 50, at most 200."),
        ],
    )
    def get(self, request: Request, asset_id: UUID) -> Response:
        """List who did what to an asset and when, for the production and its guild."""
        asked = request.query_params
        limit = asked.get("limit", "50")
        if not (limit.isascii() and limit.isdecimal() and len(limit) < 4 and 1 <= int(limit) <= PAGE_MOST):
            raise InvalidInput("QUERY_INVALID", "This is no number that fits here.", extra={"field": "limit"})
        page = trail_of(principal_of(request), asset_id, cursor=asked.get("cursor", ""), limit=int(limit))
        told = {"asset": page.asset.pk, "results": page.lines, "next_cursor": page.next_cursor or None}
        return Response(TrailPageOutput(told).data)
