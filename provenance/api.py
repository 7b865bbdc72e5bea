"""The HTTP face of outputs: upload, look, download. One class per address; parse, call, serialise."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.downloads import download
from common.errors import Conflict, Forbidden, InvalidInput, NotFound, TooLarge
from provenance import selectors, services, workflows
from provenance.distribution import require_open
from provenance.formats import FORMATS
from provenance.models import Asset, AssetKind, AssetState, ManifestRecord

_KEY_MAX = 200


class UploadInput(serializers.Serializer[Any]):
    """The parts of an upload."""

    file = serializers.FileField()
    project = serializers.UUIDField(help_text="id of the production")
    tokens = serializers.ListField(
        child=serializers.UUIDField(), allow_empty=False, help_text="licences it was rendered under"
    )
    kind = serializers.ChoiceField(choices=AssetKind.choices, default=AssetKind.DELIVERABLE)


class ManifestOutput(serializers.ModelSerializer[ManifestRecord]):
    """A manifest store: its hash and what reading it back said."""

    class Meta:
        model = ManifestRecord
        fields = ("sha256", "size_bytes", "digital_source_type", "verdict", "created_at")


class AssetOutput(serializers.ModelSerializer[Asset]):
    """An output as its readers see it."""

    project = serializers.UUIDField(source="production_id")
    tokens = serializers.ListField(source="token_jtis", child=serializers.UUIDField())
    waits_for = serializers.CharField(help_text="TIMESTAMP or KEY; empty when it does not wait")
    hold_reasons = serializers.ListField(child=serializers.DictField(child=serializers.CharField()))
    manifest = serializers.SerializerMethodField()
    history = serializers.SerializerMethodField()
    content = serializers.SerializerMethodField()
    sidecar = serializers.SerializerMethodField()
    proxy = serializers.SerializerMethodField()

    class Meta:
        model = Asset
        fields = (
            "id",
            "project",
            "kind",
            "state",
            "hold_reasons",
            "waits_for",
            "file_name",
            "tokens",
            "media",
            "digital_source_type",
            "mark_id",
            "upload_sha256",
            "sha256",
            "size_bytes",
            "manifest",
            "history",
            "content",
            "sidecar",
            "proxy",
            "created_at",
            "released_at",
        )

    @extend_schema_field(ManifestOutput(allow_null=True))
    def get_manifest(self, asset: Asset) -> dict[str, Any] | None:
        """The manifest inside the file as it stands."""
        manifest = selectors.current_manifest(asset)
        return dict(ManifestOutput(manifest).data) if manifest else None

    def get_history(self, asset: Asset) -> list[dict[str, Any]]:
        """Each state it has been in, and since when."""
        return [{"state": event.state_after, "at": event.created_at} for event in asset.events.all()]

    def get_content(self, asset: Asset) -> str | None:
        """Where the media is, once it is released."""
        return f"/api/v1/assets/{asset.pk}/content" if asset.state == AssetState.RELEASED else None

    def get_sidecar(self, asset: Asset) -> str | None:
        """Where the credentials are that must travel beside the media; null where they are inside."""
        beside = asset.state == AssetState.RELEASED and services.is_sidecar(asset)
        return f"/api/v1/assets/{asset.pk}/manifest" if beside else None

    def get_proxy(self, asset: Asset) -> str | None:
        """Where a signed picture of it is, for what browsers do not show."""
        shown = asset.state == AssetState.RELEASED and asset.proxy_blob
        return f"/api/v1/assets/{asset.pk}/proxy" if shown else None


class Assets(ApiView):
    """Upload an output, or list those the caller may know of."""

    required_scope = {"POST": "asset:write", "GET": "asset:read"}
    parser_classes = (MultiPartParser,)
    # repeats are found by the upload's own key: the general memory of answers would hash the file's name only
    idempotent = False

    @extend_schema(
        request={"multipart/form-data": UploadInput},
        responses={202: AssetOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Take an output in; it is marked, signed, verified and then released, or held with reasons."""
        _refuse_oversize(request)
        given = self.parsed(UploadInput)
        upload: UploadedFile = given["file"]
        with _on_disk(upload) as path:
            asset, is_new = workflows.release_asset(
                principal=principal_of(request),
                production_id=given["project"],
                token_jtis=given["tokens"],
                kind=given["kind"],
                path=path,
                file_name=upload.name or "upload",
                idempotency_key=_key(request),
            )
        headers = {"Location": f"/api/v1/assets/{asset.pk}"}
        if not is_new:
            headers["Idempotent-Replay"] = "true"
        return Response(AssetOutput(asset).data, status=202, headers=headers)

    @extend_schema(
        responses=AssetOutput(many=True),
        parameters=[
            OpenApiParameter("project", OpenApiTypes.UUID),
            OpenApiParameter("state", enum=AssetState.values),
        ],
    )
    def get(self, request: Request) -> Response:
        """List outputs, newest first, by cursor."""
        rows = selectors.assets_visible_to(principal_of(request))
        if project := request.query_params.get("project"):
            rows = rows.filter(production_id=_uuid(project))
        if state := request.query_params.get("state"):
            if state not in AssetState.values:
                raise InvalidInput("STATE_UNKNOWN", "There is no such state.", ", ".join(AssetState.values))
            rows = rows.filter(state=state)
        page = CursorPage()
        return page.get_paginated_response(
            AssetOutput(page.paginate_queryset(rows, request, view=self), many=True).data
        )


