"""What of a row's particulars a caller is shown: whose licences, whose people."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from accounts.models import User
from accounts.principals import Principal
from licensing.models import Production
from provenance.graph.visible import licences_of, sees_whole


@dataclass(frozen=True, slots=True)
class Sight:
    """One caller's view: licences of others and people of others are not there."""

    principal: Principal
    own: frozenset[UUID]

    @classmethod
    def of(cls, principal: Principal) -> "Sight":
        """The caller's view; one query."""
        return cls(principal, frozenset(licences_of(principal.organisation_id)))

    def whole(self, production: Production) -> bool:
        """Whether nothing of this production is kept from the caller."""
        return sees_whole(self.principal, production)

    def licences(self, jtis: Iterable[UUID], production: Production, recorder: UUID) -> list[str]:
        """The licences among ``jtis`` that the caller may know of."""
        is_open = self.whole(production) or recorder == self.principal.organisation_id
        return [str(jti) for jti in jtis if is_open or jti in self.own]

    def person(self, person: User, production: Production, organisation: UUID) -> dict[str, str] | None:
        """Who it was, for the production and for the person's own organisation."""
        if self.whole(production) or organisation == self.principal.organisation_id:
            return {"id": str(person.pk), "name": person.full_name}
        return None
