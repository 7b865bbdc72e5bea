"""Seal a production's free text under its own key, and destroy the key.

The key is a random one, itself sealed under the deployment's secret. Text is sealed with the salt of its
commitment, ``sha256(salt || text)``: the commitment proves what the text was to who is shown it, and tells
nobody else anything, not even by trying short prompts.
"""

import hashlib
import os
from collections.abc import Sequence
from uuid import UUID

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import transaction

from accounts import subject_keys
from audit.services import record
from common import clock, keys
from common.errors import Conflict
from common.ids import new_id
from provenance.graph.models import ProductionKey, SealedText

_SALT, _NONCE = 16, 12


def seal_text(production_id: UUID, text: str, *, subjects: Sequence[UUID] = ()) -> SealedText:
    """Return the row that holds ``text``, not yet saved.

    Args:
        subjects: talents whom the text is about; destroying the key of any of them makes it unreadable, too.

    Raises:
        Conflict: ``PRODUCTION_KEY_DESTROYED``, ``SUBJECT_ERASED``.
    """
    salt, row_id = os.urandom(_SALT), new_id()
    plain = salt + text.encode()
    for subject in subjects:
        text = subject_keys.seal_text(subject, text, place=_place(row_id))
    return SealedText(
        id=row_id,
        production_id=production_id,
        sealed=_closed(_key_of(production_id), row_id, salt + text.encode()),
        commitment=hashlib.sha256(plain).hexdigest(),
        subject_ids=list(subjects),
    )


def resealed(row: SealedText, subjects: Sequence[UUID]) -> bytes | None:
    """The bytes of a text that was sealed under its production's key alone, under the keys of talents as well.

    Its salt and so its commitment stay. Under the key of somebody who was erased nobody ever opens it again.

    Returns:
        ``None`` once the production's key is destroyed: nobody reads it, and nobody can seal it anew.

    Raises:
        ValueError: it was sealed under a talent's key before.
        KeyUnreadable: the bytes are not those that were sealed.
    """
    if row.subject_ids:
        raise ValueError(f"{row.pk} is sealed under the keys of talents")
    key = ProductionKey.objects.filter(production_id=row.production_id).first()
    text = open_text(row)
    if key is None or text is None:
        return None
    salt = _inner(_opened(key), row)[:_SALT]
    for subject in subjects:
        seal = subject_keys.seal_lost if subject_keys.is_destroyed(subject) else subject_keys.seal_text
        text = seal(subject, text, place=_place(row.pk))
    return _closed(_opened(key), row.pk, salt + text.encode())


def closed_for(row: SealedText, erased: UUID) -> bytes | None:
    """The bytes of a text that nobody reads again, because of somebody who was erased whom it was not sealed for.

    It is sealed once more, unopened, under a key that is kept nowhere; its salt and so its commitment stay.

    Returns:
        ``None`` where nobody reads it as it is: the production's key is destroyed, or the bytes are not those that were
        sealed.
    """
    key = ProductionKey.objects.filter(production_id=row.production_id).first()
    if key is None or key.sealed_key is None:
        return None
    try:
        inner = _inner(_opened(key), row)
    except keys.KeyUnreadable:
        return None
    lost = subject_keys.seal_lost(erased, inner[_SALT:].decode(), place=_place(row.pk))
    return _closed(_opened(key), row.pk, inner[:_SALT] + lost.encode())


def open_text(row: SealedText) -> str | None:
    """Return what was sealed; ``None`` once the production's key is destroyed, or that of a talent it is about.

    Raises:
        KeyUnreadable: the bytes are not those that were sealed.
    """
    opened = open_with_salt(row)
    return opened and opened[1]


def open_with_salt(row: SealedText) -> tuple[bytes, str] | None:
    """Return the salt and what was sealed: with both, anyone sees that the commitment is ``sha256(salt || text)``.

    Raises:
        KeyUnreadable: as :func:`open_text`.
    """
    key = ProductionKey.objects.filter(production_id=row.production_id).first()
    if key is None or key.sealed_key is None:
        return None
    plain = _inner(_opened(key), row)
    text: str | None = plain[_SALT:].decode()
    for _ in row.subject_ids:
        text = text and subject_keys.open_text(text, place=_place(row.pk))
    if text is None:
        return None
    if hashlib.sha256(plain[:_SALT] + text.encode()).hexdigest() != row.commitment:
        raise keys.KeyUnreadable(str(row.pk))
    return plain[:_SALT], text


@transaction.atomic
def destroy_key(production_id: UUID) -> None:
    """Make every sealed text of a production unreadable for good; events and proofs stay as they are."""
    _key_of(production_id)
    key = ProductionKey.objects.select_for_update().get(production_id=production_id)
    key.sealed_key, key.destroyed_at = None, clock.now()
    key.save(update_fields=["sealed_key", "destroyed_at"])
    record(
        kind="provenance.key_destroyed",
        principal=None,
        object_type="production",
        object_id=production_id,
        production_id=production_id,
    )


def _key_of(production_id: UUID) -> bytes:
    row = ProductionKey.objects.filter(production_id=production_id).first()
    if row is None:
        fresh = keys.seal(AESGCM.generate_key(256), bound_to=_bound(production_id))
        ProductionKey.objects.bulk_create(
            [ProductionKey(production_id=production_id, sealed_key=fresh)],
            ignore_conflicts=True,  # another process may make it at this moment: the first one holds
        )
        row = ProductionKey.objects.get(production_id=production_id)
    if row.sealed_key is None:
        raise Conflict(
            "PRODUCTION_KEY_DESTROYED",
            "This production's key was destroyed.",
            "Prompts and notes can no longer be kept for it.",
        )
    return _opened(row)


def _closed(key: bytes, row_id: UUID, inner: bytes) -> bytes:
    nonce = os.urandom(_NONCE)
    return nonce + AESGCM(key).encrypt(nonce, inner, row_id.bytes)


def _inner(key: bytes, row: SealedText) -> bytes:
    sealed = bytes(row.sealed)
    try:
        return AESGCM(key).decrypt(sealed[:_NONCE], sealed[_NONCE:], row.pk.bytes)
    except InvalidTag as error:
        raise keys.KeyUnreadable(str(row.pk)) from error


def _place(row_id: UUID) -> str:
    return f"provenance.sealedtext/{row_id}"


def _opened(row: ProductionKey) -> bytes:
    return keys.unseal(row.sealed_key or b"", bound_to=_bound(row.production_id))


def _bound(production_id: UUID) -> str:
    return f"provenance/production/{production_id}"
