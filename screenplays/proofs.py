"""What this server signs of a version when it takes it in, and how anybody checks it.

The statement is in-toto's (one subject: the file, by its SHA-256) in a DSSE envelope, signed with the deployment's
``DECISION`` key; where there is a timestamp authority, its RFC 3161 answer over the envelope stands beside it. It says
that a file with this hash was here at that moment, so it was written before. It does not hold a word of the text.

Source: https://github.com/secure-systems-lab/dsse (v1), https://in-toto.io/Statement/v1.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from trustcore.dsse import Statement, sign_statement, verify_statement
from trustcore.encoding import is_sha256_hex
from trustcore.errors import InvalidEvidence, InvalidReason
from trustcore.signing import Signer

PREDICATE_TYPE: Final = "urn:trustmark:predicate:script-version:v1"


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


def verify_version(envelope: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Proven:
    """Check an envelope under the deployment's published keys and read it.

    Raises:
        InvalidEvidence: ``MALFORMED``, ``UNSUPPORTED``, ``KEY_UNTRUSTED`` or ``SIGNATURE_INVALID``.
    """
    return _read(verify_statement(envelope, PREDICATE_TYPE, keys))


def _read(signed: Statement) -> Proven:
    said = signed.predicate
    try:
        ((_name, sha256),) = signed.digests.items()
        wording = said["wording_sha256"]
        at = datetime.strptime(said["admitted_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
        proven = Proven(sha256, wording, at, said["work"], said["version"], signed.kid)
    except (KeyError, TypeError, ValueError) as error:
        raise InvalidEvidence(InvalidReason.MALFORMED, "no statement on a version") from error
    if not is_sha256_hex(wording):
        raise InvalidEvidence(InvalidReason.MALFORMED, "the hashes are not usable")
    return proven
