"""The marks' work on ``media.cpu``: ids in, one call each, safe to repeat."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task
from django.db import InterfaceError, OperationalError

from common import clock
from watermarking import selectors, services

BEAT = ("watermarking.resume_detections",)
_QUEUE = "media.cpu"
_QUIET = timedelta(minutes=2)
_PASSING = (OperationalError, InterfaceError, ConnectionError, TimeoutError)


@shared_task(
    name="watermarking.detect",
    queue=_QUEUE,
    acks_late=True,
    autoretry_for=_PASSING,
    retry_backoff=True,
    max_retries=4,
)
def detect(detection_id: str) -> None:
    """Read a file that was taken in."""
    services.run_detection(detection_id=UUID(detection_id))


@shared_task(name="watermarking.resume_detections")
def resume_detections() -> None:
    """Hand out again what a dead worker, or a broker that forgot, left behind."""
    for row in selectors.detections_left(before=clock.now() - _QUIET):
        detect.delay(str(row.pk))
