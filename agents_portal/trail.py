"""The trail between studio and agent in words: who did what, over which hash, when."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from agents_portal.term_table import FIELDS, KEY_OF
from common.language import later
from licensing.selectors import ActionLine

_ACTS: Final = {
    "SUBMIT": ("send", later("Asked by")),
    "OPEN": ("eye", later("Opened by")),
    "COUNTER": ("reply", later("Countered by")),
    "ACCEPT_COUNTER": ("check", later("Counter accepted by")),
    "APPROVE": ("signature", later("Approved by")),
    "ESCALATE": ("send", later("Handed up to the talent by")),
    "DECLINE": ("ban", later("Declined by")),
    "WITHDRAW": ("undo-2", later("Withdrawn by")),
    "LAPSE": ("timer-off", later("Lapsed, closed by")),
    "QUESTION": ("message-circle", later("Asked a question:")),
    "ANSWER": ("reply", later("Answered:")),
    "REVISE": ("pencil", later("Revised by")),
    "NOTICE_OVER": ("hourglass", later("Notice over, noted by")),
    "ISSUE": ("file-check", later("Licence issued by")),
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
    about: str = ""


def trail_of(acts: Iterable[ActionLine]) -> list[TrailRow]:
    """The acts, in the order given."""
    return [
        TrailRow(
            *_ACTS.get(
                act.kind, ("info", _("%(act)s by") % {"act": act.kind.replace("_", " ").capitalize()})
            ),
            act.actor,
            act.organisation,
            act.note,
            act.at,
            act.version,
            act.terms_hash,
            act.id,
            act.key,
            _about(act),
        )
        for act in acts
    ]


def _about(act: ActionLine) -> str:
    """The term that a question or an answer is about, by the name of its row."""
    key = KEY_OF.get(act.about, "")
    return str(FIELDS[key].label) if key else ""
