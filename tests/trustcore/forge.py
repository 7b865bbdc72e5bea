"""Build tokens byte by byte, as an attacker would, properly signed or not."""

import base64
import json
from typing import Any

from trustcore.signing import Signer


def b64(data: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def b64decode(text: str) -> bytes:
    """Return the bytes of base64url without padding."""
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def parts_of(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return header and payload of a token, unverified."""
    header, payload, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(part + "==")) for part in (header, payload))


def sign_raw(header: bytes, payload: bytes, signer: Signer) -> str:
    """Return a compact JWS over exactly these bytes."""
    signed = f"{b64(header)}.{b64(payload)}"
    return f"{signed}.{b64(signer.sign(signed.encode()))}"


def forge(token: str, signer: Signer, *, header: dict[str, Any] | None = None, **payload: Any) -> str:
    """Return ``token`` with members of header and payload replaced, signed anew; ``None`` removes one."""
    old_header, old_payload = parts_of(token)
    new = [
        {name: value for name, value in (old | change).items() if value is not None}
        for old, change in ((old_header, header or {}), (old_payload, payload))
    ]
    return sign_raw(json.dumps(new[0]).encode(), json.dumps(new[1]).encode(), signer)