class AssetDetail(ApiView):
    """One output."""

    required_scope = "asset:read"

    @extend_schema(responses=AssetOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Say how far an output has come and, if it is held, why."""
        return Response(AssetOutput(_asset(request, asset_id)).data)


class AssetTakeUpInput(serializers.Serializer[Any]):
    """Why it may go out now; kept with the move."""

    why = serializers.CharField(max_length=500)


class AssetTakeUp(ApiView):
    """Let a held output go on."""

    required_scope = "asset:write"

    @extend_schema(operation_id="assets_take_up", request=AssetTakeUpInput, responses=AssetOutput)
    def post(self, request: Request, asset_id: UUID) -> Response:
        """Judge a held output anew: it goes on where its licences no longer hold it; a person does this."""
        asset = workflows.take_up_asset(
            principal=principal_of(request), asset_id=asset_id, why=self.parsed(AssetTakeUpInput)["why"]
        )
        return Response(AssetOutput(asset).data)


class AssetContent(ApiView):
    """The media of a released output."""

    required_scope = "asset:read"

    @extend_schema(
        responses={
            (status, form.media_type): OpenApiTypes.BINARY for status in (200, 206) for form in FORMATS
        }
    )
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        """Download the marked and signed media, whole or by one byte range."""
        asset = _released(request, asset_id)
        answer = download(
            request,
            asset.signed_blob,
            file_name=f"asset-{asset.pk}{asset.media['suffix']}",
            content_type=asset.media["media_type"],
            size=asset.size_bytes,
            sha256=asset.sha256,
        )
        services.record_reading(
            principal=principal_of(request),
            asset=asset,
            status=answer.status_code,
            wanted=request.headers.get("Range", ""),
        )
        return answer


class AssetProxy(ApiView):
    """A picture of a released output that browsers do not show."""

    required_scope = "asset:read"

    @extend_schema(responses={(200, "image/jpeg"): OpenApiTypes.BINARY})
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        """Download the proxy, signed by itself; its credentials name the file that it shows."""
        asset = _released(request, asset_id)
        if not asset.proxy_blob:
            raise Conflict("ASSET_HAS_NO_PROXY", "Browsers show this output as it is; it has no proxy.")
        return download(
            request,
            asset.proxy_blob,
            file_name=f"asset-{asset.pk}-proxy.jpg",
            content_type="image/jpeg",
            size=asset.proxy_bytes,
            sha256=asset.proxy_sha256,
        )


class AssetManifest(ApiView):
    """The Content Credentials of an output, by themselves."""

    required_scope = "asset:read"

    @extend_schema(responses={(200, "application/c2pa"): OpenApiTypes.BINARY})
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        """Download the manifest store as it was embedded."""
        manifest = selectors.current_manifest(_asset(request, asset_id))
        if manifest is None:
            raise NotFound
        return download(
            request,
            manifest.blob,
            file_name=f"asset-{asset_id}.c2pa",
            content_type="application/c2pa",
            size=manifest.size_bytes,
            sha256=manifest.sha256,
        )


class DutyOutput(serializers.Serializer[Any]):
    """One duty of EU law: whether it was done, and the values that show it."""

    duty = serializers.CharField()
    law = serializers.CharField(help_text="article and measure")
    asks = serializers.CharField()
    state = serializers.CharField(help_text="MET, NOT_MET or NOT_SHOWN")
    says = serializers.CharField()
    evidence = serializers.DictField()


class EvidenceOutput(serializers.Serializer[Any]):
    """The EU duties of an output."""

    form = serializers.CharField()
    made_at = serializers.DateTimeField()
    asset = serializers.UUIDField()
    state = serializers.CharField()
    released_at = serializers.DateTimeField(allow_null=True)
    sha256 = serializers.CharField(allow_blank=True)
    digital_source_type = serializers.CharField(allow_blank=True)
    duties = DutyOutput(many=True)


class AssetEvidence(ApiView):
    """The EU duties of an output, with what shows them."""

    required_scope = "asset:read"

    @extend_schema(responses=EvidenceOutput)
    def get(self, request: Request, asset_id: UUID) -> Response:
        """Export the evidence as JSON."""
        return Response(services.duty_evidence(_asset(request, asset_id)))


class AssetEvidencePage(ApiView):
    """The same to read."""

    required_scope = "asset:read"

    @extend_schema(responses={(200, "text/html"): OpenApiTypes.STR})
    def get(self, request: Request, asset_id: UUID) -> HttpResponseBase:
        """Export the evidence as a page that stands alone."""
        page = services.duty_page(services.duty_evidence(_asset(request, asset_id)))
        name = f'attachment; filename="eu-evidence-{asset_id}.html"'
        headers = {"Content-Disposition": name, "X-Content-Type-Options": "nosniff"}
        return HttpResponse(page, content_type="text/html; charset=utf-8", headers=headers)


class RegistrationInput(serializers.Serializer[Any]):
    """What a mark shall lead to, before it is embedded by whoever asks."""

    project = serializers.UUIDField(help_text="id of the production")
    tokens = serializers.ListField(child=serializers.UUIDField(), allow_empty=False)
    segment = serializers.CharField(max_length=80, required=False, default="", allow_blank=True)


class RegistrationOutput(serializers.Serializer[Any]):
    """A registered mark: the id to embed, and the name of the key to embed it with."""

    payload = serializers.CharField()
    key_id = serializers.CharField()
    card = serializers.CharField()
    segment = serializers.CharField(allow_blank=True)


class TrailTokenOutput(serializers.Serializer[Any]):
    """A licence that a mark leads to, and what was done under it."""

    jti = serializers.UUIDField()
    state = serializers.CharField()
    terms_hash = serializers.CharField()
    receipts = serializers.IntegerField()
    rendered = serializers.IntegerField()
    first_receipt_at = serializers.DateTimeField(allow_null=True)
    last_receipt_at = serializers.DateTimeField(allow_null=True)


class TrailOutput(serializers.Serializer[Any]):
    """Where a mark leads: production, licences, receipts, output, and every report on it."""

    payload = serializers.CharField()
    registered_at = serializers.DateTimeField()
    segment = serializers.CharField(allow_blank=True)
    project = serializers.UUIDField()
    title = serializers.CharField()
    log_origin = serializers.CharField()
    log_size = serializers.IntegerField()
    tokens = TrailTokenOutput(many=True)
    asset = serializers.UUIDField(allow_null=True)
    asset_state = serializers.CharField(allow_null=True)
    asset_sha256 = serializers.CharField(allow_null=True)
    manifest = serializers.CharField(allow_null=True)
    reports = serializers.ListField(child=serializers.CharField())


class MarkRegistrations(ApiView):
    """Ids for who marks frames or files without handing them in."""

    required_scope = "asset:write"

    @extend_schema(request=RegistrationInput, responses={201: RegistrationOutput})
    def post(self, request: Request) -> Response:
        """Draw an id and write down what it leads to; only then may it be embedded."""
        given = self.parsed(RegistrationInput)
        row = services.register_mark_for(
            principal=principal_of(request),
            production_id=given["project"],
            token_jtis=given["tokens"],
            segment=given["segment"],
        )
        facts = {"payload": row.mark_id, "key_id": row.key_id, "card": row.card, "segment": row.segment}
        return Response(RegistrationOutput(facts).data, status=201)


class MarkTrail(ApiView):
    """From a mark to everything behind it, for its parties."""

    required_scope = "watermark:detect"

    @extend_schema(responses=TrailOutput)
    def get(self, request: Request, payload: str) -> Response:
        """Follow a mark; strangers hear that there is nothing."""
        trail = selectors.trail_of_mark(principal_of(request), payload.lower())
        if trail is None:
            raise NotFound
        return Response(TrailOutput(trail).data)


class ResolutionInput(serializers.Serializer[Any]):
    """Whether strangers with a released file may have its manifest back."""

    public = serializers.BooleanField()


class ProductionResolution(ApiView):
    """The door of a production in the soft binding resolution API; open unless its studio closes it."""

    required_scope = {"GET": "asset:read", "PUT": "asset:write"}

    @extend_schema(responses=ResolutionInput)
    def get(self, request: Request, production_id: UUID) -> Response:
        """Say whether it is open."""
        is_public = services.resolution_of(principal=principal_of(request), production_id=production_id)
        return Response({"public": is_public})

    @extend_schema(request=ResolutionInput, responses=ResolutionInput)
    def put(self, request: Request, production_id: UUID) -> Response:
        """Open or close it."""
        is_public = services.choose_resolution(
            principal=principal_of(request),
            production_id=production_id,
            is_public=self.parsed(ResolutionInput)["public"],
        )
        return Response({"public": is_public})


@require_GET
def authority(request: HttpRequest) -> HttpResponse:
    """Serve the certificates that signed Content Credentials here: what a verifier of our files trusts."""
    return HttpResponse(
        services.trust_anchors_pem(),
        content_type="application/x-pem-file",
        headers={"Cache-Control": "public, max-age=300"},
    )


@require_GET
def revocation_lists(request: HttpRequest) -> HttpResponse:
    """Serve the revocation list of every authority that signed here, one after the other, as PEM."""
    return HttpResponse(
        services.revocation_lists_pem(),
        content_type="application/x-pem-file",
        headers={"Cache-Control": "public, max-age=300"},
    )


def _asset(request: Request, asset_id: UUID) -> Asset:
    asset = selectors.asset_for(principal_of(request), asset_id)
    if asset is None:
        raise NotFound
    return asset


def _released(request: Request, asset_id: UUID) -> Asset:
    asset = _asset(request, asset_id)
    if not selectors.may_download(principal_of(request), asset):
        raise Forbidden("CONTENT_NOT_SHARED", "The media goes to the production and its vendors only.")
    if asset.state != AssetState.RELEASED:
        raise Conflict(
            "ASSET_NOT_RELEASED",
            "This output is not released.",
            _("It is %(state)s.") % {"state": asset.state},
        )
    require_open(asset)
    return asset


def _refuse_oversize(request: Request) -> None:
    """Refuse by the declared length, before a byte of the body is read."""
    declared = request.META.get("CONTENT_LENGTH") or "0"
    if not declared.isdigit() or int(declared) > settings.UPLOAD_BYTES_MAX:
        raise TooLarge(
            "UPLOAD_TOO_LARGE",
            _("An upload may have %(upload_bytes_max)s bytes.")
            % {"upload_bytes_max": settings.UPLOAD_BYTES_MAX},
        )


@contextmanager
def _on_disk(upload: UploadedFile) -> Iterator[Path]:
    """Give the upload as a file: the one Django spooled, or a temporary one for small uploads."""
    spooled = getattr(upload, "temporary_file_path", None)
    if spooled is not None:
        yield Path(spooled())
        return
    with tempfile.NamedTemporaryFile(prefix="tm-upload-") as copy:
        for chunk in upload.chunks():
            copy.write(chunk)
        copy.flush()
        yield Path(copy.name)


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > _KEY_MAX or not key.isprintable():
        raise InvalidInput(
            "IDEMPOTENCY_KEY_INVALID",
            _("Idempotency-Key: at most %(key_max)s printable characters.") % {"key_max": _KEY_MAX},
        )
    return key


def _uuid(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError as error:
        raise InvalidInput("PROJECT_INVALID", "project is not an id.") from error
