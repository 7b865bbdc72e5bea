"""A letter as an e-mail: text and HTML, in the reader's language and time zone, ended by one click (RFC 8058).

Names come from people: they reach a header in one line with nothing hidden in it, and HTML through the
template's escaping, each isolated from the text around it.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import formatdate
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone, translation
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.models import User
from common import clock
from notify.models import Letter
from notify.models.letters import Topic
from notify.saying import Wording
from notify.unsubscribing import unsubscribe_url
from notify.wording import wording_of

_MOST_IN_DIGEST = 100


def message_of(letter: Letter) -> EmailMultiAlternatives:
    """The message to send; its ``Message-ID`` is the letter's, so that a double can be told."""
    with reading_as(letter.person):
        leaves = unsubscribe_url(letter.person, letter.topic)
        subject, context = _context(letter)
        context |= {
            "letter": letter,
            "base_url": settings.BASE_URL,
            "leaves": leaves,
            "choices_url": f"{settings.BASE_URL}{reverse('portal-notice-choices')}",
            "language": translation.get_language() or "en",
        }
        message = EmailMultiAlternatives(
            subject=subject,
            body=render_to_string("mail/letter.txt", context),
            from_email=settings.DEFAULT_FROM_EMAIL,
            to=[letter.person.email],
            headers={**_headers(letter), **_leaving(leaves)},
        )
        message.attach_alternative(render_to_string("mail/letter.html", context), "text/html")
        return message


@contextmanager
def reading_as(person: User) -> Iterator[None]:
    """The language and the time zone of ``person``."""
    language = getattr(person, "language", "") or settings.LANGUAGE_CODE
    try:
        zone = ZoneInfo(person.time_zone)
    except (ZoneInfoNotFoundError, ValueError):
        zone = ZoneInfo("UTC")
    with translation.override(language), timezone.override(zone):
        yield


def _context(letter: Letter) -> tuple[str, dict[str, object]]:
    if letter.topic != Topic.DIGEST:
        words = wording_of(letter.kind, letter.facts)
        return words.subject, {"words": words, "items": [], "link": _link(words)}
    bundled = list(letter.bundled.order_by("created_at")[: _MOST_IN_DIGEST + 1])
    items = [_item(one) for one in bundled[:_MOST_IN_DIGEST]]
    count = letter.bundled.count()
    subject = ngettext("%(count)d notice since yesterday", "%(count)d notices since yesterday", count) % {
        "count": count
    }
    words = Wording(subject, subject + ".", (), _("Read them in the portal"), reverse("portal-notices"))
    return subject, {"words": words, "items": items, "link": _link(words), "more": max(0, count - len(items))}


def _item(letter: Letter) -> dict[str, object]:
    words = wording_of(letter.kind, letter.facts)
    return {"words": words, "link": _link(words), "at": letter.created_at}


def _link(words: Wording) -> str:
    return f"{settings.BASE_URL}{words.path}"


def _headers(letter: Letter) -> dict[str, str]:
    host = urlsplit(settings.BASE_URL).hostname or "localhost"
    return {
        "Message-ID": f"<{letter.pk}@{host}>",
        "Date": formatdate(clock.now().timestamp()),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Trustmark-Kind": letter.kind,
    }


def _leaving(leaves: str) -> dict[str, str]:
    if not leaves:
        return {}
    return {"List-Unsubscribe": f"<{leaves}>", "List-Unsubscribe-Post": "List-Unsubscribe=One-Click"}
