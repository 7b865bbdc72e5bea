"""The farm's proof key: an Ed25519 pair to which tokens are bound (RFC 9449, ``cnf.jkt``).

The private half never leaves the machine that renders; the server knows the public half by its thumbprint.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from trustcore.signing import public_jwk


@dataclass(frozen=True, slots=True, repr=False)
class ProofKey:
    """One Ed25519 pair."""

    private_key: Ed25519PrivateKey

    @classmethod
    def generate(cls) -> ProofKey:
        """A new random pair."""
        return cls(Ed25519PrivateKey.generate())

    @classmethod
    def read(cls, path: Path) -> ProofKey:
        """Read a PKCS#8 PEM file.

        Raises:
            ValueError: the file holds another kind of key, or none.
        """
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise ValueError(f"{path}: the proof key must be Ed25519")  # noqa: TRY004 - a bad file, not a bad call
        return cls(key)

    def write(self, path: Path) -> None:
        """Write it as PKCS#8 PEM, readable by its owner alone."""
        path.touch(mode=0o600)
        path.chmod(0o600)
        path.write_bytes(self.private_key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))

    @property
    def jwk(self) -> dict[str, str]:
        """The public half as JWK, as the server registers it with an API key."""
        return public_jwk(self.private_key.public_key())
