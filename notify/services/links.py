"""Send the mail of invitations, new starts and passwords: as letters are, beside them, over their connection.

The row of the link, or of the letter, waits; nothing is locked while the mail server is waited for. One worker at a time sends
(``notify.send_letters``), so a mail goes twice only if that worker dies between sending and writing it down.
"""

import random
from collections.abc import Callable
from datetime import datetime
from typing import Any

from accounts.models import PasswordLetter, SignInLink
from accounts.services import mail_of, note_mailed, note_password_mailed, password_mail_of
from common import clock
from notify.schedule import retry_delay

_BATCH = 50


def send_links(connection: Any, hand_over: Callable[[Any, Any], Any]) -> int:
    """Send what is due; returns how many went. Stops at a server that does not answer.

    Args:
        hand_over: sends a message over the connection and judges how that ended.
    """
    sent = 0
    due = SignInLink.objects.filter(mail_due_at__lte=clock.now(), sealed__isnull=False)
    for link in due.select_related("organisation", "made_by").order_by("mail_due_at")[:_BATCH]:
        message = mail_of(link)
        if message is None:
            note_mailed(link.pk, error="LINK_OVER")
            continue
        posted = hand_over(connection, message)
        note_mailed(link.pk, error=posted.error, again_at=_again_at(posted, link.mail_attempts))
        sent += not posted.error
        if posted.is_down:
            break
    return sent


def send_password_letters(connection: Any, hand_over: Callable[[Any, Any], Any]) -> int:
    """Send what is due about passwords; what was asked for an address that is nobody's is forgotten.

    Args:
        hand_over: as of :func:`send_links`.
    """
    sent = 0
    for letter in PasswordLetter.objects.filter(due_at__lte=clock.now()).order_by("due_at")[:_BATCH]:
        message = password_mail_of(letter)
        if message is None:
            note_password_mailed(letter.pk)
            continue
        posted = hand_over(connection, message)
        note_password_mailed(letter.pk, again_at=_again_at(posted, letter.attempts))
        sent += not posted.error
        if posted.is_down:
            break
    return sent


def _again_at(posted: Any, attempts: int) -> datetime | None:
    """When handing it over is tried again; None: it went, or trying is of no use."""
    if not posted.error or posted.is_final:
        return None
    delay = retry_delay(attempts + 1, luck=random.random())  # noqa: S311 - spreads load, guards nothing
    return clock.now() + delay if delay else None
