"""Signed statements: an in-toto statement in a DSSE envelope, for whatever names things by their SHA-256.

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.encoding import canonical_json, is_sha256_hex, parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.older import dataclass
from trustcore.signing import Signer, is_signature

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
MAX_BYTES: Final = 16 * 1024 * 1024


def pae(payload_type: str, payload: bytes) -> bytes:
    """The bytes that a DSSE signature covers.

    >>> pae("http://example.com/HelloWorld", b"hello world")
    b'DSSEv1 29 http://example.com/HelloWorld 11 hello world'
    """
    kind = payload_type.encode()
    return b"DSSEv1 %d %b %d %b" % (len(kind), kind, len(payload), payload)


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement whose signature was verified.

    Attributes:
        digests: SHA-256 in hexadecimal digits of each subject, by its name.
        predicate: what is said of them.
        kid: id of the key that signed.
    """

    digests: dict[str, str]
    predicate: dict[str, Any]
    kid: str


def sign_statement(
    digests: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any], signer: Signer
) -> bytes:
    """The envelope of a statement over ``digests`` (name to SHA-256 hex), canonical JSON."""
    payload = canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)],
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )
    signature = {
        "keyid": signer.kid,
        "sig": base64.b64encode(signer.sign(pae(PAYLOAD_TYPE, payload))).decode(),
    }
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(payload).decode(),
            "signatures": [signature],
        }
    )


def verify_statement(
    envelope: bytes, predicate_type: str, keys: Mapping[str, Ed25519PublicKey], *, path: str | None = None
) -> Statement:
    """Verify an envelope and read the statement of that kind.

    Args:
        path: what a refusal names as the file at fault.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``UNSUPPORTED``, ``KEY_UNTRUSTED`` or ``SIGNATURE_INVALID``.
    """

    def refusal(reason: InvalidReason, detail: str) -> InvalidEvidence:
        return InvalidEvidence(reason, detail, path)

    document = parse_json_strict(envelope, max_bytes=MAX_BYTES)
    try:
        (signature,) = document["signatures"]
        kid, kind = signature["keyid"], document["payloadType"]
        payload = base64.b64decode(document["payload"], validate=True)
        sig = base64.b64decode(signature["sig"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise refusal(InvalidReason.MALFORMED, "no DSSE envelope with one signature") from error
    if kind != PAYLOAD_TYPE:
        raise refusal(InvalidReason.UNSUPPORTED, "the envelope holds no in-toto statement")
    if not isinstance(kid, str) or kid not in keys:
        raise refusal(InvalidReason.KEY_UNTRUSTED, "signed with a key that is not known")
    if not is_signature(keys[kid], sig, pae(PAYLOAD_TYPE, payload)):
        raise refusal(InvalidReason.SIGNATURE_INVALID, "the signature does not hold")
    statement = parse_json_strict(payload, max_bytes=MAX_BYTES)
    try:
        kinds = (statement["_type"], statement["predicateType"])
        digests = {item["name"]: item["digest"]["sha256"] for item in statement["subject"]}
        predicate, whole = dict(statement["predicate"]), len(digests) == len(statement["subject"])
    except (KeyError, TypeError, ValueError) as error:
        raise refusal(InvalidReason.MALFORMED, "not an in-toto statement") from error
    if kinds != (STATEMENT_TYPE, predicate_type):
        raise refusal(InvalidReason.UNSUPPORTED, "another kind of statement")
    if not whole or not all(isinstance(one, str) and is_sha256_hex(one) for one in digests.values()):
        raise refusal(InvalidReason.MALFORMED, "the subjects are not usable")
    return Statement(digests, predicate, kid)
