"""Verifications on ``media.cpu``: the id in, one call, safe to repeat."""

from contextlib import nullcontext
from datetime import timedelta
from typing import Any
from uuid import UUID

from celery import Task, shared_task
from django.conf import settings
from django.db import InterfaceError, OperationalError

from common import clock
from verification import selectors, services
from verification.models import Verification
from watermarking.models import MediaJob
from watermarking.work.slots import media_slot, strangers_slot

BEAT = (
    "verification.resume",
    ("verification.drop_copies", 3600),
    ("verification.drop_leftovers", 86_400),
    ("verification.drop_checks", 60),
)
# longer than any upload takes from its first byte to its row
_LEFT_HOURS = 24
_QUIET = timedelta(minutes=20)
_PASSING = (OperationalError, InterfaceError, ConnectionError, TimeoutError)
_BUSY_SECONDS = 2


@shared_task(
    bind=True,
    name="verification.verify",
    queue="media.cpu",
    acks_late=True,
    autoretry_for=_PASSING,
    retry_backoff=True,
    max_retries=None,
)
def verify(self: "Task[Any, Any]", verification_id: str) -> None:
    """Verify a file, once this machine has a slot for it: no more is decoded at once than there are slots."""
    with media_slot(MediaJob.Device.CPU) as has_slot:
        if not has_slot:
            raise self.retry(countdown=_BUSY_SECONDS)
        services.run_verification(verification_id=UUID(verification_id))


@shared_task(
    bind=True,
    name="verification.check",
    queue="media.cpu",
    acks_late=True,
    autoretry_for=_PASSING,
    retry_backoff=True,
    max_retries=None,
)
def check(self: "Task[Any, Any]", check_id: str) -> None:
    """Read a stranger's file, once this machine has a slot for it; one that is gone meanwhile is nothing."""
    # one at a time on a machine: however many strangers wait, customers' work finds the other slots free
    with (
        strangers_slot() as is_free,
        media_slot(MediaJob.Device.CPU) if is_free else nullcontext(False) as has_slot,
    ):
        if not has_slot:
            raise self.retry(countdown=_BUSY_SECONDS)
        services.run_check(check_id=UUID(check_id))


@shared_task(name="verification.resume")
def resume() -> int:
    """Hand out again what a dead worker, or a broker that forgot, left behind."""
    resumed = 0
    for row in selectors.verifications_quiet(before=clock.now() - _QUIET)[:100]:
        Verification.objects.filter(pk=row.pk).update(touched_at=clock.now())
        verify.delay(str(row.pk))
        resumed += 1
    return resumed


@shared_task(name="verification.drop_copies")
def drop_copies() -> int:
    """Delete ingestion copies that were kept long enough."""
    return services.drop_copies(days=settings.VERIFICATION_KEEP_DAYS)


@shared_task(name="verification.drop_leftovers")
def drop_leftovers() -> int:
    """Delete the files of verifications that never came to be."""
    return services.drop_leftovers(hours=_LEFT_HOURS)


@shared_task(name="verification.drop_checks")
def drop_checks() -> int:
    """Delete strangers' checks that nobody came back for."""
    return services.drop_checks(minutes=settings.PUBLIC_CHECK_MINUTES)
