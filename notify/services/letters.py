"""Write the letters of events that concern people, and mark them read.

The event waits as a row; its letters are written in the transaction that takes the row. So nobody is told of
what was not committed, nobody twice, and a process that dies here leaves the row to the next.
"""

import logging
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.db import transaction

from accounts.models import User
from accounts.principals import Principal
from audit.models import Event
from common import clock
from notify.models import Letter, UntoldEvent
from notify.models.letters import Way
from notify.services.choices import ways_for
from notify.topics import TOPIC_OF, Ways

logger = logging.getLogger(__name__)
_BATCH = 100
_FAILURES_MAX = 5
DIGEST_HOUR = 7
"""When the day's digest is sent, by the clock of who reads it."""


@dataclass(frozen=True, slots=True)
class Told:
    """Somebody who is to be told, for which organisation, and the facts as this person may know them."""

    person: User
    organisation_id: UUID
    facts: Mapping[str, Any] = field(default_factory=dict)


def write_letters(kinds: Collection[str], writer: Callable[[Event], Iterable[Told]]) -> int:
    """Take the untold events of ``kinds`` and write what ``writer`` says; returns how many letters that made.

    An event whose writing fails is left for the next time, and given up after five: it stands in the log.
    """
    made = 0
    for event_id in _waiting(kinds):
        try:
            with transaction.atomic():
                row = (
                    UntoldEvent.objects.select_for_update(skip_locked=True).filter(event_id=event_id).first()
                )
                if row is None:
                    continue
                event = Event.objects.get(number=event_id)
                made += _write(event, list(writer(event)))
                row.delete()
        except Exception:
            logger.exception("letters: event %s cannot be told", event_id)
            _note_failure(event_id)
    return made


def mark_read(*, principal: Principal, letter_ids: Iterable[UUID] | None = None) -> int:
    """Mark the caller's letters read: those named, or all."""
    rows = Letter.objects.filter(
        person=principal.person, organisation=principal.organisation, read_at=None, in_portal=True
    )
    if letter_ids is not None:
        rows = rows.filter(pk__in=list(letter_ids))
    return rows.update(read_at=clock.now())


def forget_letters() -> int:
    """Remove letters that are older than they are kept: they hold names."""
    end = clock.now() - timedelta(days=settings.LETTER_DAYS)
    return Letter.objects.filter(created_at__lt=end).delete()[0]


def next_digest(time_zone: str, at: datetime) -> datetime:
    """The next moment after ``at`` at which the digest of somebody in ``time_zone`` is sent."""
    try:
        zone = ZoneInfo(time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    here = at.astimezone(zone).replace(hour=DIGEST_HOUR, minute=0, second=0, microsecond=0)
    return here if here > at else here + timedelta(days=1)


def _waiting(kinds: Collection[str]) -> list[int]:
    rows = UntoldEvent.objects.filter(kind__in=kinds).order_by("event_id")
    return list(rows.values_list("event_id", flat=True)[:_BATCH])


def _write(event: Event, told: list[Told]) -> int:
    topic = TOPIC_OF[event.kind]
    ways = ways_for((one.person for one in told), topic)
    at = clock.now()
    letters = [_letter(event, one, ways[one.person.pk], at) for one in told if one.person.is_active]
    # who belongs to two of the parties hears of it for each
    return len(Letter.objects.bulk_create([one for one in letters if one], ignore_conflicts=True))


def _letter(event: Event, told: Told, ways: Ways, at: datetime) -> Letter | None:
    by_mail = ways.way if settings.EMAIL_HOST else Way.OFF
    if by_mail == Way.OFF and not ways.in_portal:
        return None
    mail, due = {
        str(Way.EACH): (Letter.Mail.WAITING, at),
        str(Way.DIGEST): (Letter.Mail.GATHERED, next_digest(told.person.time_zone, at)),
    }.get(str(by_mail), (Letter.Mail.NONE, None))
    return Letter(
        person=told.person,
        organisation_id=told.organisation_id,
        event=event,
        topic=TOPIC_OF[event.kind],
        kind=event.kind,
        facts=dict(told.facts),
        in_portal=ways.in_portal,
        mail=mail,
        next_attempt_at=due,
    )


def _note_failure(event_id: int) -> None:
    with transaction.atomic():
        row = UntoldEvent.objects.select_for_update().filter(event_id=event_id).first()
        if row is None:
            return
        row.failures += 1
        if row.failures >= _FAILURES_MAX:
            logger.error("letters: event %s is given up, nobody was told of it by letter", event_id)
            row.delete()
        else:
            row.save(update_fields=["failures"])
