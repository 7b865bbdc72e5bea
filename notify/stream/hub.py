"""One reader of the notices for all streams of this process.

It sleeps on a ``LISTEN`` connection. A committed event wakes it; it places what waits (so nobody waits for a
beat), reads what is new, keeps the latest of it for each organisation that somebody listens for, and wakes
those streams. What a stream needs from before that, it reads from the database itself. A lost connection costs
nothing but time: the hub goes on after the last position it has read.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from uuid import UUID

import psycopg
from django.db import Error as DatabaseError

from notify import selectors, services
from notify.stream.database import in_thread, listening
from notify.stream.frames import Message, message_of

logger = logging.getLogger(__name__)
KEPT_EACH = 256
_READ_AT_ONCE = 500
# Looks by itself this often too: a wake-up may be lost with a connection.
_LOOK_EVERY_SECONDS = 2.0
_RETRY_SECONDS = 1.0


class Channel:
    """The latest messages of one organisation, for its streams here.

    Attributes:
        floor: everything after this position, up to the hub's, is in ``kept``.
    """

    def __init__(self, floor: int) -> None:
        self.floor = floor
        self.streams = 0
        self.kept: deque[Message] = deque()
        self.changed = asyncio.Event()

    def add(self, message: Message) -> None:
        """Keep ``message``; the oldest goes when there are too many, and the floor rises."""
        self.kept.append(message)
        if len(self.kept) > KEPT_EACH:
            self.floor = self.kept.popleft().position

    def wake(self) -> None:
        """Wake all streams that wait; the next waits on a fresh event."""
        self.changed.set()
        self.changed = asyncio.Event()


class Hub:
    """Reads notices in their order and hands them to the channels."""

    def __init__(self, nudge: Callable[[], None]) -> None:
        """``nudge`` is called in a thread when there is something to deliver by webhook."""
        self.position = 0
        self.is_listening = False
        self.streams = 0
        self._nudge = nudge
        self._nudging: asyncio.Task[None] | None = None
        self._channels: dict[UUID, Channel] = {}

    @asynccontextmanager
    async def channel(self, organisation_id: UUID) -> AsyncIterator[Channel]:
        """The organisation's channel, kept while somebody listens."""
        channel = self._channels.setdefault(organisation_id, Channel(self.position))
        channel.streams += 1
        self.streams += 1
        try:
            yield channel
        finally:
            channel.streams -= 1
            self.streams -= 1
            if not channel.streams:
                del self._channels[organisation_id]

    def streams_of(self, organisation_id: UUID) -> int:
        """How many streams an organisation has here."""
        channel = self._channels.get(organisation_id)
        return channel.streams if channel else 0

    async def run(self) -> None:
        """Read for ever; whatever fails is tried again."""
        while True:
            try:
                await self._listen()
            except (psycopg.Error, DatabaseError, OSError) as error:
                logger.warning("events: the database does not answer: %s", type(error).__name__)
            except Exception:
                logger.exception("events: reading failed")
            self.is_listening = False
            await asyncio.sleep(_RETRY_SECONDS)

    async def _listen(self) -> None:
        async with await listening() as connection:
            if not self.position:
                self.position = await in_thread(selectors.head_position)
            while True:
                await self._look()
                self.is_listening = True
                async for _ in connection.notifies(timeout=_LOOK_EVERY_SECONDS, stop_after=1):
                    pass  # it says only that there is something

    async def _look(self) -> None:
        if await in_thread(services.place_waiting):
            self._start_nudge()
        while True:
            notices = await in_thread(selectors.notices_after, self.position, _READ_AT_ONCE)
            told = set()
            for notice in notices:
                self.position = notice.position
                channel = self._channels.get(notice.organisation_id)
                if channel is not None:
                    channel.add(message_of(notice))
                    told.add(channel)
            for channel in told:
                channel.wake()
            if len(notices) < _READ_AT_ONCE:
                return

    def _start_nudge(self) -> None:
        """Never waited for: a broker that does not answer must not hold up the streams."""
        if self._nudging is None or self._nudging.done():
            self._nudging = asyncio.create_task(self._nudge_in_thread())

    async def _nudge_in_thread(self) -> None:
        with contextlib.suppress(Exception):  # the beat does what a lost nudge leaves undone
            await asyncio.to_thread(self._nudge)
