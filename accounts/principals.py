"""Who is behind a call: a person at the portal, or an API key with the person who made it."""

from dataclasses import dataclass, field
from uuid import UUID

from accounts.models import ApiCredential, Membership, Organisation, User

# in the session: the one organisation whose sign-in admitted the person, and for which alone it vouches; in the data
# of a passkey: the organisation whose sign-in lent it
ADMITTED_BY_KEY = "admitted_by"


@dataclass(frozen=True, slots=True)
class Presence:
    """How the person of a session proved who they are, each with its time (seconds since 1970).

    The methods: ``PASSKEY``, ``TOTP``, ``RECOVERY_CODE``, ``PASSWORD``, ``ORGANISATION``.

    Attributes:
        admitted_by: id of the organisation whose sign-in vouches for the session, and for which alone; empty: none.
    """

    proofs: tuple[tuple[str, float], ...] = ()
    admitted_by: str = ""


@dataclass(frozen=True)
class Principal:
    """The caller, acting for one organisation.

    ``person`` is always someone: an API key acts on behalf of the person who made it. Whoever came in by a session
    has a ``presence``: acts that bind ask it how fresh it is (:mod:`accounts.presence`).
    """

    organisation: Organisation
    person: User
    credential: ApiCredential | None = None
    roles: frozenset[str] = field(default_factory=frozenset)
    scopes: frozenset[str] | None = None
    # of how many organisations the person is a member
    memberships: int = 1
    presence: Presence | None = None

    def holds(self, scope: str) -> bool:
        """Whether this caller may do what ``scope`` names; people are limited by role, not by scope."""
        return self.scopes is None or scope in self.scopes

    def is_role(self, *roles: str) -> bool:
        """Whether the caller is a person with one of ``roles`` here; API keys have no role."""
        return self.credential is None and not self.roles.isdisjoint(roles)

    def acts_as(self, *roles: str) -> bool:
        """Whether the person behind the call holds one of ``roles`` here now; an API key acts as its maker."""
        if self.credential is None:
            return self.is_role(*roles)
        return Membership.objects.filter(
            user=self.person, organisation=self.organisation, role__in=roles, ended_at=None
        ).exists()

    @property
    def caller(self) -> str:
        """A stable key of this caller, for idempotency; a person is another one in each organisation."""
        if self.credential:
            return f"key:{self.credential.pk}"
        return f"person:{self.person.pk}:{self.organisation.pk}"

    @property
    def organisation_id(self) -> UUID:
        """The organisation acted for."""
        return self.organisation.pk


def principal_of_person(user: User, organisation_id: UUID | None = None) -> Principal | None:
    """The person as a member of ``organisation_id``, or of the first organisation; None if of none."""
    memberships = (
        Membership.objects.filter(user=user, ended_at=None)
        .select_related("organisation")
        .order_by("created_at")
    )
    by_organisation: dict[UUID, list[Membership]] = {}
    for membership in memberships:
        by_organisation.setdefault(membership.organisation_id, []).append(membership)
    if not by_organisation:
        return None
    chosen = organisation_id if organisation_id in by_organisation else next(iter(by_organisation))
    rows = by_organisation[chosen]
    return Principal(
        organisation=rows[0].organisation,
        person=user,
        roles=frozenset(row.role for row in rows),
        memberships=len(by_organisation),
    )
