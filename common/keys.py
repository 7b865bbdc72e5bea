"""The deployment's signing keys and derived secrets.

Private keys are sealed with AES-256-GCM under a key derived from ``TRUSTMARK_SECRET`` (HKDF-SHA256, RFC 5869),
bound to their ``kid`` as associated data, and leave this module only inside a signer.
PKCS#11 and cloud key services take the same place behind ``trustcore.signing.Signer``. ADR 0004.
"""

import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.db import IntegrityError, transaction

from common import clock
from common.errors import Conflict, NotFound
from common.models import SigningKey
from trustcore.signing import Ed25519Signer, Signer, jwk_thumbprint, public_jwk

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


def signer_for(purpose: str) -> Signer:
    """The active signer of ``purpose`` (``TOKEN``, ``LOG``, ``BUNDLE``, ``DECISION``); made at first use."""
    row = SigningKey.objects.filter(purpose=purpose, state=SigningKey.State.ACTIVE).first()
    return _signer(row or _create(purpose))


def public_keys(purpose: str) -> dict[str, Ed25519PublicKey]:
    """Keys that may still verify: active and retired, never revoked; by ``kid``."""
    rows = SigningKey.objects.filter(purpose=purpose).exclude(state=SigningKey.State.REVOKED)
    return {row.kid: Ed25519PublicKey.from_public_bytes(bytes(row.public_key)) for row in rows}


def rotate_key(purpose: str) -> SigningKey:
    """Retire the active key of ``purpose`` (it still verifies) and make a new one."""
    with transaction.atomic():
        SigningKey.objects.select_for_update().filter(purpose=purpose, state=SigningKey.State.ACTIVE).update(
            state=SigningKey.State.RETIRED, retired_at=clock.now()
        )
        return _create(purpose)


def revoke_key(kid: str) -> SigningKey:
    """Stop trusting a key at once; an active key must be rotated first.

    Raises:
        NotFound: no such key.
        Conflict: ``KEY_ACTIVE``: it still signs.
    """
    with transaction.atomic():
        row = SigningKey.objects.select_for_update().filter(kid=kid).first()
        if row is None:
            raise NotFound("KEY_UNKNOWN", "No key has this id.")
        if row.state == SigningKey.State.ACTIVE:
            raise Conflict("KEY_ACTIVE", "This key still signs.", "Rotate its purpose first, then revoke it.")
        row.state, row.revoked_at = SigningKey.State.REVOKED, clock.now()
        row.save(update_fields=["state", "revoked_at"])
        return row


def _signer(row: SigningKey) -> Signer:
    private = unseal(row.sealed_private_key, bound_to=f"key/{row.kid}")
    return Ed25519Signer(Ed25519PrivateKey.from_private_bytes(private), row.kid)


def _create(purpose: str) -> SigningKey:
    private = Ed25519PrivateKey.generate()
    kid = jwk_thumbprint(public_jwk(private.public_key(), ""))
    try:
        with transaction.atomic():
            return SigningKey.objects.create(
                kid=kid,
                purpose=purpose,
                public_key=private.public_key().public_bytes_raw(),
                sealed_private_key=seal(private.private_bytes_raw(), bound_to=f"key/{kid}"),
            )
    except IntegrityError:  # another process was first: its key is the one
        return SigningKey.objects.get(purpose=purpose, state=SigningKey.State.ACTIVE)
