"""The signature of a report: over its hash, under a name of its own, with the key that signs decisions."""

from common.keys import public_keys, signer_for
from trustcore.signing import is_signature

_DOMAIN = b"trustmark.verification-report/1\n"
PURPOSE = "DECISION"


def sign_report(report_sha256: str) -> tuple[str, bytes]:
    """Return the key's id and its signature."""
    signer = signer_for(PURPOSE)
    return signer.kid, signer.sign(_DOMAIN + report_sha256.encode("ascii"))


def is_signed(report_sha256: str, kid: str, signature: bytes) -> bool:
    """Whether a key that is still trusted signed the report of this hash."""
    key = public_keys(PURPOSE).get(kid)
    return key is not None and is_signature(key, signature, _DOMAIN + report_sha256.encode("ascii"))
