"""Answer a request: open, counter, accept, approve, decline, withdraw, lapse.

Each function locks the row, checks who asks and that the terms are those that were read, moves the request
and writes the trail in the same transaction. The last approval issues the licence there and then.
"""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from accounts.selectors import organisations_of
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput
from licensing.machine import REQUIRED_SIDES, sides_missing
from licensing.models import LicenceRequest, LicenceToken
from licensing.models.requests import OPEN_STATES, ActionKind, Side
from licensing.services.asks import require_payee
from licensing.services.changes import countered_terms
from licensing.services.conclude import conclude
from licensing.services.delegations import require_within_delegation
from licensing.services.limits import beyond_mandate, parse_limits
from licensing.services.productions import clean_text
from licensing.services.questions import ask_about
from licensing.services.requests import add_version, next_version
from licensing.services.routing import beyond_guild
from licensing.services.signatures import PasskeyAnswer, require_bound
from licensing.services.trail import (
    lock_request,
    move,
    require_open,
    require_same_terms,
    require_side,
    require_voice,
)
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.terms import terms_hash as hash_of
from trustcore.policy.vocabulary import ApprovalMode, RequestState

_NOTE_MAX = 2000
_IN_PERSON = frozenset({Side.TALENT, Side.SIGNER})
_OWN = frozenset({Side.TALENT, Side.GUARDIAN})


def open_request(*, principal: Principal, request_id: UUID) -> LicenceRequest:
    """Note that the deciding side has begun to read; opening an open request changes nothing.

    Raises:
        NotFound, Forbidden, Conflict: see the module's rules.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, *_deciders(request))
        if request.state == "SUBMITTED":
            move(request, ActionKind.OPEN, principal=principal, side=side)
        return request


def counter_request(
    *,
    principal: Principal,
    request_id: UUID,
    terms_hash: str,
    changes: Mapping[str, Any],
    note: str = "",
    field_notes: Mapping[str, str] | None = None,
    questions: Mapping[str, str] | None = None,
    passkey: PasskeyAnswer | None = None,
) -> LicenceRequest:
    """Answer with a narrower version of the terms; the licensee must accept it before anyone approves.

    Args:
        terms_hash: of the version that was read and is being changed.
        changes: ``{"render_territory": ["US", "CA"]}``: values by path of terms.
        field_notes: ``{"render_territory": "Only where her union is."}``: a word on fields that change.
        questions: ``{"scope.shots": "Which of them are hers?"}``: asked about single fields, changed or not.
        passkey: the person's signature over the new terms (:func:`proposed_terms` gives their hash beforehand).

    Raises:
        NotFound: not this caller's to see.
        Forbidden: ``NOT_YOURS_TO_DECIDE`` or ``FOUR_EYES``, or as :func:`~licensing.services.signatures.require_bound`.
        Conflict: ``TERMS_CHANGED``, ``REQUEST_STATE`` or ``REQUEST_LAPSED``.
        InvalidInput: ``PAYEE_TALENT_ONLY``, ``COMMISSION_TALENT_ONLY``, ``NOTE_INVALID``, ``TERM_UNKNOWN``, or see
            :func:`~licensing.services.changes.countered_terms`.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, *_deciders(request))
        _require_four_eyes(principal, request, sides)
        require_open(request, ActionKind.COUNTER, clock.now())
        require_same_terms(request, terms_hash)
        before = _terms(request)
        if side is not Side.TALENT and "compensation.payee" in changes:
            raise InvalidInput("PAYEE_TALENT_ONLY", "Only the talent changes who is paid.")
        terms = proposed_terms(request, before, changes)
        if side is not Side.TALENT and terms.compensation.payee != before.compensation.payee:
            raise InvalidInput("PAYEE_TALENT_ONLY", "Only the talent changes who is paid.")
        if side not in _OWN and _commission(terms) > _commission(before):
            raise InvalidInput("COMMISSION_TALENT_ONLY", "Only the talent raises the agent’s commission.")
        require_payee(terms, request.talent)
        signed = require_bound(principal, request.talent, hash_of(terms), passkey)
        add_version(
            request=request,
            terms=terms,
            side=side,
            principal=principal,
            note=_note(note),
            field_notes=words_on_fields(field_notes or {}, changes),
        )
        move(request, ActionKind.COUNTER, principal=principal, side=side, note=_note(note), signed=signed)
        ask_about(request, questions or {}, principal=principal, side=side)
        return request


