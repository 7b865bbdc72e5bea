"""The HTTP face of incident files, for the talent's own side and the talent's guild."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.principals import Principal
from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.downloads import download
from common.errors import Conflict, NotFound, TooLarge
from compliance.incidents import selectors, services, workflows
from compliance.incidents.models import Evidence, IncidentPackage, PackageState
from compliance.incidents.services.evidence import require_may_add
from compliance.incidents.shapes import (
    IncidentAnswerInput,
    IncidentFileInput,
    IncidentFileOutput,
    IncidentInput,
    IncidentNoteInput,
    IncidentNoticeInput,
    IncidentOutput,
    IncidentPackageOutput,
    IncidentStateInput,
    IncidentWhole,
)
from watermarking.api import on_disk

FORM_BYTES = 64 * 1024


class _View(ApiView):
    required_scope: ClassVar[dict[str, str]] = {"GET": "licence:read", "POST": "licence:request"}

    @property
    def principal(self) -> Principal:
        return principal_of(self.request)

    def whole(self, incident_id: UUID, status: int = 200) -> Response:
        """An incident with all of its file.

        Raises:
            NotFound: none, or none for this caller.
        """
        incident = selectors.incident_for(self.principal, incident_id)
        if incident is None:
            raise NotFound
        lines = selectors.entries_of(self.principal, incident)
        return Response(IncidentWhole(incident, context={"lines": lines}).data, status=status)


class IncidentsApi(_View):
    """Incidents of talents of whom the caller is a party."""

    @extend_schema(
        operation_id="incidents_list",
        responses=IncidentOutput(many=True),
        parameters=[OpenApiParameter("talent", str, description="a handle: only of this talent")],
    )
    def get(self, request: Request) -> Response:
        """List them, newest first, by cursor."""
        rows = selectors.incidents_visible_to(self.principal)
        if handle := request.query_params.get("talent"):
            rows = rows.filter(talent__handle=handle[:80].replace("\0", ""))
        page = CursorPage()
        found = page.paginate_queryset(rows, request, view=self)
        return page.get_paginated_response(IncidentOutput(found, many=True).data)

    @extend_schema(operation_id="incidents_record", request=IncidentInput, responses={201: IncidentWhole})
    def post(self, request: Request) -> Response:
        """Record one; what is licensed of this likeness is noted beside it."""
        row = services.record_incident(principal=self.principal, **self.parsed(IncidentInput))
        return self.whole(row.pk, 201)


class IncidentApi(_View):
    """One incident."""

    @extend_schema(operation_id="incidents_read", responses=IncidentWhole)
    def get(self, request: Request, incident_id: UUID) -> Response:
        """Read its whole file."""
        return self.whole(incident_id)


class IncidentNotesApi(_View):
    """Remarks."""

    @extend_schema(operation_id="incidents_note", request=IncidentNoteInput, responses={201: IncidentWhole})
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Add one."""
        services.add_note(principal=self.principal, incident_id=incident_id, **self.parsed(IncidentNoteInput))
        return self.whole(incident_id, 201)


class IncidentNoticesApi(_View):
    """Notices that were sent."""

    @extend_schema(
        operation_id="incidents_notice", request=IncidentNoticeInput, responses={201: IncidentWhole}
    )
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Note that one was sent: to whom, when, under which law. The server sends none."""
        services.add_notice(
            principal=self.principal, incident_id=incident_id, **self.parsed(IncidentNoticeInput)
        )
        return self.whole(incident_id, 201)


class IncidentAnswersApi(_View):
    """Answers that came."""

    @extend_schema(
        operation_id="incidents_answer", request=IncidentAnswerInput, responses={201: IncidentWhole}
    )
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Note one."""
        services.add_answer(
            principal=self.principal, incident_id=incident_id, **self.parsed(IncidentAnswerInput)
        )
        return self.whole(incident_id, 201)


class IncidentStateApi(_View):
    """How an incident stands."""

    @extend_schema(operation_id="incidents_state", request=IncidentStateInput, responses=IncidentWhole)
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Resolve or dismiss it, or open it again, with a reason."""
        services.change_state(
            principal=self.principal, incident_id=incident_id, **self.parsed(IncidentStateInput)
        )
        return self.whole(incident_id)


class IncidentEvidenceApi(_View):
    """Files of evidence."""

    parser_classes = (MultiPartParser,)
    # the general memory of answers would hash the file's name only; the same bytes are refused the second time
    idempotent = False

    @extend_schema(
        operation_id="incidents_evidence_add",
        request={"multipart/form-data": IncidentFileInput},
        responses={201: IncidentFileOutput},
    )
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Add a file; what was found is read for marks of this server."""
        refuse_oversize(request)
        require_may_add(principal=self.principal, incident_id=incident_id)
        given = self.parsed(IncidentFileInput)
        upload: UploadedFile = given.pop("file")
        with on_disk(upload) as path:
            row = workflows.hand_in_evidence(
                principal=self.principal,
                incident_id=incident_id,
                path=path,
                file_name=upload.name or "file",
                **given,
            )
        return Response(IncidentFileOutput(row).data, status=201)


