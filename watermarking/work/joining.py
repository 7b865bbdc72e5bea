"""The whole: marked stretches joined, the sound marked beside them, everything read back, then released.

Safe to repeat: until the last transaction nothing but the state has changed.
"""

from __future__ import annotations

import tempfile
from contextlib import ExitStack
from enum import Enum
from pathlib import Path
from typing import Any
from uuid import UUID

from django.db import transaction

from common import clock
from common.locks import sole_worker
from common.storage import local_copy, put_file
from watermarking.errors import MediaError
from watermarking.models import JobState, MediaJob, MediaStretch, StretchState
from watermarking.plans import stretch_report_from
from watermarking.work.estimates import space_free
from watermarking.work.jobs import fail_job, finish_job, locked_job
from watermarking.work.limits import work_limits
from watermarking.work.marking import wanted_of
from watermarking.work.readback import join_film, whole_report
from watermarking.work.slots import media_slot
from watermarking.work.space import drop_files, file_sha256, source_at_hand


class Joined(Enum):
    """What came of a worker's asking to join a job."""

    ENDED = "the job has ended"
    NOT_YET = "stretches are missing, or somebody else is at it"
    AGAIN = "a kept stretch was damaged and must be marked again"
    BUSY = "this machine has no slot or no space now; ask again"


def join_job(*, job_id: UUID) -> Joined:
    """Join a job whose stretches are all marked, read it back and release it."""
    with sole_worker(job_id) as is_mine:
        if not is_mine:
            return Joined.NOT_YET
        job = _begun(job_id)
        if job is None:
            return Joined.NOT_YET
        with media_slot(job.device) as has_slot:
            if not has_slot or space_free() < work_limits().free_bytes + job.bytes_needed // 2:
                return Joined.BUSY
            try:
                return _joined(job)
            except MediaError as error:
                fail_job(job.pk, error.code)
                return Joined.ENDED


def _begun(job_id: UUID) -> MediaJob | None:
    with transaction.atomic():
        job = locked_job(job_id)
        if job is None or job.state not in {JobState.RUNNING, JobState.VERIFYING}:
            return None
        if job.stretches.exclude(state=StretchState.DONE).exists():
            return None
        job.state, job.touched_at = JobState.VERIFYING, clock.now()
        job.save(update_fields=["state", "touched_at"])
    return job


def _joined(job: MediaJob) -> Joined:
    stretches = list(job.stretches.order_by("number"))
    reports = [stretch_report_from(one.result or {}) for one in stretches]
    with ExitStack() as stack:
        source = stack.enter_context(source_at_hand(job))
        parts = [stack.enter_context(local_copy(one.blob)) for one in stretches]
        damaged = [one for one, part in zip(stretches, parts, strict=True) if not _is_intact(one, part)]
        if damaged:
            _mark_again(job, damaged)
            return Joined.AGAIN
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="tm-join-")))
        target = folder / f"marked{source.suffix.lower()}"
        wanted = wanted_of(job)
        if job.is_film:
            report = join_film(source, parts, target, reports, wanted, lambda: _touch(job))
        else:
            target, report = parts[0], whole_report(reports[0], wanted)
        sha256, size = file_sha256(target), target.stat().st_size
        blob = put_file(f"marked/{job.pk}{target.suffix}", target)
    marked = [one for one in report.layers.values() if one.status == "embedded"]
    if any(one.verified is not True for one in marked):
        drop_files([blob])
        fail_job(job.pk, "MARK_NOT_CONFIRMED")
        return Joined.ENDED
    facts: dict[str, Any] = report.as_dict()
    if not finish_job(job.pk, report=facts, is_marked=bool(marked), blob=blob, sha256=sha256, size=size):
        drop_files([blob])
    return Joined.ENDED


def _is_intact(stretch: MediaStretch, part: Path) -> bool:
    return part.is_file() and file_sha256(part) == stretch.sha256


def _mark_again(job: MediaJob, damaged: list[MediaStretch]) -> None:
    """Put stretches whose file is not the one that was kept back among those to be marked."""
    with transaction.atomic():
        row = locked_job(job.pk)
        if row is None or row.state != JobState.VERIFYING:
            return
        for one in damaged:
            MediaStretch.objects.filter(pk=one.pk).update(
                state=StretchState.WAITING, blob="", sha256="", result=None, frames_done=0
            )
        row.state, row.touched_at = JobState.RUNNING, clock.now()
        row.save(update_fields=["state", "touched_at"])
    drop_files([one.blob for one in damaged])


def _touch(job: MediaJob) -> None:
    MediaJob.objects.filter(pk=job.pk, state=JobState.VERIFYING).update(touched_at=clock.now())
