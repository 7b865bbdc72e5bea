"""Which deliveries are sent now: bounded altogether and for each endpoint, none in the way of the others.

An endpoint has at most two attempts under way; one whose latest attempt failed has one, and all failing
endpoints together have a quarter of the places: however many receivers hang, the healthy ones find room.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction

from common import clock
from notify.models import OPEN, Delivery

PER_ENDPOINT = 2
_FAILING_SHARE = 4
# Longer than any attempt (``sending.TOTAL_SECONDS``) and its way through the broker.
CLAIM = timedelta(seconds=90)
_LOCK = 7_105_002
# the heads of every endpoint's queue, so that a long one does not hide the others
_DUE = """
select d.id, e.id, e.failing_since is not null
from notify_webhookendpoint e cross join lateral (
    select id, next_attempt_at from notify_delivery
    where endpoint_id = e.id and delivered_at is null and dead_at is null and next_attempt_at <= %(at)s
        and (claimed_until is null or claimed_until <= %(at)s)
    order by next_attempt_at limit %(heads)s
) d
where e.enabled order by d.next_attempt_at
"""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A delivery that is due, or one under way."""

    delivery_id: UUID
    endpoint_id: UUID
    is_failing: bool


def claim_due() -> list[UUID]:
    """Claim what may be sent now; each id is to be handed to :func:`notify.services.attempts.attempt`.

    A claim that nobody keeps ends by itself, so a lost message or a killed worker delays a delivery and
    loses none. It may send one twice: deliveries are made at least once.
    """
    at = clock.now()
    with transaction.atomic(), connection.cursor() as cursor:
        # one at a time counts; whoever comes meanwhile leaves the work to the one that is at it
        cursor.execute("select pg_try_advisory_xact_lock(%s)", [_LOCK])
        if cursor.fetchone() != (True,):
            return []
        cursor.execute(_DUE, {"at": at, "heads": PER_ENDPOINT})
        due = [Candidate(*row) for row in cursor.fetchall()]
        if not due:
            return []
        rows = Delivery.objects.filter(OPEN, claimed_until__gt=at).values_list(
            "id", "endpoint_id", "endpoint__failing_since"
        )
        under_way = [Candidate(pk, endpoint, since is not None) for pk, endpoint, since in rows]
        chosen = admit(due, under_way, places=settings.WEBHOOK_CONCURRENCY)
        Delivery.objects.filter(pk__in=chosen).update(claimed_until=at + CLAIM)
        return chosen


def admit(due: Iterable[Candidate], under_way: Iterable[Candidate], *, places: int) -> list[UUID]:
    """Choose from ``due``, in its order, what fits beside what is under way. Pure."""
    running = list(under_way)
    for_failing = max(1, places // _FAILING_SHARE)
    chosen = []
    for one in due:
        if len(running) >= places:
            break
        of_endpoint = sum(other.endpoint_id == one.endpoint_id for other in running)
        failing = sum(other.is_failing for other in running)
        if of_endpoint >= (1 if one.is_failing else PER_ENDPOINT):
            continue
        if one.is_failing and failing >= for_failing:
            continue
        running.append(one)
        chosen.append(one.delivery_id)
    return chosen
