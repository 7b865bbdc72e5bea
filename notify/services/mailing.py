"""Send letters by e-mail: claim what is due, hand it to the mail server, write down how that ended.

As with webhooks nothing is locked while the network is waited for, a claim that nobody keeps ends by itself,
and a letter may be sent twice, under the same ``Message-ID``, but is never forgotten.
"""

import logging
import random
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from smtplib import SMTPException, SMTPRecipientsRefused, SMTPResponseException
from typing import Any
from uuid import UUID

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.db import transaction

from accounts.models import Membership
from common import clock
from notify.models import Letter
from notify.models.letters import Topic
from notify.post import message_of
from notify.schedule import retry_delay
from notify.services.links import send_links, send_password_letters

logger = logging.getLogger(__name__)
Mail = Letter.Mail
CLAIM = timedelta(seconds=120)
_BATCH = 50


@dataclass(frozen=True, slots=True)
class Posted:
    """How handing a letter over ended: ``""``, or a code, and whether trying again is of no use."""

    error: str = ""
    is_final: bool = False
    # the server itself did not answer: the others of the batch need not try now
    is_down: bool = False


def send_due() -> int:
    """Send the letters that are due, one connection for all of them; returns how many went."""
    if not settings.EMAIL_HOST:
        return 0
    gather_digests()
    sent = 0
    with _connected() as connection:
        sent += send_links(connection, hand_over)
        sent += send_password_letters(connection, hand_over)
        for letter_id in _claim():
            posted = _post(letter_id, connection)
            if posted is None:
                continue
            record_posted(letter_id=letter_id, posted=posted)
            sent += not posted.error
            if posted.is_down:
                break  # the rest keep their claims, which end soon, and their attempts
    return sent


def gather_digests() -> int:
    """Put what was gathered for a person into one letter, once their hour has come; returns how many that made."""
    at = clock.now()
    due = Letter.objects.filter(mail=Mail.GATHERED, next_attempt_at__lte=at)
    pairs = list(due.values_list("person_id", "organisation_id").distinct()[:_BATCH])
    made = 0
    for person_id, organisation_id in pairs:
        with transaction.atomic():
            rows = list(
                Letter.objects.select_for_update(skip_locked=True)
                .filter(
                    mail=Mail.GATHERED,
                    next_attempt_at__lte=at,
                    person_id=person_id,
                    organisation_id=organisation_id,
                )
                .order_by("created_at")
            )
            if not rows:
                continue
            digest = Letter.objects.create(
                person_id=person_id,
                organisation_id=organisation_id,
                topic=Topic.DIGEST,
                kind="digest",
                in_portal=False,
                mail=Mail.WAITING,
                next_attempt_at=at,
            )
            Letter.objects.filter(pk__in=[one.pk for one in rows]).update(
                mail=Mail.NONE, next_attempt_at=None, bundled_in=digest
            )
            made += 1
    return made


def resend_letter(*, letter_id: UUID, organisation_id: UUID) -> Letter | None:
    """Try a letter that was given up once more, with all its attempts before it; None: there is none."""
    with transaction.atomic():
        rows = Letter.objects.select_for_update().filter(organisation_id=organisation_id)
        letter = rows.filter(pk=letter_id, mail=Mail.DEAD).first()
        if letter is None:
            return None
        letter.mail, letter.attempts, letter.next_attempt_at = Mail.WAITING, 0, clock.now()
        letter.save(update_fields=["mail", "attempts", "next_attempt_at"])
        return letter


def record_posted(*, letter_id: UUID, posted: Posted) -> None:
    """Write how an attempt ended: sent, to be tried again, or given up."""
    with transaction.atomic():
        letter = Letter.objects.select_for_update().filter(pk=letter_id, mail=Mail.WAITING).first()
        if letter is None:
            return
        at = clock.now()
        letter.attempts += 1
        letter.claimed_until, letter.last_attempt_at, letter.last_error = None, at, posted.error
        if not posted.error:
            letter.mail, letter.sent_at, letter.next_attempt_at = Mail.SENT, at, None
        else:
            _put_off(letter, posted, at)
        letter.save()


def _put_off(letter: Letter, posted: Posted, at: datetime) -> None:
    luck = random.random()  # noqa: S311 - spreads load, guards nothing
    delay = None if posted.is_final else retry_delay(letter.attempts, luck=luck)
    if delay is None:
        letter.mail, letter.next_attempt_at = Mail.DEAD, None
        logger.warning("letters: %s is given up: %s", letter.pk, posted.error)
    else:
        letter.next_attempt_at = at + delay


def _claim() -> list[UUID]:
    at = clock.now()
    with transaction.atomic():
        rows = Letter.objects.select_for_update(skip_locked=True).filter(
            mail=Mail.WAITING, next_attempt_at__lte=at
        )
        free = rows.exclude(claimed_until__gt=at).order_by("next_attempt_at", "id")
        chosen = list(free.values_list("pk", flat=True)[:_BATCH])
        Letter.objects.filter(pk__in=chosen).update(claimed_until=at + CLAIM)
    return chosen


def _post(letter_id: UUID, connection: Any) -> Posted | None:
    letter = Letter.objects.select_related("person", "organisation").filter(pk=letter_id).first()
    if letter is None or letter.mail != Mail.WAITING:
        return None
    if not letter.person.is_active or _has_left(letter):
        return Posted("PERSON_GONE", is_final=True)
    return hand_over(connection, letter)


def hand_over(connection: Any, what: Letter | EmailMessage) -> Posted:
    """Send a letter or a message over the connection, and judge how that ended."""
    try:
        connection.open()
        message = message_of(what) if isinstance(what, Letter) else what
        message.connection = connection
        message.send()
    except (SMTPException, OSError) as error:
        return _judged(error)
    except Exception:  # what we did not foresee counts as an attempt too: a letter ends some day
        logger.exception("letters: an attempt failed on our side")
        return Posted("INTERNAL")
    return Posted()


def _has_left(letter: Letter) -> bool:
    """Whether the person belonged to the organisation that the letter is about, and no longer does."""
    ever = Membership.objects.filter(user=letter.person_id, organisation=letter.organisation_id)
    return ever.exists() and not ever.filter(ended_at=None).exists()


def _judged(error: SMTPException | OSError) -> Posted:
    if isinstance(error, SMTPRecipientsRefused):
        codes = [code for code, _ in error.recipients.values()]
        return Posted("RECIPIENT_REFUSED", is_final=all(500 <= code < 600 for code in codes))
    if isinstance(error, SMTPResponseException):
        return Posted("SERVER_REFUSED", is_final=False, is_down=error.smtp_code in {421, 454, 535})
    return Posted("SERVER_UNREACHABLE", is_down=True)


@contextmanager
def _connected() -> Iterator[Any]:
    """One connection, opened when the first letter is sent and closed at the end."""
    connection = get_connection(timeout=settings.EMAIL_TIMEOUT)
    try:
        yield connection
    finally:
        try:
            connection.close()
        except (SMTPException, OSError):
            logger.info("letters: the mail server closed first")
