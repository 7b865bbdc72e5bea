"""Ask for a mark job, cancel it, end it. Every end drops what only the work needed."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Conflict, NotFound, Unavailable
from common.storage import put_file
from watermarking.models import (
    JOBS_UNFINISHED,
    JobState,
    MarkRegistration,
    MarkReport,
    MediaJob,
    MediaStretch,
    ReportKind,
)
from watermarking.plans import MediaPlan
from watermarking.work.estimates import memory_needed, memory_total, space_free, space_needed
from watermarking.work.limits import device_of_new_jobs, work_limits
from watermarking.work.space import drop_files, drop_folder, file_sha256, forget_source


def ask_job(
    *,
    organisation_id: UUID,
    registration: MarkRegistration,
    path: Path,
    plan: MediaPlan,
    file_name: str,
    source_blob: str = "",
    crf: int | None = None,
    lossless: bool = False,
    then: dict[str, Any] | None = None,
    principal: Principal | None = None,
) -> MediaJob:
    """Put a medium in the queue; a registration has one job, and asking again gives it back.

    Args:
        path: the medium as a file of this machine.
        plan: what was found in it.
        source_blob: where it lies already; empty: it is copied, and the copy goes when the job ends.
        then: a task to send when the job has ended.

    Raises:
        Unavailable: ``MEDIA_QUEUE_FULL``, ``MEDIA_SPACE_SHORT`` or ``MEDIA_TOO_LARGE``; nothing was taken in.
    """
    earlier = MediaJob.objects.filter(registration=registration).first()
    if earlier is not None:
        return earlier
    size = path.stat().st_size
    needed = space_needed(plan, source_bytes=size, lossless=lossless, crf=crf)
    _refuse_what_cannot_be(organisation_id, plan, needed if source_blob else needed + size)
    job = MediaJob(
        organisation_id=organisation_id,
        registration=registration,
        device=device_of_new_jobs(),
        file_name=file_name[:255],
        source_sha256=file_sha256(path),
        owns_source=not source_blob,
        is_film=plan.kind == "film",
        crf=crf,
        lossless=lossless,
        seconds=plan.seconds,
        width=plan.width,
        height=plan.height,
        frames_total=plan.frames,
        bytes_needed=needed,
        then=then,
        touched_at=clock.now(),
    )
    job.source_blob = source_blob or put_file(f"work/{job.pk}/source{path.suffix.lower()[:8]}", path)
    try:
        with transaction.atomic():
            job.save(force_insert=True)
            MediaStretch.objects.bulk_create(
                MediaStretch(job=job, number=number, plan=span.as_dict(), frames=span.frames)
                for number, span in enumerate(plan.stretches)
            )
            _record(job, "mark.job_asked", principal)
    except BaseException:
        if job.owns_source:
            drop_folder(job)
        raise
    return job


def cancel_job(*, principal: Principal, job_id: UUID) -> MediaJob:
    """End a job of the caller's organisation before it is released; nothing of it stays.

    Raises:
        NotFound: no such job, or another organisation's.
        Conflict: ``JOB_ENDED``.
    """
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None or job.organisation_id != principal.organisation_id:
            raise NotFound
        if job.state == JobState.CANCELLED:
            return job
        if job.state not in JOBS_UNFINISHED:
            raise Conflict("JOB_ENDED", "This job has ended already.")
        _end(job, JobState.CANCELLED)
        _record(job, "mark.job_cancelled", principal)
    return job


def fail_job(job_id: UUID, code: str) -> None:
    """End a job that cannot be carried out, with the reason's code."""
    with transaction.atomic():
        job = locked_job(job_id)
        if job is not None and job.state in JOBS_UNFINISHED:
            job.error_code = code[:40]
            _end(job, JobState.FAILED)
            _record(job, "mark.job_failed", None)


def finish_job(
    job_id: UUID, *, report: dict[str, Any], is_marked: bool, blob: str, sha256: str, size: int
) -> bool:
    """End a job whose whole was read back; False, and ``blob`` is not taken, if it ended otherwise meanwhile."""
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None or job.state != JobState.VERIFYING:
            return False
        job.result, job.result_blob, job.result_sha256, job.result_bytes = report, blob, sha256, size
        MarkReport.objects.create(
            registration_id=job.registration_id, kind=ReportKind.EMBEDDED, results=report
        )
        _end(job, JobState.RELEASED if is_marked else JobState.NOT_MARKABLE)
        _record(job, "mark.job_released" if is_marked else "mark.job_not_markable", None)
    return True


def take_result(job_id: UUID) -> str:
    """Give the finished file to the asker: from now on it is theirs to keep and to drop."""
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None:
            raise NotFound
        blob, job.result_blob = job.result_blob, ""
        job.save(update_fields=["result_blob"])
    return blob


def drop_old_results(*, before: datetime) -> int:
    """Drop finished files that nobody took and whose time is over; returns how many.

    Those that a task of the asker's takes (``then``) stay until it has.
    """
    rows = MediaJob.objects.filter(finished_at__lt=before, then__isnull=True).exclude(result_blob="")
    dropped = 0
    for job_id, blob in list(rows.values_list("pk", "result_blob")[:100]):
        MediaJob.objects.filter(pk=job_id).update(result_blob="")
        drop_files([blob])
        dropped += 1
    return dropped


def locked_job(job_id: UUID) -> MediaJob | None:
    """The job's row, held until the end of the transaction."""
    return MediaJob.objects.select_for_update().filter(pk=job_id).first()


def _refuse_what_cannot_be(organisation_id: UUID, plan: MediaPlan, needed: int) -> None:
    limits = work_limits()
    waiting = MediaJob.objects.filter(state=JobState.QUEUED)
    is_full = waiting.count() >= limits.queue
    if is_full or waiting.filter(organisation_id=organisation_id).count() >= limits.queue_each:
        raise Unavailable("MEDIA_QUEUE_FULL", "Too much is waiting to be marked. Try again later.")
    if needed + limits.free_bytes > space_free():
        raise Unavailable("MEDIA_SPACE_SHORT", "There is not enough working space for this medium.")
    if memory_needed(plan.width, plan.height) + limits.free_memory > memory_total():
        raise Unavailable("MEDIA_TOO_LARGE", "Pictures of this size need more memory than there is.")


def _end(job: MediaJob, state: JobState) -> None:
    """Save the end, and drop working files once it is certain."""
    names = list(job.stretches.exclude(blob="").values_list("blob", flat=True))
    if job.owns_source:
        names.append(job.source_blob)
        job.source_blob = ""
    job.state, job.wait_code, job.finished_at, job.touched_at = state, "", clock.now(), clock.now()
    job.save()
    transaction.on_commit(_dropping(job, names), robust=True)


def _dropping(job: MediaJob, names: list[str]) -> Callable[[], None]:
    def drop() -> None:
        drop_files(names)
        drop_folder(job)
        forget_source(job)

    return drop


def _record(job: MediaJob, kind: str, principal: Principal | None) -> None:
    audit.record(
        kind=kind,
        principal=principal,
        organisation_id=job.organisation_id,
        object_type="media_job",
        object_id=job.pk,
        production_id=job.registration.production_id,
        details={"state": job.state, "code": job.error_code, "mark": job.registration.mark_id},
    )
