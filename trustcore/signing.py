"""Ed25519 signers and their public keys as JSON Web Keys.

A :class:`Signer` is all the core knows of a private key: an id, a public half, and a way to sign.
Where the private half lives (a file, a token, a key service) is the deployment's affair.

Source: RFC 8032 (Ed25519), RFC 8037 (OKP keys), RFC 7517 (JWK), RFC 7638 (thumbprint).
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Final, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from nacl.bindings import crypto_sign

from trustcore.encoding import b64url_decode, b64url_encode, canonical_json
from trustcore.errors import InvalidKey, TrustError

_PUBLIC_KEY_BYTES: Final = 32
_SIGNATURE_BYTES: Final = 64
_KID_MAX: Final = 128
_PRIVATE_MEMBERS: Final = frozenset({"d", "p", "q", "dp", "dq", "qi", "oth", "k"})


class Signer(Protocol):
    """Something that can sign with one Ed25519 key and never shows it."""

    @property
    def kid(self) -> str:
        """The key's id, as published in the key set."""
        ...

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        ...

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``."""
        ...


class Ed25519Signer:
    """A signer that holds its private key in memory; its default id is the key's thumbprint."""

    def __init__(self, private_key: Ed25519PrivateKey, kid: str | None = None) -> None:
        """Keep the key; derive the id from the public half unless one is given."""
        # libsodium signs in half of OpenSSL's time; its secret is seed and public key together
        self._secret = private_key.private_bytes_raw() + private_key.public_key().public_bytes_raw()
        self._public_key = private_key.public_key()
        self._kid = kid or jwk_thumbprint(public_jwk(self._public_key))

    @property
    def kid(self) -> str:
        """The key's id, as published in the key set."""
        return self._kid

    @property
    def public_key(self) -> Ed25519PublicKey:
        """The public half."""
        return self._public_key

    def sign(self, message: bytes) -> bytes:
        """Return the 64-byte Ed25519 signature of ``message``."""
        return crypto_sign(message, self._secret)[:_SIGNATURE_BYTES]

    def __repr__(self) -> str:
        """Name the key by its id; the private half never reaches a log."""
        return f"Ed25519Signer(kid={self._kid!r})"


def is_signature(public_key: Ed25519PublicKey, signature: bytes, message: bytes) -> bool:
    """Answer whether ``signature`` is ``public_key``'s over ``message``."""
    try:
        public_key.verify(signature, message)
    except InvalidSignature:
        return False
    return True


def public_jwk(public_key: Ed25519PublicKey, kid: str | None = None) -> dict[str, str]:
    """Return the key as a JWK; with ``kid`` also its id, use and algorithm, as a key set has them."""
    jwk = {"kty": "OKP", "crv": "Ed25519", "x": b64url_encode(public_key.public_bytes_raw())}
    if kid is not None:
        jwk |= {"kid": kid, "use": "sig", "alg": "EdDSA"}
    return jwk


def public_key_from_jwk(jwk: Mapping[str, Any]) -> Ed25519PublicKey:
    """Return the Ed25519 public key of ``jwk``.

    Raises:
        InvalidKey: another type or curve, a private member, a ``use``, ``key_ops`` or ``alg`` that
            does not mean "verify EdDSA signatures", or an ``x`` that is not 32 canonical bytes.
    """
    if jwk.get("kty") != "OKP" or jwk.get("crv") != "Ed25519":
        raise InvalidKey("only Ed25519 keys are accepted", "kty")
    if _PRIVATE_MEMBERS & jwk.keys():
        raise InvalidKey("the key shows its private half", "d")
    if jwk.get("use", "sig") != "sig":
        raise InvalidKey("the key is not meant for signatures", "use")
    if jwk.get("key_ops", ["verify"]) != ["verify"]:
        raise InvalidKey("the key is not meant for verifying", "key_ops")
    if jwk.get("alg", "EdDSA") not in ("EdDSA", "Ed25519"):
        raise InvalidKey("the key is meant for another algorithm", "alg")
    return Ed25519PublicKey.from_public_bytes(_key_bytes(jwk.get("x")))


def _key_bytes(x: object) -> bytes:
    if not isinstance(x, str):
        raise InvalidKey("the key's x is not text", "x")
    try:
        raw = b64url_decode(x)
    except (TrustError, ValueError) as error:
        raise InvalidKey("the key's x is not canonical base64url", "x") from error
    if len(raw) != _PUBLIC_KEY_BYTES:
        raise InvalidKey("an Ed25519 key has 32 bytes", "x")
    return raw


def jwk_thumbprint(jwk: Mapping[str, Any]) -> str:
    """Return the RFC 7638 SHA-256 thumbprint of an Ed25519 JWK, base64url without padding."""
    required = {name: jwk[name] for name in ("crv", "kty", "x")}
    return b64url_encode(hashlib.sha256(canonical_json(required)).digest())


def public_key_set(keys: Mapping[str, Ed25519PublicKey]) -> dict[str, list[dict[str, str]]]:
    """Return the JWK set for ``/.well-known/jwks.json``, in the order given."""
    return {"keys": [public_jwk(key, kid) for kid, key in keys.items()]}


def keys_from_jwks(jwks: Mapping[str, Any]) -> dict[str, Ed25519PublicKey]:
    """Return the keys of a JWK set by id.

    Raises:
        InvalidKey: the set is malformed, an id is missing or stands twice, or a key is unusable.
    """
    members = jwks.get("keys")
    if not isinstance(members, list):
        raise InvalidKey("a key set has a list of keys", "keys")
    keys: dict[str, Ed25519PublicKey] = {}
    for member in members:
        if not isinstance(member, dict):
            raise InvalidKey("a key is an object", "keys")
        kid = member.get("kid")
        if not isinstance(kid, str) or not 0 < len(kid) <= _KID_MAX or kid in keys:
            raise InvalidKey("each key needs one id of its own", "kid")
        keys[kid] = public_key_from_jwk(member)
    return keys
