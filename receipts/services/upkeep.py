"""What runs by itself: drain what waits into the logs, publish them, forget what no clock accepts any more."""

import logging
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection

from common import clock
from common.errors import Unavailable
from receipts.models import CheckKey, DpopProofSeen
from receipts.services.publish import LogBroken, publish_log, publish_waiting
from receipts.services.sequence import drain_log

logger = logging.getLogger(__name__)
_KEYS_KEPT = timedelta(days=2)
_CLOCK_STEP = timedelta(
    hours=1
)  # a clock set back by so much makes proofs acceptable once more: they are still known


def drain_waiting() -> int:
    """Give every waiting check and event its place and publish; returns how many found theirs.

    One log that cannot be published does not hold up the others; where none can be (no store, no key service)
    entries find their place all the same, and the next beat publishes.
    """
    placed = 0
    for production_id in productions_that_wait():
        placed += drain_log(production_id=production_id)
        try:
            publish_log(production_id=production_id)
        except (LogBroken, Unavailable):
            logger.exception("log of %s is not published", production_id)
    publish_waiting()
    return placed


def forget_old() -> int:
    """Drop used proofs and idempotency keys that are past their use; returns how many."""
    now = clock.now()
    proofs = now - _CLOCK_STEP - 4 * timedelta(seconds=settings.CLOCK_SKEW_SECONDS)
    gone, _ = DpopProofSeen.objects.filter(seen_at__lt=proofs).delete()
    keys, _ = CheckKey.objects.filter(created_at__lt=now - _KEYS_KEPT).delete()
    return gone + keys


def productions_that_wait(*, after_event: int = 0) -> set[UUID]:
    """Productions with checks or events that have no place in their log yet.

    Args:
        after_event: leave out events up to this number.
    """
    with connection.cursor() as cursor:
        # `offset 0`: one look into an index for each event, never a join with all entries there are
        cursor.execute(
            "select production_id from receipts_pendingentry union"
            " select e.production_id from audit_event e"
            " left join receipts_productionlog l on l.production_id = e.production_id"
            " where e.log_entry is not null and e.production_id is not null and e.number > %s"
            " and not exists (select 1 from receipts_logentry x"
            "  where x.log_id = l.id and x.ref = e.id offset 0)",
            [after_event],
        )
        return {production_id for (production_id,) in cursor}
