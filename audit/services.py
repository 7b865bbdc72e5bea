"""Record an event in the transaction of the change it tells of."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from accounts.principals import Principal
from audit.models import Event
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.receipt import Entry, encode_entry


def record(
    *,
    kind: str,
    principal: Principal | None,
    object_type: str,
    object_id: UUID | str,
    organisation_id: UUID | None = None,
    production_id: UUID | None = None,
    visible_to: Iterable[UUID] = (),
    before: dict[str, Any] | None = None,
    after: dict[str, Any] | None = None,
    details: dict[str, Any] | None = None,
    subject_id: UUID | None = None,
    log_entry: Entry | None = None,
) -> Event:
    """Write one event; call it inside the transaction that makes the change.

    Args:
        principal: who acted; None for the system itself.
        organisation_id: whose event it is; the caller's organisation by default.
        visible_to: further organisations that may read it.
        before, after: the object's state; only their hashes are kept.
        details: what a reader needs; never a secret, never a biometric.
        subject_id: the person whom ``details`` name; they are sealed under that person's key.
        log_entry: what the production's transparency log shall say of it (needs ``production_id``).
    """
    if log_entry is not None and production_id is None:
        raise ValueError("an entry of the log needs its production")
    return Event.objects.create(
        kind=kind,
        person_id=principal.person.pk if principal else None,
        credential_id=principal.credential.pk if principal and principal.credential else None,
        organisation_id=organisation_id or (principal.organisation.pk if principal else None),
        object_type=object_type,
        object_id=str(object_id),
        production_id=production_id,
        visible_to=sorted({str(one) for one in visible_to}),
        before_hash=_hash(before),
        after_hash=_hash(after),
        details=details or {},
        subject_id=subject_id,
        log_entry=encode_entry(log_entry) if log_entry is not None else None,
    )


def _hash(state: dict[str, Any] | None) -> str:
    return f"sha256:{sha256_hex(canonical_json(state))}" if state is not None else ""
