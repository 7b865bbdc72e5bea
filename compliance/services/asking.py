"""Ask for a bundle: who may, for whose eyes; the work is done later."""

from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.presence import require_presence
from accounts.principals import Principal
from audit import services as audit
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from compliance.models import Audience, Bundle, BundleState
from compliance.selectors import exportable_productions
from licensing.models import Production
from licensing.selectors import production_for
from trustcore.bundle.layout import Purpose

_ROLES = ("PRODUCER", "ENGINEER", "AUDITOR", "ADMIN", "AGENT", "TALENT")


def request_bundle(*, principal: Principal, production_id: UUID, purpose: str) -> Bundle:
    """Ask for a bundle; the work is done later.

    Raises:
        NotFound: the production is not visible to the caller.
        Forbidden: ``BUNDLE_NOT_SHARED`` or ``ROLE_MISSING``: the caller may see it but not export it.
        InvalidInput: ``PURPOSE_UNKNOWN``.
    """
    production = production_for(principal, production_id)
    if production is None:
        raise NotFound
    if purpose not in set(Purpose):
        raise InvalidInput(
            "PURPOSE_UNKNOWN", _("%(purpose)s is not a purpose.") % {"purpose": purpose}, ", ".join(Purpose)
        )
    _require_exporter(principal, production)
    require_presence(principal)
    with transaction.atomic():
        bundle = Bundle.objects.create(
            production=production,
            organisation=principal.organisation,
            requested_by=principal.person,
            credential_id=principal.credential.pk if principal.credential else None,
            purpose=purpose,
            audience=_audience(principal, production, purpose),
            touched_at=clock.now(),
        )
        audit.record(
            kind="bundle.requested",
            principal=principal,
            object_type="bundle",
            object_id=bundle.pk,
            production_id=production.pk,
            visible_to=[production.organisation_id],
            after={"purpose": purpose, "state": bundle.state},
        )
    return bundle


def fail_bundle(bundle_id: UUID, code: str) -> None:
    """Say that a bundle could not be made, and why; it may be asked for again."""
    Bundle.objects.filter(pk=bundle_id).exclude(state=BundleState.READY).update(
        state=BundleState.FAILED, failure_code=code[:40], touched_at=clock.now()
    )


def _require_exporter(principal: Principal, production: Production) -> None:
    if not exportable_productions(principal).filter(pk=production.pk).exists():
        raise Forbidden(
            "BUNDLE_NOT_SHARED",
            "A bundle of this production would show other people's licences.",
            "Its studio and its guild may export it.",
        )
    if not principal.acts_as(*_ROLES):
        raise Forbidden("ROLE_MISSING", "Your role does not export bundles.")


def _audience(principal: Principal, production: Production, purpose: str) -> Audience:
    shared = purpose == Purpose.UNION_REPORTING or principal.organisation_id == production.guild_id
    return Audience.SHARED if shared else Audience.OWN
