"""Place and lift holds: what stands against licences for a time. The very next check sees the row.

Who may do so is decided by :mod:`trustcore.policy.holds` from the sides in whose name the caller may act;
an emergency stop is refused by the database, too, to everybody but the talent.
"""

from collections.abc import Iterable
from typing import Final
from uuid import UUID

from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from accounts.models import Organisation
from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import Hold, LicenceToken, Production, Talent
from licensing.selectors.holds import ENDABLE, covered_by, sides_over, thing_visible_to, whole_hold
from licensing.selectors.people import is_talent, person_pseudonym
from licensing.selectors.tokens import holds_on, tokens_visible_to
from licensing.services.productions import clean_text
from licensing.services.trail import parties_of
from trustcore.policy.holds import PLACED_BY, may_lift, may_place
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import HoldSide
from trustcore.receipt import ResumedEntry, SuspendedEntry

_WHY_MAX: Final = 2000
_HOLDABLE: Final[dict[str, type[LicenceToken | Talent | Production | Organisation]]] = {
    "token": LicenceToken,
    "talent": Talent,
    "production": Production,
    "organisation": Organisation,
}


def place_hold(*, principal: Principal, covers: str, covered_id: UUID, reason: str, why: str) -> Hold:
    """Place a hold on one licence, or on all licences of a talent, a production or an organisation.

    Args:
        covers: ``token``, ``talent``, ``production`` or ``organisation``; ``covered_id`` says which.
        reason: one of :data:`trustcore.policy.holds.PLACED_BY`; the stop is :func:`emergency_stop` alone.
        why: for the parties; it enters no log.

    Raises:
        NotFound: no such thing, or none that the caller may know of.
        Forbidden: ``NOT_YOURS_TO_HOLD``.
        Conflict: ``HOLD_STANDS``: this side holds it for this reason already; ``TOKEN_STATE``: it has ended.
        InvalidInput: ``REASON_UNKNOWN``, ``EMERGENCY_STOP_IS_WHOLE`` or ``WHY_INVALID``.
    """
    if reason not in PLACED_BY:
        raise InvalidInput("REASON_UNKNOWN", _("%(reason)s is no reason for a hold.") % {"reason": reason})
    if reason == DenyReason.EMERGENCY_STOP:
        raise InvalidInput("EMERGENCY_STOP_IS_WHOLE", "An emergency stop is the talent's own act.")
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID")
    thing = thing_visible_to(principal, covers, covered_id)
    if thing is None:
        raise NotFound
    side = may_place(DenyReason[reason], sides_over(principal, thing))
    if side is None:
        raise Forbidden("NOT_YOURS_TO_HOLD", "This hold is for another side to place.")
    with transaction.atomic():
        if isinstance(thing, LicenceToken):
            state = LicenceToken.objects.select_for_update().get(pk=thing.pk).state
            if state not in ENDABLE:
                raise Conflict(
                    "TOKEN_STATE",
                    "This licence has ended already.",
                    _("It is %(state)s.") % {"state": state},
                    {"state": state},
                )
        return write_hold(principal, covers, thing.pk, DenyReason[reason], side, why)


def write_hold(
    principal: Principal, covers: str, covered_id: UUID, reason: DenyReason, side: HoldSide, why: str
) -> Hold:
    """Write a hold that may be placed, its events and its log entries; MUST be called inside a transaction.

    Raises:
        Conflict: ``HOLD_STANDS``.
    """
    # a licence under issue holds the row that it refers to: it is covered here, or finds the hold when it goes on
    _HOLDABLE[covers].objects.select_for_update().get(pk=covered_id)
    try:
        with transaction.atomic():
            made = Hold.objects.create(
                reason=reason,
                side=side,
                placed_by=principal.person,
                placed_for=principal.organisation,
                credential=principal.credential,
                placed_at=clock.now(),
                why=why,
                **{f"{covers}_id": covered_id},
            )
    except IntegrityError as error:
        if "one_hold_in_force_per_side" not in str(error):
            raise
        raise Conflict("HOLD_STANDS", "It is held for this reason already.") from error
    hold = whole_hold(made.pk)
    _record_whole(hold, principal, "hold.placed")
    for token in covered_by(hold):
        note_suspended(hold, token, principal)
    return hold


def lift_hold(*, principal: Principal, hold_id: UUID, why: str = "") -> Hold:
    """Lift a hold; other holds may still stand.

    Raises:
        NotFound: no such hold, or none on anything that the caller may know of.
        Forbidden: ``NOT_YOURS_TO_LIFT``; ``TALENT_ONLY``; or as :func:`~accounts.presence.require_presence`.
        Conflict: ``HOLD_LIFTED``: it was lifted before.
        InvalidInput: ``WHY_INVALID``.
    """
    why = clean_text(why, most=_WHY_MAX, code="WHY_INVALID") if why else ""
    with transaction.atomic():
        if not Hold.objects.select_for_update().filter(pk=hold_id).exists():
            raise NotFound
        hold = whole_hold(hold_id)
        thing = thing_visible_to(principal, hold.covered_kind, hold.covers)
        if thing is None:
            raise NotFound
        sides = sides_over(principal, thing)
        if not may_lift(DenyReason[hold.reason], placed_by=HoldSide(hold.side), sides=sides):
            raise Forbidden("NOT_YOURS_TO_LIFT", "This hold is for another side to lift.")
        stop = hold.talent if hold.reason == DenyReason.EMERGENCY_STOP else None
        if stop is not None and not is_talent(principal, stop):  # no guardian and no estate, either
            raise Forbidden("TALENT_ONLY", "Only the talent can lift the stop.")
        require_presence(principal)  # what was stopped goes on: as binding as an approval
        if hold.lifted_at is not None:
            raise Conflict("HOLD_LIFTED", "This hold was lifted before.")
        end_hold(hold, principal, why)
        return hold


