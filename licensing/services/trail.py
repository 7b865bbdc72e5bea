"""One place where a request moves: the state, the action row and the event, in one transaction."""

from datetime import datetime, timedelta
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.presence import method_of
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, NotFound
from licensing.machine import transition
from licensing.models import LicenceRequest, RequestAction, Talent
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.selectors.people import deciding_mandates, is_talent, speaks_for
from licensing.selectors.requests import requests_visible_to, sides_of
from licensing.services.signatures import keep_signature
from trustcore.passkey import PasskeySignature

_NO_TICK = timedelta(0)
_TICKS = {ActionKind.ISSUE: timedelta(microseconds=1)}
EVENT_KINDS = {
    ActionKind.SUBMIT: "request.submitted",
    ActionKind.NOTICE_OVER: "request.notice_over",
    ActionKind.OPEN: "request.opened",
    ActionKind.COUNTER: "request.countered",
    ActionKind.ACCEPT_COUNTER: "request.counter_accepted",
    ActionKind.REVISE: "request.revised",
    ActionKind.QUESTION: "request.question",
    ActionKind.ANSWER: "request.answer",
    ActionKind.ESCALATE: "request.escalated",
    ActionKind.APPROVE: "request.approved",
    ActionKind.DECLINE: "request.declined",
    ActionKind.WITHDRAW: "request.withdrawn",
    ActionKind.LAPSE: "request.lapsed",
    ActionKind.ISSUE: "request.granted",
}


def lock_request(principal: Principal, request_id: UUID) -> tuple[LicenceRequest, frozenset[Side]]:
    """Lock the row of a request that the caller may see; MUST be called inside a transaction.

    Returns:
        The request, and the sides in whose name the caller may act on it (empty: a reader).

    Raises:
        NotFound: no such request, or none for this caller.
    """
    if not requests_visible_to(principal).filter(pk=request_id).exists():
        raise NotFound
    # locked first, read after: rows joined to a locked one are those from before the wait
    LicenceRequest.objects.select_for_update().get(pk=request_id)
    request = LicenceRequest.objects.select_related(
        "production", "talent", "licensee", "agency", "current", "mandate", "renews", "auto_rule"
    ).get(pk=request_id)
    return request, sides_of(principal, request, deciding_mandates(principal))


def require_side(sides: frozenset[Side], *allowed: Side) -> Side:
    """The side that the caller acts for, of those allowed.

    Raises:
        Forbidden: ``NOT_YOURS_TO_DECIDE``: the caller may read the request and no more.
    """
    for side in allowed:
        if side in sides:
            return side
    raise Forbidden("NOT_YOURS_TO_DECIDE", "You may read this request, and others decide on it.")


def require_voice(principal: Principal, talent: Talent) -> None:
    """Refuse a living minor who acts alone: what widens or ends a protection is for who speaks for them.

    Raises:
        Forbidden: ``NOT_YOURS_TO_DECIDE``.
    """
    if is_talent(principal, talent) and not speaks_for(principal, talent):
        raise Forbidden("NOT_YOURS_TO_DECIDE", "Who speaks for the talent by authority decides.")


def require_same_terms(request: LicenceRequest, terms_hash: str) -> None:
    """Refuse an answer to terms that are no longer the current ones.

    Raises:
        Conflict: ``TERMS_CHANGED``, with the current hash.
    """
    current = request.current
    if current is None or current.terms_hash != terms_hash:
        raise Conflict(
            "TERMS_CHANGED",
            "The terms changed while you were reading.",
            "Nothing was signed. Read the present version, then answer again.",
            {
                "terms_hash": current.terms_hash if current else "",
                "version": current.version if current else 0,
            },
        )


def require_open(request: LicenceRequest, act: ActionKind, at: datetime) -> str:
    """The state that ``act`` leads to.

    Raises:
        Conflict: ``REQUEST_LAPSED``: its time is over; ``REQUEST_STATE``: the act is illegal now.
    """
    if request.state in OPEN_STATES and at >= request.answer_by and act is not ActionKind.LAPSE:
        raise Conflict("REQUEST_LAPSED", "The time to answer this request is over.")
    after = transition(request.state, act)
    if after is None:
        raise Conflict(
            "REQUEST_STATE",
            "The request is in a state that does not allow this.",
            _("%(act)s is not possible while it is %(state)s.") % {"act": act, "state": request.state},
            {"state": request.state, "act": str(act)},
        )
    return str(after)


def move(
    request: LicenceRequest,
    act: ActionKind,
    *,
    principal: Principal | None,
    side: Side,
    note: str = "",
    about: str = "",
    at: datetime | None = None,
    signed: PasskeySignature | None = None,
) -> RequestAction:
    """Carry ``act`` out on a locked request: state, action row, signature, event.

    Args:
        signed: the person's own signature over the current terms, checked before.

    Raises:
        Conflict: as :func:`require_open`.
    """
    at = at or clock.now()
    before = request.state
    request.state = before if act is ActionKind.SUBMIT else require_open(request, act, at)
    if request.state not in OPEN_STATES:
        request.closed_at = at
    request.save()
    current = request.current
    if current is None:
        raise LookupError(f"request {request.pk} has no terms")
    action = RequestAction.objects.create(
        request=request,
        kind=act,
        side=side,
        actor=principal.person if principal else None,
        credential=principal.credential if principal else None,
        organisation=principal.organisation if principal else None,
        version=current.version,
        terms_hash=current.terms_hash,
        state_before="" if act is ActionKind.SUBMIT else before,
        state_after=request.state,
        note=note,
        about=about,
        method=_method(principal, signed),
        # two acts of one transaction keep their order
        at=at + _TICKS.get(act, _NO_TICK),
    )
    if principal is not None:
        keep_signature(signed, principal=principal, terms_hash=current.terms_hash, action=action)
    record(
        kind=EVENT_KINDS[act],
        principal=principal,
        organisation_id=principal.organisation_id if principal else request.licensee_id,
        visible_to=parties_of(request),
        object_type="request",
        object_id=request.pk,
        production_id=request.production_id,
        before={"state": before},
        after={"state": request.state, "terms_hash": current.terms_hash, "version": current.version},
        details={
            "act": str(act),
            "side": str(side),
            "state": request.state,
            "terms_hash": current.terms_hash,
            "version": current.version,
            **({"passkey": signed.thumbprint} if signed else {}),
        },
    )
    return action


def _method(principal: Principal | None, signed: PasskeySignature | None) -> str:
    if signed is not None:
        return "PASSKEY"
    if principal is None or principal.credential is not None or principal.presence is None:
        return ""
    return method_of(principal)


def parties_of(request: LicenceRequest) -> list[UUID]:
    """The organisations that share a request's events: licensee, agency, the talent's own."""
    agency = [request.agency_id] if request.agency_id else []
    return [request.licensee_id, request.talent.organisation_id, *agency]
