"""The bundle's signature: a DSSE envelope over an in-toto statement that names every file.

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.bundle.layout import PAYLOAD_TYPE, PREDICATE_TYPE, SIGNATURE, STATEMENT_TYPE
from trustcore.dsse import pae
from trustcore.encoding import canonical_json, is_sha256_hex, parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import dataclass
from trustcore.signing import Signer, is_signature

MAX_ENVELOPE_BYTES = 128 * 1024 * 1024


def statement(digests: Mapping[str, str], predicate: Mapping[str, Any]) -> bytes:
    """Return the in-toto statement over ``digests`` (path to SHA-256 hex), canonical JSON."""
    subject = [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)]
    return canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject,
            "predicateType": PREDICATE_TYPE,
            "predicate": dict(predicate),
        }
    )


def sign_statement(payload: bytes, signer: Signer) -> bytes:
    """Return the DSSE envelope of ``payload``: the bytes of ``signature.dsse.json``."""
    signature = signer.sign(pae(PAYLOAD_TYPE, payload))
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [{"keyid": signer.kid, "sig": base64.b64encode(signature).decode()}],
        }
    )


@dataclass(frozen=True, slots=True)
class SignedStatement:
    """A statement whose signature was verified.

    Attributes:
        digests: SHA-256 hex of each file, by its path in the bag.
        predicate: what the signer says of them.
        kid: id of the key that signed.
    """

    digests: dict[str, str]
    predicate: dict[str, Any]
    kid: str


def verify_statement(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> SignedStatement:
    """Verify ``signature.dsse.json`` and read the statement inside.

    Raises:
        InvalidEvidence: ``KEY_UNTRUSTED`` (signed by no known key), ``SIGNATURE_INVALID``,
            ``MALFORMED`` or ``UNSUPPORTED``.
    """
    document = parse_json_strict(envelope, max_bytes=MAX_ENVELOPE_BYTES)
    try:
        (signature,) = document["signatures"]
        kid, payload_type = signature["keyid"], document["payloadType"]
        payload = base64.b64decode(document["payload"], validate=True)
        sig = base64.b64decode(signature["sig"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise _refusal(InvalidReason.MALFORMED, "not a DSSE envelope with one signature") from error
    if canonical_json(document) != envelope:
        raise _refusal(InvalidReason.NOT_CANONICAL, "the envelope is not in canonical form")
    if payload_type != PAYLOAD_TYPE:
        raise _refusal(InvalidReason.UNSUPPORTED, "the envelope holds no in-toto statement")
    if not isinstance(kid, str) or kid not in keys:
        raise _refusal(InvalidReason.KEY_UNTRUSTED, f"signed with a key that is not known: {kid}")
    if not is_signature(keys[kid], sig, pae(PAYLOAD_TYPE, payload)):
        raise _refusal(InvalidReason.SIGNATURE_INVALID, "the bundle's signature is not valid")
    return _read_statement(payload, kid)


def _read_statement(payload: bytes, kid: str) -> SignedStatement:
    document = parse_json_strict(payload, max_bytes=MAX_ENVELOPE_BYTES)
    try:
        kinds = (document["_type"], document["predicateType"])
        digests = {item["name"]: item["digest"]["sha256"] for item in document["subject"]}
        predicate = dict(document["predicate"])
        usable = all(isinstance(digest, str) and is_sha256_hex(digest) for digest in digests.values())
        complete = len(digests) == len(document["subject"])
    except (KeyError, TypeError, ValueError) as error:
        raise _refusal(InvalidReason.MALFORMED, "not an in-toto statement") from error
    if kinds != (STATEMENT_TYPE, PREDICATE_TYPE):
        raise _refusal(InvalidReason.UNSUPPORTED, "another kind of statement")
    if not usable or not complete:
        raise _refusal(InvalidReason.MALFORMED, "the statement's subjects are not usable")
    return SignedStatement(digests, predicate, kid)


def _refusal(reason: InvalidReason, detail: str) -> InvalidEvidence:
    return InvalidEvidence(reason, detail, SIGNATURE)