def resume_token(
    *, principal: Principal, jti: UUID, hold_id: UUID | None = None, why: str = ""
) -> list[Hold]:
    """Lift one hold of a licence, or all of its own that the caller may lift.

    Raises:
        NotFound: no such licence, or none for this caller; no such hold on it.
        Forbidden: ``NOT_YOURS_TO_LIFT``: its holds are for other sides to lift.
        Conflict: ``NOT_SUSPENDED``: it has no hold of its own.
    """
    token = tokens_visible_to(principal).filter(pk=jti).first()
    if token is None:
        raise NotFound
    own = Hold.objects.filter(token=token, lifted_at=None).order_by("pk")
    if hold_id is not None:
        if not Hold.objects.filter(pk=hold_id, token=token).exists():
            raise NotFound
        return [lift_hold(principal=principal, hold_id=hold_id, why=why)]
    standing = list(own)
    if not standing:
        raise Conflict("NOT_SUSPENDED", "This licence has no hold of its own.")
    sides = sides_over(principal, token)
    mine = [
        hold
        for hold in standing
        if may_lift(DenyReason[hold.reason], placed_by=HoldSide(hold.side), sides=sides)
    ]
    if not mine:
        raise Forbidden("NOT_YOURS_TO_LIFT", "This hold is for another side to lift.")
    with transaction.atomic():
        return [lift_hold(principal=principal, hold_id=hold.pk, why=why) for hold in mine]


def hold_at_issue(token: LicenceToken, principal: Principal | None) -> None:
    """Say of a licence that was just issued which holds it came under; MUST be called inside its transaction."""
    for hold in holds_on(token):
        note_suspended(hold, token, principal)


def note_suspended(hold: Hold, token: LicenceToken, principal: Principal | None) -> None:
    """The event and the log entry of one licence that came under a hold."""
    entry = SuspendedEntry(
        at=clock.rfc3339(max(hold.placed_at, token.created_at)),
        by=person_pseudonym(hold.placed_by_id, token.production_id),
        hold=str(hold.pk),
        jti=str(token.pk),
        organisation=str(hold.placed_for_id),
        reason=hold.reason,
        terms_version=token.terms.version,
    )
    _record_token("licence.suspended", hold, token, principal, entry)


def end_hold(hold: Hold, principal: Principal, why: str) -> None:
    """Write the end of a hold that may end, its events and log entries; MUST be called inside a transaction."""
    hold.lifted_at, hold.lifted_by, hold.lifted_for = clock.now(), principal.person, principal.organisation
    hold.lift_why = why
    hold.save(update_fields=["lifted_at", "lifted_by", "lifted_for", "lift_why"])
    _record_whole(hold, principal, "hold.lifted")
    for token in covered_by(hold):
        entry = ResumedEntry(
            at=clock.rfc3339(hold.lifted_at),
            by=person_pseudonym(principal.person.pk, token.production_id),
            hold=str(hold.pk),
            jti=str(token.pk),
            organisation=str(principal.organisation_id),
            reason=hold.reason,
            terms_version=token.terms.version,
        )
        _record_token("licence.resumed", hold, token, principal, entry)


def _record_whole(hold: Hold, principal: Principal, kind: str) -> None:
    """One event for a hold that covers more than a licence; a licence has its own."""
    if hold.token_id is not None:
        return
    if hold.reason == DenyReason.EMERGENCY_STOP and kind == "hold.placed":
        return  # the stop records itself, with what it ended
    if hold.reason == DenyReason.EMERGENCY_STOP:
        kind = "talent.emergency_stop_lifted"
    record(
        kind=kind,
        principal=principal,
        visible_to=_owners(hold),
        object_type=hold.covered_kind,
        object_id=hold.covers,
        production_id=hold.production_id,
        details={"hold": str(hold.pk), "reason": hold.reason, "side": hold.side},
    )


def _owners(hold: Hold) -> Iterable[UUID]:
    """Whose thing is held."""
    if hold.talent is not None:
        return [hold.talent.organisation_id]
    if hold.production is not None:
        return [
            hold.production.organisation_id,
            *([hold.production.guild_id] if hold.production.guild_id else []),
        ]
    return []


def _record_token(
    kind: str,
    hold: Hold,
    token: LicenceToken,
    principal: Principal | None,
    entry: SuspendedEntry | ResumedEntry,
) -> None:
    guild = [token.production.guild_id] if token.production.guild_id else []
    record(
        kind=kind,
        principal=principal,
        organisation_id=principal.organisation_id if principal else hold.placed_for_id,
        visible_to=[*parties_of(token.request), *token.vendor_ids, *guild],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        details={"hold": str(hold.pk), "reason": hold.reason, "side": hold.side, "covers": hold.covered_kind},
        log_entry=entry,
    )
