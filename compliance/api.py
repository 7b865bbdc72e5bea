"""The HTTP face of bundles: ask, look, download."""

from typing import Any
from uuid import UUID

from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.downloads import download
from common.errors import Conflict, InvalidInput, NotFound
from compliance import selectors, workflows
from compliance.models import Bundle, BundleState
from compliance.scope import Part
from trustcore.bundle.layout import Purpose


class BundleInput(serializers.Serializer[Any]):
    """What a bundle is asked for."""

    project = serializers.UUIDField(help_text="id of the production")
    purpose = serializers.ChoiceField(choices=[(one.value, one.value) for one in Purpose])
    talent = serializers.UUIDField(
        required=False,
        allow_null=True,
        help_text="id of a talent: their part alone; else the whole production",
    )
    size = serializers.IntegerField(
        required=False,
        allow_null=True,
        min_value=0,
        max_value=2**53 - 1,
        help_text="cut at the log's checkpoint of this many entries; else as it stands now",
    )
    begins = serializers.DateTimeField(
        required=False, allow_null=True, help_text="of the period in which receipts and checks came in"
    )
    until = serializers.DateTimeField(required=False, allow_null=True, help_text="its end, excluded")


class ProgressOutput(serializers.Serializer[Any]):
    """How far the making is: the part in hand, and entries read of the log's; empty before it begins."""

    part = serializers.CharField(required=False, help_text="READING, WRITING, PRINTING, STORING or DONE")
    entries_read = serializers.IntegerField(required=False)
    entries = serializers.IntegerField(required=False)


class BundleOutput(serializers.ModelSerializer[Bundle]):
    """A bundle: how far it is, what it shows, what to look at first."""

    project = serializers.UUIDField(source="production_id")
    talent = serializers.UUIDField(source="talent_id", allow_null=True)
    progress = serializers.SerializerMethodField()
    content = serializers.SerializerMethodField()

    class Meta:
        model = Bundle
        fields = (
            "id",
            "project",
            "purpose",
            "audience",
            "talent",
            "size",
            "begins",
            "until",
            "state",
            "progress",
            "failure_code",
            "origin",
            "tree_size",
            "root_hex",
            "counts",
            "findings",
            "sha256",
            "size_bytes",
            "key_id",
            "content",
            "created_at",
            "built_at",
        )

    @extend_schema_field(ProgressOutput)
    def get_progress(self, bundle: Bundle) -> dict[str, Any]:
        """How far it is."""
        return dict(bundle.progress)

    def get_content(self, bundle: Bundle) -> str | None:
        """Where the file is, once it is ready."""
        return f"/api/v1/bundles/{bundle.pk}/content" if bundle.state == BundleState.READY else None


class Bundles(ApiView):
    """Ask for a bundle, or list those the caller may fetch."""

    required_scope = {"POST": "bundle:write", "GET": "bundle:read"}

    @extend_schema(
        request=BundleInput,
        responses={202: BundleOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Ask for a bundle of a production or of one talent's part, over a period, up to a size of its log."""
        given = self.parsed(BundleInput)
        bundle = workflows.export_bundle(
            principal=principal_of(request),
            production_id=given["project"],
            purpose=given["purpose"],
            part=Part(given.get("talent"), given.get("size"), given.get("begins"), given.get("until")),
        )
        return Response(
            BundleOutput(bundle).data, status=202, headers={"Location": f"/api/v1/bundles/{bundle.pk}"}
        )

    @extend_schema(
        responses=BundleOutput(many=True), parameters=[OpenApiParameter("project", OpenApiTypes.UUID)]
    )
    def get(self, request: Request) -> Response:
        """List bundles, newest first, by cursor."""
        rows = selectors.bundles_visible_to(principal_of(request))
        if project := request.query_params.get("project"):
            rows = rows.filter(production_id=_uuid(project))
        page = CursorPage()
        return page.get_paginated_response(
            BundleOutput(page.paginate_queryset(rows, request, view=self), many=True).data
        )


class BundleDetail(ApiView):
    """One bundle."""

    required_scope = "bundle:read"

    @extend_schema(responses=BundleOutput)
    def get(self, request: Request, bundle_id: UUID) -> Response:
        """Say how far a bundle is and what it counts."""
        return Response(BundleOutput(_bundle(request, bundle_id)).data)


class BundleContent(ApiView):
    """The file of a bundle."""

    required_scope = "bundle:read"

    @extend_schema(responses={(200, "application/zip"): OpenApiTypes.BINARY})
    def get(self, request: Request, bundle_id: UUID) -> HttpResponseBase:
        """Download the bundle, whole or by one byte range."""
        return bundle_response(request, _bundle(request, bundle_id))


def bundle_response(request: Any, bundle: Bundle) -> HttpResponseBase:
    """Answer with a bundle's file; the portal's download uses it too.

    Raises:
        Conflict: ``BUNDLE_NOT_READY``.
    """
    if bundle.state != BundleState.READY:
        raise Conflict(
            "BUNDLE_NOT_READY", "This bundle is not ready.", _("It is %(state)s.") % {"state": bundle.state}
        )
    return download(
        request,
        bundle.blob,
        file_name=selectors.file_name(bundle),
        content_type="application/zip",
        size=bundle.size_bytes,
        sha256=bundle.sha256,
    )


def _bundle(request: Request, bundle_id: UUID) -> Bundle:
    bundle = selectors.bundle_for(principal_of(request), bundle_id)
    if bundle is None:
        raise NotFound
    return bundle


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("PROJECT_INVALID", "project is not an id.") from error
