"""Mark keys: derived from the deployment's mark secret, rotated by key id.

The secret comes from ``TRUSTMARK_MARK_KEY`` or a file: hex digits, at least 16 bytes of them.
Each key id gives an unrelated key (HKDF-SHA256, RFC 5869), so a key can be retired without
touching the marks of others; a registration keeps its key id.

    >>> len(mark_key(b"0" * 32))
    32
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENVIRONMENT = "TRUSTMARK_MARK_KEY"
DEFAULT_KEY_ID = "1"
_LEAST_BYTES = 16
_KEY_ID = re.compile(r"[0-9A-Za-z._-]{1,32}")


class KeyUnusable(ValueError):
    """There is no mark secret, or it is malformed."""


def mark_key(secret: bytes, key_id: str = DEFAULT_KEY_ID) -> bytes:
    """Derive the 32-byte mark key named ``key_id``.

    Raises:
        KeyUnusable: ``key_id`` is not 1 to 32 letters, digits, dots, dashes or underscores.
    """
    if not _KEY_ID.fullmatch(key_id):
        raise KeyUnusable(f"not a key id: {key_id!r}")
    info = b"trustmark/mark-key/1/" + key_id.encode()
    return HKDF(SHA256(), 32, salt=b"trustmark/1", info=info).derive(secret)


def read_secret(path: Path | None = None) -> bytes:
    """Read the mark secret from ``path``, else from the environment (hex, or a file's path).

    Raises:
        KeyUnusable: nothing is given, or it is not at least 16 bytes of hex.
    """
    if path is not None:
        return _from_file(path)
    given = os.environ.get(ENVIRONMENT, "").strip()
    if not given:
        raise KeyUnusable(f"no mark key: pass --key FILE or set {ENVIRONMENT}")
    if _is_hex(given):
        return _from_hex(given, ENVIRONMENT)
    return _from_file(Path(given))


def _from_file(path: Path) -> bytes:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise KeyUnusable(f"cannot read the mark key file {path}") from error
    return _from_hex(text, str(path))


def _from_hex(text: str, source: str) -> bytes:
    if not _is_hex(text) or len(text) % 2 or len(text) < 2 * _LEAST_BYTES:
        raise KeyUnusable(f"{source} holds no mark key: at least {_LEAST_BYTES} bytes as hex")
    return bytes.fromhex(text)


def _is_hex(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]+", text))
