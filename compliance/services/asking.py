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
from compliance.scope import Part
from compliance.selectors import exportable_productions, licences_of_talent
from licensing.models import Production
from licensing.selectors import production_for
from receipts import selectors as receipts
from trustcore.bundle.layout import Purpose

EVERYTHING = Part()
_ROLES = ("PRODUCER", "ENGINEER", "AUDITOR", "ADMIN", "AGENT", "TALENT")


def request_bundle(
    *, principal: Principal, production_id: UUID, purpose: str, part: Part = EVERYTHING
) -> Bundle:
    """Ask for a bundle of a production or of ``part`` of it; the work is done later.

    Raises:
        NotFound: the production is not visible to the caller, or has no licence of that talent that the caller may export.
        Forbidden: ``BUNDLE_NOT_SHARED`` or ``ROLE_MISSING``: the caller may see it but not export it.
        InvalidInput: ``PURPOSE_UNKNOWN``, ``PERIOD_REVERSED``, ``SIZE_PAST_LOG``, ``SIZE_NOT_PUBLISHED``.
    """
    production = production_for(principal, production_id)
    if production is None:
        raise NotFound
    if purpose not in set(Purpose):
        raise InvalidInput(
            "PURPOSE_UNKNOWN", _("%(purpose)s is not a purpose.") % {"purpose": purpose}, ", ".join(Purpose)
        )
    _require_exporter(principal, production, part)
    _require_part(production, part)
    require_presence(principal)
    with transaction.atomic():
        bundle = Bundle.objects.create(
            production=production,
            organisation=principal.organisation,
            requested_by=principal.person,
            credential_id=principal.credential.pk if principal.credential else None,
            purpose=purpose,
            audience=_audience(principal, production, purpose),
            talent_id=part.talent_id,
            size=part.size,
            begins=part.begins,
            until=part.until,
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


def _require_exporter(principal: Principal, production: Production, part: Part) -> None:
    if part.talent_id is not None:
        if not licences_of_talent(principal.organisation, production, part.talent_id).exists():
            raise NotFound
    elif not exportable_productions(principal).filter(pk=production.pk).exists():
        raise Forbidden(
            "BUNDLE_NOT_SHARED",
            "A bundle of this production would show other people's licences.",
            "Its studio and its guild may export it; you may ask for your own talent's part.",
        )
    if not principal.acts_as(*_ROLES):
        raise Forbidden("ROLE_MISSING", "Your role does not export bundles.")


def _require_part(production: Production, part: Part) -> None:
    if part.begins is not None and part.until is not None and part.begins >= part.until:
        raise InvalidInput("PERIOD_REVERSED", _("The period ends before it begins."))
    if part.size is None or receipts.checkpoint_at(production.pk, part.size) is not None:
        return
    sizes = receipts.checkpoint_sizes(production.pk)
    if part.size > (sizes.first() or 0):
        raise InvalidInput("SIZE_PAST_LOG", _("The log has not been published at that size."))
    below = sizes.filter(size__lt=part.size).first()
    raise InvalidInput(
        "SIZE_NOT_PUBLISHED",
        _("No checkpoint of the log was published at that size."),
        "" if below is None else _("The one before it is at %(size)s.") % {"size": below},
    )


def _audience(principal: Principal, production: Production, purpose: str) -> Audience:
    shared = purpose == Purpose.UNION_REPORTING or principal.organisation_id == production.guild_id
    return Audience.SHARED if shared else Audience.OWN
