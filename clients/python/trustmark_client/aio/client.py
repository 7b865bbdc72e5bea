"""The client on asyncio: the methods of :class:`~trustmark_client.TrustmarkClient`, to be awaited."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable
from types import TracebackType
from typing import Any

from trustcore.offline import OfflineGate
from trustcore.older import Self
from trustmark_client import clock
from trustmark_client.aio.leases import AsyncLeaseKeeper
from trustmark_client.aio.transport import AsyncTransport
from trustmark_client.answers import BatchAnswer, Decision, Lease, LeaseState, TokenHeartbeat
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.exchange import Patience
from trustmark_client.keys import ClientCertificate, ProofKey, Trust
from trustmark_client.leases import Beaten
from trustmark_client.operations import Operations, is_licence_of, rows_of


class AsyncTrustmarkClient:
    """A production's or farm's connection to its licence server, for one event loop.

    Arguments and methods are those of :class:`~trustmark_client.TrustmarkClient`, and so are the errors.
    """

    def __init__(
        self,
        base_url: str,
        api_key: str,
        proof_key: ProofKey | None = None,
        *,
        certificate: ClientCertificate | None = None,
        trust: Trust | None = None,
        now: Callable[[], float] = clock.now,
        patience: Patience | None = None,
    ) -> None:
        """Open nothing yet: the first request connects."""
        base_url = base_url.rstrip("/")
        tls = certificate.context() if certificate else None
        self.transport = AsyncTransport(base_url, api_key, patience or Patience(), tls=tls)
        self._say = Operations(base_url, proof_key, certificate, trust, now)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections."""
        await self.transport.http.aclose()

    # -- before: visibility, requests, tokens -----------------------------------------------------------------

    async def is_visible(self, *, talent: str, project: str) -> dict[str, Any]:
        """Ask whether ``talent`` may be approached for ``project``; a hidden talent is a 404 like any other."""
        return await self.transport.run(self._say.is_visible(talent, project))

    async def request_licence(self, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Submit a licence request; ``key`` makes repeating it harmless."""
        return await self.transport.run(self._say.request_licence(body, key))

    async def licence_request(self, request_id: str) -> dict[str, Any]:
        """Read a request."""
        return await self.transport.run(self._say.licence_request(request_id))

    async def licences_of(self, project: str) -> AsyncIterator[dict[str, Any]]:
        """Every licence of a production that this key may see, with its terms, newest first; superseded ones not."""
        page = await self.transport.run(self._say.licences_page(""))
        while True:
            for line in page.results:
                if is_licence_of(line, project):
                    yield await self.transport.run(self._say.licence(line["jti"]))
            if not page.next_path:
                return
            page = await self.transport.run(self._say.licences_page(page.next_path))

    async def token_heartbeat(self, jti: str) -> TokenHeartbeat:
        """Fetch a fresh token of the licence, bound to this client's proof key."""
        return await self.transport.run(self._say.token_heartbeat(jti))

    async def fresh_token(self, jti: str) -> str:
        """The licence's token for this client's next checks.

        Raises:
            LicenceEnded: revoked, expired, suspended or replaced; its ``state`` says which.
        """
        return await self.transport.run(self._say.fresh_token(jti))

    # -- during: check, lease ---------------------------------------------------------------------------------

    async def check(self, ask: Ask, *, key: str | None = None) -> Decision:
        """Ask before rendering. A refusal is an answer with reason codes, not an exception.

        Raises:
            ServerRefused: the question itself is malformed, or the API key is not accepted.
            ServerUnreachable: no answer; nothing may be rendered.
        """
        return await self.transport.run(self._say.check(ask, key))

    async def open_lease(self, lease: Lease, jws: str = "") -> OfflineGate:
        """Verify token and lease with the server's keys; what they allow without it.

        Raises:
            LeaseUnverified: they are not the server's, or not for this client's key and certificate.
            ServerUnreachable: its keys could not be fetched.
        """
        return await self.transport.run(self._say.open_lease(lease, jws))

    async def lease_heartbeat(self, lease_id: str) -> LeaseState:
        """Keep a lease alive, and learn whether it still is."""
        return await self.transport.run(self._say.on_lease(lease_id, "heartbeat"))

    async def end_lease(self, lease_id: str) -> LeaseState:
        """Give a lease back; frames it reserved and did not use return to the quota."""
        return await self.transport.run(self._say.on_lease(lease_id, "end"))

    async def keep_lease(
        self, lease: Lease, *, on_end: Callable[[list[str]], None] | None = None
    ) -> AsyncLeaseKeeper:
        """Beat for ``lease`` in the background: ``async with await client.keep_lease(lease) as keeper``."""
        asked = Asked(lease.asked_wall, lease.asked_monotonic)
        bounds = OfflineBounds(await self.open_lease(lease), asked, now=self._say.now)

        async def beat(seconds: float) -> Beaten:
            return await self.transport.run(self._say.beat(lease, seconds))

        return AsyncLeaseKeeper(lease, bounds, beat, on_end)

    # -- after: receipts --------------------------------------------------------------------------------------

    async def send_receipts(self, receipts: Iterable[FrameReceipt], *, key: str | None = None) -> BatchAnswer:
        """Send receipts as one batch; with the same ``key`` again it is the same batch."""
        return await self.send_rows(rows_of(receipts), key=key)

    async def send_rows(
        self, rows: list[bytes], *, key: str | None = None, once_within: float | None = None
    ) -> BatchAnswer:
        """Send rows that are encoded already, gzipped, in one NDJSON body; ``once_within`` seconds, or patiently."""
        return await self.transport.run(self._say.send_rows(rows, key, once_within))
