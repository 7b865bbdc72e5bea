"""Letters of keys, webhooks and members in words: what changed, who did it, what to do if nobody meant it."""

from collections.abc import Callable
from typing import Final

from django.utils.translation import gettext as _

from notify.saying import Said, Wording


def _who(said: Said) -> str:
    if not said.get("actor"):
        return ""
    if said.get("by_key"):
        return _("It was done with an API key that %(actor)s made.") % said
    return _("It was done by %(actor)s.") % said


def _not_you(said: Said) -> str:
    return _("If nobody of %(organisation)s meant this, end it now and tell your administrator.") % said


def _security(
    subject: Callable[[], str], lead: Callable[[], str], act: Callable[[], str]
) -> Callable[[Said], Wording]:
    def write(said: Said) -> Wording:
        return Wording(subject() % said, lead() % said, (_who(said), _not_you(said)), act(), said["path"])

    return write


SECURITY: Final[dict[str, Callable[[Said], Wording]]] = {
    "key.created": _security(
        lambda: _("A new API key at %(organisation)s: %(name)s"),
        lambda: _("The API key %(name)s (tm_%(prefix)s) was made."),
        lambda: _("See the keys"),
    ),
    "key.revoked": _security(
        lambda: _("An API key was revoked at %(organisation)s: %(name)s"),
        lambda: _("The API key %(name)s (tm_%(prefix)s) was revoked and no longer works."),
        lambda: _("See the keys"),
    ),
    "webhook.created": _security(
        lambda: _("A new webhook at %(organisation)s"),
        lambda: _("A new address is called with the events of %(organisation)s."),
        lambda: _("See the webhooks"),
    ),
    "webhook.deleted": _security(
        lambda: _("A webhook was removed at %(organisation)s"),
        lambda: _("An address is no longer called with the events of %(organisation)s."),
        lambda: _("See the webhooks"),
    ),
    "webhook.secret_rotated": _security(
        lambda: _("A webhook has a new secret at %(organisation)s"),
        lambda: _("The secret that signs a webhook of %(organisation)s was renewed."),
        lambda: _("See the webhooks"),
    ),
    "webhook.disabled": _security(
        lambda: _("A webhook is switched off at %(organisation)s"),
        lambda: _("A webhook of %(organisation)s is switched off. What happens is no longer told to it."),
        lambda: _("See the webhooks"),
    ),
    "invitation.accepted": _security(
        lambda: _("A new member of %(organisation)s"),
        lambda: _("%(name)s joined %(organisation)s."),
        lambda: _("See the team"),
    ),
    "member.role_changed": _security(
        lambda: _("A role changed at %(organisation)s"),
        lambda: _("What %(name)s may do at %(organisation)s was changed."),
        lambda: _("See the team"),
    ),
    "member.removed": _security(
        lambda: _("Somebody left %(organisation)s"),
        lambda: _("%(name)s no longer acts for %(organisation)s."),
        lambda: _("See the team"),
    ),
}
