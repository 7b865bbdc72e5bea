"""Whether strangers who hold a released file of a production may have its manifest back."""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Forbidden, NotFound
from licensing import selectors as licensing
from licensing.models import Production
from provenance.models import ResolutionChoice


def resolution_of(*, principal: Principal, production_id: UUID) -> bool:
    """Say whether a production's manifests are resolved for strangers.

    Raises:
        NotFound: the production is not visible to the caller.
    """
    production = _production(principal, production_id)
    row = ResolutionChoice.objects.filter(production=production).first()
    return row is None or row.is_public


@transaction.atomic
def choose_resolution(*, principal: Principal, production_id: UUID, is_public: bool) -> bool:
    """Open or close the door, and say so to auditors; only the production's studio does.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``ROLE_MISSING``.
    """
    production = _production(principal, production_id)
    by_role = principal.acts_as("PRODUCER", "ADMIN")
    if production.organisation_id != principal.organisation_id or not by_role:
        raise Forbidden("ROLE_MISSING", "Only the production's studio opens or closes it.")
    ResolutionChoice.objects.update_or_create(
        production=production,
        defaults={"is_public": is_public, "chosen_by": principal.person, "chosen_at": clock.now()},
    )
    record(
        kind="softbinding.choice",
        principal=principal,
        object_type="production",
        object_id=production.pk,
        details={"public": is_public},
    )
    return is_public


def _production(principal: Principal, production_id: UUID) -> Production:
    production = licensing.production_for(principal, production_id)
    if production is None:
        raise NotFound
    return production
