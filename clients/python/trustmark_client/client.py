"""The blocking client: one method per operation a production or its farm needs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any

from trustcore.offline import OfflineGate
from trustcore.older import Self
from trustmark_client import clock
from trustmark_client.answers import BatchAnswer, Decision, Lease, LeaseState, TokenHeartbeat
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.exchange import Patience
from trustmark_client.keys import ClientCertificate, ProofKey, Trust
from trustmark_client.leases import LeaseKeeper, LeaseLife
from trustmark_client.operations import Operations, is_licence_of, rows_of
from trustmark_client.transport import Transport


class TrustmarkClient:
    """A production's or farm's connection to its licence server.

    Args:
        base_url: the server's public origin, without a trailing slash.
        api_key: ``tm_<prefix>_<secret>``.
        proof_key: the Ed25519 pair that the tokens are bound to; only checks need it.
        certificate: the client certificate that they are bound to, instead or as well (mTLS).
        trust: the server's public keys; fetched from it when they are first needed.
        now: seconds since the epoch; proofs carry it.
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
        self.transport = Transport(base_url, api_key, patience or Patience(), tls=tls)
        self._say = Operations(base_url, proof_key, certificate, trust, now)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections."""
        self.transport.http.close()

    # -- before: visibility, requests, tokens -----------------------------------------------------------------

    def is_visible(self, *, talent: str, project: str) -> dict[str, Any]:
        """Ask whether ``talent`` may be approached for ``project``; a hidden talent is a 404 like any other."""
        return self.transport.run(self._say.is_visible(talent, project))

    def request_licence(self, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Submit a licence request; ``key`` makes repeating it harmless."""
        return self.transport.run(self._say.request_licence(body, key))

    def licence_request(self, request_id: str) -> dict[str, Any]:
        """Read a request."""
        return self.transport.run(self._say.licence_request(request_id))

    def licences_of(self, project: str) -> Iterator[dict[str, Any]]:
        """Every licence of a production that this key may see, with its terms, newest first; superseded ones not."""
        page = self.transport.run(self._say.licences_page(""))
        while True:
            for line in page.results:
                if is_licence_of(line, project):
                    yield self.transport.run(self._say.licence(line["jti"]))
            if not page.next_path:
                return
            page = self.transport.run(self._say.licences_page(page.next_path))

    def token_heartbeat(self, jti: str) -> TokenHeartbeat:
        """Fetch a fresh token of the licence, bound to this client's proof key."""
        return self.transport.run(self._say.token_heartbeat(jti))

    def fresh_token(self, jti: str) -> str:
        """The licence's token for this client's next checks.

        Raises:
            LicenceEnded: revoked, expired, suspended or replaced; its ``state`` says which.
        """
        return self.transport.run(self._say.fresh_token(jti))

    # -- during: check, lease ---------------------------------------------------------------------------------

    def check(self, ask: Ask, *, key: str | None = None) -> Decision:
        """Ask before rendering. A refusal is an answer with reason codes, not an exception.

        Raises:
            ServerRefused: the question itself is malformed, or the API key is not accepted.
            ServerUnreachable: no answer; nothing may be rendered.
        """
        return self.transport.run(self._say.check(ask, key))

    def fetch_keys(self) -> None:
        """Fetch the server's public keys if they are not known yet, say while a first check waits for its answer.

        Raises:
            ServerUnreachable: no answer; who needs them next asks again.
        """
        self.transport.run(self._say.fetch_keys())

    def open_lease(self, lease: Lease, jws: str = "") -> OfflineGate:
        """Verify token and lease with the server's keys; what they allow without it.

        Raises:
            LeaseUnverified: they are not the server's, or not for this client's key and certificate.
            ServerUnreachable: its keys could not be fetched.
        """
        return self.transport.run(self._say.open_lease(lease, jws))

    def lease_heartbeat(self, lease_id: str) -> LeaseState:
        """Keep a lease alive, and learn whether it still is."""
        return self.transport.run(self._say.on_lease(lease_id, "heartbeat"))

    def end_lease(self, lease_id: str) -> LeaseState:
        """Give a lease back; frames it reserved and did not use return to the quota."""
        return self.transport.run(self._say.on_lease(lease_id, "end"))

    def keep_lease(self, lease: Lease, *, on_end: Callable[[list[str]], None] | None = None) -> LeaseKeeper:
        """Beat for ``lease`` in the background while the ``with`` block runs."""
        asked = Asked(lease.asked_wall, lease.asked_monotonic)
        bounds = OfflineBounds(self.open_lease(lease), asked, now=self._say.now)
        life = LeaseLife(lease, bounds, on_end)
        return LeaseKeeper(life, lambda seconds: self.transport.run(self._say.beat(lease, seconds)))

    # -- after: receipts --------------------------------------------------------------------------------------

    def send_receipts(self, receipts: Iterable[FrameReceipt], *, key: str | None = None) -> BatchAnswer:
        """Send receipts as one batch; with the same ``key`` again it is the same batch."""
        return self.send_rows(rows_of(receipts), key=key)

    def send_rows(
        self, rows: list[bytes], *, key: str | None = None, once_within: float | None = None
    ) -> BatchAnswer:
        """Send rows that are encoded already, gzipped, in one NDJSON body; ``once_within`` seconds, or patiently."""
        return self.transport.run(self._say.send_rows(rows, key, once_within))
