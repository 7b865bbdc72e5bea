"""The link in a letter that ends its topic's e-mail: signed, for one person and one topic, good for ever.

It does nothing else, so it needs no sign-in: RFC 8058 has the mail provider post to it.
"""

from django.conf import settings
from django.core import signing
from django.urls import reverse

from accounts.models import User
from common.errors import NotFound
from notify.models.letters import Topic
from notify.topics import ALWAYS

_SALT = "notify.unsubscribe"


def unsubscribe_url(person: User, topic: str) -> str:
    """The address for the header and the foot of a letter; empty where a topic cannot be ended."""
    if topic in ALWAYS:
        return ""
    token = signing.dumps([str(person.pk), str(topic)], salt=_SALT)
    return f"{settings.BASE_URL}{reverse('portal-unsubscribe', args=[token])}"


def read_unsubscribe(token: str) -> tuple[User, str]:
    """Whom and which topic a link is for.

    Raises:
        NotFound: it is not one of ours.
    """
    try:
        person_id, topic = signing.loads(token, salt=_SALT)
        person = User.objects.filter(pk=person_id).first()
    except (signing.BadSignature, ValueError, TypeError) as error:
        raise NotFound from error
    if person is None or topic not in Topic.values or topic in ALWAYS:
        raise NotFound
    return person, topic
