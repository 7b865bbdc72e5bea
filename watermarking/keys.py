"""Mark keys: derived from the deployment's mark secret, rotated by key id.

The secret comes from ``TRUSTMARK_MARK_KEY`` or a file: hex digits, at least 16 bytes of them.
Each key id gives an unrelated key (HKDF-SHA256, RFC 5869), so a key can be retired without
touching the marks of others; a registration keeps its key id.

A deployment marks with one key id (``TRUSTMARK_MARK_KEY_ID``, "1" unless set) and may read under several; every
key that is tried is one more trial, and is paid for in the p-value.

    >>> len(mark_key(b"0" * 32))
    32
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

ENVIRONMENT = "TRUSTMARK_MARK_KEY"
KEY_ID_ENVIRONMENT = "TRUSTMARK_MARK_KEY_ID"
DEFAULT_KEY_ID = "1"
MOST_KEYS = 32
_LEAST_BYTES = 16
_KEY_ID = re.compile(r"[0-9A-Za-z._-]{1,32}")


class KeyUnusable(ValueError):
    """There is no mark secret, or it is malformed."""


@dataclass(frozen=True)
class MarkKey:
    """A key to read under: its name in reports, and its 32 bytes, which no representation shows."""

    key_id: str
    key: bytes = field(repr=False)


def mark_key(secret: bytes, key_id: str = DEFAULT_KEY_ID) -> bytes:
    """Derive the 32-byte mark key named ``key_id``.

    Raises:
        KeyUnusable: ``key_id`` is not 1 to 32 letters, digits, dots, dashes or underscores.
    """
    info = b"trustmark/mark-key/1/" + _key_id(key_id).encode()
    return HKDF(SHA256(), 32, salt=b"trustmark/1", info=info).derive(secret)


def read_secret(path: Path | None = None) -> bytes:
    """Read the mark secret from ``path``, else from the environment (hex, or a file's path).

    Raises:
        KeyUnusable: nothing is given, or it is not at least 16 bytes of hex.
    """
    if path is not None:
        return _from_file(path, f"the mark key file {path}")
    given = os.environ.get(ENVIRONMENT, "").strip()
    if not given:
        raise KeyUnusable(f"no mark key: pass --key FILE or set {ENVIRONMENT}")
    if _is_hex(given):
        return _from_hex(given, ENVIRONMENT)
    # what is no hex may be a secret with a slip in it: it is told to nobody
    return _from_file(Path(given), f"the file that {ENVIRONMENT} names")


def current_key_id() -> str:
    """Return the key id that new marks are made with.

    Raises:
        KeyUnusable: ``TRUSTMARK_MARK_KEY_ID`` is set and is no key id.
    """
    return _key_id(os.environ.get(KEY_ID_ENVIRONMENT, "").strip() or DEFAULT_KEY_ID)


def read_keys(paths: Sequence[Path] = (), key_ids: Iterable[str] = (DEFAULT_KEY_ID,)) -> tuple[MarkKey, ...]:
    """Derive the keys of ``key_ids`` from every secret: files, files in folders, else the environment.

    With one secret a key is named by its key id; with several by ``file name/key id``.

    Raises:
        KeyUnusable: a secret is missing or malformed, a name comes twice, or there are too many keys.
    """
    files = [file for path in paths for file in _key_files(path)]
    secrets = [(file.stem, read_secret(file)) for file in files] or [("", read_secret())]
    prefix = {stem: f"{stem}/" if len(secrets) > 1 else "" for stem, _ in secrets}
    keys = [
        MarkKey(f"{prefix[stem]}{key_id}", mark_key(secret, key_id))
        for stem, secret in secrets
        for key_id in dict.fromkeys(key_ids)
    ]
    if len({one.key_id for one in keys}) < len(keys) or len({one.key for one in keys}) < len(keys):
        raise KeyUnusable("a mark key is named twice")
    if len(keys) > MOST_KEYS:
        raise KeyUnusable(f"more than {MOST_KEYS} mark keys")
    return tuple(keys)


def _key_files(path: Path) -> list[Path]:
    if not path.is_dir():
        return [path]
    found = sorted(one for one in path.iterdir() if one.is_file() and not one.name.startswith("."))
    if not found:
        raise KeyUnusable(f"there is no mark key in the folder {path}")
    return found


def _key_id(text: str) -> str:
    if not _KEY_ID.fullmatch(text):
        raise KeyUnusable(f"not a key id: {text!r}")
    return text


def _from_file(path: Path, source: str) -> bytes:
    try:
        text = path.read_text("ascii").strip()
    except (OSError, ValueError):
        raise KeyUnusable(f"cannot read {source}") from None
    return _from_hex(text, source)


def _from_hex(text: str, source: str) -> bytes:
    if not _is_hex(text) or len(text) % 2 or len(text) < 2 * _LEAST_BYTES:
        raise KeyUnusable(f"{source} holds no mark key: at least {_LEAST_BYTES} bytes as hex")
    return bytes.fromhex(text)


def _is_hex(text: str) -> bool:
    return bool(re.fullmatch(r"[0-9a-fA-F]+", text))
