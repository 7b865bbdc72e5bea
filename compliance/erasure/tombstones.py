"""Which people were erased, kept apart from the database: a backup that is restored must not bring them back.

A tombstone is a small signed file in the deployment's storage, written before the erasure is committed. It holds ids
and times, nothing that names anybody. A database in which one of these people still has a key (or never had their
erasure) is not ready to serve: :func:`pending` says whom.
"""

import msgspec
from django.core.files.base import ContentFile

from accounts.models import SubjectKey
from common.keys import public_keys, signer_for
from common.storage import blobs
from trustcore.encoding import (
    b64url_decode,
    b64url_encode,
    canonical_json,
    parse_json_strict,
    prepare_readers,
)
from trustcore.errors import TrustError
from trustcore.signing import is_signature

FOLDER = "erasures"
PURPOSE = "BUNDLE"
_DOMAIN = b"trustmark.erasure-tombstone/1\n"


class Tombstone(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Whom an erasure was of, when, by which key it is said."""

    erasure: str
    subjects: tuple[str, ...]
    at: str
    kid: str = ""
    signature: str = ""


prepare_readers(Tombstone)


class TombstoneUnreadable(Exception):
    """A file among the tombstones is none, or nobody of this house signed it."""


def put_tombstone(*, erasure: str, subjects: tuple[str, ...], at: str) -> str:
    """Write one; returns its place. Written twice it is two files that say the same."""
    signer = signer_for(PURPOSE)
    bare = Tombstone(erasure, subjects, at)
    signed = msgspec.structs.replace(
        bare, kid=signer.kid, signature=b64url_encode(signer.sign(_message(bare)))
    )
    return blobs().save(f"{FOLDER}/{erasure}.json", ContentFile(canonical_json(msgspec.to_builtins(signed))))


def tombstones() -> list[Tombstone]:
    """All there are.

    Raises:
        TombstoneUnreadable: one is not what this house wrote; nothing is passed over in silence.
    """
    store = blobs()
    try:
        names = store.listdir(FOLDER)[1]
    except FileNotFoundError:
        return []
    return [_read(f"{FOLDER}/{name}") for name in sorted(names)]


def pending() -> list[Tombstone]:
    """Those that this database does not know yet: it was restored from before them.

    Raises:
        TombstoneUnreadable: as :func:`tombstones`.
    """
    known = tombstones()
    wanted = {one for stone in known for one in stone.subjects}
    gone = SubjectKey.objects.filter(pk__in=wanted, sealed_key=None).values_list("pk", flat=True)
    done = {str(one) for one in gone}
    return [stone for stone in known if not done.issuperset(stone.subjects)]


def _read(name: str) -> Tombstone:
    with blobs().open(name, "rb") as stream:
        data = stream.read(65_536)
    try:
        stone = msgspec.convert(parse_json_strict(data), Tombstone)
        key = public_keys(PURPOSE).get(stone.kid)
        bare = msgspec.structs.replace(stone, kid="", signature="")
        is_ours = key is not None and is_signature(key, b64url_decode(stone.signature), _message(bare))
    except (TrustError, msgspec.ValidationError, ValueError) as error:
        raise TombstoneUnreadable(name) from error
    if not is_ours:
        raise TombstoneUnreadable(name)
    return stone


def _message(bare: Tombstone) -> bytes:
    return _DOMAIN + canonical_json(msgspec.to_builtins(bare))
