"""Write ``tokens.json``: a token of each type, a proof, a status list, a lease and a decision, byte for byte.

Ed25519 signatures are deterministic, so the same key and claims always give the same text. The keys
are published here and protect nothing::

    python -m tests.vectors.make_tokens > tests/vectors/tokens.json
"""

import json
import sys

from tests.trustcore.samples import (
    AUDIENCE,
    CLIENT_JKT,
    CLIENT_KEY,
    DECISION_SIGNER,
    EPOCH,
    ISSUER,
    SIGNER,
    claims,
    lease_claims,
    training_terms,
)
from trustcore.dpop import make_proof
from trustcore.lease import DECISION_TYP, LEASE_TYP, DecisionClaims, encode_decision, encode_lease
from trustcore.policy.rules import POLICY_HASH, POLICY_VERSION
from trustcore.policy.vocabulary import DecisionOutcome
from trustcore.signing import public_key_set
from trustcore.status import StatusList, encode_status_list
from trustcore.tokens import GRANT_TYP, LICENCE_TYP, TRAINING_TYP, encode_token

METHOD, URL = "POST", "https://licences.example/api/v1/render/checks"


def vectors() -> dict[str, object]:
    """Return every text with what is needed to verify it."""
    licence = encode_token(claims(), SIGNER, LICENCE_TYP)
    proof = make_proof(
        private_key=CLIENT_KEY, method=METHOD, url=URL, now=EPOCH, jti="vector-0001", access_token=licence
    )
    statuses = encode_status_list(
        StatusList.of([0, 1, 2, 0]),
        SIGNER,
        uri=f"{ISSUER}/status-lists/1",
        issued_at=EPOCH,
        expires_at=EPOCH + 300,
    )
    refusal = DecisionClaims(
        at="2026-09-01T12:00:00Z",
        aud=AUDIENCE,
        dec="0199d000-0000-7000-8000-000000000002",
        inp="a" * 64,
        iss=ISSUER,
        out=DecisionOutcome.DENY,
        policy_hash=POLICY_HASH,
        rsn=("REVOKED",),
    )
    return {
        "policy": {POLICY_VERSION: POLICY_HASH},
        "jwks": public_key_set({SIGNER.kid: SIGNER.public_key}),
        "issuer": ISSUER,
        "audience": AUDIENCE,
        "now": EPOCH,
        LICENCE_TYP: licence,
        TRAINING_TYP: encode_token(claims(training_terms()), SIGNER, TRAINING_TYP),
        GRANT_TYP: encode_token(claims(jkt=None, expires_at=EPOCH + 10**9), SIGNER, GRANT_TYP),
        "proof": {"method": METHOD, "url": URL, "jkt": CLIENT_JKT, "text": proof},
        "status_list": statuses,
        "decision_jwks": public_key_set({DECISION_SIGNER.kid: DECISION_SIGNER.public_key}),
        LEASE_TYP: encode_lease(lease_claims(), DECISION_SIGNER),
        DECISION_TYP: encode_decision(refusal, DECISION_SIGNER),
    }


def main() -> None:
    """Print the vectors."""
    json.dump(vectors(), sys.stdout, indent=1)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
