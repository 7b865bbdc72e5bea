"""Pass a mandate on to a colleague, in chains with limits and dates, and say who is in while one is out."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import Absence, Delegation, Mandate
from licensing.selectors.people import (
    DELEGATIONS_DEEP,
    delegations_in_force,
    is_agent_of,
    mandates_in_force,
    speaks_for,
    standing_in_under,
)
from licensing.services.limits import beyond_mandate, is_tighter, parse_limits
from licensing.services.mandates import is_agent_there
from trustcore.policy.terms import Terms


def delegate_mandate(
    *,
    principal: Principal,
    mandate: Mandate,
    to_user: User,
    valid_from: datetime,
    valid_until: datetime,
    use_types: Iterable[str] | None = None,
    limits: Mapping[str, Any] | None = None,
    may_pass_on: bool = False,
) -> Delegation:
    """Let a colleague of the agency decide between two dates, within the mandate or within less.

    The named agent delegates, or a delegate who may pass on: then within that delegation's uses, limits and
    dates, and only while it holds.

    Args:
        use_types: None: whatever the one who delegates may decide.
        limits: as of a mandate; they only tighten.

    Raises:
        NotFound: the mandate is not one of the caller's agency, or no longer in force.
        Forbidden: ``NOT_YOUR_MANDATE``: neither named, nor a delegate who may pass on.
        InvalidInput: ``AGENT_NOT_OF_AGENCY``, ``DATES_INVALID``, ``LIMITS_INVALID``, ``DELEGATION_WIDER``,
            ``DELEGATION_TOO_DEEP`` or ``DELEGATION_CIRCLE``.
    """
    row = mandates_in_force().filter(pk=mandate.pk, agency=principal.organisation).first()
    if row is None:
        raise NotFound
    if principal.credential is not None or not is_agent_of(principal, row):
        raise Forbidden("NOT_YOUR_MANDATE", "Only the agent named in the mandate may delegate it.")
    require_presence(principal)
    parent = _passed_on_from(principal, row)
    if to_user.pk == principal.person.pk or not is_agent_there(to_user, row.agency):
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "Delegate to another agent of the same agency.")
    _check_chain(parent, to_user)
    _check_dates(row, parent, valid_from, valid_until)
    uses, numbers = _within(row, parent, use_types, limits)
    with transaction.atomic():
        delegation = Delegation.objects.create(
            mandate=row,
            from_user=principal.person,
            to_user=to_user,
            parent=parent,
            may_pass_on=may_pass_on,
            use_types=uses,
            limits=numbers,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        _record(principal, delegation, "mandate.delegated")
        return delegation


def end_delegation(*, principal: Principal, delegation_id: UUID) -> Delegation:
    """Take a delegation back, with all that was passed on under it; by whom it came from, or the talent's side.

    Raises:
        NotFound: none of the caller's agency, nor of a mandate that the caller gave.
        Forbidden: ``NOT_YOUR_MANDATE``.
        Conflict: ``DELEGATION_ENDED``.
    """
    with transaction.atomic():
        rows = Delegation.objects.select_for_update(of=("self",)).select_related("mandate__talent")
        row = rows.filter(pk=delegation_id).first()
        if row is None:
            raise NotFound
        own = speaks_for(principal, row.mandate.talent)
        if row.mandate.agency_id != principal.organisation_id and not own:
            raise NotFound
        named = row.mandate.agent_id in {None, principal.person.pk} and is_agent_of(principal, row.mandate)
        if principal.credential is not None or not (own or row.from_user_id == principal.person.pk or named):
            raise Forbidden("NOT_YOUR_MANDATE", "Only who delegated it takes it back.")
        require_presence(principal)
        if row.ended_at is not None:
            raise Conflict("DELEGATION_ENDED", "This delegation has ended already.")
        row.ended_at = clock.now()
        row.save()
        _record(principal, row, "mandate.delegation_ended")
        return row


def set_absence(
    *, principal: Principal, stand_in: User, valid_from: datetime, valid_until: datetime
) -> Absence:
    """Say that the caller is out, and which colleague decides meanwhile; earlier absences that overlap end.

    Raises:
        Forbidden: ``AGENT_ONLY``.
        InvalidInput: ``AGENT_NOT_OF_AGENCY`` or ``DATES_INVALID``.
    """
    if principal.credential is not None or not principal.acts_as("AGENT"):
        raise Forbidden("AGENT_ONLY", "Only an agent, signed in, sets an absence.")
    require_presence(principal)
    if stand_in.pk == principal.person.pk or not is_agent_there(stand_in, principal.organisation):
        raise InvalidInput("AGENT_NOT_OF_AGENCY", "Name another agent of the same agency.")
    if valid_until <= valid_from:
        raise InvalidInput("DATES_INVALID", "The absence would end before it begins.")
    with transaction.atomic():
        overlapping = Absence.objects.select_for_update().filter(
            user=principal.person, agency=principal.organisation, ended_at=None, valid_until__gt=valid_from
        )
        overlapping.filter(valid_from__lt=valid_until).update(ended_at=clock.now())
        absence = Absence.objects.create(
            user=principal.person,
            agency=principal.organisation,
            stand_in=stand_in,
            valid_from=valid_from,
            valid_until=valid_until,
        )
        record(
            kind="agent.absent",
            principal=principal,
            object_type="absence",
            object_id=absence.pk,
            details={"stand_in": str(stand_in.pk), "until": clock.rfc3339(valid_until)},
        )
        return absence


def end_absence(*, principal: Principal, absence_id: UUID) -> Absence:
    """Be back before time.

    Raises:
        NotFound: no absence of the caller's that still holds.
    """
    with transaction.atomic():
        mine = Absence.objects.select_for_update().filter(user=principal.person, ended_at=None)
        row = mine.filter(pk=absence_id, agency=principal.organisation).first()
        if row is None or principal.credential is not None:
            raise NotFound
        row.ended_at = clock.now()
        row.save(update_fields=["ended_at"])
        record(kind="agent.back", principal=principal, object_type="absence", object_id=row.pk)
        return row


def require_within_delegation(principal: Principal, mandate: Mandate, terms: Terms) -> None:
    """Refuse a delegate what is beyond the delegation; what one of several allows is allowed.

    Raises:
        Forbidden: ``BEYOND_DELEGATION``, with the paths of the terms that are.
    """
    rows = standing_in_under(principal, mandate)
    beyond = [_beyond(row, mandate, terms) for row in rows]
    if beyond and all(beyond):
        paths = min(beyond, key=len)
        raise Forbidden(
            "BEYOND_DELEGATION",
            "What was delegated to you does not reach this far.",
            "Ask the agent named in the mandate to answer.",
            {"beyond": list(paths)},
        )


def _beyond(row: Delegation, mandate: Mandate, terms: Terms) -> tuple[str, ...]:
    """Uses count only where the delegation names them: beyond the mandate, the talent is asked as well anyway."""
    uses = frozenset(map(str, terms.use_types)) if row.use_types is None else frozenset(row.use_types)
    if row.limits in ({}, mandate.limits):
        return beyond_mandate(terms, use_types=uses, limits=parse_limits({"content": list(terms.content)}))
    return beyond_mandate(terms, use_types=uses, limits=parse_limits(row.limits))


def _passed_on_from(principal: Principal, mandate: Mandate) -> Delegation | None:
    """The delegation that the caller passes on; None for the named agent, and for each agent where none is."""
    if mandate.agent_id in {None, principal.person.pk}:
        return None
    held = delegations_in_force().filter(mandate=mandate, to_user=principal.person, may_pass_on=True)
    found = held.order_by("-valid_until").first()
    if found is None:
        raise Forbidden("NOT_YOUR_MANDATE", "Only the agent named in the mandate may delegate it.")
    return found


def _check_chain(parent: Delegation | None, to_user: User) -> None:
    """No chain is deeper than allowed, and none comes back to somebody who is in it."""
    depth, earlier = 1, parent
    while earlier is not None:
        depth += 1
        if to_user.pk in {earlier.from_user_id, earlier.to_user_id}:
            raise InvalidInput("DELEGATION_CIRCLE", "This person passed the mandate on themself.")
        earlier = earlier.parent
    if depth > DELEGATIONS_DEEP:
        raise InvalidInput(
            "DELEGATION_TOO_DEEP",
            _("A mandate is passed on at most %(delegations_deep)s times.")
            % {"delegations_deep": DELEGATIONS_DEEP},
        )


def _check_dates(mandate: Mandate, parent: Delegation | None, begins: datetime, ends: datetime) -> None:
    last = parent.valid_until if parent else mandate.valid_until
    early = parent is not None and begins < parent.valid_from
    if ends <= begins or early or (last is not None and ends > last):
        raise InvalidInput("DATES_INVALID", "The delegation must end after it begins, and with the mandate.")


def _within(
    mandate: Mandate,
    parent: Delegation | None,
    use_types: Iterable[str] | None,
    limits: Mapping[str, Any] | None,
) -> tuple[list[str] | None, dict[str, Any]]:
    """Uses and limits as stored: those asked for, which must lie within what is passed on."""
    held_uses = parent.use_types if parent and parent.use_types is not None else None
    uses = held_uses if use_types is None else sorted({str(use) for use in use_types})
    widest = set(held_uses if held_uses is not None else mandate.use_types)
    if uses is not None and not set(uses) <= widest:
        raise InvalidInput("DELEGATION_WIDER", "A delegation never reaches beyond what is passed on.")
    outer = parent.limits if parent and parent.limits else mandate.limits
    inner: dict[str, Any] = msgspec.to_builtins(parse_limits(outer if limits is None else limits))
    if not is_tighter(parse_limits(inner), parse_limits(outer)):
        raise InvalidInput("DELEGATION_WIDER", "A delegation never reaches beyond what is passed on.")
    return uses, inner


def _record(principal: Principal, row: Delegation, kind: str) -> None:
    record(
        kind=kind,
        principal=principal,
        visible_to=[row.mandate.talent.organisation_id],
        object_type="mandate",
        object_id=row.mandate_id,
        after={
            "to": str(row.to_user_id),
            "from": clock.rfc3339(row.valid_from),
            "until": clock.rfc3339(row.valid_until),
            "ended": row.ended_at is not None,
        },
        details={"until": clock.rfc3339(row.valid_until), "to": str(row.to_user_id)},
    )
