"""Write ``log.json``: entries as a log holds them, roots and proofs over them, and a signed checkpoint.

Nothing here is computed by the code under test but the choice of entries: bytes come from the ``rfc8785``
package, hashes from the definitions of RFC 6962 section 2.1 written down as they stand there, signatures
from ``cryptography``::

    python -m tests.vectors.make_log > tests/vectors/log.json
"""

import base64
import hashlib
import json
import sys
from typing import Any

import msgspec
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from tests.trustcore.bundling import ORIGIN, some_entries

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
FRAMES = 5


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry)."""
    return hashlib.sha256(b"\x00" + entry).digest()


def tree_hash(entries: list[bytes]) -> bytes:
    """MTH(D[n]) of RFC 6962, section 2.1."""
    if not entries:
        return hashlib.sha256(b"").digest()
    if len(entries) == 1:
        return leaf_hash(entries[0])
    split = below(len(entries))
    return hashlib.sha256(b"\x01" + tree_hash(entries[:split]) + tree_hash(entries[split:])).digest()


def audit_path(index: int, entries: list[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, section 2.1.1."""
    if len(entries) == 1:
        return []
    split = below(len(entries))
    if index < split:
        return [*audit_path(index, entries[:split]), tree_hash(entries[split:])]
    return [*audit_path(index - split, entries[split:]), tree_hash(entries[:split])]


def extension(size: int, entries: list[bytes], *, whole: bool = True) -> list[bytes]:
    """SUBPROOF(m, D[n], b) of RFC 6962, section 2.1.2."""
    if size == len(entries):
        return [] if whole else [tree_hash(entries)]
    split = below(len(entries))
    if size <= split:
        return [*extension(size, entries[:split], whole=whole), tree_hash(entries[split:])]
    return [*extension(size - split, entries[split:], whole=False), tree_hash(entries[:split])]


def below(count: int) -> int:
    """Return the largest power of two smaller than ``count``."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


def checkpoint(size: int, root: bytes) -> dict[str, str]:
    """Return a signed checkpoint and the vkey that verifies it (C2SP signed-note, tlog-checkpoint)."""
    key = b"\x01" + KEY.public_key().public_bytes_raw()
    key_id = hashlib.sha256(ORIGIN.encode() + b"\n" + key).digest()[:4]
    text = f"{ORIGIN}\n{size}\n{base64.b64encode(root).decode()}\n"
    signature = base64.b64encode(key_id + KEY.sign(text.encode())).decode()
    return {
        "note": f"{text}\n— {ORIGIN} {signature}\n",
        "vkey": f"{ORIGIN}+{key_id.hex()}+{base64.b64encode(key).decode()}",
    }


def vectors() -> dict[str, Any]:
    """Return every vector."""
    entries = [rfc8785.dumps(msgspec.to_builtins(entry)) for entry in some_entries(FRAMES)]
    size = len(entries)
    return {
        "entries": [entry.decode() for entry in entries],
        "leaf_hashes": [leaf_hash(entry).hex() for entry in entries],
        "roots": [tree_hash(entries[:count]).hex() for count in range(size + 1)],
        "inclusion": [[item.hex() for item in audit_path(index, entries)] for index in range(size)],
        "consistency": [[item.hex() for item in extension(old, entries)] for old in range(1, size + 1)],
        "checkpoint": checkpoint(size, tree_hash(entries)),
    }


def main() -> None:
    """Print the vectors."""
    json.dump(vectors(), sys.stdout, indent=1, ensure_ascii=False)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
