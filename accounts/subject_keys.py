"""One key for each person: what is sealed under it is read with that key, and destroyed with it.

A *subject* is the id of a talent or of a user. Its key is 32 random bytes, sealed under the deployment's secret; a
trigger refuses to bring one back that was destroyed. What it closes is bound to its place (AES-256-GCM), so that no
text can be put in another's. ADR 0014.

    >>> sealed = seal_text(talent.pk, "Her knee is not yet well.", place="note/1")     # doctest: +SKIP
    >>> destroy_key(talent.pk)                                                         # doctest: +SKIP
    >>> open_text(sealed, place="note/1") is None                                      # doctest: +SKIP
    True
"""

import base64
import os
import time
from collections.abc import Iterable
from typing import Final
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import models
from django.db.models import OuterRef, Q, Subquery

from common import clock, keys
from common.caching import Bounded
from common.errors import Conflict

PREFIX: Final = "sealed:1:"
REMEMBERED_SECONDS: Final = 5.0
"""How long a process may read with a key that another process has destroyed."""
_ID, _NONCE = 16, 12


class SubjectKey(models.Model):
    """A person's key, itself sealed under the deployment's secret; empty once it is destroyed, for good (trigger)."""

    subject_id = models.UUIDField(primary_key=True, editable=False)
    created_at = models.DateTimeField(default=clock.now, editable=False)
    sealed_key = models.BinaryField(null=True)
    destroyed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(sealed_key__isnull=False, destroyed_at=None)
                | Q(sealed_key=None, destroyed_at__isnull=False),
                name="subject_key_is_there_or_destroyed",
            )
        ]

    def __str__(self) -> str:
        return f"key of {self.subject_id}"


_known: Bounded[UUID, tuple[float, bytes | None]] = Bounded(4096)


def seal_text(subject_id: UUID, text: str, *, place: str) -> str:
    """Close ``text`` under the person's key.

    Raises:
        Conflict: ``SUBJECT_ERASED``.
    """
    return _closed(_key_to_seal(subject_id), subject_id, text, place)


def seal_lost(subject_id: UUID, text: str, *, place: str) -> str:
    """Close ``text`` for a person whose key is destroyed: under a key that is kept nowhere, so that nobody opens it."""
    return _closed(AESGCM.generate_key(256), subject_id, text, place)


def _closed(key: bytes, subject_id: UUID, text: str, place: str) -> str:
    nonce = os.urandom(_NONCE)
    closed = nonce + AESGCM(key).encrypt(nonce, text.encode(), _bound(subject_id, place))
    return PREFIX + base64.b64encode(subject_id.bytes + closed).decode("ascii")


def open_text(sealed: str, *, place: str) -> str | None:
    """What was sealed; ``None`` once the person's key is destroyed.

    Raises:
        KeyUnreadable: the bytes are not those that were sealed there.
    """
    try:
        data = base64.b64decode(sealed.removeprefix(PREFIX), validate=True)
        subject_id = UUID(bytes=data[:_ID])
    except ValueError as error:
        raise keys.KeyUnreadable(place) from error
    for again in (False, True):
        key = _key_to_open(subject_id, again=again)
        if key is None:
            return None
        try:
            nonce, closed = data[_ID : _ID + _NONCE], data[_ID + _NONCE :]
            return AESGCM(key).decrypt(nonce, closed, _bound(subject_id, place)).decode()
        except InvalidTag:
            continue  # a key may be remembered that its transaction took back
    raise keys.KeyUnreadable(place)


def remember_keys(subject_ids: Iterable[UUID]) -> None:
    """Read the keys of many people in one question, for a page that opens texts of each."""
    wanted = set(subject_ids)
    found = {row.pk: row for row in SubjectKey.objects.filter(pk__in=wanted)} if wanted else {}
    for one in wanted:
        _known.put(one, (time.monotonic(), _opened(found.get(one))))


def sealed_key_of(column: str) -> Subquery:
    """The sealed key of the person whose id stands in ``column``, read with another row: no question of its own."""
    return Subquery(SubjectKey.objects.filter(pk=OuterRef(column)).values("sealed_key"))


def remember_sealed(subject_id: UUID, sealed_key: bytes | None) -> None:
    """Remember a key that was read by :func:`sealed_key_of`; that there is none yet is not worth remembering.

    The first text about a person makes their key: a process that remembered its absence would read that text as erased.
    """
    if sealed_key is None:
        return
    _known.put(subject_id, (time.monotonic(), _opened(SubjectKey(pk=subject_id, sealed_key=sealed_key))))


def destroy_key(subject_id: UUID) -> bool:
    """Destroy a person's key, or see to it that there never is one; whether there was one to destroy."""
    now = clock.now()
    fresh = SubjectKey(pk=subject_id, created_at=now, sealed_key=None, destroyed_at=now)
    SubjectKey.objects.bulk_create([fresh], ignore_conflicts=True)
    gone = SubjectKey.objects.filter(pk=subject_id, sealed_key__isnull=False)
    was_there = bool(gone.update(sealed_key=None, destroyed_at=now))
    forget_keys()
    return was_there


def is_destroyed(subject_id: UUID) -> bool:
    """Whether a person was erased."""
    return SubjectKey.objects.filter(pk=subject_id, sealed_key=None).exists()


def forget_keys() -> None:
    """Remember no key in this process."""
    _known.clear()


def _key_to_seal(subject_id: UUID) -> bytes:
    row = SubjectKey.objects.filter(pk=subject_id).first()
    if row is None:
        fresh = keys.seal(AESGCM.generate_key(256), bound_to=f"subject/{subject_id}")
        SubjectKey.objects.bulk_create(
            [SubjectKey(pk=subject_id, sealed_key=fresh)],
            ignore_conflicts=True,  # another process may make it at this moment: the first one holds
        )
        row = SubjectKey.objects.get(pk=subject_id)
    key = _opened(row)
    if key is None:
        raise Conflict("SUBJECT_ERASED", "This person was erased: nothing more is written about them.")
    return key


def _key_to_open(subject_id: UUID, *, again: bool) -> bytes | None:
    at, key = _known.get(subject_id) or (0.0, None)
    if again or not at or time.monotonic() - at > REMEMBERED_SECONDS:
        key = _opened(SubjectKey.objects.filter(pk=subject_id).first())
        _known.put(subject_id, (time.monotonic(), key))
    return key


def _opened(row: SubjectKey | None) -> bytes | None:
    if row is None or row.sealed_key is None:
        return None
    return keys.unseal(row.sealed_key, bound_to=f"subject/{row.pk}")


def _bound(subject_id: UUID, place: str) -> bytes:
    return subject_id.bytes + place.encode()
