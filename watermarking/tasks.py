"""The marks' work on ``media.cpu`` and ``media.gpu``: ids in, one call each, safe to repeat.

A mark job is a chord: some lanes, then the joining. A lane marks one stretch and goes to the end of the queue for
the next, so jobs take turns and none fills the queue with all it has. What is done stands in the database; a chord
that a dead worker broke is begun anew for what is missing.
"""

from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, chord, shared_task
from celery.canvas import Signature
from django.db import InterfaceError, OperationalError

from common import clock
from watermarking import selectors, services
from watermarking.models import JOBS_UNFINISHED, JobState, MediaJob
from watermarking.work import admission, joining, leftovers, marking
from watermarking.work.jobs import drop_old_results
from watermarking.work.limits import work_limits
from watermarking.work.reading import read_in_turn

BEAT = (
    "watermarking.resume_detections",
    "watermarking.resume_jobs",
    ("watermarking.drop_leftovers", 86_400),
)
# longer than any stretch is marked for: its file may be older than its row by as much
_LEFT_HOURS = 24
_QUEUE = "media.cpu"
_QUEUES = {MediaJob.Device.CPU: "media.cpu", MediaJob.Device.GPU: "media.gpu"}
_QUIET = timedelta(minutes=2)
_PASSING = (OperationalError, InterfaceError, ConnectionError, TimeoutError)
_BUSY_SECONDS = 2
_RESUMED_MOST = 100


@shared_task(
    bind=True,
    name="watermarking.detect",
    queue=_QUEUE,
    acks_late=True,
    autoretry_for=_PASSING,
    retry_backoff=True,
    max_retries=None,
)
def detect(self: "Task[Any, Any]", detection_id: str) -> None:
    """Read a file that was taken in, once this machine has a slot for it."""
    if not read_in_turn(detection_id=UUID(detection_id)):
        raise self.retry(countdown=_BUSY_SECONDS)


@shared_task(name="watermarking.resume_detections")
def resume_detections() -> None:
    """Hand out again what a dead worker, or a broker that forgot, left behind; forget what strangers were told."""
    for row in selectors.detections_left(before=clock.now() - _QUIET)[:_RESUMED_MOST]:
        detect.delay(str(row.pk))
    services.drop_strangers_answers(before=clock.now() - selectors.STRANGERS_REMEMBERED)


@shared_task(
    bind=True,
    name="watermarking.mark_lane",
    acks_late=True,
    ignore_result=False,
    max_retries=None,
    autoretry_for=_PASSING,
    retry_backoff=True,
)
def mark_lane(self: "Task[Any, Any]", job_id: str) -> None:
    """Mark one stretch of a job, then ask for the next one at the end of the queue."""
    step = marking.mark_next(job_id=UUID(job_id))
    if step is marking.Step.MARKED:
        raise self.replace(_lane(job_id, (self.request.delivery_info or {}).get("routing_key")))
    if step is marking.Step.BUSY:
        raise self.retry(countdown=_BUSY_SECONDS)
    if step is marking.Step.OVER:
        tell_end(UUID(job_id))


@shared_task(
    bind=True,
    name="watermarking.join_job",
    acks_late=True,
    max_retries=None,
    autoretry_for=_PASSING,
    retry_backoff=True,
)
def join_job(self: "Task[Any, Any]", job_id: str) -> None:
    """Join, read back and release a job whose stretches are all marked."""
    came = joining.join_job(job_id=UUID(job_id))
    if came is joining.Joined.BUSY:
        raise self.retry(countdown=_BUSY_SECONDS)
    if came is joining.Joined.AGAIN:
        start_work(UUID(job_id))
    if came is joining.Joined.ENDED:
        tell_end(UUID(job_id))


@shared_task(name="watermarking.admit_jobs")
def admit_jobs() -> int:
    """Let in the jobs whose turn it is; returns how many."""
    admitted = admission.admit_jobs()
    for job_id in admitted:
        start_work(job_id)
    return len(admitted)


@shared_task(name="watermarking.resume_jobs")
def resume_jobs() -> int:
    """Take up what has gone quiet (dead workers, forgotten messages), and let in whose turn it is."""
    quiet = clock.now() - timedelta(seconds=work_limits().quiet_seconds)
    in_work = MediaJob.objects.filter(state__in=[JobState.RUNNING, JobState.VERIFYING], touched_at__lt=quiet)
    resumed = 0
    for job_id in list(in_work.values_list("pk", flat=True)[:100]):
        MediaJob.objects.filter(pk=job_id).update(touched_at=clock.now())
        start_work(job_id)
        resumed += 1
    drop_old_results(before=clock.now() - timedelta(hours=work_limits().result_hours))
    admit_jobs()
    return resumed


@shared_task(name="watermarking.drop_leftovers")
def drop_leftovers() -> int:
    """Delete working files and uploads that no row names."""
    return leftovers.drop_leftovers(hours=_LEFT_HOURS)


def start_work(job_id: UUID) -> None:
    """Send a job's lanes, and the joining behind them; at worst they find nothing to do."""
    job = MediaJob.objects.get(pk=job_id)
    queue = _QUEUES[MediaJob.Device(job.device)]
    lanes = min(work_limits().lanes, job.stretches.exclude(state="DONE").count())
    joined = join_job.si(str(job_id)).set(queue=queue)
    if not lanes:
        joined.delay()
        return
    work = [_lane(str(job_id), queue) for _ in range(lanes)]
    chord(work, joined).delay()


def tell_end(job_id: UUID) -> None:
    """Tell the asker of a job that it has ended, and give its place to the next."""
    job = MediaJob.objects.filter(pk=job_id).exclude(state__in=JOBS_UNFINISHED).first()
    if job is None:
        return
    if job.then:
        mark_lane.app.send_task(job.then["task"], args=job.then["args"])
    admit_jobs.delay()


def _lane(job_id: str, queue: str | None) -> Signature:
    return mark_lane.si(job_id).set(queue=queue or _QUEUE)
