"""Training licences themselves: issued over a consent, minted for a key, ended; each told to licensee and talent."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, NotFound
from common.ids import new_id
from common.keys import signer_for
from licensing.models import TrainingRequest, TrainingToken
from licensing.selectors.people import person_pseudonym
from licensing.selectors.training import training_state
from licensing.services.heartbeat import audience_of, binding_of
from trustcore.claims import licence_claims
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.policy.terms import Terms, open_window, parse_terms, parse_time
from trustcore.policy.vocabulary import TokenState
from trustcore.tokens import GRANT_TYP, TRAINING_TYP, encode_token


@dataclass(frozen=True, slots=True)
class TrainingBeat:
    """How a training licence stands, and the token to present while it is in force."""

    token: TrainingToken
    state: TokenState
    jws: str | None
    expires_at: datetime | None


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
        record_training("training.token_minted", token.request, principal, jti=str(token.pk))
        return TrainingBeat(token, state, encode_token(claims, signer_for("TOKEN"), TRAINING_TYP), ends)


def issue_training(made: TrainingRequest, terms: Terms, principal: Principal, at: datetime) -> TrainingToken:
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
    record_training("training.revoked", token.request, principal, jti=str(token.pk))


def record_training(kind: str, made: TrainingRequest, principal: Principal | None, **details: Any) -> None:
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
