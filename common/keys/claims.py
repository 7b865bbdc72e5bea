"""Keys on P-256 (ES256) in the deployment's key backends: what C2PA claims are signed with.

The ring's keys are Ed25519; every C2PA verifier has ES256, so the signing certificate's key is of that kind. It
lives where ``TRUSTMARK_KEY_BACKEND_CREDENTIALS`` says: sealed in the database, in a PKCS#11 token or in AWS KMS.
Who keeps the row keeps ``backend``, ``reference`` and ``sealed``, and asks :func:`sign` for a signature.
"""

from typing import NamedTuple, Protocol, cast

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

from common.keys.backends import backend, unavailable
from common.models import SigningKey

_INTEGER_BYTES = 32


class ClaimKey(NamedTuple):
    """A key pair just made: its public half, and where the private one is; ``private`` in the database alone."""

    public_key: ec.EllipticCurvePublicKey
    reference: str = ""
    private: ec.EllipticCurvePrivateKey | None = None


class _Backend(Protocol):
    def create_p256(self) -> tuple[ec.EllipticCurvePublicKey, str]: ...

    def sign_p256(self, reference: str, data: bytes) -> bytes: ...


def create(backend_name: str) -> ClaimKey:
    """Make a key pair in a backend.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``.
    """
    if backend_name == SigningKey.Backend.DATABASE:
        private = ec.generate_private_key(ec.SECP256R1())
        return ClaimKey(private.public_key(), private=private)
    return ClaimKey(*_remote(backend_name).create_p256())


def discard(backend_name: str, reference: str) -> None:
    """Destroy a key that no row came to name."""
    if reference:
        backend(backend_name).discard(reference)


def sign(backend_name: str, reference: str, public_key: ec.EllipticCurvePublicKey, data: bytes) -> bytes:
    """Have ``data`` signed where the key is; the two integers of 32 bytes each, verified.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``: no answer, or one that is not this key's signature.
    """
    signature = _remote(backend_name).sign_p256(reference, data)
    r, s = (int.from_bytes(signature[at : at + _INTEGER_BYTES], "big") for at in (0, _INTEGER_BYTES))
    try:
        public_key.verify(encode_dss_signature(r, s), data, ec.ECDSA(hashes.SHA256()))
    except InvalidSignature as error:
        raise unavailable(backend_name, "it answered with a signature that does not verify") from error
    return signature


def _remote(name: str) -> _Backend:
    return cast(_Backend, backend(name))
