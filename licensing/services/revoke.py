"""End licences before their time. The row's state is what the very next check reads."""

from collections.abc import Iterable
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.presence import require_presence
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from licensing.models import Hold, LicenceRequest, LicenceToken, Talent
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.selectors.holds import stop_in_force
from licensing.selectors.people import (
    has_authority,
    is_agent_of,
    is_talent,
    mandate_in_force,
    person_pseudonym,
)
from licensing.selectors.tokens import effective_state, tokens_visible_to
from licensing.services.duties import open_duties
from licensing.services.holds import lift_hold, write_hold
from licensing.services.productions import clean_text
from licensing.services.trail import move, parties_of
from licensing.services.training import stop_training
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import FrameDisposition, HoldSide, RevocationKind, TokenState
from trustcore.receipt import RevokedEntry

_ENDABLE = frozenset(
    {TokenState.ACTIVE, TokenState.PENDING_ACTIVATION, TokenState.SUSPENDED, TokenState.EXHAUSTED}
)
_ENDABLE_ROWS = [str(state) for state in sorted(_ENDABLE)]
_REASON_MAX = 2000


def revoke_token(
    *, principal: Principal, jti: UUID, kind: str, disposition: str, reason: str
) -> LicenceToken:
    """Revoke a licence, with its open renewal and a successor that has not begun.

    Args:
        kind: what ends; ``EMERGENCY_STOP`` is :func:`emergency_stop` and the talent's alone.
        disposition: what happens to frames already rendered.

    Raises:
        NotFound: no such licence, or none for this caller.
        Forbidden: ``NOT_YOURS_TO_REVOKE``: neither the talent nor an agent under mandate.
        Conflict: ``TOKEN_STATE``: it has ended already.
        InvalidInput: ``KIND_UNKNOWN``, ``EMERGENCY_STOP_IS_WHOLE``, ``DISPOSITION_UNKNOWN`` or
            ``REASON_INVALID``.
    """
    if kind not in set(RevocationKind):
        raise InvalidInput("KIND_UNKNOWN", _("%(kind)s is not a kind of revocation.") % {"kind": kind})
    if kind == RevocationKind.EMERGENCY_STOP:
        raise InvalidInput("EMERGENCY_STOP_IS_WHOLE", "An emergency stop ends every use of a person at once.")
    if disposition not in set(FrameDisposition):
        raise InvalidInput(
            "DISPOSITION_UNKNOWN",
            _("%(disposition)s says nothing about rendered frames.") % {"disposition": disposition},
        )
    reason = clean_text(reason, most=_REASON_MAX, code="REASON_INVALID")
    if not tokens_visible_to(principal).filter(pk=jti).exists():
        raise NotFound
    with transaction.atomic():
        # requests before licences, as an approval locks them: neither can wait on the other
        renewals = _lock_open(LicenceRequest.objects.filter(renews=jti))
        token = _lock([jti])[0]
        side = _revoking_side(principal, token)
        require_presence(principal)
        state = effective_state(token)
        if state not in _ENDABLE:
            raise Conflict(
                "TOKEN_STATE",
                "This licence has ended already.",
                _("It is %(state)s.") % {"state": state},
                {"state": str(state)},
            )
        _revoke(token, principal, RevocationKind(kind), FrameDisposition(disposition), reason)
        for later in _lock(_endable(supersedes=token)):
            _revoke(later, principal, RevocationKind(kind), FrameDisposition(disposition), reason)
        _decline(renewals, principal, side, reason)
        return token


