"""The life of a signing key: made at first use, rotated with overlap, revoked.

A signer costs neither a read nor an unsealing for each signature: a process remembers the active one of a
purpose for ``SIGNER_CACHE_SECONDS``, counted from *before* it read the row. So a key that another process
retired signs for no longer than that, and :func:`revoke_key` lets that time pass before it revokes: a
revoked key signs nothing. Within a transaction nothing is remembered before it commits, since the row may
never come to be.
"""

import logging
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial
from typing import NamedTuple

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from common import clock
from common.errors import Conflict, DomainError, InvalidInput, NotFound
from common.keys.backends import backend, backend_for_new
from common.models import SigningKey
from trustcore.signing import Signer, jwk_thumbprint, public_jwk

logger = logging.getLogger(__name__)
# a rotation's own commit may come this much after the time it wrote down
_COMMIT_SECONDS = 5.0


class _Held(NamedTuple):
    signer: Signer
    until: float  # of time.monotonic()


_held: dict[str, _Held] = {}


def signer_for(purpose: str) -> Signer:
    """The active signer of ``purpose`` (:class:`SigningKey.Purpose`); its key is made at first use.

    Take it, sign, let go: who keeps it longer outlives rotations.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``: a new key cannot be made now. Signing may raise it too.
    """
    held, began = _held.get(purpose), time.monotonic()
    if held is not None and began < held.until:
        return held.signer
    row = _active(purpose) or _create(purpose)
    same = held is not None and held.signer.kid == row.kid
    signer = held.signer if held is not None and same else backend(row.backend).signer(row)
    until = began + settings.SIGNER_CACHE_SECONDS
    transaction.on_commit(partial(_held.__setitem__, purpose, _Held(signer, until)))
    return signer


def forget_signers(purpose: str | None = None) -> None:
    """Make this process read the active key anew at its next signature."""
    if purpose is None:
        _held.clear()
    _held.pop(purpose or "", None)


def signs_any_length(purpose: str) -> bool:
    """Whether the key of ``purpose`` signs messages of any length (AWS KMS does not)."""
    return getattr(signer_for(purpose), "message_bytes_max", None) is None


def public_keys(purpose: str) -> dict[str, Ed25519PublicKey]:
    """Keys that may still verify: active and retired, never revoked; by ``kid``."""
    rows = SigningKey.objects.filter(purpose=purpose).exclude(state=SigningKey.State.REVOKED)
    return {
        kid: Ed25519PublicKey.from_public_bytes(bytes(public))
        for kid, public in rows.order_by("created_at").values_list("kid", "public_key")
    }


def revoked_keys(purpose: str) -> list[SigningKey]:
    """Keys of ``purpose`` that were revoked, oldest first: what they signed is judged by when it was signed."""
    rows = SigningKey.objects.filter(purpose=purpose, state=SigningKey.State.REVOKED)
    return list(rows.order_by("created_at"))


def known_kid(kid: str) -> bool:
    """Whether a key of this deployment has or had that id, revoked ones included."""
    return SigningKey.objects.filter(kid=kid).exists()


def rotate_key(purpose: str) -> SigningKey:
    """Retire the active key of ``purpose`` (it still verifies) and make a new one.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``; the old key stays active.
    """
    with transaction.atomic():
        SigningKey.objects.select_for_update().filter(purpose=purpose, state=SigningKey.State.ACTIVE).update(
            state=SigningKey.State.RETIRED, retired_at=clock.now()
        )
        row = _create(purpose)
        transaction.on_commit(partial(forget_signers, purpose))
        return row


def revoke_key(kid: str, *, compromised_at: datetime | None = None) -> SigningKey:
    """Stop trusting a retired key at once, after every process has let go of it (:func:`let_go_of`).

    Call it outside the transaction that retired the key: what is not committed nobody has let go of.

    Args:
        compromised_at: since when somebody else may have signed with it, where that is known.

    Raises:
        NotFound: ``KEY_UNKNOWN``.
        Conflict: ``KEY_ACTIVE``: it still signs; ``KEY_REVOKED``: it was revoked before.
        InvalidInput: ``COMPROMISED_AT_INVALID``: in the future, or before the key was made.
    """
    let_go_of(kid, compromised_at=compromised_at)
    return end_key(kid, compromised_at=compromised_at)


def end_key(kid: str, *, compromised_at: datetime | None = None) -> SigningKey:
    """The second half of :func:`revoke_key`, for a transaction that writes more; after :func:`let_go_of`."""
    with transaction.atomic():
        row = _revocable(SigningKey.objects.select_for_update().filter(kid=kid).first(), compromised_at)
        row.state, row.revoked_at, row.compromised_at = SigningKey.State.REVOKED, clock.now(), compromised_at
        row.save(update_fields=["state", "revoked_at", "compromised_at"])
        return row


def let_go_of(
    kid: str, *, compromised_at: datetime | None = None, sleep: Callable[[float], None] = time.sleep
) -> None:
    """Wait until no process can still sign with a retired key that is to be revoked; at most the bound.

    Raises:
        NotFound, Conflict, InvalidInput: it cannot be revoked, see :func:`revoke_key`.
    """
    row = _revocable(SigningKey.objects.filter(kid=kid).first(), compromised_at)
    bound = float(settings.SIGNER_CACHE_SECONDS)
    since = clock.now() - (row.retired_at or clock.now())
    if since < timedelta(seconds=bound + _COMMIT_SECONDS):
        sleep(bound)  # the retirement is committed, or this row would read as active


def _revocable(row: SigningKey | None, compromised_at: datetime | None) -> SigningKey:
    if row is None:
        raise NotFound("KEY_UNKNOWN", "No key has this id.")
    if row.state == SigningKey.State.ACTIVE:
        raise Conflict("KEY_ACTIVE", "This key still signs.", "Rotate its purpose first, then revoke it.")
    if row.state == SigningKey.State.REVOKED:
        raise Conflict(
            "KEY_REVOKED",
            "This key was revoked before.",
            _("At %(revoked_at)s.") % {"revoked_at": row.revoked_at},
        )
    if compromised_at is not None and not row.created_at <= compromised_at <= clock.now():
        raise InvalidInput(
            "COMPROMISED_AT_INVALID", "The compromise lies between the key's making and now.", str(row)
        )
    return row


def _active(purpose: str) -> SigningKey | None:
    return SigningKey.objects.filter(purpose=purpose, state=SigningKey.State.ACTIVE).first()


def _create(purpose: str) -> SigningKey:
    name = backend_for_new(purpose)
    made = backend(name).create(purpose)
    try:
        with transaction.atomic():
            return SigningKey.objects.create(
                kid=jwk_thumbprint(public_jwk(made.public_key)),
                purpose=purpose,
                public_key=made.public_key.public_bytes_raw(),
                backend=name,
                reference=made.reference,
                sealed_private_key=made.sealed,
            )
    except IntegrityError:  # another process was first: its key is the one
        try:
            backend(name).discard(made.reference)
        except DomainError:
            logger.warning("a key that nobody uses stays in %s: %s", name, made.reference)
        return SigningKey.objects.get(purpose=purpose, state=SigningKey.State.ACTIVE)
