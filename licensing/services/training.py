"""Training rights: asked for apart, granted by the talent alone, minted as tokens of their own type.

Nothing here touches a render licence, and no render licence can hold anything of this (ST-080): the tables are
others, and constraints keep each kind of use in its own.
"""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet

from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.selectors import organisations_of
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, NotFound
from common.ids import new_id
from licensing.models import Talent, TrainingConsent, TrainingRequest, TrainingToken
from licensing.selectors.people import is_talent, speaks_for
from licensing.selectors.training import (
    training_requests_visible_to,
    training_tokens_visible_to,
)
from licensing.services.blocked import is_refused
from licensing.services.productions import clean_text
from licensing.services.profiles import judge_terms, require_met
from licensing.services.signatures import PasskeyAnswer, keep_signature, require_bound
from licensing.services.training_asks import (
    TrainingAsk,
    check_training_ask,
    own_production,
    talent_asked,
    terms_of_training,
)
from licensing.services.training_tokens import end_training_token, issue_training, record_training
from trustcore.policy.terms import parse_terms, terms_hash
from trustcore.policy.vocabulary import RequestState, TokenState

_TEXT_MAX: Final = 2000


def submit_training_request(*, principal: Principal, ask: TrainingAsk) -> TrainingRequest:
    """Ask for training rights; a talent or construct that is hidden answers as one that is not there.

    Raises:
        Forbidden: ``PRODUCER_ONLY``.
        NotFound: no such production or talent for this caller.
        InvalidInput: ``TRAINING_ONLY``, ``DESCRIPTION_TOO_VAGUE``, ``WINDOW_INVALID``, ``RUNS_MISSING``,
            ``PAYEE_TALENT_ONLY`` or ``TERMS_INVALID``.
    """
    check_training_ask(ask)
    production = own_production(principal, ask)
    talent = _visible_talent(principal, ask)
    at = clock.now()
    terms = terms_of_training(ask, production, talent, at)
    hours = judge_terms(terms, talent, at).hours("NOTICE_HOURS")
    with transaction.atomic():
        if is_refused(talent.pk, production.organisation_id):
            raise NotFound
        made = TrainingRequest.objects.create(
            licence_id=new_id(),
            production=production,
            talent=talent,
            licensee=production.organisation,
            requested_by=principal.person,
            use_types=[str(use) for use in terms.use_types],
            terms=terms.to_dict(),
            terms_hash=terms_hash(terms),
            submitted_at=at,
            answer_by=at + timedelta(days=settings.REQUEST_ANSWER_DAYS),
            notice_until=at + timedelta(hours=hours) if hours else None,
        )
        record_training("training.requested", made, principal)
        return made


def approve_training(
    *, principal: Principal, request_id: UUID, terms_hash: str, passkey: PasskeyAnswer | None = None
) -> TrainingToken:
    """Consent to training on exactly these terms: the talent alone, in person, or who speaks for them by authority.

    Args:
        passkey: the person's own signature over ``terms_hash``; without it a fresh proof of presence must do.

    Raises:
        NotFound: not this caller's to see.
        Forbidden: ``TALENT_ONLY`` or ``FOUR_EYES``, or as :func:`~licensing.services.signatures.require_bound`.
        Conflict: ``TERMS_CHANGED``, ``REQUEST_STATE``, ``REQUEST_LAPSED`` or ``PROFILE_UNMET``.
    """
    with transaction.atomic():
        made = _lock(principal, request_id)
        if not speaks_for(principal, made.talent):
            raise Forbidden("TALENT_ONLY", "Only the talent consents to training.")
        if principal.person.pk == made.requested_by_id or _is_of_licensee(principal, made):
            raise Forbidden("FOUR_EYES", "Asking and answering take two persons and two organisations.")
        at = clock.now()
        _require_open(made, at)
        if made.terms_hash != terms_hash:
            raise Conflict("TERMS_CHANGED", "These are not the terms that were asked for.")
        terms = parse_terms(made.terms)
        require_met(terms, made.talent, at)
        signed = require_bound(principal, made.talent, terms_hash, passkey)
        consent = TrainingConsent.objects.create(
            request=made, talent=made.talent, given_by=principal.person, terms_hash=terms_hash, given_at=at
        )
        keep_signature(signed, principal=principal, terms_hash=terms_hash, consent=consent)
        _close(made, RequestState.APPROVED, at)
        token = issue_training(made, terms, principal, at)
        record_training("training.issued", made, principal, jti=str(token.pk))
        return token


def _is_of_licensee(principal: Principal, made: TrainingRequest) -> bool:
    """Whether the caller acts for the licensee, or works there and is not the talent in person."""
    if principal.organisation_id == made.licensee_id:
        return True
    works_there = organisations_of(principal.person).filter(pk=made.licensee_id).exists()
    return works_there and not is_talent(principal, made.talent)


def decline_training(*, principal: Principal, request_id: UUID, reason: str) -> TrainingRequest:
    """Say no; the talent, or who speaks for them.

    Raises:
        NotFound, Forbidden, Conflict: as :func:`approve_training`. InvalidInput: ``REASON_INVALID``.
    """
    reason = clean_text(reason, most=_TEXT_MAX, code="REASON_INVALID")
    with transaction.atomic():
        made = _lock(principal, request_id)
        if not speaks_for(principal, made.talent):
            raise Forbidden("TALENT_ONLY", "Only the talent answers about training.")
        _require_open(made, clock.now())
        made.decline_reason = reason
        _close(made, RequestState.DECLINED, clock.now())
        record_training("training.declined", made, principal)
        return made


