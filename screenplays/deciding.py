"""May this caller use this work for this? Pure: facts and the time go in, a decision comes out.

1. Whoever keeps the work, in person and with a seat that may write, and its writer may read it; nothing else.
2. Everything else needs a grant: of this very purpose, to this very person or machine. None implies another.
3. The grant is for this version, or for every version.
4. It has not ended, its time has begun and is not over.
5. A grant to train that rests on a training licence stands and falls with it.

Among several grants one that holds permits. Where none does, the reasons are those of the grant that lacks the least,
the newest first; without any grant of the purpose: ``USE_TYPE_NOT_GRANTED``, to train ``TRAINING_NOT_GRANTED``.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import UseType

TRAIN: Final = "TRAIN"
READ: Final = "READ"
USE_TYPES: Final = {
    "READ": UseType.SCRIPT_ACCESS,
    "ANALYSE": UseType.SCRIPT_ANALYSIS,
    "SUMMARISE": UseType.SCRIPT_ANALYSIS,
    "TRAIN": UseType.SCRIPT_TRAINING,
}
"""The use type that each purpose is."""
_PURPOSES: Final = {
    UseType.SCRIPT_ACCESS: ("READ",),
    UseType.SCRIPT_ANALYSIS: ("ANALYSE", "SUMMARISE"),
    UseType.SCRIPT_TRAINING: ("TRAIN",),
}


@dataclass(frozen=True, slots=True)
class GrantFacts:
    """A grant to the caller, newest first in their order.

    Attributes:
        version_id: the one version it is for; None: all.
        licence: why the training licence that it rests on does not hold; empty: it holds, or there is none.
    """

    id: UUID
    purpose: str
    version_id: UUID | None
    not_before: datetime
    not_after: datetime
    ended_at: datetime | None
    licence: tuple[DenyReason, ...] = ()


@dataclass(frozen=True, slots=True)
class Decision:
    """What was decided. ``grant_id`` and ``until`` say under which grant and how long it may last."""

    permitted: bool
    reasons: tuple[DenyReason, ...]
    authority: str
    grant_id: UUID | None
    until: datetime | None
    training_granted: bool


def purpose_of(use_type: str, purpose: str = "") -> str | None:
    """The purpose that a use type stands for; the named one, if it is one of its purposes. None: they do not agree.

    >>> purpose_of("SCRIPT_ANALYSIS"), purpose_of("SCRIPT_ANALYSIS", "SUMMARISE"), purpose_of("SCRIPT_ACCESS", "TRAIN")
    ('ANALYSE', 'SUMMARISE', None)
    """
    known = _PURPOSES.get(UseType(use_type), ()) if use_type in set(UseType) else ()
    if not purpose:
        return known[0] if known else None
    return purpose if purpose in known else None


def decide(
    purpose: str,
    version_id: UUID | None,
    grants: Iterable[GrantFacts],
    *,
    standing: str,
    now: datetime,
    lasting: timedelta,
) -> Decision:
    """Decide one access.

    Args:
        standing: ``KEEPER`` or ``WRITER`` where the caller is that in person, else ``NONE``.
        lasting: how long a permission lasts that nothing ends before.
    """
    given = list(grants)
    may_train = any(not _lacks(one, version_id, now) for one in given if one.purpose == TRAIN)
    if standing != "NONE" and purpose == READ:
        return Decision(True, (), standing, None, now + lasting, may_train)
    mine = [one for one in given if one.purpose == purpose]
    if not mine:
        reason = DenyReason.TRAINING_NOT_GRANTED if purpose == TRAIN else DenyReason.USE_TYPE_NOT_GRANTED
        return Decision(False, (reason,), "NONE", None, None, may_train)
    lacking, grant = min(((_lacks(one, version_id, now), one) for one in mine), key=lambda pair: len(pair[0]))
    if lacking:
        return Decision(False, tuple(dict.fromkeys(lacking)), "NONE", grant.id, None, may_train)
    return Decision(True, (), "GRANT", grant.id, min(now + lasting, grant.not_after), may_train)


def _lacks(grant: GrantFacts, version_id: UUID | None, now: datetime) -> list[DenyReason]:
    lacking: list[DenyReason] = []
    if grant.version_id is not None and grant.version_id != version_id:
        lacking.append(DenyReason.SCRIPT_VERSION_MISMATCH)
    if grant.ended_at is not None:
        lacking.append(DenyReason.REVOKED)
    if now < grant.not_before:
        lacking.append(DenyReason.NOT_YET_VALID)
    if now >= grant.not_after:
        lacking.append(DenyReason.EXPIRED)
    lacking.extend(grant.licence)
    return lacking
