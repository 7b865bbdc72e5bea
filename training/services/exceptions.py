"""Exceptions: asked for by one, signed by counsel, seen by everybody of the house, over of themselves."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import Membership
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from training.gate.policy import LIFTABLE
from training.models import RightsException, Source, SourceClass
from training.seats import require_counsel, require_engineer
from training.selectors.contracts import hold_over
from training.services.texts import clean

DAYS_MOST = 180


@dataclass(frozen=True, slots=True, kw_only=True)
class ExceptionAsk:
    """What is asked for: every field that an exception must state (TP-081 to TP-085)."""

    codes: tuple[str, ...]
    source_class: str
    source: UUID | None
    owner: str
    reason: str
    compensating_controls: str
    rollback_plan: str
    review_on: date
    ends_at: datetime


def ask_exception(*, principal: Principal, ask: ExceptionAsk) -> RightsException:
    """Ask for an exception; it lifts nothing before counsel has signed it.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_engineer`.
        InvalidInput: ``CODE_NOT_LIFTABLE``, ``SOURCE_CLASS_UNKNOWN``, ``OWNER_UNKNOWN``, ``WINDOW_INVALID``,
            ``TEXT_INVALID``.
    """
    require_engineer(principal)
    if not ask.codes or (stands := sorted(set(ask.codes) - LIFTABLE)):
        raise InvalidInput(
            "CODE_NOT_LIFTABLE", "No exception lifts this.",
            _("These stand always: %(codes)s.") % {"codes": ", ".join(stands if ask.codes else [])},
        )  # fmt: skip
    kind = SourceClass.objects.filter(organisation=principal.organisation, code=ask.source_class).first()
    if kind is None:
        raise InvalidInput("SOURCE_CLASS_UNKNOWN", "There is no such class of sources.")
    source = None
    if ask.source is not None:
        source = Source.objects.filter(pk=ask.source, source_class=kind).first()
        if source is None:
            raise InvalidInput("SOURCE_UNKNOWN", "There is no such source in this class.")
    seat = Membership.objects.filter(
        user__email__iexact=ask.owner, organisation=principal.organisation, ended_at=None
    ).first()
    if seat is None:
        raise InvalidInput("OWNER_UNKNOWN", "Nobody of this organisation has this address.")
    at = clock.now()
    if not at < ask.ends_at <= at + timedelta(days=DAYS_MOST) or ask.review_on > ask.ends_at.date():
        raise InvalidInput(
            "WINDOW_INVALID", "An exception ends within half a year and is reviewed before it ends."
        )
    with transaction.atomic():
        made = RightsException.objects.create(
            organisation=principal.organisation, codes=sorted(set(ask.codes)), source_class=kind, source=source,
            owner=seat.user, asked_by=principal.person, reason=clean(ask.reason, most=2000),
            compensating_controls=clean(ask.compensating_controls, most=2000),
            rollback_plan=clean(ask.rollback_plan, most=2000), review_on=ask.review_on, ends_at=ask.ends_at,
        )  # fmt: skip
        _tell("training.exception_asked", principal, made)
    return made


def sign_exception(*, principal: Principal, exception_id: UUID) -> RightsException:
    """Counsel signs: from now on it lifts its codes in its scope.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`; ``FOUR_EYES``; ``EXCEPTION_APPROVER``: the
            contract of the class names somebody else (TP-068).
        Conflict: ``EXCEPTION_STATE``: signed, ended or over.
    """
    require_counsel(principal)
    with transaction.atomic():
        row = _lock(principal, exception_id)
        if row.asked_by_id == principal.person.pk:
            raise Forbidden("FOUR_EYES", "Asking for an exception and signing it take two people.")
        if row.signed_at is not None or row.ended_at is not None or row.ends_at <= clock.now():
            raise Conflict("EXCEPTION_STATE", "This exception is signed, ended or over.")
        # a contract that is put into force holds the class too: it is seen, or comes after this signature
        SourceClass.objects.select_for_update(no_key=True).get(pk=row.source_class_id)
        _require_approver(principal, row)
        row.signed_by, row.signed_at = principal.person, clock.now()
        row.save(update_fields=["signed_by", "signed_at"])
        _tell("training.exception_signed", principal, row)
        return row


def end_exception(*, principal: Principal, exception_id: UUID) -> RightsException:
    """End an exception now. Raises as :func:`sign_exception`."""
    require_counsel(principal)
    with transaction.atomic():
        row = _lock(principal, exception_id)
        if row.ended_at is not None:
            raise Conflict("EXCEPTION_STATE", "This exception has ended.")
        row.ended_by, row.ended_at = principal.person, clock.now()
        row.save(update_fields=["ended_by", "ended_at"])
        _tell("training.exception_ended", principal, row)
        return row


def _require_approver(principal: Principal, row: RightsException) -> None:
    contract = hold_over(row.source_class_id).compiled
    if contract is None:
        return
    named = {one.casefold() for one in contract.clauses.approvers}
    mine = {principal.person.email.casefold(), *(role.casefold() for role in principal.roles)}
    if not named & mine:
        raise Forbidden(
            "EXCEPTION_APPROVER", "The contract of this class names who signs its exceptions.",
            ", ".join(contract.clauses.approvers),
        )  # fmt: skip


def _lock(principal: Principal, exception_id: UUID) -> RightsException:
    row = (
        RightsException.objects.select_for_update(of=("self",))
        .filter(pk=exception_id, organisation=principal.organisation)
        .first()
    )
    if row is None:
        raise NotFound
    return row


def _tell(kind: str, principal: Principal, row: RightsException) -> None:
    record(
        kind=kind, principal=principal, object_type="training_exception", object_id=row.pk,
        details={"codes": list(row.codes), "source_class": str(row.source_class_id),
                 "owner": str(row.owner_id), "ends_at": clock.rfc3339(row.ends_at)},
    )  # fmt: skip
