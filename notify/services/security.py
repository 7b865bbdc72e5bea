"""Letters of what changes an organisation itself: keys, webhooks, members. Its administrators are told, and who did it."""

from typing import Any

from accounts.models import Membership, Organisation, User
from audit.models import Event
from notify.services.letters import Told

_PATHS = {
    "api_credential": "/keys/",
    "webhook": "/webhooks/",
    "member": "/team/",
    "person": "/team/",
    "invitation": "/team/",
}
_ADMINISTERS = ("ADMIN",)
# where nobody administers: a talent on its own, an agency of two
_ELSE = ("PRODUCER", "AGENT", "TALENT", "AUDITOR", "ENGINEER")


def told_of_security(event: Event) -> list[Told]:
    """Whom to tell of a change of keys, webhooks or members, and what."""
    if event.organisation_id is None:
        return []
    members = _members(event)
    actor = next((one for one in members if one.pk == event.person_id), None)
    facts = _facts(event, actor)
    administrators = _with_roles(event, _ADMINISTERS) or _with_roles(event, _ELSE)
    people = {one.pk: one for one in [*administrators, *([actor] if actor else [])]}
    return [Told(one, event.organisation_id, facts) for one in people.values()]


def _members(event: Event) -> list[User]:
    return list(
        User.objects.filter(
            memberships__organisation=event.organisation_id, memberships__ended_at=None
        ).distinct()
    )


def _with_roles(event: Event, roles: tuple[str, ...]) -> list[User]:
    live = Membership.objects.filter(organisation=event.organisation_id, role__in=roles, ended_at=None)
    return list({row.user_id: row.user for row in live.select_related("user")}.values())


def _person_named(event: Event) -> str:
    """Whose membership it is, where the event names the person by id alone."""
    if event.object_type != "person":
        return ""
    return User.objects.filter(pk__in=[event.object_id]).values_list("full_name", flat=True).first() or ""


def _facts(event: Event, actor: User | None) -> dict[str, Any]:
    organisation = (
        Organisation.objects.filter(pk__in=[event.organisation_id]).values_list("name", flat=True).first()
    )
    details = event.details
    return {
        "organisation": organisation or "",
        "actor": actor.full_name if actor else "",
        "by_key": event.credential_id is not None,
        "name": str(details.get("name", "")) or _person_named(event),
        "prefix": str(details.get("prefix", "")),
        "role": str(details.get("role", "")),
        "code": str(details.get("code", "")),
        "path": _PATHS.get(event.object_type, "/audit/"),
    }