def preview_counter(*, principal: Principal, request_id: UUID, changes: Mapping[str, Any]) -> Terms:
    """The version that a counter with ``changes`` would make now, for who wants to sign its hash.

    Raises:
        NotFound, Forbidden, InvalidInput: as :func:`counter_request`.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        require_side(sides, *_deciders(request))
        return proposed_terms(request, _terms(request), changes)


def proposed_terms(request: LicenceRequest, before: Terms, changes: Mapping[str, Any]) -> Terms:
    """The next version of a request's terms with ``changes``, as a counter would make them now.

    Raises:
        InvalidInput: see :func:`~licensing.services.changes.countered_terms`.
    """
    return countered_terms(
        before, changes, version=next_version(request.licence_id), supersedes=hash_of(before)
    )


def accept_counter(
    *, principal: Principal, request_id: UUID, terms_hash: str, passkey: PasskeyAnswer | None = None
) -> LicenceRequest:
    """The licensee agrees to the countered terms, word for word.

    Raises:
        NotFound, Forbidden: see the module's rules; or as :func:`~licensing.services.signatures.require_bound`.
        Conflict: ``TERMS_CHANGED``, ``REQUEST_STATE`` or ``REQUEST_LAPSED``.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, Side.LICENSEE)
        require_open(request, ActionKind.ACCEPT_COUNTER, clock.now())
        require_same_terms(request, terms_hash)
        signed = require_bound(principal, request.talent, terms_hash, passkey)
        move(request, ActionKind.ACCEPT_COUNTER, principal=principal, side=side, signed=signed)
        return request


