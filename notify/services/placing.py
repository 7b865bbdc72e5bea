"""Give waiting events their place: a notice for each organisation that may know, a delivery for each endpoint.

What waits is a row, written by a trigger in the transaction of the event; it is taken in the transaction
that writes what follows from it. So an event is never told before it is committed, never twice, and a
process that dies here leaves the row to the next. No position among the events' own numbers is kept: numbers
are given before transactions commit, and a cursor would lose the slower one (ADR 0006).
"""

from collections.abc import Iterable, Iterator
from uuid import UUID

from django.db import connection, transaction

from audit.models import Event
from common import clock
from notify.kinds import is_wanted
from notify.models import Delivery, Notice, UntoldEvent, WebhookEndpoint
from notify.topics import TOPIC_OF

PING = "webhook.ping"
# any number that no other advisory lock of the house uses: theirs come from random ids
_LOCK = 7_105_001
_BATCH = 1_000
_TAKE = """
delete from notify_waitingevent where event_id in (
    select event_id from notify_waitingevent order by event_id limit %s
) returning event_id
"""


def place_waiting() -> int:
    """Place every committed event that waits; returns how many deliveries that made."""
    made = 0
    while True:
        taken, deliveries = _place_batch()
        made += deliveries
        if taken < _BATCH:
            return made


def _place_batch() -> tuple[int, int]:
    """One transaction: taken rows and made deliveries."""
    with transaction.atomic(), connection.cursor() as cursor:
        # held until the commit is visible: positions become readable in the order in which they were given
        cursor.execute("select pg_advisory_xact_lock(%s)", [_LOCK])
        cursor.execute(_TAKE, [_BATCH])
        numbers = [number for (number,) in cursor.fetchall()]
        if not numbers:
            return 0, 0
        events = list(Event.objects.filter(number__in=numbers).order_by("number"))
        # who they are is known on the floors above; what is written here waits for them (``write_letters``)
        UntoldEvent.objects.bulk_create(
            [UntoldEvent(event=event, kind=event.kind) for event in events if event.kind in TOPIC_OF],
            ignore_conflicts=True,
        )
        notices = [
            Notice(organisation_id=organisation_id, event=event)
            for event in events
            for organisation_id in _audience(event)
        ]
        Notice.objects.bulk_create(notices)
        deliveries = list(_deliveries(notices))
        Delivery.objects.bulk_create(deliveries, ignore_conflicts=True)
        return len(numbers), len(deliveries)


def _audience(event: Event) -> list[UUID]:
    """The organisation whose event it is and those that may read it; nobody for the deployment's own events."""
    shared = {one for text in event.visible_to if (one := _uuid(text)) is not None}
    own = {event.organisation_id} if event.organisation_id else set()
    return sorted(own | shared)


def _uuid(text: object) -> UUID | None:
    try:
        return UUID(str(text))
    except ValueError:  # a row of the trail cannot be mended, and must not stop those behind it
        return None


def _deliveries(notices: Iterable[Notice]) -> Iterator[Delivery]:
    notices = list(notices)
    endpoints: dict[UUID, list[WebhookEndpoint]] = {}
    rows = WebhookEndpoint.objects.filter(
        enabled=True, organisation_id__in={notice.organisation_id for notice in notices}
    )
    # locked: one that is removed or switched off at this moment must not stop the others' deliveries
    for endpoint in rows.select_for_update(no_key=True).order_by("pk"):
        endpoints.setdefault(endpoint.organisation_id, []).append(endpoint)
    at = clock.now()
    for notice in notices:
        if notice.event.kind == PING:  # has its delivery already, to the one endpoint that was meant
            continue
        for endpoint in endpoints.get(notice.organisation_id, ()):
            if is_wanted(notice.event.kind, endpoint.kinds):
                yield Delivery(endpoint=endpoint, event=notice.event, next_attempt_at=at)
