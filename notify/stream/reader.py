"""One caller's way through the notices: exact, in order, with bounded memory.

A stream keeps a position and nothing else. It takes what follows from its channel, and from the database
where the channel no longer has it: a slow reader falls behind without a queue growing for it.
"""

import asyncio
from collections.abc import AsyncIterator, Sequence
from uuid import UUID

from notify import selectors
from notify.kinds import is_wanted
from notify.stream.database import in_thread
from notify.stream.frames import message_of
from notify.stream.hub import Channel

_PAGE = 100


async def frames(
    channel: Channel, organisation_id: UUID, position: int, kinds: Sequence[str], *, patience_seconds: float
) -> AsyncIterator[bytes | None]:
    """What comes after ``position``, in order, without gap or repetition.

    Yields:
        The bytes of one event that is wanted, or None when nothing came for ``patience_seconds`` or a page
        held nothing that is wanted: a moment to see to other things.
    """
    while True:
        changed = channel.changed  # before looking: what comes while we look sets this one
        if position < channel.floor:
            floor = channel.floor
            notices = await in_thread(selectors.notices_for, organisation_id, position, _PAGE)
            batch = [message_of(notice) for notice in notices]
            # the last page: nothing up to the floor as it was is missing
            reached = floor if len(batch) < _PAGE else 0
        else:
            batch = [message for message in channel.kept if message.position > position]
            reached = 0
        for message in batch:
            position = message.position
            if is_wanted(message.kind, kinds):
                yield message.frame
        position = max(position, reached)
        if batch:
            yield None
        elif position >= channel.floor:
            try:
                await asyncio.wait_for(changed.wait(), patience_seconds)
            except TimeoutError:
                yield None
