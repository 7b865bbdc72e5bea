"""The trail between studio and agent in words: who did what, over which hash, when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from licensing.selectors import ActionLine

_ACTS: Final = {
    "SUBMIT": ("send", "Asked by"),
    "OPEN": ("eye", "Opened by"),
    "COUNTER": ("reply", "Countered by"),
    "ACCEPT_COUNTER": ("check", "Counter accepted by"),
    "APPROVE": ("signature", "Approved by"),
    "DECLINE": ("ban", "Declined by"),
    "WITHDRAW": ("undo-2", "Withdrawn by"),
    "LAPSE": ("timer-off", "Lapsed, closed by"),
    "ISSUE": ("file-check", "Licence issued by"),
}


@dataclass(frozen=True)
class TrailRow:
    """One act."""

    icon: str
    verb: str
    actor: str
    organisation: str
    note: str
    at: datetime
    version: int
    terms_hash: str
    id: UUID | None = None
    key: str = ""


def trail_of(acts: Iterable[ActionLine]) -> list[TrailRow]:
    """The acts, in the order given."""
    return [
        TrailRow(
            *_ACTS.get(act.kind, ("info", act.kind.replace("_", " ").capitalize() + " by")),
            act.actor,
            act.organisation,
            act.note,
            act.at,
            act.version,
            act.terms_hash,
            act.id,
            act.key,
        )
        for act in acts
    ]