def emergency_stop(
    *, principal: Principal, talent: Talent, reason: str, ends_licences: bool = True
) -> tuple[UUID, ...]:
    """Stop every use of a person at once; what is licensed later stands still, too, until the talent lifts it.

    The talent alone can do this, in person, signed in; no agent and no administrator can (TAXONOMY 10): the
    hold behind it is refused by the database to everybody else. Stopping twice is stopping once.

    Args:
        ends_licences: revoke every licence and decline every open request, for good; else they only stand
            still while the stop is in force.

    Returns:
        The licences that ended.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        InvalidInput: ``REASON_INVALID``.
    """
    reason = clean_text(reason, most=_REASON_MAX, code="REASON_INVALID")
    if not is_talent(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent can stop everything.")
    require_presence(principal)
    with transaction.atomic():
        # an approval under way holds its request: after this line its licence is among those below
        waiting = _lock_open(LicenceRequest.objects.filter(talent=talent)) if ends_licences else []
        _hold_everything(principal, talent, reason)
        running: list[LicenceToken] = []
        if ends_licences:
            running = [
                token for token in _lock(_endable(talent=talent)) if effective_state(token) in _ENDABLE
            ]
        for token in running:
            _revoke(token, principal, RevocationKind.EMERGENCY_STOP, FrameDisposition.QUARANTINE, reason)
        _decline(waiting, principal, Side.TALENT, reason)
        trained = stop_training(talent, principal, reason) if ends_licences else []
        record(
            kind="talent.emergency_stop",
            principal=principal,
            organisation_id=talent.organisation_id,
            object_type="talent",
            object_id=talent.pk,
            details={
                "licences": [str(token.pk) for token in running],
                "training": [str(jti) for jti in trained],
            },
        )
        return tuple(token.pk for token in running)


def lift_emergency_stop(*, principal: Principal, talent: Talent, why: str = "") -> Hold:
    """End the stop: licences that it did not end, and later ones, permit again.

    Raises:
        Forbidden: ``TALENT_ONLY``.
        Conflict: ``NOT_STOPPED``.
    """
    if not is_talent(principal, talent):
        raise Forbidden("TALENT_ONLY", "Only the talent can lift the stop.")
    require_presence(principal)
    stop = stop_in_force(talent.pk)
    if stop is None:
        raise Conflict("NOT_STOPPED", "Nothing is stopped.")
    return lift_hold(principal=principal, hold_id=stop.pk, why=why)


def _hold_everything(principal: Principal, talent: Talent, reason: str) -> None:
    Talent.objects.select_for_update().get(pk=talent.pk)  # two stops at once are one
    if stop_in_force(talent.pk) is None:
        write_hold(principal, "talent", talent.pk, DenyReason.EMERGENCY_STOP, HoldSide.TALENT, reason)


def _lock(jtis: Iterable[UUID]) -> list[LicenceToken]:
    """Lock rows in one order, so that two revocations cannot wait on each other."""
    rows = LicenceToken.objects.select_for_update(of=("self",)).filter(pk__in=jtis).order_by("pk")
    return list(
        rows.select_related("terms", "talent", "production", "licensee", "request__talent", "superseded_by")
    )


def _endable(**whose: object) -> list[UUID]:
    rows = LicenceToken.objects.filter(state__in=_ENDABLE_ROWS, **whose)
    return list(rows.values_list("pk", flat=True))


def _revoking_side(principal: Principal, token: LicenceToken) -> Side:
    if is_talent(principal, token.talent):
        return Side.TALENT
    if has_authority(principal, token.talent):  # who consents for a minor or an estate takes the consent back
        return Side.GUARDIAN
    mandate = mandate_in_force(token.talent_id)
    if mandate is not None and is_agent_of(principal, mandate):
        return Side.AGENT
    raise Forbidden(
        "NOT_YOURS_TO_REVOKE", "Only the talent’s side revokes: in person, by authority, or under mandate."
    )


def _revoke(
    token: LicenceToken,
    principal: Principal,
    kind: RevocationKind,
    disposition: FrameDisposition,
    reason: str,
) -> None:
    before, at = token.state, clock.now()
    token.state = TokenState.REVOKED
    token.revoked_at = at
    token.revocation_kind = kind
    token.frame_disposition = disposition
    token.revocation_reason = reason
    token.save()
    open_duties(token, disposition)
    guild = [token.production.guild_id] if token.production.guild_id else []
    record(
        kind="licence.revoked",
        principal=principal,
        visible_to=[*parties_of(token.request), *token.vendor_ids, *guild],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        before={"state": before},
        after={"state": str(TokenState.REVOKED), "kind": str(kind), "disposition": str(disposition)},
        details={"kind": str(kind), "disposition": str(disposition), "version": token.terms.version},
        log_entry=RevokedEntry(
            at=clock.rfc3339(at),
            by=person_pseudonym(principal.person.pk, token.production_id),
            disposition=disposition,
            jti=str(token.pk),
            kind=kind,
            organisation=str(principal.organisation_id),
            terms_version=token.terms.version,
        ),
    )


def _lock_open(rows: QuerySet[LicenceRequest]) -> list[LicenceRequest]:
    # locked first, read after: rows joined to a locked one are those from before the wait
    locked = [row.pk for row in rows.filter(state__in=OPEN_STATES).select_for_update().order_by("pk")]
    waiting = LicenceRequest.objects.filter(pk__in=locked, state__in=OPEN_STATES).order_by("pk")
    return list(waiting.select_related("current", "talent"))


def _decline(rows: Iterable[LicenceRequest], principal: Principal, side: Side, reason: str) -> None:
    """Decline what is still open of ``rows``; one whose time is over is left to lapse."""
    at = clock.now()
    for request in rows:
        if at < request.answer_by:
            request.decline_reason = reason
            move(request, ActionKind.DECLINE, principal=principal, side=side, note=reason, at=at)
