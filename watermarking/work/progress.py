"""What a person sees of a job: how far, how fast, how long still, and what became of each stretch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, QuerySet, Sum

from accounts.principals import Principal
from common import clock
from watermarking.models import JOBS_IN_WORK, JobState, MediaJob, MediaStretch, StretchState
from watermarking.work.admission import Place, places_of

_STEADY_SECONDS = 2.0


@dataclass(frozen=True)
class StretchLine:
    """One stretch: seconds, state, and its layers' words where it is marked."""

    number: int
    begins: float
    ends: float
    state: str
    frames_done: int
    frames: int
    boost: float
    layers: dict[str, Any]


@dataclass(frozen=True)
class Progress:
    """A job as it stands. ``frames_a_second`` and ``ends_at`` are None until there is something to go by."""

    job: MediaJob
    position: int | None
    wait_code: str
    stretches_done: int
    stretches_total: int
    frames_done: int
    frames_total: int
    frames_a_second: float | None
    ends_at: datetime | None
    layers: dict[str, Any]

    @property
    def share(self) -> float:
        """Percent of the frames that are marked, 0 to 100; 100 only when all are."""
        if self.job.state in {JobState.RELEASED, JobState.NOT_MARKABLE}:
            return 100.0
        if not self.frames_total:
            return 100.0 * self.stretches_done / max(1, self.stretches_total)
        return min(100.0, 100.0 * self.frames_done / self.frames_total)


@dataclass(frozen=True)
class _Count:
    """The stretches of a job, those that are done, and the frames done in all of them."""

    total: int
    done: int
    frames: int


def jobs_visible_to(principal: Principal) -> QuerySet[MediaJob]:
    """The jobs of the caller's organisation, newest first."""
    rows = MediaJob.objects.filter(organisation_id=principal.organisation_id)
    return rows.select_related("registration").order_by("-created_at")


def job_for(principal: Principal, job_id: UUID) -> MediaJob | None:
    """A job of the caller's organisation."""
    return jobs_visible_to(principal).filter(pk=job_id).first()


def progress_of(job: MediaJob) -> Progress:
    """Where a job stands now."""
    return progress_of_all([job])[0]


def progress_of_all(jobs: Sequence[MediaJob]) -> list[Progress]:
    """Where jobs stand now, in their order; two queries, however many they are."""
    places = places_of(jobs)
    stretches = MediaStretch.objects.filter(job__in=jobs).order_by().values("job")
    counts = {
        found["job"]: _Count(found["total"], found["done"], found["frames"])
        for found in stretches.annotate(
            total=Count("pk"),
            done=Count("pk", filter=Q(state=StretchState.DONE)),
            frames=Sum("frames_done", default=0),
        )
    }
    return [_progress(job, counts.get(job.pk, _Count(0, 0, 0)), places.get(job.pk)) for job in jobs]


def _progress(job: MediaJob, found: _Count, place: Place | None) -> Progress:
    is_over = job.state in {JobState.VERIFYING, JobState.RELEASED, JobState.NOT_MARKABLE}
    total = found.frames if is_over else max(job.frames_total, found.frames)
    rate, ends_at = _pace(job, found.frames, total)
    return Progress(
        job=job,
        position=place.position if place else None,
        wait_code=place.wait_code if place else "",
        stretches_done=found.done,
        stretches_total=found.total,
        frames_done=found.frames,
        frames_total=total,
        frames_a_second=rate,
        ends_at=ends_at,
        layers=(job.result or {}).get("layers", {}),
    )


def stretch_lines(job: MediaJob) -> list[StretchLine]:
    """The stretches of a job, in order of time."""
    return [_line(one) for one in job.stretches.order_by("number")]


def _line(one: MediaStretch) -> StretchLine:
    result = one.result or {}
    return StretchLine(
        number=one.number,
        begins=one.plan["begins"],
        ends=one.plan["ends"],
        state=one.state,
        frames_done=one.frames_done,
        frames=one.frames,
        boost=result.get("boost", 1.0),
        layers=result.get("layers", {}),
    )


def _pace(job: MediaJob, done: int, total: int) -> tuple[float | None, datetime | None]:
    if job.admitted_at is None or not done:
        return None, None
    until = job.finished_at or clock.now()
    seconds = (until - job.admitted_at).total_seconds()
    if seconds < _STEADY_SECONDS:
        return None, None
    rate = done / seconds
    if job.state not in JOBS_IN_WORK or done >= total:
        return round(rate, 1), None
    return round(rate, 1), clock.now() + timedelta(seconds=(total - done) / rate)
