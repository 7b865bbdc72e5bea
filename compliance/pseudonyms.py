"""People in a bundle: one name per person and production, that says nothing outside of it.

They are the names that the log and the grants use. Who holds the deployment's secret can tell who it is,
nobody else; the same person reads differently in every other production, so bundles cannot be joined.
"""

from dataclasses import dataclass
from uuid import UUID

from accounts.models import Organisation
from licensing.selectors.people import person_pseudonym


@dataclass
class Cast:
    """The people and parties of one production, as its bundles name them."""

    production_id: UUID

    def __post_init__(self) -> None:
        self._names: dict[UUID, str] = {}

    def person(self, person_id: UUID | None) -> str | None:
        """Return a person's pseudonym; ``None`` stays ``None`` (the server itself acted)."""
        if person_id is None:
            return None
        return person_pseudonym(person_id, self.production_id)

    def organisation(self, organisation_id: UUID | None) -> dict[str, str] | None:
        """Return an organisation as its id and name; those of self-represented talents stay unnamed."""
        if organisation_id is None:
            return None
        if organisation_id not in self._names:
            row = Organisation.objects.filter(pk=organisation_id).only("name", "kind").first()
            is_person = row is None or row.kind == Organisation.Kind.TALENT
            self._names[organisation_id] = "" if is_person or row is None else row.name
        name = self._names[organisation_id]
        return {"id": str(organisation_id), **({"name": name} if name else {})}
