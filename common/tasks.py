"""What the house forgets by itself: the answers kept for repeated writes, once nobody repeats them any more."""

from datetime import timedelta

from celery import shared_task
from django.conf import settings

from common import clock
from common.models import IdempotencyRecord

BEAT = (("common.forget_old_answers", 3600.0),)
_BATCH = 5000


@shared_task(name="common.forget_old_answers")
def forget_old_answers() -> int:
    """Remove answers older than ``IDEMPOTENCY_HOURS``, some thousand at a time; returns how many.

    A key that is sent again later is a new one: the write is carried out.
    """
    before = clock.now() - timedelta(hours=settings.IDEMPOTENCY_HOURS)
    removed = 0
    while pks := list(
        IdempotencyRecord.objects.filter(created_at__lt=before)
        .order_by("created_at")
        .values_list("pk", flat=True)[:_BATCH]
    ):
        removed += IdempotencyRecord.objects.filter(pk__in=pks).delete()[0]
    return removed
