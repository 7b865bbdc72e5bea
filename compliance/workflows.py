"""Ask for a bundle now, have it made in the background."""

from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from compliance import services
from compliance.models import Bundle
from compliance.scope import Part
from compliance.tasks import build_bundle


def export_bundle(
    *, principal: Principal, production_id: UUID, purpose: str, part: Part = services.EVERYTHING
) -> Bundle:
    """Ask for a bundle and start the work when the asking is committed.

    Raises:
        DomainError: as ``services.request_bundle`` says.
    """
    with transaction.atomic():
        bundle = services.request_bundle(
            principal=principal, production_id=production_id, purpose=purpose, part=part
        )
        # should the broker not answer, the sweeper starts the work
        # (a function of its own: Django names the hook that failed, and a partial has no name)
        transaction.on_commit(lambda: build_bundle.delay(str(bundle.pk)), robust=True)
    return bundle
