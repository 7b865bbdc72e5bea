"""The HTTP face of mark jobs: hand a medium in, watch it, cancel it, take the marked file."""

from pathlib import Path
from typing import Any
from uuid import UUID

from django.core.files.uploadedfile import UploadedFile
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.parsers import MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.selectors import principal_of
from common.api import ApiView, CursorPage
from common.downloads import download
from common.errors import Conflict, Forbidden, NotFound
from watermarking import workflows
from watermarking.api import mark_id_of, on_disk, refuse_oversize
from watermarking.models import JobState, MediaJob
from watermarking.work.progress import (
    Progress,
    job_for,
    jobs_visible_to,
    progress_of,
    progress_of_all,
    stretch_lines,
)

_READ, _WRITE = "asset:read", "asset:write"


class MarkInput(serializers.Serializer[Any]):
    """The parts of a request to mark a medium."""

    file = serializers.FileField()
    payload = serializers.CharField(help_text="a registered mark id, 16 hex digits")
    lossless = serializers.BooleanField(default=False)
    crf = serializers.IntegerField(
        required=False, min_value=0, max_value=63, help_text="the encoder's rate factor"
    )


class JobLayerOutput(serializers.Serializer[Any]):
    """What happened to one layer."""

    status = serializers.CharField(help_text="embedded, not_markable, missing")
    reason = serializers.CharField(allow_null=True, help_text="DARK, SILENT, TOO_SHORT, NOT_CONFIRMED")
    verified = serializers.BooleanField(allow_null=True, help_text="whether a blind detection named the id")


class JobStretchOutput(serializers.Serializer[Any]):
    """One stretch of a job, in seconds of the medium."""

    number = serializers.IntegerField()
    start = serializers.FloatField(source="begins")
    end = serializers.FloatField(source="ends")
    state = serializers.ChoiceField(choices=("WAITING", "RUNNING", "DONE"))
    frames_done = serializers.IntegerField()
    frames = serializers.IntegerField()
    boost = serializers.FloatField(help_text="strength of the last try; the card's own is 1")
    layers = serializers.DictField(child=JobLayerOutput())


class JobOutput(serializers.Serializer[Any]):
    """A mark job as it stands."""

    id = serializers.UUIDField(source="job.pk")
    state = serializers.ChoiceField(choices=JobState.choices, source="job.state")
    error_code = serializers.CharField(source="job.error_code")
    position = serializers.IntegerField(
        allow_null=True, help_text="place among the organisation's own waiting jobs, from 1"
    )
    wait_code = serializers.CharField(
        help_text="WAITS_FOR_WORKERS, WAITS_FOR_OWN_JOBS, WAITS_FOR_SPACE; empty when it does not wait"
    )
    file_name = serializers.CharField(source="job.file_name")
    payload = serializers.CharField(source="job.registration.mark_id")
    device = serializers.ChoiceField(choices=MediaJob.Device.choices, source="job.device")
    seconds = serializers.FloatField(source="job.seconds")
    stretches_done = serializers.IntegerField()
    stretches_total = serializers.IntegerField()
    frames_done = serializers.IntegerField()
    frames_total = serializers.IntegerField()
    percent = serializers.FloatField(source="share")
    frames_a_second = serializers.FloatField(allow_null=True)
    ends_at = serializers.DateTimeField(allow_null=True, help_text="by the rate so far")
    layers = serializers.DictField(child=JobLayerOutput())
    segments = serializers.SerializerMethodField()
    content = serializers.SerializerMethodField()
    created_at = serializers.DateTimeField(source="job.created_at")
    finished_at = serializers.DateTimeField(source="job.finished_at", allow_null=True)

    @extend_schema_field(JobStretchOutput(many=True))
    def get_segments(self, progress: Progress) -> list[dict[str, Any]]:
        """Its stretches; left out of lists."""
        if not self.context.get("with_segments"):
            return []
        return list(JobStretchOutput(stretch_lines(progress.job), many=True).data)

    @extend_schema_field({"type": "string", "nullable": True})
    def get_content(self, progress: Progress) -> str | None:
        """Where the marked file is; none for an output, which leaves through its release."""
        job = progress.job
        return f"/api/v1/watermarks/jobs/{job.pk}/content" if _may_be_taken(job) else None


