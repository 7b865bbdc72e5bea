"""Private keys in the database, sealed under the deployment's secret and bound to their ``kid``."""

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from common.keys.backends import NewKey
from common.keys.sealing import KeyUnreadable, seal, unseal
from common.models import SigningKey
from trustcore.signing import Ed25519Signer, Signer, jwk_thumbprint, public_jwk

MESSAGE_BYTES_MAX: int | None = None


def create(purpose: str) -> NewKey:
    """Make a key pair and seal its private half."""
    private = Ed25519PrivateKey.generate()
    public = private.public_key()
    kid = jwk_thumbprint(public_jwk(public))
    return NewKey(public, sealed=seal(private.private_bytes_raw(), bound_to=f"key/{kid}"))


def signer(row: SigningKey) -> Signer:
    """Open the sealed key of ``row``.

    Raises:
        KeyUnreadable: it does not open.
    """
    if row.sealed_private_key is None:
        raise KeyUnreadable(row.kid)
    private = unseal(row.sealed_private_key, bound_to=f"key/{row.kid}")
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(private), row.kid)


def discard(reference: str) -> None:
    """Nothing is kept of a key without a row."""
