"""One licence, one check and one caller that the tests of the core vary one thing at a time."""

import copy
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from trustcore.claims import Confirmation, OfflineClaim
from trustcore.lease import LeaseClaims
from trustcore.policy.check import CheckRequest, LicenceState
from trustcore.policy.rules import POLICY_HASH
from trustcore.policy.terms import Terms, parse_terms
from trustcore.policy.vocabulary import Construct, Quota, UseType
from trustcore.signing import Ed25519Signer, jwk_thumbprint, public_jwk
from trustcore.tokens import LicenceClaims, licence_claims

NOW = datetime(2026, 9, 1, 12, 0, tzinfo=UTC)
EPOCH = int(NOW.timestamp())

FILM_A = "0199a000-0000-7000-8000-00000000000a"
FILM_B = "0199a000-0000-7000-8000-00000000000b"
STUDIO = "0199b000-0000-7000-8000-000000000001"
VENDOR = "0199b000-0000-7000-8000-000000000002"
STRANGER = "0199b000-0000-7000-8000-000000000003"
TOKEN_ID = "0199c000-0000-7000-8000-000000000001"
ISSUER = "https://licences.example"
AUDIENCE = "urn:trustmark:client:7"

_BODY: dict[str, Any] = {
    "schema": "trustmark.terms/1",
    "terms_version": 1,
    "supersedes": None,
    "project": {"id": FILM_A, "kind": "PRODUCTION", "title": "The Glass Meridian", "eidr": None},
    "licensor": "0199b000-0000-7000-8000-000000000010",
    "represented_by": "0199b000-0000-7000-8000-000000000011",
    "licensee": STUDIO,
    "vendors": [VENDOR],
    "assignability": "NONE",
    "change_of_control": "TERMINATE",
    "talent": "tp_3q2zB1",
    "constructs": ["FACE_3D", "VOICE_SPEAKING"],
    "replica_class": "EMPLOYMENT_BASED_DIGITAL_REPLICA",
    "use_types": ["FACE_RENDER", "VOICE_RENDER"],
    "description": "Her face on the 1998 scenes of Ada Merrow, sequences 041 to 047, and 14 corrected lines.",
    "scope": {"frames_max": 3000, "lines_max": 14},
    "window": {"not_before": "2026-08-01T00:00:00Z", "not_after": "2026-10-30T00:00:00Z", "days": 90},
    "exploitation": {"channels": ["THEATRICAL", "SVOD"], "distribution_territory": ["US", "CA", "GB"]},
    "render_territory": ["US", "CA", "GB"],
    "approvals": {"mode": "AGENT_WITHIN_MANDATE", "final_review_hours": 72},
    "compensation": {"basis": "FLAT", "currency": "USD", "amount_minor": 1_245_000},
    "governing_law": "US-CA",
}


def body(**changes: Any) -> dict[str, Any]:
    """Return the sample terms as JSON has them; ``scope__frames_max=1`` sets a field of a group."""
    value = copy.deepcopy(_BODY)
    for path, item in changes.items():
        *groups, name = path.split("__")
        place = value
        for group in groups:
            place = place.setdefault(group, {})
        place[name] = item
    return value


def terms(**changes: Any) -> Terms:
    """Return the sample terms, changed."""
    return parse_terms(body(**changes))


def training_terms(**changes: Any) -> Terms:
    """Return terms of a training licence: nothing but training."""
    return terms(
        **{
            "use_types": ["TRAINING_REPLICA"],
            "training": {"allowed": True},
            "scope": {"runs_max": 2},
            **changes,
        },
    )


_ASK = CheckRequest(
    project=FILM_A,
    use_type="FACE_RENDER",
    construct="FACE_3D",
    render_territory="US-CA",
    requested_at=NOW,
    shot="sh0450",
    sequence="sq041",
    frame_first=1001,
    frame_last=1100,
    engine="blender",
    engine_version="4.5",
)
_KNOWN = LicenceState(token_state="ACTIVE", presenter_org=STUDIO, jkt_ok=True)


def ask(**changes: Any) -> CheckRequest:
    """Return a check that the sample terms permit, changed."""
    return replace(_ASK, **changes)


def known(**changes: Any) -> LicenceState:
    """Return a state in which the sample check is permitted, changed."""
    return replace(_KNOWN, **changes)


SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x01" * 32), "token-key-1")
OTHER_SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x02" * 32), "token-key-2")
KEYS = {SIGNER.kid: SIGNER.public_key}
DECISION_SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(b"\x04" * 32), "decision-key-1")
DECISION_KEYS = {DECISION_SIGNER.kid: DECISION_SIGNER.public_key}
CLIENT_KEY = Ed25519PrivateKey.from_private_bytes(b"\x03" * 32)
CLIENT_JKT = jwk_thumbprint(public_jwk(CLIENT_KEY.public_key()))


def claims(of: Terms | None = None, **changes: Any) -> LicenceClaims:
    """Return the claims of a token for the sample terms that lasts an hour from now."""
    return licence_claims(
        of or terms(),
        **{
            "issuer": ISSUER,
            "audience": AUDIENCE,
            "token_id": TOKEN_ID,
            "licence_id": TOKEN_ID,
            "issued_at": EPOCH,
            "expires_at": EPOCH + 3600,
            "jkt": CLIENT_JKT,
            **changes,
        },
    )


def lease_claims(**changes: Any) -> LeaseClaims:
    """Return a lease of frames 1001 to 1100 for five minutes from now, with a grace of ten; changed."""
    return LeaseClaims(
        **{
            "aud": AUDIENCE,
            "cnf": Confirmation(jkt=CLIENT_JKT),
            "cst": Construct.FACE_3D,
            "ctr": Quota.FRAMES,
            "dec": "0199d000-0000-7000-8000-000000000001",
            "exp": EPOCH + 300,
            "first": 1001,
            "iat": EPOCH,
            "iss": ISSUER,
            "jti": "0199e000-0000-7000-8000-000000000001",
            "last": 1100,
            "obl": ("WATERMARK_PIXEL",),
            "off": OfflineClaim(frames=100, seconds=600),
            "policy_hash": POLICY_HASH,
            "prj": FILM_A,
            "shot": "sh0450",
            "tok": TOKEN_ID,
            "ut": UseType.FACE_RENDER,
            "ver": 1,
            **changes,
        },
    )
