"""Every work has a key of its own: what is written in it is read with that key and with no other.

The key is 32 random bytes, sealed under the deployment's secret and bound to the work's id (``common.keys``). What it
closes is bound to the work and to what it is a part of, so that no blob can be put in another's place. Destroying the
sealed key destroys every copy of the text that this server holds, backups included.
"""

import hashlib
import hmac
import os
from typing import TYPE_CHECKING, Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.core.files.base import ContentFile

from common.errors import Conflict, Unavailable
from common.ids import new_id
from common.keys import KeyUnreadable, seal, unseal
from common.storage import blobs

if TYPE_CHECKING:
    from screenplays.models import Work

_NONCE_BYTES: Final = 12


def new_sealed_key(work_id: UUID) -> bytes:
    """A fresh key for a work, sealed."""
    return seal(AESGCM.generate_key(256), bound_to=f"screenplay/{work_id}")


def key_of(work: "Work") -> bytes:
    """The key of a work.

    Raises:
        Conflict: ``SCRIPT_DESTROYED``: the key was destroyed, and the text with it.
        Unavailable: ``SCRIPT_KEY_UNREADABLE``: the key does not open.
    """
    if work.sealed_key is None:
        raise Conflict("SCRIPT_DESTROYED", "The text of this work was destroyed.")
    try:
        return unseal(work.sealed_key, bound_to=f"screenplay/{work.pk}")
    except KeyUnreadable as error:
        raise Unavailable("SCRIPT_KEY_UNREADABLE", "The key of this work does not open.") from error


def close(key: bytes, data: bytes, *, part: str) -> bytes:
    """Encrypt a part of a work (AES-256-GCM)."""
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + AESGCM(key).encrypt(nonce, data, part.encode())


def open_part(key: bytes, closed: bytes | memoryview, *, part: str) -> bytes:
    """Decrypt a part of a work.

    Raises:
        Unavailable: ``SCRIPT_CHANGED``: it is not what was put there.
    """
    data = bytes(closed)
    try:
        return AESGCM(key).decrypt(data[:_NONCE_BYTES], data[_NONCE_BYTES:], part.encode())
    except InvalidTag as error:
        raise Unavailable("SCRIPT_CHANGED", "The stored text is not what was put there.") from error


def put_part(key: bytes, data: bytes, *, work_id: UUID, part: str) -> str:
    """Encrypt a part into the blobs; returns the blob's name."""
    return blobs().save(f"screenplays/{work_id}/{new_id()}.sealed", ContentFile(close(key, data, part=part)))


def get_part(key: bytes, name: str, *, part: str) -> bytes:
    """Read and decrypt a part from the blobs.

    Raises:
        Unavailable: ``SCRIPT_CHANGED``.
    """
    with blobs().open(name, "rb") as stream:
        return open_part(key, stream.read(), part=part)


def keyed_hash(key: bytes, data: bytes) -> str:
    """A hash that says whether two parts of one work are alike, and nothing to whoever lacks the work's key."""
    return hmac.new(key, data, hashlib.sha256).hexdigest()
