"""Counsel approves the words that inventories, schemas and screens use; whoever changes one after that is seen (TP-163)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from django.db import transaction

from accounts.principals import Principal
from audit.models import Event
from audit.services import record
from common.errors import Conflict
from training.seats import require_counsel, require_house
from training.services.texts import clean
from training.wording import hash_of, words

_APPROVED: Final = "training.wording_approved"


@dataclass(frozen=True, slots=True)
class Wording:
    """The words of now beside those that counsel approved last.

    Attributes:
        state: ``APPROVED``; ``CHANGED``: other words were approved; ``NEVER_APPROVED``.
        changed: of each word that is new, gone or another: what was approved (None: not there) and what it is now.
    """

    hash: str
    state: str
    words: dict[str, str]
    changed: dict[str, tuple[str | None, str | None]]
    approved_hash: str = ""
    approved_at: datetime | None = None
    approved_by: UUID | None = None
    note: str = ""


def wording_of(principal: Principal) -> Wording:
    """How the house's words stand. Raises ``NotFound``: not an organisation that trains."""
    require_house(principal)
    told = words()
    now = hash_of(told)
    last = (
        Event.objects.filter(organisation_id=principal.organisation_id, kind=_APPROVED)
        .order_by("-number")
        .first()
    )
    if last is None:
        return Wording(now, "NEVER_APPROVED", told, {})
    kept: dict[str, Any] = last.details
    was: dict[str, str] = kept["words"]
    changed = {
        key: (was.get(key), told.get(key)) for key in sorted({*was, *told}) if was.get(key) != told.get(key)
    }
    return Wording(
        now, "CHANGED" if changed else "APPROVED", told, changed, f"sha256:{last.object_id}", last.at, last.person_id,
        kept["note"],
    )  # fmt: skip


def approve_wording(*, principal: Principal, hash_: str, note: str) -> Wording:
    """Approve the words of now, which the caller names by the hash that was read.

    Raises:
        NotFound, Forbidden, StepUpRequired: as :func:`~training.seats.require_counsel`. InvalidInput: ``NOTE_INVALID``.
        Conflict: ``WORDING_CHANGED``: these are not the words any more; ``WORDING_APPROVED``: they are approved.
    """
    require_counsel(principal)
    note = clean(note, most=500, code="NOTE_INVALID")
    held = wording_of(principal)
    if held.hash != hash_:
        raise Conflict(
            "WORDING_CHANGED", "These are not the words any more; read them again.", "", {"hash": held.hash}
        )
    if held.state == "APPROVED":
        raise Conflict("WORDING_APPROVED", "These words are approved already.")
    with transaction.atomic():
        record(
            kind=_APPROVED, principal=principal, object_type="training_wording",
            object_id=held.hash.removeprefix("sha256:"), details={"words": held.words, "note": note},
        )  # fmt: skip
    return wording_of(principal)
