"""Read revocation lists that come with a file, and believe only those of an authority that is trusted.

A list says since when a certificate is trusted no more; what it signed before is told apart by nothing that
a thief could not write himself, so all of it is untrusted. Nothing is fetched: the lists are given.

Source: RFC 5280, section 5 (CRLs); C2PA signers are judged by their serial number.
"""

import re
from datetime import datetime
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed448, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.types import CertificateIssuerPublicKeyTypes

_PEM: Final = re.compile(r"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)
_SIGNING_KEYS = (
    ec.EllipticCurvePublicKey,
    rsa.RSAPublicKey,
    ed25519.Ed25519PublicKey,
    ed448.Ed448PublicKey,
)


class RevocationListInvalid(ValueError):
    """A revocation list that says nothing; ``code`` is stable.

    ``CRL_MALFORMED``, ``CRL_UNTRUSTED`` (no trusted authority signed it), ``CRL_EXPIRED``,
    ``CRL_NOT_YET_VALID``.
    """

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(f"{code}: {detail}")
        self.code = code


def revoked_serials(crl_pem: str, *, anchor_pem: str, now: datetime) -> frozenset[int]:
    """Return the serial numbers that the lists of trusted authorities name.

    Args:
        crl_pem: revocation lists as PEM, one after the other.
        anchor_pem: the authorities trusted, as PEM.
        now: aware; a list past its next update is refused, since it hides what came after.

    Raises:
        RevocationListInvalid: a list cannot be relied on; nothing is concluded from the others.
    """
    blocks = _PEM.findall(crl_pem)
    if not blocks:
        raise RevocationListInvalid("CRL_MALFORMED", "there is no revocation list in PEM form")
    anchors = x509.load_pem_x509_certificates(anchor_pem.encode("ascii")) if anchor_pem else []
    return frozenset(serial for block in blocks for serial in _serials(block, anchors, now))


def _serials(block: str, anchors: list[x509.Certificate], now: datetime) -> frozenset[int]:
    try:
        crl = x509.load_pem_x509_crl(block.encode("ascii"))
        serials = frozenset(line.serial_number for line in crl)
        begins, ends = crl.last_update_utc, crl.next_update_utc
    except ValueError as error:
        raise RevocationListInvalid("CRL_MALFORMED", str(error)) from error
    if not any(_signed(crl, anchor) for anchor in anchors):
        raise RevocationListInvalid("CRL_UNTRUSTED", f"no trusted authority signed the list of {_of(crl)}")
    if now < begins:
        raise RevocationListInvalid("CRL_NOT_YET_VALID", f"the list of {_of(crl)} begins at {begins}")
    if ends is None or now >= ends:
        raise RevocationListInvalid("CRL_EXPIRED", f"the list of {_of(crl)} ended at {ends}; fetch a new one")
    return serials


def _signed(crl: x509.CertificateRevocationList, anchor: x509.Certificate) -> bool:
    key: CertificateIssuerPublicKeyTypes | object = anchor.public_key()
    if crl.issuer != anchor.subject or not isinstance(key, _SIGNING_KEYS):
        return False
    try:
        usage = anchor.extensions.get_extension_for_class(x509.KeyUsage).value
    except x509.ExtensionNotFound:
        return False
    return usage.crl_sign and crl.is_signature_valid(key)


def _of(crl: x509.CertificateRevocationList) -> str:
    return crl.issuer.rfc4514_string()
