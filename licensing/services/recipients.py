"""Who is written to: the people of each side of a request or licence, as they are there now."""

from collections.abc import Iterable
from uuid import UUID

from accounts.models import Membership, User
from licensing.models import LicenceRequest, Mandate, Talent
from licensing.selectors.people import absences_in_force, delegations_in_force, is_deceased, voices_of

RUNS_WORK = (Membership.Role.PRODUCER, Membership.Role.ENGINEER, Membership.Role.ADMIN)


def in_person(talent: Talent) -> list[User]:
    """The talent, while they live and have an account."""
    return [talent.user] if talent.user is not None and not is_deceased(talent) else []


def speaking_for(talent: Talent) -> list[User]:
    """Who speaks for a minor or an estate now."""
    return [one.user for one in voices_of(talent).select_related("user")]


def own_side(talent: Talent) -> list[User]:
    """The talent in person, and who speaks for them."""
    return [*in_person(talent), *speaking_for(talent)]


def asking(request: LicenceRequest) -> list[User]:
    """Who asked, while a member; else every producer of the studio."""
    people = members_with(request.licensee_id, (Membership.Role.PRODUCER, Membership.Role.ADMIN))
    return [one for one in people if one.pk == request.requested_by_id] or people


def agents_of(mandate: Mandate) -> list[User]:
    """The named agent with those who stand in; else every agent of the agency."""
    members = members_with(mandate.agency_id, (Membership.Role.AGENT,))
    if mandate.agent_id is None:
        return members
    stand_ins = delegations_in_force().filter(mandate=mandate).values_list("to_user_id", flat=True)
    away = absences_in_force().filter(user=mandate.agent_id, agency=mandate.agency_id)
    wanted = {mandate.agent_id, *stand_ins, *away.values_list("stand_in_id", flat=True)}
    return [one for one in members if one.pk in wanted]


def members_with(organisation_id: UUID, roles: Iterable[str]) -> list[User]:
    """Members with one of ``roles``, each once."""
    rows = Membership.objects.filter(organisation=organisation_id, role__in=list(roles), ended_at=None)
    return list(
        {row.user_id: row.user for row in rows.select_related("user").order_by("created_at")}.values()
    )


def home_of(person: User, request: LicenceRequest) -> UUID:
    """The organisation under which a signer or guardian reads: their own first one, else the talent's."""
    row = Membership.objects.filter(user=person, ended_at=None).order_by("created_at").first()
    return row.organisation_id if row else request.talent.organisation_id
