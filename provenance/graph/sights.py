"""What of a row's particulars a caller is shown: whose licences, whose people."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from uuid import UUID

from accounts.models import Organisation, User
from accounts.principals import Principal
from licensing.models import Production
from provenance.graph.visible import licences_of, sees_whole


@dataclass(frozen=True)
class Sight:
    """One caller's view: licences of others and people of others are not there."""

    principal: Principal

    @classmethod
    def of(cls, principal: Principal) -> "Sight":
        """The caller's view; no query before somebody's licences are asked for who does not see all, then one."""
        return cls(principal)

    @cached_property
    def own(self) -> frozenset[UUID]:
        """Licences of talents that the caller represents or is; vendors are and represent nobody."""
        if self.principal.organisation.kind == Organisation.Kind.VENDOR:
            return frozenset()
        return frozenset(licences_of(self.principal.organisation_id))

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
