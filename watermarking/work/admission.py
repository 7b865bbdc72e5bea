"""Whose turn it is: bounded in the whole, bounded for each organisation, and fair between them.

Of the organisations with jobs that wait, the one with the fewest in work comes next, and of its jobs the oldest.
So however much one organisation asks for, another's first job waits for a place and for nothing else.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection, transaction

from common import clock
from watermarking.models import JOBS_IN_WORK, JOBS_UNFINISHED, JobState, MediaJob
from watermarking.work.estimates import space_free
from watermarking.work.limits import work_limits

OTHERS_FIRST, OWN_JOBS_FIRST, SPACE_SHORT = "WAITS_FOR_WORKERS", "WAITS_FOR_OWN_JOBS", "WAITS_FOR_SPACE"
_TURNSTILE = 0x4D45_4449_4121


@transaction.atomic
def admit_jobs() -> list[UUID]:
    """Let in as many jobs as there is room for; returns those that were let in."""
    with connection.cursor() as cursor:
        # one at the turnstile: two would count the same free places
        cursor.execute("select pg_advisory_xact_lock(%s)", [_TURNSTILE])
    limits = work_limits()
    in_work = Counter(
        MediaJob.objects.filter(state__in=JOBS_IN_WORK).values_list("organisation_id", flat=True)
    )
    promised = sum(MediaJob.objects.filter(state__in=JOBS_IN_WORK).values_list("bytes_needed", flat=True))
    room = space_free() - limits.free_bytes - promised
    admitted: list[UUID] = []
    short: set[UUID] = set()
    while in_work.total() < limits.jobs:
        job = _next(in_work, short, limits.jobs_each)
        if job is None:
            break
        if job.bytes_needed > room:
            # others may fit; this one keeps its place
            short.add(job.organisation_id)
            _say_why(job, SPACE_SHORT)
            continue
        room -= job.bytes_needed
        in_work[job.organisation_id] += 1
        job.state, job.wait_code = JobState.RUNNING, ""
        job.admitted_at = job.touched_at = clock.now()
        job.save(update_fields=["state", "wait_code", "admitted_at", "touched_at"])
        admitted.append(job.pk)
    return admitted


def wait_code_of(job: MediaJob) -> str:
    """Why a job waits, as its organisation may know it; empty when it does not."""
    place = places_of([job]).get(job.pk)
    return place.wait_code if place else ""


def position_of(job: MediaJob) -> int | None:
    """The job's place, from 1, among the waiting jobs of its own organisation; None when it does not wait.

    Others' jobs are not counted: the number would tell that they exist.
    """
    place = places_of([job]).get(job.pk)
    return place.position if place else None


@dataclass(frozen=True)
class Place:
    """Where a waiting job stands: its place, from 1, among its organisation's own, and why it waits."""

    position: int
    wait_code: str


def places_of(jobs: Iterable[MediaJob]) -> dict[UUID, Place]:
    """The places of those of ``jobs`` that wait; one query, however many they are."""
    waiting = {job.organisation_id for job in jobs if job.state == JobState.QUEUED}
    if not waiting:
        return {}
    own = MediaJob.objects.filter(organisation_id__in=waiting, state__in=JOBS_UNFINISHED)
    rows = list(own.order_by("created_at", "id").values_list("pk", "organisation_id", "state", "wait_code"))
    in_work = Counter(organisation for _, organisation, state, _ in rows if state in JOBS_IN_WORK)
    each = work_limits().jobs_each
    before: Counter[UUID] = Counter()
    places = {}
    for job_id, organisation, state, code in rows:
        if state == JobState.QUEUED:
            before[organisation] += 1
            usual = OWN_JOBS_FIRST if in_work[organisation] >= each else OTHERS_FIRST
            places[job_id] = Place(before[organisation], code or usual)
    return places


def _next(in_work: Counter[UUID], short: set[UUID], each: int) -> MediaJob | None:
    full = [organisation for organisation, count in in_work.items() if count >= each]
    waiting = MediaJob.objects.filter(state=JobState.QUEUED).exclude(organisation_id__in=[*full, *short])
    firsts = list(waiting.order_by("organisation_id", "created_at", "id").distinct("organisation_id"))
    if not firsts:
        return None
    chosen = min(firsts, key=lambda job: (in_work[job.organisation_id], job.created_at, job.pk))
    # it may have been cancelled since
    held = waiting.select_for_update().filter(pk=chosen.pk).first()
    return held or _next(in_work, short, each)


def _say_why(job: MediaJob, code: str) -> None:
    job.wait_code = code
    job.save(update_fields=["wait_code"])
