"""Detections and mark jobs: take the file in, and hand the work out once the row is there."""

from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from common.errors import Conflict, InvalidInput, NotFound
from watermarking import engine, selectors, services, tasks
from watermarking.errors import MediaError
from watermarking.models import JobState, MarkDetection, MediaJob
from watermarking.work import admission, joining, marking
from watermarking.work.jobs import ask_job, cancel_job
from watermarking.work.limits import work_limits
from watermarking.work.space import file_sha256


def detect_upload(
    *, principal: Principal | None, path: Path, file_name: str, layers: Iterable[str]
) -> MarkDetection:
    """Take a file in, of an organisation or of a stranger (None); a worker reads it."""
    with transaction.atomic():
        row = services.ask_detection(principal=principal, path=path, file_name=file_name, layers=layers)
        transaction.on_commit(partial(tasks.detect.delay, str(row.pk)))
    return row


def mark_upload(
    *, principal: Principal, mark_id: str, path: Path, file_name: str, crf: int | None, lossless: bool
) -> MediaJob:
    """Take in a medium that shall carry a registered mark; workers mark it.

    Raises:
        NotFound: ``MARK_UNKNOWN``: no such mark, or another organisation's.
        Conflict: ``MARK_TAKEN``: the mark is an output's, or another file carries it.
        InvalidInput: the file is no medium; the code says why.
        Unavailable: as ``ask_job``.
    """
    registration = selectors.registration_to_mark(principal, mark_id)
    if registration is None:
        raise NotFound("MARK_UNKNOWN", "No mark has this id.")
    if registration.asset_id is not None:
        # an output's mark goes into that output alone, through its release
        raise Conflict("MARK_TAKEN", "This mark belongs to an output.")
    try:
        plan = engine.plan_file(path, stretch_seconds=work_limits().stretch_seconds)
    except MediaError as error:
        raise InvalidInput(error.code, "This file is no medium that can be marked.", error.detail) from error
    with transaction.atomic():
        job = ask_job(
            organisation_id=principal.organisation_id,
            registration=registration,
            path=path,
            plan=plan,
            file_name=file_name,
            crf=crf,
            lossless=lossless,
            principal=principal,
        )
        is_ours = job.organisation_id == principal.organisation_id
        if not is_ours or job.source_sha256 != file_sha256(path):
            raise Conflict("MARK_TAKEN", "Another file carries this mark.")
        transaction.on_commit(tasks.admit_jobs.delay, robust=True)
    return job


def mark_blob(
    *, organisation_id: UUID, mark_id: str, blob: str, path: Path, file_name: str, then: dict[str, Any]
) -> MediaJob:
    """Mark a medium that lies in the blobs already; ``then`` is sent when that has ended.

    A medium of a single stretch is marked here and now if there is a place for it: handing it on would cost more.

    Raises:
        MediaError: it is no medium.
        Unavailable: as ``ask_job``.
    """
    registration = selectors.lead_of(mark_id)
    if registration is None:
        raise NotFound("MARK_UNKNOWN", "No mark has this id.")
    job = MediaJob.objects.filter(registration=registration).first()
    if job is None:
        job = ask_job(
            organisation_id=organisation_id,
            registration=registration,
            path=path,
            plan=engine.plan_file(path, stretch_seconds=work_limits().stretch_seconds),
            file_name=file_name,
            source_blob=blob,
            then=then,
        )
    if job.state == JobState.QUEUED:
        for admitted in admission.admit_jobs():
            if admitted != job.pk or not _done_here(job):
                tasks.start_work(admitted)
        job.refresh_from_db()
    return job


def cancel(*, principal: Principal, job_id: UUID) -> MediaJob:
    """End a job before it is released; nothing of it stays.

    Raises:
        NotFound: no such job, or another organisation's.
        Conflict: ``JOB_ENDED``.
    """
    with transaction.atomic():
        job = cancel_job(principal=principal, job_id=job_id)
        transaction.on_commit(partial(tasks.tell_end, job.pk), robust=True)
    return job


def _done_here(job: MediaJob) -> bool:
    """Mark and join a job of one stretch; False when workers must go on with it."""
    if job.stretches.count() > 1 or job.device != MediaJob.Device.CPU:
        return False
    step = marking.mark_next(job_id=job.pk)
    if step is marking.Step.READY:
        return joining.join_job(job_id=job.pk) is joining.Joined.ENDED
    return step is marking.Step.OVER
