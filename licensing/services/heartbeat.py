"""The heartbeat: a client that holds a licence fetches its short-lived token and hears how it stands."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.models import ApiCredential
from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, NotFound
from common.keys import signer_for
from licensing.models import LicenceToken
from licensing.selectors.licences import days_left, renewal_due
from licensing.selectors.people import person_pseudonym
from licensing.selectors.status import status_uri
from licensing.selectors.tokens import effective_state, hold_reasons_on, terms_in_force, tokens
from licensing.services.alerts import raise_alert
from trustcore.claims import Confirmation, OfflineClaim, StatusClaim, licence_claims
from trustcore.policy.clauses import ChangeOfControl
from trustcore.policy.reasons import DenyReason
from trustcore.policy.rules import REASON_OF_STATE
from trustcore.policy.vocabulary import RevocationKind, TokenState
from trustcore.tokens import LICENCE_TYP, encode_token


@dataclass(frozen=True, slots=True)
class Heartbeat:
    """How a licence stands, and the token to present while it is in force.

    Attributes:
        jws: the token for the calling credential; None unless the licence is active.
        expires_at: end of ``jws``; fetch the next one before.
        renewal_due: the first agreed notice before the end is past.
        superseded_by: the licence that took over, to go on with.
        reasons: why nothing is permitted now, as a check would say it; empty while the licence is active.
    """

    token: LicenceToken
    state: TokenState
    jws: str | None
    expires_at: datetime | None
    renewal_due: bool
    days_left: int
    superseded_by: UUID | None
    server_time: datetime
    reasons: tuple[str, ...] = ()


def audience_of(credential: ApiCredential) -> str:
    """The ``aud`` of tokens minted for a credential."""
    return f"urn:trustmark:client:{credential.pk}"


def binding_of(credential: ApiCredential) -> Confirmation:
    """The ``cnf`` of tokens and leases minted for a credential: its key, its certificate, or both."""
    return Confirmation(jkt=credential.jkt or None, x5t_s256=credential.x5t or None)


def heartbeat_token(*, principal: Principal, jti: UUID) -> Heartbeat:
    """Mint the short-lived token of a licence for the calling API key, bound to its proof key or certificate.

    Raises:
        NotFound: no such licence, or the caller's organisation is neither licensee nor listed vendor,
            or the caller is not an API key.
        Conflict: ``PROOF_KEY_REQUIRED``: the API key names nothing to bind the token to.
    """
    token = tokens().select_related("grant").filter(pk=jti).first()
    credential = principal.credential
    presenters = {token.licensee_id, *token.vendor_ids} if token else set()
    if token is None or credential is None or principal.organisation_id not in presenters:
        raise NotFound
    if not (credential.jkt or credential.x5t):
        raise Conflict(
            "PROOF_KEY_REQUIRED",
            "This API key has neither a proof key nor a client certificate.",
            "Make an API key with a public Ed25519 key or a certificate; tokens are bound to it (DPoP, mTLS).",
        )
    at = clock.now()
    state = effective_state(token, at)
    successor: LicenceToken | None = getattr(token, "superseded_by", None)
    with transaction.atomic():
        if token.notice_at is not None and token.notice_at <= at:
            raise_alert(token.pk, at)
        jws, expires_at = (
            _mint(token, principal, credential, at) if state is TokenState.ACTIVE else (None, None)
        )
    return Heartbeat(
        token=token,
        state=state,
        jws=jws,
        expires_at=expires_at,
        renewal_due=renewal_due(token, at),
        days_left=days_left(token, at),
        superseded_by=successor.pk if successor and state is TokenState.SUPERSEDED else None,
        server_time=at,
        reasons=tuple(_reasons(token, state)),
    )


def _reasons(token: LicenceToken, state: TokenState) -> Iterator[str]:
    holds = hold_reasons_on(token)
    if DenyReason.EMERGENCY_STOP in holds or token.revocation_kind == RevocationKind.EMERGENCY_STOP:
        yield DenyReason.EMERGENCY_STOP
    if state is not TokenState.SUSPENDED or not holds:  # what a hold suspends is told by the hold
        yield from [REASON_OF_STATE[state]] if state in REASON_OF_STATE else []
    yield from (reason for reason in holds if reason != DenyReason.EMERGENCY_STOP)
    survives = token.terms.terms["change_of_control"] == ChangeOfControl.SURVIVE
    if token.control_generation != token.licensee.control_generation and not survives:
        yield DenyReason.CHANGE_OF_CONTROL


def _mint(
    token: LicenceToken, principal: Principal, credential: ApiCredential, at: datetime
) -> tuple[str, datetime]:
    ends = min(at + timedelta(seconds=settings.TOKEN_LIFE_SECONDS), token.not_after).replace(microsecond=0)
    claims = licence_claims(
        terms_in_force(token),
        issuer=settings.BASE_URL,
        audience=audience_of(credential),
        token_id=str(token.pk),
        licence_id=str(token.licence_id),
        issued_at=int(at.timestamp()),
        expires_at=int(ends.timestamp()),
        jkt=None,
        cnf=binding_of(credential),
        sub=str(principal.organisation_id),
        terms_hash=token.terms.terms_hash,
        consent_hash=token.grant.consent_hash,
        act=person_pseudonym(principal.person.pk, token.production_id),
        hb=settings.TOKEN_HEARTBEAT_SECONDS,
        sts=StatusClaim(uri=status_uri(token.status_list), idx=token.status_index),
        coc=token.control_generation,
        off=OfflineClaim(seconds=settings.OFFLINE_GRACE_SECONDS, frames=settings.OFFLINE_GRACE_FRAMES),
    )
    signer = signer_for("TOKEN")
    record(
        kind="token.minted",
        principal=principal,
        visible_to=[token.licensee_id],
        object_type="licence",
        object_id=token.pk,
        production_id=token.production_id,
        details={"kid": signer.kid, "version": token.terms.version, "expires_at": clock.rfc3339(ends)},
    )
    return encode_token(claims, signer, LICENCE_TYP), ends
