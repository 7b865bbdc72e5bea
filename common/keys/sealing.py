"""Secrets derived from the deployment's own, and bytes sealed under it.

HKDF-SHA256 (RFC 5869) derives; AES-256-GCM seals, with what the bytes belong to as associated data.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings

_NONCE_BYTES = 12


class KeyUnreadable(Exception):
    """A sealed key does not open: another TRUSTMARK_SECRET, or a changed row."""


def derive_secret(info: str, *, length: int = 32) -> bytes:
    """Derive ``length`` bytes for the purpose named by ``info`` from the deployment's secret."""
    return HKDF(SHA256(), length, salt=b"trustmark/1", info=info.encode()).derive(
        settings.TRUSTMARK_SECRET.encode()
    )


def seal(plain: bytes, *, bound_to: str) -> bytes:
    """Encrypt ``plain`` under the deployment's secret; only the same ``bound_to`` opens it."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(derive_secret("seal")).encrypt(nonce, plain, bound_to.encode())


def unseal(sealed: bytes | memoryview, *, bound_to: str) -> bytes:
    """Open what :func:`seal` closed.

    Raises:
        KeyUnreadable: the secret, the bytes or ``bound_to`` differ.
    """
    sealed = bytes(sealed)
    try:
        return AESGCM(derive_secret("seal")).decrypt(
            sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], bound_to.encode()
        )
    except InvalidTag as error:
        raise KeyUnreadable(bound_to) from error
