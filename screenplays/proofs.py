"""What this server signs of a version when it takes it in, and how anybody checks it.

The statement is in-toto's (one subject: the file, by its SHA-256) in a DSSE envelope, signed with the deployment's
``DECISION`` key; where there is a timestamp authority, its RFC 3161 answer over the envelope stands beside it. It says
that a file with this hash was here at that moment, so it was written before. It does not hold a word of the text.

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1.
"""

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.encoding import canonical_json, is_sha256_hex, parse_json_strict
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.signing import Signer, is_signature

PAYLOAD_TYPE: Final = "application/vnd.in-toto+json"
STATEMENT_TYPE: Final = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE: Final = "urn:trustmark:predicate:script-version:v1"
_BYTES_MAX: Final = 64 * 1024


@dataclass(frozen=True, slots=True)
class Proven:
    """What a proof says once its signature holds."""

    sha256: str
    wording_sha256: str
    admitted_at: datetime
    work: str
    version: str
    kid: str


def sign_version(facts: Mapping[str, Any], signer: Signer) -> bytes:
    """Return the DSSE envelope over ``facts`` (``sha256`` and what else is said of the version)."""
    said = {name: value for name, value in facts.items() if name != "sha256"}
    return sign_statement({"script": facts["sha256"]}, PREDICATE_TYPE, said, signer)


def sign_statement(
    digests: Mapping[str, str], predicate_type: str, predicate: Mapping[str, Any], signer: Signer
) -> bytes:
    """Return the DSSE envelope of an in-toto statement over ``digests`` (name to SHA-256 hex)."""
    subject = [{"name": name, "digest": {"sha256": digests[name]}} for name in sorted(digests)]
    statement = canonical_json(
        {
            "_type": STATEMENT_TYPE,
            "subject": subject,
            "predicateType": predicate_type,
            "predicate": dict(predicate),
        }
    )
    return canonical_json(
        {
            "payloadType": PAYLOAD_TYPE,
            "payload": base64.b64encode(statement).decode(),
            "signatures": [
                {"keyid": signer.kid, "sig": base64.b64encode(signer.sign(_pae(statement))).decode()}
            ],
        }
    )


def verify_version(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Proven:
    """Check an envelope under the deployment's published keys and read it.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``UNSUPPORTED``, ``KEY_UNTRUSTED`` or ``SIGNATURE_INVALID``.
    """
    statement, kid = verify_statement(envelope, keys)
    return _read(statement, kid)


def verify_statement(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> tuple[dict[str, Any], str]:
    """Check the envelope of any statement; return it and the id of the key. Raises as :func:`verify_version`."""
    document = parse_json_strict(envelope, max_bytes=_BYTES_MAX)
    try:
        (signature,) = document["signatures"]
        kid, kind = signature["keyid"], document["payloadType"]
        payload = base64.b64decode(document["payload"], validate=True)
        sig = base64.b64decode(signature["sig"], validate=True)
    except (KeyError, TypeError, ValueError, binascii.Error) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "no DSSE envelope with one signature") from error
    if kind != PAYLOAD_TYPE:
        raise InvalidEvidence(InvalidReason.UNSUPPORTED, "the envelope holds no in-toto statement")
    if not isinstance(kid, str) or kid not in keys:
        raise InvalidEvidence(InvalidReason.KEY_UNTRUSTED, "signed with a key that is not known")
    if not is_signature(keys[kid], sig, _pae(payload)):
        raise InvalidEvidence(InvalidReason.SIGNATURE_INVALID, "the signature does not hold")
    return dict(parse_json_strict(payload, max_bytes=_BYTES_MAX)), kid


def _read(statement: Mapping[str, Any], kid: str) -> Proven:
    try:
        if (statement["_type"], statement["predicateType"]) != (STATEMENT_TYPE, PREDICATE_TYPE):
            raise InvalidEvidence(InvalidReason.UNSUPPORTED, "another kind of statement")
        (subject,) = statement["subject"]
        said = statement["predicate"]
        sha256, wording = subject["digest"]["sha256"], said["wording_sha256"]
        at = datetime.strptime(said["admitted_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        proven = Proven(sha256, wording, at, said["work"], said["version"], kid)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "no statement on a version") from error
    if not is_sha256_hex(sha256) or not is_sha256_hex(wording):
        raise InvalidEvidence(InvalidReason.MALFORMED, "the hashes are not usable")
    return proven


def _pae(payload: bytes) -> bytes:
    return b"DSSEv1 %d %b %d %b" % (len(PAYLOAD_TYPE), PAYLOAD_TYPE.encode(), len(payload), payload)