def approve_request(
    *,
    principal: Principal,
    request_id: UUID,
    terms_hash: str,
    note: str = "",
    passkey: PasskeyAnswer | None = None,
) -> LicenceToken | None:
    """Agree to the current terms in the name of the agent or the talent.

    Args:
        passkey: the person's own signature over ``terms_hash``; without it a fresh proof of presence must do.

    Returns:
        The licence, when every side that the mode demands has agreed to this hash; None while another
        must still agree.

    Raises:
        NotFound: not this caller's to see.
        Forbidden: ``NOT_YOURS_TO_DECIDE``, ``FOUR_EYES`` or ``BEYOND_DELEGATION``, or as
            :func:`~licensing.services.signatures.require_bound`.
        Conflict: ``TERMS_CHANGED``, ``REQUEST_STATE``, ``REQUEST_LAPSED``, ``ALREADY_APPROVED``, ``BEYOND_MANDATE``,
            ``WINDOW_OVER``, ``RENEWED_LICENCE_ENDED``, ``PROFILE_UNMET``, ``EXCLUSIVITY_CONFLICT`` or ``SIGNATURE_USED``.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, *_deciders(request))
        require_open(request, ActionKind.APPROVE, clock.now())
        require_same_terms(request, terms_hash)
        _require_four_eyes(principal, request, sides)
        side = _still_missing(principal, request, sides, side, terms_hash)
        _require_other_person(principal, request, side, terms_hash)
        if side is Side.TALENT:
            require_voice(principal, request.talent)
        _require_within_mandate(request)
        if side is Side.AGENT and request.mandate is not None:
            require_within_delegation(principal, request.mandate, _terms(request))
        signed = require_bound(principal, request.talent, terms_hash, passkey)
        at = clock.now()
        move(
            request,
            ActionKind.APPROVE,
            principal=principal,
            side=side,
            note=_note(note),
            at=at,
            signed=signed,
        )
        return conclude(request, principal=principal, at=at)


def decline_request(*, principal: Principal, request_id: UUID, reason: str) -> LicenceRequest:
    """Say no, with a reason that the licensee reads. The talent may always decline.

    Raises:
        NotFound, Forbidden, Conflict: see the module's rules.
        InvalidInput: ``REASON_INVALID``.
    """
    reason = clean_text(reason, most=_NOTE_MAX, code="REASON_INVALID")
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, *_deciders(request), Side.TALENT)
        request.decline_reason = reason
        move(request, ActionKind.DECLINE, principal=principal, side=side, note=reason)
        return request


def withdraw_request(*, principal: Principal, request_id: UUID, note: str = "") -> LicenceRequest:
    """The licensee takes its request back.

    Raises:
        NotFound, Forbidden, Conflict: see the module's rules.
    """
    with transaction.atomic():
        request, sides = lock_request(principal, request_id)
        side = require_side(sides, Side.LICENSEE)
        move(request, ActionKind.WITHDRAW, principal=principal, side=side, note=_note(note))
        return request


def lapse_requests() -> int:
    """Close every open request whose time is over; returns how many. Silence is a no."""
    at = clock.now()
    due = LicenceRequest.objects.filter(state__in=OPEN_STATES, answer_by__lte=at)
    lapsed = 0
    for request_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            # locked first, read after: rows joined to a locked one are those from before the wait
            free = LicenceRequest.objects.select_for_update(skip_locked=True).filter(pk=request_id)
            if free.first() is None:
                continue
            request = due.select_related("current", "talent").filter(pk=request_id).first()
            if request is not None:
                move(request, ActionKind.LAPSE, principal=None, side=Side.SERVER, at=at)
                lapsed += 1
    return lapsed


def end_notices() -> int:
    """Move on every request whose notice is over; returns how many."""
    at = clock.now()
    due = LicenceRequest.objects.filter(state=RequestState.NOTICE_PERIOD, notice_until__lte=at)
    moved = 0
    for request_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            if not LicenceRequest.objects.select_for_update(skip_locked=True).filter(pk=request_id).first():
                continue
            request = due.select_related("current", "talent").filter(pk=request_id).first()
            if request is not None and at < request.answer_by:
                move(request, ActionKind.NOTICE_OVER, principal=None, side=Side.SERVER, at=at)
                moved += 1
    return moved


def _deciders(request: LicenceRequest) -> tuple[Side, ...]:
    required = REQUIRED_SIDES[ApprovalMode(request.mode)]
    people = (Side.AGENT, Side.TALENT, Side.SIGNER, Side.GUARDIAN)
    return tuple(side for side in people if side in required)


def _terms(request: LicenceRequest) -> Terms:
    if request.current is None:
        raise LookupError(f"request {request.pk} has no terms")
    return parse_terms(request.current.terms)


_COMMISSION: Final = "compensation.agent_commission_bps"


def _commission(terms: Terms) -> int:
    return terms.compensation.agent_commission_bps


def _still_missing(
    principal: Principal, request: LicenceRequest, sides: frozenset[Side], side: Side, terms_hash: str
) -> Side:
    """The side to approve for, of those the caller has; a person with both approves one after the other."""
    missing = sides_missing(request.mode, request.actions.all(), terms_hash, request.quorum) & sides
    mine = request.actions.filter(kind=ActionKind.APPROVE, terms_hash=terms_hash, actor=principal.person)
    if not missing or (side is Side.SIGNER and mine.filter(side=Side.SIGNER).exists()):
        raise Conflict("ALREADY_APPROVED", "You have agreed to these terms already.")
    return side if side in missing else next(iter(missing))


def _require_within_mandate(request: LicenceRequest) -> None:
    """An agent alone approves only what lies within the mandate and the guild's defaults as they stand now.

    No mode without the talent approves a commission that rose since the licensee asked, whoever wrote the higher one.
    """
    if _OWN.isdisjoint(REQUIRED_SIDES[ApprovalMode(request.mode)]):
        asked = request.renews.terms if request.renews else request.versions.order_by("version")[0]
        if _commission(_terms(request)) > _commission(parse_terms(asked.terms)):
            raise Conflict("BEYOND_MANDATE", "The talent must be asked.", _COMMISSION)
    if request.mode != ApprovalMode.AGENT_WITHIN_MANDATE or request.mandate is None:
        return
    terms, mandate = _terms(request), request.mandate
    uses, limits = frozenset(mandate.use_types), parse_limits(mandate.limits)
    outside = [
        *beyond_mandate(terms, use_types=uses, limits=limits),
        *beyond_guild(terms, request.talent, request.pk),
    ]
    if outside:
        raise Conflict("BEYOND_MANDATE", "The talent must be asked.", ", ".join(dict.fromkeys(outside)))


def _require_four_eyes(principal: Principal, request: LicenceRequest, sides: frozenset[Side]) -> None:
    """Who asked or accepted for the licensee never answers, nor does anyone of the licensee (ST-020).

    An agent who is a member of the licensee too does not leave it by acting for the agency; a talent who
    works there still decides about their own likeness.
    """
    asked = request.actions.filter(side=Side.LICENSEE, actor=principal.person).exists()
    theirs = request.licensee_id == principal.organisation_id or (
        sides.isdisjoint(_IN_PERSON)
        and organisations_of(principal.person).filter(pk=request.licensee_id).exists()
    )
    if asked or theirs:
        raise Forbidden("FOUR_EYES", "Asking and answering take two persons and two organisations.")


def _require_other_person(principal: Principal, request: LicenceRequest, side: Side, terms_hash: str) -> None:
    """In ``DUAL`` mode agent and talent are two persons."""
    others = request.actions.filter(kind=ActionKind.APPROVE, terms_hash=terms_hash).exclude(side=side)
    if others.filter(actor=principal.person).exists():
        raise Forbidden("FOUR_EYES", "Agent and talent must be two persons.")


def words_on_fields(notes: Mapping[str, str], changes: Mapping[str, Any]) -> dict[str, str]:
    """Notes on single fields, cleaned; each on a field that changes, or on a part of one that changes as a whole.

    Raises:
        InvalidInput: ``NOTE_INVALID``.
    """
    if stray := sorted(path for path in notes if not _changes(path, changes)):
        raise InvalidInput("NOTE_INVALID", "A note on a field that does not change.", ", ".join(stray))
    return {path: clean_text(text, most=_NOTE_MAX, code="NOTE_INVALID") for path, text in notes.items()}


def _changes(path: str, changes: Mapping[str, Any]) -> bool:
    *groups, _name = path.split(".")
    return path in changes or any(".".join(groups[:depth]) in changes for depth in range(1, len(groups) + 1))


def _note(text: str) -> str:
    return clean_text(text, most=_NOTE_MAX, code="NOTE_INVALID") if text.strip() else ""
