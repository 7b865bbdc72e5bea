"""Training licences, as this floor may know of them: by an answer that the house gives at its start.

Licences live beside this floor and the two do not see each other. ``trustmark`` brings the answer (``join``); until
it did, a grant that rests on a training licence does not hold: fail closed.
"""

from collections.abc import Callable
from datetime import datetime
from typing import TypeAlias
from uuid import UUID

from trustcore.policy.reasons import DenyReason

Answer: TypeAlias = Callable[[UUID, UUID, datetime], tuple[DenyReason, ...]]
"""Licence, its holder, the time: why it does not allow to train with scripts; empty: it does."""

_answers: list[Answer] = []


def join(answer: Answer) -> None:
    """Ask ``answer`` from now on."""
    _answers[:] = [answer]


def licence_lacks(jti: UUID, organisation_id: UUID, at: datetime) -> tuple[DenyReason, ...]:
    """Why a training licence does not let its holder train with scripts now; empty: it does."""
    if not _answers:
        return (DenyReason.TRAINING_NOT_GRANTED,)
    return _answers[0](jti, organisation_id, at)
