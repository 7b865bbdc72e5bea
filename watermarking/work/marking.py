"""One stretch: taken by one worker, marked, read back, kept. What is kept is never done again.

A stretch is held by a lock of the worker's database session. Its row says RUNNING, but the lock decides: a dead
worker has lost it, so the next one takes the stretch up at once.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from uuid import UUID

from django.db import transaction

from common import clock
from common.locks import sole_worker
from watermarking import metrics
from watermarking.errors import MediaError
from watermarking.keys import mark_key, read_secret
from watermarking.models import JobState, MediaJob, MediaStretch, StretchState
from watermarking.plans import StretchReport, span_from
from watermarking.work.estimates import memory_free, memory_needed, space_free
from watermarking.work.jobs import fail_job, locked_job
from watermarking.work.limits import work_limits
from watermarking.work.readback import Wanted, mark_film_stretch, mark_whole
from watermarking.work.slots import host_name, media_slot
from watermarking.work.space import drop_files, drop_folder, put_stretch, source_at_hand

_TICK_SECONDS = 1.0


class Step(Enum):
    """What came of a worker's asking for a stretch."""

    MARKED = "one stretch was marked; there may be more"
    BUSY = "this machine has no slot, no memory or no space now; ask again"
    ENOUGH = "others are at all that is left, or at as much as one job may have"
    READY = "every stretch is marked"
    OVER = "the job is not being marked: it ended, or waits"


class _Stopped(Exception):
    """The job ended while a stretch of it was being marked."""


def mark_next(*, job_id: UUID) -> Step:
    """Mark the next stretch of a job that nobody is at."""
    job = MediaJob.objects.select_related("registration").filter(pk=job_id).first()
    if job is None or job.state != JobState.RUNNING:
        return Step.OVER
    with media_slot(job.device) as has_slot:
        needed = memory_needed(job.width, job.height) + work_limits().free_memory
        if not has_slot or memory_free() < needed or space_free() < _space_of_one(job):
            return Step.BUSY
        with _next_stretch(job) as stretch:
            if stretch is not None:
                return _mark(job, stretch)
    left = job.stretches.exclude(state=StretchState.DONE).exists()
    return Step.ENOUGH if left else Step.READY


def _space_of_one(job: MediaJob) -> int:
    """Bytes that one stretch may take while it is marked: half of the job's are for the joining."""
    parts = max(1, job.stretches.count())
    return work_limits().free_bytes + job.bytes_needed // (2 * parts)


@contextmanager
def _next_stretch(job: MediaJob) -> Iterator[MediaStretch | None]:
    """Hold the first stretch that is not marked and that nobody holds; None if there is none."""
    held_by_others = 0
    ids = job.stretches.exclude(state=StretchState.DONE).order_by("number").values_list("pk", flat=True)
    for stretch_id in list(ids):
        if held_by_others >= work_limits().lanes:
            break
        with sole_worker(stretch_id) as is_mine:
            if not is_mine:
                held_by_others += 1
            elif (stretch := _begun(stretch_id)) is not None:
                yield stretch
                return
    yield None


def _begun(stretch_id: UUID) -> MediaStretch | None:
    """Write down that it is begun; None if it was finished, or its job ended, before we held it."""
    with transaction.atomic():
        stretch = MediaStretch.objects.select_for_update().get(pk=stretch_id)
        is_running = MediaJob.objects.filter(pk=stretch.job_id, state=JobState.RUNNING).exists()
        if stretch.state == StretchState.DONE or not is_running:
            return None
        stretch.state, stretch.host = StretchState.RUNNING, host_name()
        stretch.attempts, stretch.frames_done = stretch.attempts + 1, 0
        stretch.started_at = clock.now()
        stretch.save()
        MediaJob.objects.filter(pk=stretch.job_id).update(touched_at=clock.now())
    return stretch


def _mark(job: MediaJob, stretch: MediaStretch) -> Step:
    if stretch.attempts > work_limits().attempts:
        fail_job(job.pk, "WORKER_LOST")
        return Step.OVER
    try:
        with source_at_hand(job) as source, tempfile.TemporaryDirectory(prefix="tm-stretch-") as folder:
            target = Path(folder) / f"stretch{'.piece' if job.is_film else source.suffix.lower()}"
            with metrics.measured() as work:
                report = _marked_and_read_back(job, stretch, source, target)
                work.device, work.frames = report.device, report.frames
            blob, sha256, size = put_stretch(stretch, target)
    except _Stopped:
        return Step.OVER
    except MediaError as error:
        fail_job(job.pk, error.code)
        return Step.OVER
    return _keep(job, stretch, report, blob, sha256, size)


def _marked_and_read_back(job: MediaJob, stretch: MediaStretch, source: Path, target: Path) -> StretchReport:
    span, wanted = span_from(stretch.plan), wanted_of(job)
    if job.is_film:
        return mark_film_stretch(source, target, span, wanted, _Ticks(stretch))
    return mark_whole(source, target, span, wanted)


def wanted_of(job: MediaJob) -> Wanted:
    """What a job embeds: its mark under its key."""
    return Wanted(
        mark_id=int(job.registration.mark_id, 16),
        key=mark_key(read_secret(), job.registration.key_id),
        crf=job.crf,
        lossless=job.lossless,
        device=job.device,
    )


def _keep(
    job: MediaJob, stretch: MediaStretch, report: StretchReport, blob: str, sha256: str, size: int
) -> Step:
    with transaction.atomic():
        row = locked_job(job.pk)
        kept = MediaStretch.objects.select_for_update().get(pk=stretch.pk)
        is_wanted = row is not None and row.state == JobState.RUNNING and kept.state != StretchState.DONE
        if is_wanted:
            kept.state, kept.finished_at = StretchState.DONE, clock.now()
            kept.blob, kept.sha256, kept.size_bytes = blob, sha256, size
            kept.result, kept.frames_done = report.as_dict(), report.frames
            kept.save()
            MediaJob.objects.filter(pk=job.pk).update(touched_at=clock.now())
    if not is_wanted and blob != kept.blob:
        drop_files([blob])
        if row is None or row.state != JobState.RUNNING:
            drop_folder(job)
    left = job.stretches.exclude(state=StretchState.DONE).exists()
    return Step.MARKED if left else Step.READY


class _Ticks:
    """Says once a second how far a stretch is, and stops the work when its job has ended."""

    def __init__(self, stretch: MediaStretch) -> None:
        self._stretch, self._next = stretch, 0.0

    def __call__(self, frames: int) -> None:
        """Tell that so many frames of the stretch are marked."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + _TICK_SECONDS
        MediaStretch.objects.filter(pk=self._stretch.pk, state=StretchState.RUNNING).update(
            frames_done=frames
        )
        running = MediaJob.objects.filter(pk=self._stretch.job_id, state=JobState.RUNNING)
        if not running.update(touched_at=clock.now()):
            raise _Stopped
