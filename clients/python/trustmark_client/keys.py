"""The farm's proof key or client certificate, to which tokens are bound, and the server's public keys.

A proof key is an Ed25519 pair (RFC 9449, ``cnf.jkt``), a certificate names the key of a TLS connection (RFC 8705,
``cnf.x5t#S256``). The private half never leaves the machine that renders; the server knows the public half by its thumbprint.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Mapping
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)

from trustcore.encoding import b64url_encode
from trustcore.older import dataclass
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


@dataclass(frozen=True, slots=True)
class ClientCertificate:
    """A client certificate for mutual TLS: PEM files.

    Attributes:
        certificate: the certificate, and what leads from it to its issuer, if anything.
        private_key: its key.
        authority: who issued the server's certificate; the system's authorities by default.
    """

    certificate: Path
    private_key: Path
    authority: Path | None = None

    def context(self) -> ssl.SSLContext:
        """Connections are made with this.

        Raises:
            OSError: a file cannot be read, or does not fit the others.
        """
        context = ssl.create_default_context(cafile=str(self.authority) if self.authority else None)
        context.load_cert_chain(self.certificate, self.private_key)
        return context

    def thumbprint(self) -> str:
        """``x5t#S256``, as tokens name it."""
        first = x509.load_pem_x509_certificates(self.certificate.read_bytes())[0]
        return b64url_encode(hashlib.sha256(first.public_bytes(Encoding.DER)).digest())


@dataclass(frozen=True, slots=True)
class Trust:
    """The server's public keys by ``kid``: those of tokens, and apart from them those of leases."""

    token_keys: Mapping[str, Ed25519PublicKey]
    decision_keys: Mapping[str, Ed25519PublicKey]