class MarkJobs(ApiView):
    """Have a medium marked, or list the jobs of the caller's organisation."""

    required_scope = {"POST": _WRITE, "GET": _READ}
    parser_classes = (MultiPartParser,)
    # a mark has one job: sent twice, it is the same one
    idempotent = False

    @extend_schema(
        request={"multipart/form-data": MarkInput},
        responses={202: JobOutput},
        parameters=[OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)],
    )
    def post(self, request: Request) -> Response:
        """Take a medium in to carry a registered mark; read how far it is at ``Location``."""
        refuse_oversize(request)
        _require_writer(request)
        given = self.parsed(MarkInput)
        upload: UploadedFile = given["file"]
        principal = principal_of(request)
        with on_disk(upload) as path:
            job = workflows.mark_upload(
                principal=principal,
                mark_id=mark_id_of(given["payload"]),
                path=path,
                file_name=upload.name or "upload",
                crf=given.get("crf"),
                lossless=given["lossless"],
            )
        headers = {"Location": f"/api/v1/watermarks/jobs/{job.pk}"}
        return Response(JobOutput(progress_of(job)).data, status=202, headers=headers)

    @extend_schema(responses=JobOutput(many=True))
    def get(self, request: Request) -> Response:
        """List jobs, newest first."""
        pages = CursorPage()
        page = pages.paginate_queryset(jobs_visible_to(principal_of(request)), request, view=self)
        rows = progress_of_all(page or [])
        return pages.get_paginated_response(JobOutput(rows, many=True).data)


class MarkJob(ApiView):
    """One mark job."""

    required_scope = _READ

    @extend_schema(responses=JobOutput)
    def get(self, request: Request, uid: UUID) -> Response:
        """Read how far it is, stretch by stretch."""
        job = _job(request, uid)
        return Response(JobOutput(progress_of(job), context={"with_segments": True}).data)


class MarkJobCancel(ApiView):
    """The end of a job before its time."""

    required_scope = _WRITE

    @extend_schema(request=None, responses=JobOutput)
    def post(self, request: Request, uid: UUID) -> Response:
        """Cancel it; nothing of it stays."""
        _job(request, uid)
        _require_writer(request)
        job = workflows.cancel(principal=principal_of(request), job_id=uid)
        return Response(JobOutput(progress_of(job)).data)


class MarkJobContent(ApiView):
    """The marked file of a job."""

    required_scope = _READ

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    def get(self, request: Request, uid: UUID) -> HttpResponseBase:
        """Download it; byte ranges are served."""
        job = _job(request, uid)
        if not _may_be_taken(job):
            raise Conflict("NOT_RELEASED", "There is no marked file to take.")
        return _sent(request._request, job)


def _job(request: Request, uid: UUID) -> MediaJob:
    job = job_for(principal_of(request), uid)
    if job is None:
        raise NotFound
    return job


def _require_writer(request: Request) -> None:
    principal = principal_of(request)
    if not principal.acts_as("PRODUCER", "ENGINEER", "ADMIN"):
        raise Forbidden("ROLE_MISSING", "Only those who deliver for the organisation do this.")


def _may_be_taken(job: MediaJob) -> bool:
    return job.state == JobState.RELEASED and bool(job.result_blob) and job.then is None


def _sent(request: HttpRequest, job: MediaJob) -> HttpResponseBase:
    suffix = Path(job.result_blob).suffix
    return download(
        request,
        job.result_blob,
        file_name=f"marked-{job.registration.mark_id}{suffix}",
        content_type="application/octet-stream",
        size=job.result_bytes,
        sha256=job.result_sha256,
    )