def withdraw_training(*, principal: Principal, request_id: UUID) -> TrainingRequest:
    """The licensee takes its training request back.

    Raises:
        NotFound; Forbidden: ``NOT_YOURS_TO_DECIDE``; Conflict: as :func:`approve_training`.
    """
    with transaction.atomic():
        made = _lock(principal, request_id)
        theirs = made.licensee_id == principal.organisation_id and principal.acts_as("PRODUCER", "ADMIN")
        if not theirs:
            raise Forbidden("NOT_YOURS_TO_DECIDE", "Only a producer of the licensee withdraws it.")
        _require_open(made, clock.now())
        _close(made, RequestState.WITHDRAWN, clock.now())
        record_training("training.withdrawn", made, principal)
        return made


def revoke_training(*, principal: Principal, jti: UUID, reason: str) -> TrainingToken:
    """Withdraw the consent to training: the talent, or who speaks for them.

    Raises:
        NotFound; Forbidden: ``TALENT_ONLY``; Conflict: ``TOKEN_STATE``; InvalidInput: ``REASON_INVALID``.
    """
    reason = clean_text(reason, most=_TEXT_MAX, code="REASON_INVALID")
    with transaction.atomic():
        if not training_tokens_visible_to(principal).filter(pk=jti).exists():
            raise NotFound
        TrainingToken.objects.select_for_update().get(pk=jti)
        token = TrainingToken.objects.select_related("talent", "request__talent", "licensee").get(pk=jti)
        if not speaks_for(principal, token.talent):
            raise Forbidden("TALENT_ONLY", "Only the talent withdraws consent to training.")
        require_presence(principal)
        if token.state == TokenState.REVOKED:
            raise Conflict("TOKEN_STATE", "This licence has ended already.")
        end_training_token(token, principal, reason)
        return token


def stop_training(talent: Talent, principal: Principal, reason: str) -> list[UUID]:
    """End every training licence and request of a talent; part of a stop, MUST be called inside its transaction."""
    _decline_open(TrainingRequest.objects.filter(talent=talent), principal, reason)
    running = TrainingToken.objects.select_for_update(of=("self",)).filter(
        talent=talent, state=TokenState.ACTIVE
    )
    ended = list(running.select_related("request__talent").order_by("pk"))
    for token in ended:
        end_training_token(token, principal, reason)
    return [token.pk for token in ended]


def refuse_training_of(talent: Talent, studio_id: UUID, principal: Principal, reason: str) -> None:
    """Decline what a studio that is blocked asked for; part of a block, MUST be called inside its transaction."""
    asked = TrainingRequest.objects.filter(talent=talent, licensee=studio_id, answer_by__gt=clock.now())
    _decline_open(asked, principal, reason)


def _decline_open(rows: QuerySet[TrainingRequest], principal: Principal, reason: str) -> None:
    at = clock.now()
    waiting = rows.filter(state=RequestState.SUBMITTED).select_for_update(of=("self",)).order_by("pk")
    for made in waiting.select_related("talent", "production"):
        made.decline_reason = reason
        _close(made, RequestState.DECLINED, at)
        record_training("training.declined", made, principal)


def lapse_training_requests() -> int:
    """Close every open training request whose time is over; returns how many. Silence is a no."""
    at, lapsed = clock.now(), 0
    due = TrainingRequest.objects.filter(state=RequestState.SUBMITTED, answer_by__lte=at)
    for request_id in list(due.values_list("pk", flat=True)):
        with transaction.atomic():
            made = (
                TrainingRequest.objects.select_for_update(of=("self",), skip_locked=True)
                .select_related("talent")
                .filter(pk=request_id, state=RequestState.SUBMITTED)
                .first()
            )
            if made is not None:
                _close(made, RequestState.LAPSED, at)
                record_training("training.lapsed", made, None)
                lapsed += 1
    return lapsed


def _visible_talent(principal: Principal, ask: TrainingAsk) -> Talent:
    try:
        return talent_asked(principal, ask)
    except NotFound:
        record(
            kind="training.refused",
            principal=principal,
            object_type="talent_handle",
            object_id=ask.talent[:64],
            production_id=ask.production_id,
            details={"code": "NOT_FOUND"},
        )
        raise


def _lock(principal: Principal, request_id: UUID) -> TrainingRequest:
    if not training_requests_visible_to(principal).filter(pk=request_id).exists():
        raise NotFound
    TrainingRequest.objects.select_for_update().get(pk=request_id)
    return TrainingRequest.objects.select_related("talent", "production", "licensee").get(pk=request_id)


def _require_open(made: TrainingRequest, at: datetime) -> None:
    if made.state != RequestState.SUBMITTED:
        raise Conflict("REQUEST_STATE", "This request was answered.", extra={"state": made.state})
    if at >= made.answer_by:
        raise Conflict("REQUEST_LAPSED", "The time to answer this request is over.")


def _close(made: TrainingRequest, state: RequestState, at: datetime) -> None:
    made.state, made.closed_at = state, at
    made.save(update_fields=["state", "closed_at", "decline_reason"])
