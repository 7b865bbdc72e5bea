"""Works and their versions; and which of them a text comes from."""

from typing import Any, ClassVar
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from common.clock import rfc3339
from screenplays import selectors, services
from screenplays.api.base import ScriptView, StrictSerializer, on_disk, refuse_oversize
from screenplays.models import Version, Work, WorkKind
from screenplays.reading.texts import DECLARED


class ScriptWorkInput(StrictSerializer):
    """A work to register."""

    title = serializers.CharField(max_length=200)
    kind = serializers.ChoiceField(choices=WorkKind.values, default=WorkKind.SCREENPLAY)
    authors = serializers.CharField(max_length=300, required=False, default="", allow_blank=True)
    project = serializers.UUIDField(required=False, allow_null=True, default=None)
    writer = serializers.EmailField(required=False, default="", allow_blank=True)


class ScriptWorkOutput(StrictSerializer):
    """A work; its text is fetched under an access."""

    id = serializers.UUIDField()
    title = serializers.CharField()
    kind = serializers.CharField()
    authors = serializers.CharField()
    project = serializers.UUIDField(allow_null=True)
    registered_at = serializers.DateTimeField()
    destroyed_at = serializers.DateTimeField(allow_null=True)


class ScriptVersionInput(StrictSerializer):
    """A script to take in. ``encoding``: of a text that does not say so itself."""

    file = serializers.FileField(allow_empty_file=True)
    label = serializers.CharField(max_length=80)  # type: ignore[assignment]
    dated = serializers.DateField(required=False, allow_null=True, default=None)
    encoding = serializers.ChoiceField(choices=DECLARED, required=False, default="", allow_blank=True)


class ScriptVersionOutput(StrictSerializer):
    """A version. ``admitted_at`` is when this server took it in; ``dated`` is what the draft says of itself."""

    id = serializers.UUIDField()
    number = serializers.IntegerField()
    label = serializers.CharField()  # type: ignore[assignment]
    dated = serializers.DateField(allow_null=True)
    admitted_at = serializers.DateTimeField()
    format = serializers.CharField()
    pages = serializers.IntegerField()
    words = serializers.IntegerField()
    size_bytes = serializers.IntegerField()
    sha256 = serializers.CharField()
    wording_sha256 = serializers.CharField()
    iscc = serializers.CharField()


class ScriptWorkWhole(ScriptWorkOutput):
    """A work with its versions, newest first."""

    versions = ScriptVersionOutput(many=True)


class ScriptMatchInput(StrictSerializer):
    """A text, in any format in which scripts are read."""

    file = serializers.FileField(allow_empty_file=True)


class ScriptMatchOutput(StrictSerializer):
    """A version that the text agrees with: ``FILE``, ``WORDING``, or ``PART`` with estimated shares."""

    work = serializers.UUIDField()
    title = serializers.CharField()
    version = serializers.UUIDField()
    label = serializers.CharField()  # type: ignore[assignment]
    how = serializers.CharField()
    of_text = serializers.FloatField()
    of_version = serializers.FloatField()
    hashes = serializers.IntegerField()
    iscc_distance = serializers.IntegerField(allow_null=True)


class ScriptMatchesOutput(StrictSerializer):
    """Every match, best first."""

    matches = ScriptMatchOutput(many=True)


class WorksApi(ScriptView):
    """Works of the caller's organisation."""

    required_scope: ClassVar[dict[str, str]] = {"GET": "script:read", "POST": "script:write"}

    @extend_schema(operation_id="screenplays_list", responses=ScriptWorkOutput(many=True))
    def get(self, request: Request) -> Response:
        """List them, newest first, by cursor."""
        return self.page(selectors.works_visible_to(self.principal), write_work)

    @extend_schema(
        operation_id="screenplays_register", request=ScriptWorkInput, responses={201: ScriptWorkOutput}
    )
    def post(self, request: Request) -> Response:
        """Register one; it gets a key of its own."""
        given = self.parsed(ScriptWorkInput)
        work = services.register_work(
            principal=self.principal,
            title=given["title"],
            kind=given["kind"],
            authors=given["authors"],
            production_id=given["project"],
            writer_email=given["writer"],
        )
        return Response(write_work(work), status=201)


class WorkApi(ScriptView):
    """One work."""

    required_scope = "script:read"

    @extend_schema(operation_id="screenplays_read", responses=ScriptWorkWhole)
    def get(self, request: Request, work_id: UUID) -> Response:
        """Read about it: never its text."""
        work = self.work(work_id)
        versions = [write_version(one) for one in selectors.versions_of(work)]
        return Response(write_work(work) | {"versions": versions})


class VersionsApi(ScriptView):
    """Versions that are handed in."""

    required_scope = "script:write"
    parser_classes = (MultiPartParser,)
    # the general memory of answers would hash the file's name only; the same bytes are refused the second time
    idempotent = False

    @extend_schema(
        operation_id="screenplays_add_version",
        request={"multipart/form-data": ScriptVersionInput},
        responses={201: ScriptVersionOutput},
    )
    def post(self, request: Request, work_id: UUID) -> Response:
        """Hand a version in: Fountain, Final Draft, PDF or plain text."""
        refuse_oversize(request)
        self.work(work_id)
        given = self.parsed(ScriptVersionInput)
        upload: UploadedFile = given.pop("file")
        with on_disk(upload) as path:
            version = services.add_version(
                principal=self.principal,
                work_id=work_id,
                path=path,
                file_name=upload.name or "script",
                **given,
            )
        return Response(write_version(version), status=201)


class MatchesApi(ScriptView):
    """Which registered works a text is, or was taken from."""

    required_scope = "script:read"
    parser_classes = (MultiPartParser,)
    idempotent = False

    @extend_schema(
        operation_id="screenplays_match",
        request={"multipart/form-data": ScriptMatchInput},
        responses=ScriptMatchesOutput,
    )
    def post(self, request: Request) -> Response:
        """Compare a text with the works that the caller may know of; it is not kept."""
        refuse_oversize(request)
        upload: UploadedFile = self.parsed(ScriptMatchInput)["file"]
        with on_disk(upload) as path:
            found = services.find_works(principal=self.principal, path=path, file_name=upload.name or "text")
        return Response({"matches": [write_match(one) for one in found]})


def write_work(work: Work) -> dict[str, Any]:
    """A work as the API shows it."""
    return {
        "id": str(work.pk),
        "title": work.title,
        "kind": work.kind,
        "authors": work.authors,
        "project": str(work.production_id) if work.production_id else None,
        "registered_at": rfc3339(work.created_at),
        "destroyed_at": rfc3339(work.destroyed_at) if work.destroyed_at else None,
    }


def write_version(version: Version) -> dict[str, Any]:
    """A version as the API shows it."""
    return {
        "id": str(version.pk),
        "number": version.number,
        "label": version.label,
        "dated": version.dated.isoformat() if version.dated else None,
        "admitted_at": rfc3339(version.created_at),
        **{
            name: getattr(version, name)
            for name in ("format", "pages", "words", "size_bytes", "sha256", "wording_sha256", "iscc")
        },
    }


def write_match(match: selectors.Match) -> dict[str, Any]:
    """A match as the API shows it."""
    return {
        "work": str(match.version.work_id),
        "title": match.version.work.title,
        "version": str(match.version.pk),
        "label": match.version.label,
        "how": match.how,
        "of_text": round(match.of_text, 3),
        "of_version": round(match.of_version, 3),
        "hashes": match.hashes,
        "iscc_distance": match.iscc_distance,
    }
