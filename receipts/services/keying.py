"""Rotate and revoke signing keys so that every production's log tells it.

Keys belong to the deployment and logs to productions: the change is written once, and told to each log as an
event that waits for it (ADR 0006), in the transaction of the change. So a log shows which grants and which
checks came before a key's end and which after, to anybody who can read it.
"""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.selectors import log_events
from audit.services import record
from common import clock, keys
from common.models import SigningKey
from receipts.models import ProductionLog
from trustcore.receipt import KeyEntry, KeyEvent


def rotate_signing_key(*, purpose: str) -> SigningKey:
    """Retire the active key of ``purpose``, make its successor, and tell every log.

    Raises:
        Unavailable: ``KEY_BACKEND_UNAVAILABLE``; nothing was changed.
    """
    with transaction.atomic():
        row = keys.rotate_key(purpose)
        _tell(row, KeyEvent.ROTATED, row.created_at)
    return row


def revoke_signing_key(*, kid: str, compromised_at: datetime | None = None) -> SigningKey:
    """Trust a retired key no more and tell every log; see :func:`common.keys.revoke_key`.

    Raises:
        NotFound, Conflict, InvalidInput: as there; nothing was changed.
    """
    keys.let_go_of(kid, compromised_at=compromised_at)
    with transaction.atomic():
        row = keys.end_key(kid, compromised_at=compromised_at)
        _tell(row, KeyEvent.REVOKED, row.revoked_at or clock.now())
    return row


def _tell(row: SigningKey, event: KeyEvent, at: datetime) -> None:
    since = clock.rfc3339(row.compromised_at) if row.compromised_at else None
    entry = KeyEntry(
        at=clock.rfc3339(at), compromised_at=since, event=event, kid=row.kid, purpose=row.purpose
    )
    facts = {"purpose": row.purpose, "backend": row.backend, "compromised_at": since or ""}
    record(kind=f"key.{event}", principal=None, object_type="key", object_id=row.kid, details=facts)
    for production_id in _productions():
        record(
            kind=f"key.{event}.logged",
            principal=None,
            object_type="key",
            object_id=row.kid,
            production_id=production_id,
            log_entry=entry,
        )


def _productions() -> list[UUID]:
    """Productions with a log, and those whose grants wait for theirs to be opened."""
    waiting = log_events().order_by().values_list("production_id", flat=True).distinct()
    opened = ProductionLog.objects.values_list("production_id", flat=True)
    return sorted({*(one for one in waiting if one), *opened})
