"""Training rights: asked for apart, granted by the talent alone, minted as tokens of their own type.

Nothing here touches a render licence, and no render licence can hold anything of this (ST-080): the tables are
others, and constraints keep each kind of use in its own.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.presence import require_presence
from accounts.principals import Principal
from accounts.selectors import organisations_of
from audit.services import record
from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.ids import new_id
from common.keys import signer_for
from licensing.models import Production, Talent, TrainingConsent, TrainingRequest, TrainingToken
from licensing.selectors.people import is_talent, person_pseudonym, speaks_for, visible_constructs
from licensing.selectors.training import (
    training_requests_visible_to,
    training_state,
    training_tokens_visible_to,
)
from licensing.services.asks import DAYS_MOST, DESCRIPTION_LEAST, LicenceAsk, require_payee, terms_of_ask
from licensing.services.heartbeat import audience_of, binding_of
from licensing.services.productions import clean_text
from licensing.services.profiles import binding_profiles, judge_terms, require_met
from licensing.services.routing import represented_by
from licensing.services.signatures import PasskeyAnswer, keep_signature, require_bound
from trustcore.claims import licence_claims
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.terms import Terms, open_window, parse_terms, parse_time, terms_hash
from trustcore.policy.vocabulary import TRAINING_USE_TYPES, RequestState, TokenState
from trustcore.tokens import GRANT_TYP, TRAINING_TYP, encode_token

_TEXT_MAX: Final = 2000


@dataclass(frozen=True, slots=True)
class TrainingAsk:
    """What a studio asks to train; see the request body of ``POST /api/v1/training-requests``.

    Attributes:
        talent: handle.
        runs_max: how many runs, grants or accesses.
        days: length of the window, which opens when the talent agrees or notice is over.
    """

    production_id: UUID
    talent: str
    use_types: tuple[str, ...]
    constructs: tuple[str, ...]
    replica_class: str
    description: str
    days: int
    runs_max: int
    render_territory: tuple[str, ...]
    distribution_territory: tuple[str, ...]
    channels: tuple[str, ...]
    models: tuple[str, ...] = ()
    compensation: Mapping[str, Any] = field(default_factory=dict)
    declared: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TrainingBeat:
    """How a training licence stands, and the token to present while it is in force."""

    token: TrainingToken
    state: TokenState
    jws: str | None
    expires_at: datetime | None


def submit_training_request(*, principal: Principal, ask: TrainingAsk) -> TrainingRequest:
    """Ask for training rights; a talent or construct that is hidden answers as one that is not there.

    Raises:
        Forbidden: ``PRODUCER_ONLY``.
        NotFound: no such production or talent for this caller.
        InvalidInput: ``TRAINING_ONLY``, ``DESCRIPTION_TOO_VAGUE``, ``WINDOW_INVALID``, ``RUNS_MISSING``,
            ``PAYEE_TALENT_ONLY`` or ``TERMS_INVALID``.
    """
    _check(ask)
    if not principal.acts_as("PRODUCER", "ADMIN"):
        raise Forbidden("PRODUCER_ONLY", "Only a producer of the studio asks for licences.")
    production = Production.objects.filter(pk=ask.production_id, organisation=principal.organisation).first()
    if production is None:
        raise NotFound
    talent = _visible_talent(principal, ask)
    at = clock.now()
    terms = _terms(ask, production, talent, at)
    hours = judge_terms(terms, talent, at).hours("NOTICE_HOURS")
    with transaction.atomic():
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
        _record("training.requested", made, principal)
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
        token = _issue(made, terms, principal, at)
        _record("training.issued", made, principal, jti=str(token.pk))
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
        _record("training.declined", made, principal)
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
        _record("training.withdrawn", made, principal)
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
    at = clock.now()
    for made in TrainingRequest.objects.select_for_update().filter(
        talent=talent, state=RequestState.SUBMITTED
    ):
        made.decline_reason = reason
        _close(made, RequestState.DECLINED, at)
        _record("training.declined", made, principal)
    running = TrainingToken.objects.select_for_update(of=("self",)).filter(
        talent=talent, state=TokenState.ACTIVE
    )
    ended = list(running.select_related("request__talent").order_by("pk"))
    for token in ended:
        end_training_token(token, principal, reason)
    return [token.pk for token in ended]


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
                _record("training.lapsed", made, None)
                lapsed += 1
    return lapsed


def training_heartbeat(*, principal: Principal, jti: UUID) -> TrainingBeat:
    """Mint the short-lived training token of a licence for the calling API key of its licensee.

    Raises:
        NotFound: no such licence, another's, or the caller is not an API key.
        Conflict: ``PROOF_KEY_REQUIRED``.
    """
    token = TrainingToken.objects.select_related("request", "licensee", "talent").filter(pk=jti).first()
    credential = principal.credential
    if token is None or credential is None or token.licensee_id != principal.organisation_id:
        raise NotFound
    if not (credential.jkt or credential.x5t):
        raise Conflict("PROOF_KEY_REQUIRED", "This API key has neither a proof key nor a client certificate.")
    at = clock.now()
    state = training_state(token, at)
    if state is not TokenState.ACTIVE:
        return TrainingBeat(token, state, None, None)
    ends = min(at + timedelta(seconds=settings.TOKEN_LIFE_SECONDS), token.not_after).replace(microsecond=0)
    claims = licence_claims(
        _opened(parse_terms(token.request.terms), token.not_before),
        issuer=settings.BASE_URL,
        audience=audience_of(credential),
        token_id=str(token.pk),
        licence_id=str(token.request.licence_id),
        issued_at=int(at.timestamp()),
        expires_at=int(ends.timestamp()),
        jkt=None,
        cnf=binding_of(credential),
        sub=str(principal.organisation_id),
        terms_hash=token.terms_hash,
        consent_hash=_consent_hash(token.request),
        coc=token.control_generation,
    )
    with transaction.atomic():
        _record("training.token_minted", token.request, principal, jti=str(token.pk))
        return TrainingBeat(token, state, encode_token(claims, signer_for("TOKEN"), TRAINING_TYP), ends)


def _check(ask: TrainingAsk) -> None:
    uses = set(ask.use_types)
    if not uses or not uses <= {str(use) for use in TRAINING_USE_TYPES}:
        raise InvalidInput(
            "TRAINING_ONLY", "A training request asks for training alone.", "Ask for renders separately."
        )
    if len(ask.description.strip()) < DESCRIPTION_LEAST:
        raise InvalidInput("DESCRIPTION_TOO_VAGUE", "Describe the training reasonably specifically.")
    if not 1 <= ask.days <= DAYS_MOST:
        raise InvalidInput(
            "WINDOW_INVALID",
            _("A licence lasts between 1 and %(days_most)s days.") % {"days_most": DAYS_MOST},
        )
    if ask.runs_max < 1:
        raise InvalidInput("RUNS_MISSING", "Say how many runs are asked for.")


def _visible_talent(principal: Principal, ask: TrainingAsk) -> Talent:
    seen = visible_constructs(ask.talent, principal.organisation_id)
    if seen is None or not set(ask.constructs) <= set(seen.constructs):
        record(
            kind="training.refused",
            principal=principal,
            object_type="talent_handle",
            object_id=ask.talent[:64],
            production_id=ask.production_id,
            details={"code": "NOT_FOUND"},
        )
        raise NotFound
    return Talent.objects.select_related("organisation").get(pk=seen.talent_id)


def _terms(ask: TrainingAsk, production: Production, talent: Talent, at: datetime) -> Terms:
    mandate = represented_by(talent, at)
    profiles = binding_profiles(production, talent, mandate.agency_id if mandate else None)
    terms = terms_of_ask(
        LicenceAsk(
            production_id=ask.production_id,
            talent=ask.talent,
            use_types=ask.use_types,
            constructs=ask.constructs,
            replica_class=ask.replica_class,
            description=ask.description,
            days=ask.days,
            frames_max=0,
            lines_max=0,
            render_territory=ask.render_territory,
            distribution_territory=ask.distribution_territory,
            channels=ask.channels,
            compensation=ask.compensation,
            declared=ask.declared,
            profiles=profiles,
            terms={"scope": {"runs_max": ask.runs_max}, "tools": {"models_allowed": list(ask.models)}},
        ),
        production=production,
        talent=talent,
        mandate=mandate,
        version=1,
        supersedes=None,
        trains=True,
    )
    require_payee(terms, talent)
    return terms


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


def _issue(made: TrainingRequest, terms: Terms, principal: Principal, at: datetime) -> TrainingToken:
    begins = at.replace(microsecond=0)
    if made.notice_until is not None:
        begins = max(begins, (made.notice_until + timedelta(microseconds=999_999)).replace(microsecond=0))
    opened = _opened(terms, begins)
    ends = parse_time(opened.window.not_after or "")
    jti, signer = new_id(), signer_for("TOKEN")
    claims = licence_claims(
        opened,
        issuer=settings.BASE_URL,
        audience=f"urn:trustmark:licence:{made.licence_id}",
        token_id=str(jti),
        licence_id=str(made.licence_id),
        issued_at=int(at.timestamp()),
        expires_at=int(ends.timestamp()),
        jkt=None,
        terms_hash=made.terms_hash,
        consent_hash=_consent_hash(made),
        act=person_pseudonym(principal.person.pk, made.production_id),
        coc=made.licensee.control_generation,
    )
    return TrainingToken.objects.create(
        jti=jti,
        created_at=at,
        request=made,
        production=made.production,
        talent=made.talent,
        licensee=made.licensee,
        use_types=made.use_types,
        constructs=[str(one) for one in terms.constructs],
        terms_hash=made.terms_hash,
        runs_max=terms.scope.runs_max,
        not_before=begins,
        not_after=ends,
        control_generation=made.licensee.control_generation,
        grant_jws=encode_token(claims, signer, GRANT_TYP),
        grant_kid=signer.kid,
    )


def _opened(terms: Terms, begins: datetime) -> Terms:
    return terms if terms.window.not_before else open_window(terms, not_before=begins)


def _consent_hash(made: TrainingRequest) -> str:
    consent = made.consent
    document = {
        "actor": person_pseudonym(consent.given_by_id, made.production_id),
        "at": clock.rfc3339(consent.given_at),
        "kind": "TRAINING_CONSENT",
        "terms_hash": consent.terms_hash,
    }
    return f"sha256:{sha256_hex(canonical_json(document))}"


def end_training_token(token: TrainingToken, principal: Principal, reason: str) -> None:
    """End a locked training licence, and tell of it; MUST be called inside a transaction."""
    token.state, token.revoked_at, token.revocation_reason = TokenState.REVOKED, clock.now(), reason
    token.save(update_fields=["state", "revoked_at", "revocation_reason"])
    _record("training.revoked", token.request, principal, jti=str(token.pk))


def _record(kind: str, made: TrainingRequest, principal: Principal | None, **details: Any) -> None:
    record(
        kind=kind,
        principal=principal,
        organisation_id=principal.organisation_id if principal else made.licensee_id,
        visible_to=_parties(made),
        object_type="training_request",
        object_id=made.pk,
        production_id=made.production_id,
        after={"state": made.state, "terms_hash": made.terms_hash},
        details={"state": made.state, "terms_hash": made.terms_hash, **details},
    )


def _parties(made: TrainingRequest) -> Iterable[UUID]:
    return [made.licensee_id, made.talent.organisation_id]
