"""A passkey in software: what a device and a browser would answer, for tests that need no browser.

It makes the same bytes (attestation ``none``, P-256); a test bends one part of an answer to show that it is refused.

    >>> device = SoftPasskey("localhost", "http://localhost:8000")
    >>> device.sign(challenge)["response"]["signature"]                     # doctest: +SKIP
"""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass, field
from typing import Any

from allauth.mfa.models import Authenticator
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from fido2.cose import ES256
from fido2.webauthn import Aaguid, AttestationObject, AttestedCredentialData, AuthenticatorData

from accounts.models import User
from trustcore.encoding import b64url_encode

PRESENT, VERIFIED, ATTESTED = 0x01, 0x04, 0x40


@dataclass
class SoftPasskey:
    """One passkey of one person at one server."""

    rp_id: str = "localhost"
    origin: str = "http://localhost:8000"
    user_handle: str = ""
    counter: int = 0
    keeps_count: bool = False
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: os.urandom(32))

    def make(self, challenge: str) -> dict[str, Any]:
        """The answer to ``navigator.credentials.create``."""
        attested = AttestedCredentialData.create(
            Aaguid.NONE, self.credential_id, ES256.from_cryptography_key(self.key.public_key())
        )
        data = AuthenticatorData.create(
            self._rp_hash(), PRESENT | VERIFIED | ATTESTED, self.counter, bytes(attested)
        )
        response = {
            "clientDataJSON": b64url_encode(self._client_data("webauthn.create", challenge)),
            "attestationObject": b64url_encode(bytes(AttestationObject.create("none", data, {}))),
        }
        return self._answer(response)

    def sign(self, challenge: bytes | str, **bent: Any) -> dict[str, Any]:
        """The answer to ``navigator.credentials.get``.

        Args:
            bent: ``flags``, ``rp_id``, ``origin``, ``kind``, ``key``, ``extra`` (of the client's data): other than honest.
        """
        text = challenge if isinstance(challenge, str) else b64url_encode(challenge)
        if self.keeps_count:
            self.counter += 1
        rp_hash = hashlib.sha256(bent.get("rp_id", self.rp_id).encode()).digest()
        flags = bent.get("flags", PRESENT | VERIFIED)
        data = rp_hash + bytes([flags]) + self.counter.to_bytes(4, "big")
        client = self._client_data(
            bent.get("kind", "webauthn.get"),
            text,
            origin=bent.get("origin", self.origin),
            **bent.get("extra", {}),
        )
        message = data + hashlib.sha256(client).digest()
        signature = bent.get("key", self.key).sign(message, ec.ECDSA(hashes.SHA256()))
        return self._answer(
            {
                "clientDataJSON": b64url_encode(client),
                "authenticatorData": b64url_encode(data),
                "signature": b64url_encode(signature),
                "userHandle": b64url_encode(self.user_handle.encode()),
            }
        )

    def enrol(self, user: User, name: str = "Laptop") -> Authenticator:
        """Enrol with ``user`` directly; the ceremony has its own tests."""
        self.user_handle = user._meta.pk.value_to_string(user)
        return Authenticator.objects.create(
            user=user,
            type=Authenticator.Type.WEBAUTHN,
            data={"name": name, "credential": self.make(b64url_encode(os.urandom(32)))},
        )

    def _rp_hash(self) -> bytes:
        return hashlib.sha256(self.rp_id.encode()).digest()

    def _client_data(self, kind: str, challenge: str, **told: Any) -> bytes:
        said = {"type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": False, **told}
        return json.dumps(said, separators=(",", ":")).encode()

    def _answer(self, response: dict[str, Any]) -> dict[str, Any]:
        return {
            "id": b64url_encode(self.credential_id),
            "rawId": b64url_encode(self.credential_id),
            "type": "public-key",
            "authenticatorAttachment": "platform",
            "clientExtensionResults": {},
            "response": response,
        }
