"""Client certificates: read one, name it, and find out which one a call came with.

TLS ends at a proxy, which hands the certificate on in a header. The header is believed only where the
deployment says that a proxy stands in front (``TRUSTMARK_TLS_PROXY``) and names it
(``TRUSTMARK_CLIENT_CERT_HEADER``): anyone else could write any certificate there, since certificates are public.

A certificate serves here as a public key that its holder has proved at the TLS handshake. Which ones count is
registered with the API key; who issued them, and their dates, are the proxy's affair.

Source: RFC 8705 (mutual TLS, ``x5t#S256``); RFC 9440 (``Client-Cert``); docs/operations/mtls.md.
"""

import base64
import binascii
import hashlib
from collections.abc import Mapping
from urllib.parse import unquote_to_bytes

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings

from common.errors import InvalidInput
from trustcore.encoding import b64url_encode

_MAX_HEADER = 16 * 1024
_PEM = b"-----BEGIN CERTIFICATE-----"


def certificate_thumbprint(certificate: bytes) -> str:
    """``x5t#S256`` of a certificate: SHA-256 of its DER, base64url without padding."""
    return b64url_encode(hashlib.sha256(certificate).digest())


def read_certificate(text: str) -> bytes:
    """Return the DER of the one certificate in a PEM text, as somebody registers it.

    Raises:
        InvalidInput: ``CERTIFICATE_INVALID``: no certificate, more than one, or a private key beside it.
    """
    if "PRIVATE KEY" in text:
        raise InvalidInput(
            "CERTIFICATE_INVALID", "That holds a private key.", "Send the certificate alone; make a new pair."
        )
    try:
        (certificate,) = x509.load_pem_x509_certificates(text.encode("ascii"))
    except ValueError as error:
        raise InvalidInput("CERTIFICATE_INVALID", "That is not one certificate in PEM form.") from error
    return certificate.public_bytes(Encoding.DER)


def client_certificate(environ: Mapping[str, object]) -> bytes | None:
    """Return the DER of the certificate that the TLS connection was made with; None if there is none to believe.

    Args:
        environ: the request's WSGI environment (``request.META``).

    A header that cannot be read is no certificate: whoever is bound to one is refused then.
    """
    if not (settings.TLS_PROXY and settings.CLIENT_CERT_HEADER):
        return None
    name = settings.CLIENT_CERT_HEADER.upper().replace("-", "_")
    value = environ.get(f"HTTP_{name}")
    if not isinstance(value, str) or not 0 < len(value) <= _MAX_HEADER or not value.isascii():
        return None
    return _from_structured_field(value) if value.startswith(":") else _from_escaped_pem(value)


def _from_structured_field(value: str) -> bytes | None:
    """RFC 9440: ``:<base64 of the DER>:``, padded (RFC 8941, section 3.3.5)."""
    if len(value) < 3 or not value.endswith(":"):
        return None
    try:
        return base64.b64decode(value[1:-1], validate=True) or None
    except binascii.Error:
        return None


def _from_escaped_pem(value: str) -> bytes | None:
    """What nginx's ``$ssl_client_escaped_cert`` holds: the PEM, percent-encoded."""
    pem = unquote_to_bytes(value).strip()
    if not pem.startswith(_PEM) or pem.count(_PEM) != 1:
        return None
    try:
        return x509.load_pem_x509_certificate(pem).public_bytes(Encoding.DER)
    except ValueError:
        return None
