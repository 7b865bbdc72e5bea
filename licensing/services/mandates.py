"""Who decides for a talent: grant, end and delegate mandates. Granting is the talent's own act."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

import msgspec
from django.db import transaction

from accounts.models import Membership, Organisation, User
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Forbidden, InvalidInput, NotFound
from licensing.models import Delegation, LicenceRequest, Mandate, Talent
from licensing.models.people import ROUTED_MODES
from licensing.models.requests import OPEN_STATES
from licensing.selectors.people import is_agent_of, is_talent, mandates_in_force
from licensing.services.limits import parse_limits
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, ApprovalMode, UseType


def grant_mandate(
    *,
    principal: Principal,
    talent: Talent,
    agency: Organisation,
    mode: str,
    use_types: Iterable[str],
    agent: User | None = None,
    limits: Mapping[str, Any] | None = None,
    valid_from: datetime | None = None,
    valid_until: datetime | None = None,
) -> Mandate:
    """Let an agency decide within limits; a mandate in force before is ended. The talent alone may.

    Args:
        mode: ``AGENT_WITHIN_MANDATE``, ``DUAL`` or ``TALENT_ONLY`` (the agency sees and advises).
        use_types: what the agent may decide alone; anything else asks the talent too. Never training.
        agent: the one agent who may; None for each agent of the agency.
        limits: see :class:`~licensing.services.limits.MandateLimits`.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        InvalidInput: ``MODE_NOT_ROUTED``, ``USE_TYPE_UNKNOWN``, ``TRAINING_TALENT_ONLY``,
            ``NOT_AN_AGENCY``, ``AGENT_NOT_OF_AGENCY``, ``LIMITS_INVALID`` or ``DATES_INVALID``.
    """
    if not is_talent(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent grants or raises a mandate.")
    uses = _uses(use_types)
    if mode not in ROUTED_MODES:
        raise InvalidInput("MODE_NOT_ROUTED", f"{mode} is not a mode that requests are routed by.")
    if agency.kind != Organisation.Kind.AGENCY:
        raise InvalidInput("NOT_AN_AGENCY", "A mandate is given to an agency.")
    if agent is not None and not _is_agent(agent, agency):
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "This person is not an agent of that agency.")
    begins = valid_from or clock.now()
    if valid_until is not None and valid_until <= begins:
        raise InvalidInput("DATES_INVALID", "The mandate would end before it begins.")
    numbers = msgspec.to_builtins(parse_limits(limits or {}))
    with transaction.atomic():
        _end_mandates(principal, talent)
        mandate = Mandate.objects.create(
            talent=talent,
            agency=agency,
            agent=agent,
            mode=mode,
            use_types=uses,
            limits=numbers,
            valid_from=begins,
            valid_until=valid_until,
        )
        record(
            kind="mandate.granted",
            principal=principal,
            organisation_id=talent.organisation_id,
            visible_to=[agency.pk],
            object_type="mandate",
            object_id=mandate.pk,
            after={"mode": mode, "use_types": uses, "limits": numbers},
            details={"mode": mode, "agency": agency.name, "use_types": uses},
        )
        return mandate


def end_mandate(*, principal: Principal, talent: Talent) -> None:
    """End the mandate in force; requests that it routed now wait for the talent alone.

    Raises:
        Forbidden: ``TALENT_ONLY``.
    """
    if not is_talent(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent ends a mandate.")
    with transaction.atomic():
        _end_mandates(principal, talent)


def delegate_mandate(
    *, principal: Principal, mandate: Mandate, to_user: User, valid_from: datetime, valid_until: datetime
) -> Delegation:
    """Let a colleague of the agency stand in for the named agent between two dates.

    Raises:
        NotFound: the mandate is not one of the caller's agency, or no longer in force.
        Forbidden: ``NOT_YOUR_MANDATE``: only the named agent (or, unnamed, any agent) passes it on.
        InvalidInput: ``AGENT_NOT_OF_AGENCY`` or ``DATES_INVALID``.
    """
    row = mandates_in_force().filter(pk=mandate.pk, agency=principal.organisation).first()
    if row is None:
        raise NotFound
    named = row.agent_id in {None, principal.person.pk}  # whoever stands in does not pass it on
    if principal.credential is not None or not named or not is_agent_of(principal, row):
        raise Forbidden("NOT_YOUR_MANDATE", "Only the agent named in the mandate may delegate it.")
    if to_user.pk == principal.person.pk or not _is_agent(to_user, row.agency):
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "Delegate to another agent of the same agency.")
    if valid_until <= valid_from or (row.valid_until is not None and valid_until > row.valid_until):
        raise InvalidInput("DATES_INVALID", "The delegation must end after it begins, and with the mandate.")
    with transaction.atomic():
        delegation = Delegation.objects.create(
            mandate=row,
            from_user=principal.person,
            to_user=to_user,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        record(
            kind="mandate.delegated",
            principal=principal,
            visible_to=[row.talent.organisation_id],
            object_type="mandate",
            object_id=row.pk,
            after={
                "to": str(to_user.pk),
                "from": clock.rfc3339(valid_from),
                "until": clock.rfc3339(valid_until),
            },
            details={"until": clock.rfc3339(valid_until)},
        )
        return delegation


def _end_mandates(principal: Principal, talent: Talent) -> None:
    """End what is in force and hand its open requests to the talent; inside the caller's transaction."""
    for row in Mandate.objects.select_for_update().filter(talent=talent, revoked_at=None):
        row.revoked_at = clock.now()
        row.save()
        LicenceRequest.objects.filter(mandate=row, state__in=OPEN_STATES).update(
            mode=ApprovalMode.TALENT_ONLY, mandate=None
        )
        record(
            kind="mandate.ended",
            principal=principal,
            organisation_id=talent.organisation_id,
            visible_to=[row.agency_id],
            object_type="mandate",
            object_id=row.pk,
        )


def _uses(use_types: Iterable[str]) -> list[str]:
    uses = sorted({str(use) for use in use_types})
    if unknown := [use for use in uses if use not in set(UseType)]:
        raise InvalidInput("USE_TYPE_UNKNOWN", "Not a use type.", ", ".join(unknown))
    if TRAINING_USE_TYPES.intersection(uses):
        raise InvalidInput("TRAINING_TALENT_ONLY", "Training consent is never part of a mandate.")
    return uses


def _is_agent(user: User, agency: Organisation) -> bool:
    return Membership.objects.filter(
        user=user, organisation=agency, role=Membership.Role.AGENT, ended_at=None
    ).exists()
