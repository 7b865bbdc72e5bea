"""What a person chose about each topic."""

from collections.abc import Iterable, Mapping

from django.db import transaction

from accounts.models import User
from common.errors import InvalidInput
from notify.models import Choice, Letter
from notify.models.letters import Topic, Way
from notify.topics import ALWAYS, Ways, default_ways, topics_to_choose


def choices_of(person: User) -> dict[str, Ways]:
    """How each topic comes to ``person``, in the order of the page."""
    chosen = {row.topic: Ways(row.way, row.in_portal) for row in Choice.objects.filter(person=person)}
    return {str(topic): chosen.get(topic) or default_ways(topic) for topic in topics_to_choose()}


def ways_for(people: Iterable[User], topic: str) -> dict[object, Ways]:
    """How ``topic`` comes to each of ``people``, by id; one query."""
    people = list(people)
    rows = Choice.objects.filter(person__in=people, topic=topic)
    chosen = {row.person_id: Ways(row.way, row.in_portal) for row in rows}
    return {one.pk: chosen.get(one.pk) or default_ways(topic) for one in people}


def choose(*, person: User, ways: Mapping[str, Ways]) -> None:
    """Keep what ``person`` chose; topics that are left out stay as they are.

    Raises:
        InvalidInput: ``TOPIC_UNKNOWN``, ``WAY_UNKNOWN``; ``ALWAYS_TOLD``: stops and security stay on.
    """
    for topic, wanted in ways.items():
        if topic not in topics_to_choose():
            raise InvalidInput("TOPIC_UNKNOWN", "There is no such topic.")
        if wanted.way not in Way.values:
            raise InvalidInput("WAY_UNKNOWN", "E-mail comes EACH, as a DIGEST, or is OFF.")
        if topic in ALWAYS and wanted != Ways(Way.EACH, True):
            raise InvalidInput("ALWAYS_TOLD", "Stops and changes of keys are always told.")
    with transaction.atomic():
        for topic, wanted in ways.items():
            Choice.objects.update_or_create(
                person=person,
                topic=topic,
                defaults={"way": wanted.way, "in_portal": wanted.in_portal},
                create_defaults={"way": wanted.way, "in_portal": wanted.in_portal},
            )
            if wanted.way == Way.OFF:
                _call_back(person, topic)


def stop_mail(*, person: User, topic: str) -> None:
    """Switch the e-mail of one topic off, as a link in a letter asks for; the portal goes on telling.

    Raises:
        InvalidInput: ``ALWAYS_TOLD`` or ``TOPIC_UNKNOWN``.
    """
    if topic == Topic.DIGEST:
        gathered = {
            name: Ways(Way.OFF, ways.in_portal)
            for name, ways in choices_of(person).items()
            if ways.way == Way.DIGEST
        }
        choose(person=person, ways=gathered)
        return
    now = choices_of(person).get(topic)
    if now is None:
        raise InvalidInput("TOPIC_UNKNOWN", "There is no such topic.")
    choose(person=person, ways={topic: Ways(Way.OFF, now.in_portal)})


def _call_back(person: User, topic: str) -> None:
    """Letters that wait are not sent any more."""
    waiting = Letter.objects.filter(person=person, topic=topic, mail__in=["WAITING", "GATHERED"])
    waiting.update(mail=Letter.Mail.NONE, next_attempt_at=None, claimed_until=None)
