"""Requests and blocks take turns: whoever asks after a block is refused, and a block declines all that was asked before."""

from uuid import UUID

from common.locks import one_at_a_time
from licensing.models import StudioBlock


def is_refused(talent_id: UUID, studio_id: UUID) -> bool:
    """Whether the talent's side takes no requests from the studio; nobody blocks it before the transaction ends.

    MUST be called in a transaction, and before it locks a request. The turn is a lock of its own, since approvals,
    events and stops lock requests before their talent, and a new request is not there to be locked.
    """
    with one_at_a_time(f"requests to {talent_id}"):
        return is_blocked(talent_id, studio_id)


def is_blocked(talent_id: UUID, studio_id: UUID) -> bool:
    """The same of a request that the caller has locked, which a block would have to lock, too."""
    return StudioBlock.objects.filter(talent=talent_id, studio=studio_id, ended_at=None).exists()
