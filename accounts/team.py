"""The people of an organisation: who belongs to it in which roles, changing that, and letting somebody go.

An administrator manages; an organisation never loses its last one. What a person is in their own right, a
talent, no administrator takes away. The caller records what was changed (``audit`` stands above this floor).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.db import transaction

from accounts.models import ApiCredential, Membership, Organisation, User
from accounts.principals import Principal
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound

Role, Kind = Membership.Role, Organisation.Kind
ROLES_OF_KIND: Final[dict[str, tuple[str, ...]]] = {
    Kind.STUDIO: (Role.PRODUCER, Role.ENGINEER, Role.ADMIN, Role.LEGAL),
    Kind.VENDOR: (Role.PRODUCER, Role.ENGINEER, Role.ADMIN),
    Kind.AGENCY: (Role.AGENT, Role.ADMIN, Role.LEGAL),
    Kind.GUILD: (Role.AUDITOR, Role.ADMIN, Role.LEGAL),
    Kind.TALENT: (Role.ADMIN,),
    Kind.OPERATOR: (),
}
"""The roles that an administrator gives, by the kind of organisation; being the talent is not given."""


@dataclass(frozen=True, slots=True)
class Member:
    """One person of the organisation."""

    person: User
    roles: tuple[str, ...]
    since: datetime
    live_keys: int

    @property
    def is_admin(self) -> bool:
        """Whether this person manages the organisation."""
        return Role.ADMIN in self.roles


def team_of(principal: Principal) -> tuple[Member, ...]:
    """Everybody who belongs to the caller's organisation, by name; two queries."""
    rows = Membership.objects.filter(organisation=principal.organisation, ended_at=None)
    by_person: dict[UUID, list[Membership]] = {}
    for row in rows.select_related("user").order_by("created_at"):
        by_person.setdefault(row.user_id, []).append(row)
    keys = ApiCredential.objects.filter(
        organisation=principal.organisation, revoked_at=None, expires_at__gt=clock.now()
    )
    counts: dict[UUID, int] = {}
    for maker in keys.values_list("created_by_id", flat=True):
        counts[maker] = counts.get(maker, 0) + 1
    members = [
        Member(held[0].user, tuple(sorted(row.role for row in held)), held[0].created_at, counts.get(pk, 0))
        for pk, held in by_person.items()
    ]
    return tuple(sorted(members, key=lambda one: (one.person.full_name.casefold(), str(one.person.pk))))


def member_of(principal: Principal, person_id: UUID) -> Member | None:
    """One of them; None: nobody of the caller's organisation."""
    return next((one for one in team_of(principal) if one.person.pk == person_id), None)


def set_roles(*, principal: Principal, person_id: UUID, roles: Iterable[str]) -> Member:
    """Give a member just these roles, beside being the talent.

    Raises:
        Forbidden: ``ADMIN_ONLY``.
        NotFound: nobody of the caller's organisation.
        InvalidInput: ``ROLE_UNKNOWN``: none, or one that this kind of organisation does not have.
        Conflict: ``LAST_ADMIN``: nobody would manage the organisation.
    """
    wanted = set(roles)
    with transaction.atomic():
        held = _held(principal, person_id)
        own = {row.role for row in held if row.role == Role.TALENT}
        if not (wanted or own) or wanted - set(ROLES_OF_KIND[principal.organisation.kind]) - own:
            raise InvalidInput("ROLE_UNKNOWN", "Choose at least one of this organisation's roles.")
        wanted |= own
        if Role.ADMIN not in wanted:
            _require_other_admin(principal, person_id)
        now = clock.now()
        for row in held:
            if row.role not in wanted:
                row.ended_at = now
                row.save(update_fields=["ended_at"])
        for role in wanted - {row.role for row in held}:
            Membership.objects.create(organisation=principal.organisation, user=held[0].user, role=role)
    found = member_of(principal, person_id)
    if found is None:
        raise NotFound
    return found


def remove_member(*, principal: Principal, person_id: UUID) -> User:
    """End a person's part in the organisation: their session acts for it no more, their API keys end with it.

    Raises:
        Forbidden: ``ADMIN_ONLY``; ``TALENT_STAYS``: nobody takes a talent out of their own organisation.
        NotFound: nobody of the caller's organisation.
        Conflict: ``LAST_ADMIN``.
    """
    with transaction.atomic():
        held = _held(principal, person_id)
        if any(row.role == Role.TALENT for row in held):
            raise Forbidden("TALENT_STAYS", "Nobody takes a talent out of their own organisation.")
        _require_other_admin(principal, person_id)
        now = clock.now()
        for row in held:
            row.ended_at = now
            row.save(update_fields=["ended_at"])
        return held[0].user


def _held(principal: Principal, person_id: UUID) -> list[Membership]:
    """The person's living memberships; the organisation's row keeps two administrators from ending each other."""
    if not principal.is_role(Role.ADMIN):
        raise Forbidden("ADMIN_ONLY", "An administrator of the organisation manages its people, signed in.")
    Organisation.objects.select_for_update(no_key=True).get(pk=principal.organisation_id)
    rows = Membership.objects.select_related("user").filter(
        organisation=principal.organisation, user=person_id, ended_at=None
    )
    held = list(rows)
    if not held:
        raise NotFound
    return held


def _require_other_admin(principal: Principal, person_id: UUID) -> None:
    admins = Membership.objects.filter(
        organisation=principal.organisation, role=Role.ADMIN, ended_at=None, user__is_active=True
    )
    is_admin = admins.filter(user=person_id).exists()
    if is_admin and not admins.exclude(user=person_id).exists():
        raise Conflict(
            "LAST_ADMIN", "Nobody would manage this organisation.", "Make somebody else administrator first."
        )