class IncidentEvidenceContentApi(_View):
    """One file of evidence."""

    @extend_schema(
        operation_id="incidents_evidence_content",
        responses={(200, "application/octet-stream"): OpenApiTypes.BINARY},
    )
    def get(self, request: Request, incident_id: UUID, evidence_id: UUID) -> HttpResponseBase:
        """Download it, always as a file to save, never as a page to show."""
        row = selectors.evidence_for(self.principal, incident_id, evidence_id)
        if row is None:
            raise NotFound
        return evidence_response(request, row)


class IncidentReadingApi(_View):
    """Marks in a file of evidence."""

    @extend_schema(operation_id="incidents_evidence_read", request=None, responses={202: IncidentFileOutput})
    def post(self, request: Request, incident_id: UUID, evidence_id: UUID) -> Response:
        """Have it read again; what is found becomes an entry."""
        reading = services.ask_reading(
            principal=self.principal, incident_id=incident_id, evidence_id=evidence_id
        )
        return Response(IncidentFileOutput(reading.evidence).data, status=202)


class IncidentPackagesApi(_View):
    """Signed copies of an incident's file."""

    @extend_schema(operation_id="incidents_package", request=None, responses={202: IncidentPackageOutput})
    def post(self, request: Request, incident_id: UUID) -> Response:
        """Ask for one as the file stands now."""
        row = workflows.export_incident(principal=self.principal, incident_id=incident_id)
        headers = {"Location": f"/api/v1/incident-packages/{row.pk}"}
        return Response(IncidentPackageOutput(row).data, status=202, headers=headers)


class IncidentPackageApi(_View):
    """One package."""

    @extend_schema(operation_id="incident_packages_read", responses=IncidentPackageOutput)
    def get(self, request: Request, package_id: UUID) -> Response:
        """Say how far it is."""
        return Response(IncidentPackageOutput(_package(self.principal, package_id)).data)


class IncidentPackageContentApi(_View):
    """The file of a package."""

    @extend_schema(
        operation_id="incident_packages_content", responses={(200, "application/zip"): OpenApiTypes.BINARY}
    )
    def get(self, request: Request, package_id: UUID) -> HttpResponseBase:
        """Download it, whole or by one byte range."""
        return package_response(request, _package(self.principal, package_id))


def refuse_oversize(request: Request | HttpRequest) -> None:
    """Refuse by the declared length, before a byte of the body is read.

    Raises:
        TooLarge: ``EVIDENCE_TOO_LARGE``.
    """
    declared = request.META.get("CONTENT_LENGTH") or "0"
    most = settings.INCIDENT_EVIDENCE_BYTES_MAX
    if not declared.isdecimal() or len(declared) > 18 or int(declared) > most + FORM_BYTES:
        raise TooLarge(
            "EVIDENCE_TOO_LARGE", _("A file of evidence has at most %(most)s bytes.") % {"most": most}
        )


def evidence_response(request: Any, row: Evidence) -> HttpResponseBase:
    """Answer with a file of evidence, as bytes to save; the portal's download uses it too."""
    ending = row.entry.body["path"].rpartition("/")[2].partition(".")[2]
    return download(
        request,
        row.blob,
        file_name=f"evidence-{row.sha256[:12]}.{ending}",
        content_type="application/octet-stream",
        size=row.size_bytes,
        sha256=row.sha256,
    )


def package_response(request: Any, package: IncidentPackage) -> HttpResponseBase:
    """Answer with a package's file; the portal's download uses it too.

    Raises:
        Conflict: ``PACKAGE_NOT_READY``.
    """
    if package.state != PackageState.READY:
        raise Conflict(
            "PACKAGE_NOT_READY",
            "This package is not ready.",
            _("It is %(state)s.") % {"state": package.state},
        )
    return download(
        request,
        package.blob,
        file_name=selectors.package_name(package),
        content_type="application/zip",
        size=package.size_bytes,
        sha256=package.sha256,
    )


def _package(principal: Principal, package_id: UUID) -> IncidentPackage:
    package = selectors.packages_visible_to(principal).filter(pk=package_id).first()
    if package is None:
        raise NotFound
    return package
