"""The deployment's signing keys and derived secrets.

    >>> from common import keys                                   # doctest: +SKIP
    >>> keys.signer_for("TOKEN").sign(b"licence")                 # doctest: +SKIP

``sealing`` derives secrets and closes bytes under ``TRUSTMARK_SECRET``; ``backends`` says where private keys
live (sealed in the database, in a PKCS#11 token, in AWS KMS); ``ring`` is the life of a key: made, rotated,
revoked. Nobody above sees a private key, only a ``trustcore.signing.Signer``. ADR 0007.
"""

from common.keys.ring import (
    end_key,
    forget_signers,
    known_kid,
    let_go_of,
    public_keys,
    revoke_key,
    revoked_keys,
    rotate_key,
    signer_for,
    signs_any_length,
)
from common.keys.sealing import KeyUnreadable, derive_secret, seal, unseal

__all__ = [
    "KeyUnreadable",
    "derive_secret",
    "end_key",
    "forget_signers",
    "known_kid",
    "let_go_of",
    "public_keys",
    "revoke_key",
    "revoked_keys",
    "rotate_key",
    "seal",
    "signer_for",
    "signs_any_length",
    "unseal",
]
