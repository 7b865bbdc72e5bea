"""Send the mail of invitations and new starts: as letters are, beside them, over their connection.

The link's own row waits; nothing is locked while the mail server is waited for. One worker at a time sends
(``notify.send_letters``), so a mail goes twice only if that worker dies between sending and writing it down.
"""

import random
from collections.abc import Callable
from typing import Any

from accounts.models import SignInLink
from accounts.services import mail_of, note_mailed
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
        luck = random.random()  # noqa: S311 - spreads load, guards nothing
        delay = None
        if posted.error and not posted.is_final:
            delay = retry_delay(link.mail_attempts + 1, luck=luck)
        note_mailed(link.pk, error=posted.error, again_at=clock.now() + delay if delay else None)
        sent += not posted.error
        if posted.is_down:
            break
    return sent
