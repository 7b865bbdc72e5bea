"""Keeping a lease alive beside the other tasks of a loop."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from types import TracebackType

from trustcore.older import Self
from trustmark_client.answers import Lease
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.errors import ClientError
from trustmark_client.leases import WATCH_SECONDS, Beaten, LeaseLife


class AsyncLeaseKeeper:
    """A heartbeat as a task; ``ended`` is set as soon as nothing more may be rendered, ``over`` waits for it.

    A second task watches the bounds while the first waits for an answer. A program that blocks its loop stops both:
    whoever renders in the loop's thread asks ``bounds.why_over()`` before each frame, as it must anyway.
    """

    def __init__(
        self,
        lease: Lease,
        bounds: OfflineBounds,
        beat: Callable[[float], Awaitable[Beaten]],
        on_end: Callable[[list[str]], None] | None = None,
    ) -> None:
        """Nothing runs before ``async with``; ``beat`` sends a heartbeat once, within so many seconds."""
        self._life, self._beat, self._on_end = LeaseLife(lease, bounds, self._heard_the_end), beat, on_end
        self._ended = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def lease(self) -> Lease:
        """The lease that is kept."""
        return self._life.lease

    @property
    def bounds(self) -> OfflineBounds:
        """What it allows without the server."""
        return self._life.bounds

    @property
    def ended(self) -> bool:
        """Whether nothing more may be rendered."""
        return self._life.ended.is_set()

    @property
    def reason_codes(self) -> list[str]:
        """Why it ended."""
        return self._life.reason_codes

    @property
    def is_online(self) -> bool:
        """Whether the server answered when it was last asked."""
        return self._life.is_online

    async def __aenter__(self) -> Self:
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._watch())]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with suppress(asyncio.CancelledError):
                await task

    async def over(self) -> list[str]:
        """Wait until nothing more may be rendered; the reason codes."""
        await self._ended.wait()
        return self.reason_codes

    def _heard_the_end(self, reason_codes: list[str]) -> None:
        self._ended.set()
        if self._on_end is not None:
            self._on_end(reason_codes)

    async def _run(self) -> None:
        life = self._life
        while not life.ended.is_set():
            await asyncio.sleep(life.wait_seconds)
            asked = Asked()
            try:
                life.heard(await self._beat(life.answer_seconds), asked)
            except ClientError as error:
                life.missed(error)

    async def _watch(self) -> None:
        while not self.ended:
            await asyncio.sleep(WATCH_SECONDS)
            self._life.watch()
