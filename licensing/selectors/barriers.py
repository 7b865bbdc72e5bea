"""Why nobody says yes at a checkpoint yet, or any more.

A yes is taken where it lets something go on: role and script while the licence may still render, the finished work while
what was rendered may still go out. While something pauses the licence, every checkpoint waits.
"""

from collections.abc import Collection
from enum import StrEnum
from typing import Final

from licensing.models import LicenceToken
from licensing.selectors.releases import ended_holding_frames, is_let_go
from licensing.selectors.tokens import hold_reasons_on, state_without_holds
from trustcore.policy.clauses import Checkpoint
from trustcore.policy.reasons import DenyReason
from trustcore.policy.vocabulary import TokenState

BEFORE_THE_WORK: Final = (str(Checkpoint.ROLE), str(Checkpoint.SCRIPT))
_MAY_YET_RENDER: Final = frozenset({TokenState.PENDING_ACTIVATION, TokenState.ACTIVE, TokenState.EXPIRING})
# this hold is what role and script are waited for by
_OF_CHECKPOINTS: Final = str(DenyReason.CONTENT_APPROVAL_REQUIRED)


class Barrier(StrEnum):
    """What stands before a checkpoint.

    ``ENDED``: its yes would open nothing any more; ``PAUSED``: until every other hold is lifted; ``ORDER``: the finished
    work comes after role and script.
    """

    ENDED = "ENDED"
    PAUSED = "PAUSED"
    ORDER = "ORDER"


def barrier_at(token: LicenceToken, checkpoint: str, still_open: Collection[str]) -> Barrier | None:
    """What stands before ``checkpoint`` of a licence, of whose checkpoints ``still_open`` were not passed; None: nothing.

    Reads the licence's holds, and for an ended one what was let go; rows of ``tokens`` know their holds.
    """
    if _opens_nothing(token, checkpoint):
        return Barrier.ENDED
    if any(reason != _OF_CHECKPOINTS for reason in hold_reasons_on(token)):
        return Barrier.PAUSED
    if checkpoint == Checkpoint.FINAL and set(BEFORE_THE_WORK) & set(still_open):
        return Barrier.ORDER
    return None


def _opens_nothing(token: LicenceToken, checkpoint: str) -> bool:
    if checkpoint in BEFORE_THE_WORK:
        return state_without_holds(token) not in _MAY_YET_RENDER
    # run out, used up or replaced: what was rendered still goes out, after its review
    return ended_holding_frames(token) and not is_let_go(token)
