"""Sign what a check answered: a lease for a permit, a decision for a refusal.

Plain values in, one text out; nothing here reads or writes a row. The signer is the caller's: keys of the
purpose ``DECISION`` alone, never the token's.

Source: TAXONOMY 14 (``signature``); ADR 0009.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import NamedTuple

from django.conf import settings

from common import clock
from receipts.models import Lease, RenderCheck
from trustcore.claims import Confirmation, OfflineClaim
from trustcore.lease import DecisionClaims, LeaseClaims, encode_decision, encode_lease
from trustcore.policy.vocabulary import Construct, DecisionOutcome, Quota, UseType
from trustcore.signing import Signer


class LeaseGiven(NamedTuple):
    """A lease as the answer gives it.

    Attributes:
        cnf: the sender's key or certificate, as the token names it.
        grace_seconds: offline grace after ``expires_at``; cut to what is left of the window.
        grace_frames: frames that may be finished within it.
    """

    lease_id: str
    token_jti: str
    terms_version: int
    production_id: str
    shot: str
    use_type: str
    construct: str
    counter: str
    first: int
    last: int
    expires_at: datetime
    window_ends_at: datetime
    grace_seconds: int
    grace_frames: int
    obligations: Iterable[str]
    cnf: Confirmation


def sign_answer(
    *,
    signer: Signer,
    audience: str,
    decision_id: str,
    at: datetime,
    outcome: str,
    reasons: Iterable[str],
    policy_hash: str,
    input_sha256: bytes,
    lease: LeaseGiven | None,
) -> str:
    """Return the signature of an answer: a ``render-lease+jwt`` for a permit, else a ``render-decision+jwt``.

    The same answer signed with the same key is the same text: a repeated question gets it again.

    Args:
        signer: the active ``DECISION`` signer.
        audience: the client that asked, as its tokens name it.
        at: when it was decided.
        input_sha256: hash of the canonical question; a refusal states it.
        lease: what a permit reserved; None for a refusal.
    """
    if lease is not None:
        return sign_lease(
            signer=signer,
            audience=audience,
            decision_id=decision_id,
            at=at,
            policy_hash=policy_hash,
            lease=lease,
        )
    claims = DecisionClaims(
        at=clock.rfc3339(at),
        aud=audience,
        dec=decision_id,
        inp=input_sha256.hex(),
        iss=settings.BASE_URL,
        out=DecisionOutcome(outcome),
        policy_hash=policy_hash,
        rsn=tuple(reasons),
    )
    return encode_decision(claims, signer)


def sign_lease(
    *, signer: Signer, audience: str, decision_id: str, at: datetime, policy_hash: str, lease: LeaseGiven
) -> str:
    """Return the signed lease; a heartbeat that extends one signs it anew, with ``at`` then."""
    issued_at = int(at.timestamp())
    claims = LeaseClaims(
        aud=audience,
        cnf=lease.cnf,
        cst=Construct(lease.construct),
        ctr=Quota(lease.counter),
        dec=decision_id,
        # whole seconds; a lease of the window's very last moment still reads as one
        exp=max(int(lease.expires_at.timestamp()), issued_at + 1),
        first=lease.first,
        iat=issued_at,
        iss=settings.BASE_URL,
        jti=lease.lease_id,
        last=lease.last,
        obl=tuple(lease.obligations),
        off=OfflineClaim(
            frames=lease.grace_frames,
            seconds=grace_within(lease.expires_at, lease.grace_seconds, lease.window_ends_at),
        ),
        policy_hash=policy_hash,
        prj=lease.production_id,
        shot=lease.shot,
        tok=lease.token_jti,
        ut=UseType(lease.use_type),
        ver=lease.terms_version,
    )
    return encode_lease(claims, signer)


def grace_within(expires_at: datetime, grace_seconds: int, window_ends_at: datetime) -> int:
    """The offline grace, in seconds, that does not reach past the licence's window."""
    left = (window_ends_at - expires_at) // timedelta(seconds=1)
    return max(0, min(grace_seconds, left))


def lease_given(lease: Lease, check: RenderCheck, *, cnf: Confirmation, expires_at: datetime) -> LeaseGiven:
    """A lease's row as what is signed of it."""
    return LeaseGiven(
        lease_id=str(lease.uid),
        token_jti=str(lease.token_jti),
        terms_version=lease.terms_version,
        production_id=str(lease.production_id),
        shot=lease.shot,
        use_type=lease.use_type,
        construct=check.construct,
        counter=lease.counter,
        first=lease.first,
        last=lease.last,
        expires_at=expires_at,
        window_ends_at=lease.window_ends_at,
        grace_seconds=lease.grace_seconds,
        grace_frames=lease.grace_frames,
        obligations=check.obligations,
        cnf=cnf,
    )
