"""Which events concern people, under which topic, and how each topic comes where a person has not chosen."""

from dataclasses import dataclass
from typing import Final

from notify.models import Topic
from notify.models.letters import Way

ALWAYS: Final = frozenset({Topic.STOP, Topic.SECURITY})
"""Nobody switches these off: a stop must reach who renders, and a new key who would not have made it."""

TOPIC_OF: Final[dict[str, Topic]] = {
    "request.submitted": Topic.ARRIVED,
    "request.revised": Topic.ARRIVED,
    "request.counter_accepted": Topic.ARRIVED,
    "request.deadline_near": Topic.DEADLINE,
    "request.escalated": Topic.ARRIVED,
    "licence.release_asked": Topic.ARRIVED,
    "licence.release_granted": Topic.ANSWERED,
    "licence.release_refused": Topic.ANSWERED,
    "request.countered": Topic.ANSWERED,
    "request.declined": Topic.ANSWERED,
    "request.withdrawn": Topic.ANSWERED,
    "request.lapsed": Topic.ANSWERED,
    "request.question": Topic.ANSWERED,
    "request.answer": Topic.ANSWERED,
    "licence.issued": Topic.ISSUED,
    "licence.ends_soon": Topic.EXPIRY,
    "licence.expired": Topic.EXPIRY,
    "licence.quota_low": Topic.QUOTA,
    "revocation.overdue": Topic.DUTY,
    "licence.revoked": Topic.STOP,
    "licence.terminated": Topic.STOP,
    "licence.suspended": Topic.STOP,
    "licence.resumed": Topic.STOP,
    "talent.emergency_stop": Topic.STOP,
    "training.requested": Topic.TRAINING,
    "training.issued": Topic.TRAINING,
    "training.declined": Topic.TRAINING,
    "training.withdrawn": Topic.TRAINING,
    "training.lapsed": Topic.TRAINING,
    "training.revoked": Topic.STOP,
    "asset.held": Topic.OUTPUT,
    "key.created": Topic.SECURITY,
    "key.revoked": Topic.SECURITY,
    "webhook.created": Topic.SECURITY,
    "webhook.deleted": Topic.SECURITY,
    "webhook.secret_rotated": Topic.SECURITY,
    "webhook.disabled": Topic.SECURITY,
    "invitation.accepted": Topic.SECURITY,
    "member.invited": Topic.SECURITY,
    "member.role_changed": Topic.SECURITY,
    "member.removed": Topic.SECURITY,
}
OF_THE_ORGANISATION: Final = frozenset(kind for kind, topic in TOPIC_OF.items() if topic is Topic.SECURITY)
"""Kinds that concern who administers the organisation, whatever it does."""
OF_OUTPUTS: Final = frozenset(kind for kind, topic in TOPIC_OF.items() if topic is Topic.OUTPUT)
"""Kinds that concern who delivers an output; what is neither is the licensor's affair."""


@dataclass(frozen=True, slots=True)
class Ways:
    """How a topic reaches somebody."""

    way: str
    in_portal: bool


_DEFAULTS: Final = {Topic.DIGEST: Ways(Way.EACH, False)}


def default_ways(topic: str) -> Ways:
    """How ``topic`` comes to somebody who has not chosen: at once by e-mail, and in the portal."""
    return _DEFAULTS.get(Topic(topic), Ways(Way.EACH, True))


def topics_to_choose() -> tuple[Topic, ...]:
    """The topics of the choices page, in its order."""
    return tuple(topic for topic in Topic if topic is not Topic.DIGEST)
