"""The client: one method per operation a production or its farm needs."""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, TypeVar

import msgspec
from msgspec.structs import replace

from trustcore.claims import Confirmation
from trustcore.dpop import make_proof
from trustcore.errors import InvalidToken, TrustError
from trustcore.offline import OfflineGate, open_gate
from trustcore.older import Self
from trustcore.policy.reasons import DenyReason
from trustcore.signing import jwk_thumbprint, keys_from_jwks
from trustmark_client import clock
from trustmark_client.answers import BatchAnswer, Decision, Lease, LeaseState, Page, TokenHeartbeat
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.bounds import Asked, OfflineBounds
from trustmark_client.errors import LeaseUnverified, LicenceEnded, ServerUnreachable
from trustmark_client.keys import ClientCertificate, ProofKey, Trust
from trustmark_client.leases import LeaseKeeper
from trustmark_client.transport import Patience, Transport

T = TypeVar("T")


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
        self.transport = Transport(
            base_url.rstrip("/"),
            api_key,
            patience or Patience(),
            tls=certificate.context() if certificate else None,
        )
        self.proof_key = proof_key
        self.certificate = certificate
        self._trust = trust
        self.now = now

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
        return self._post("/api/v1/visibility/check", {"talent": talent, "project": project}, repeatable=True)

    def request_licence(self, body: dict[str, Any], *, key: str | None = None) -> dict[str, Any]:
        """Submit a licence request; ``key`` makes repeating it harmless."""
        return self._post("/api/v1/license-requests", body, key=key or str(uuid.uuid4()))

    def licence_request(self, request_id: str) -> dict[str, Any]:
        """Read a request."""
        return self._get(f"/api/v1/license-requests/{request_id}")

    def licences_of(self, project: str) -> Iterator[dict[str, Any]]:
        """Every licence of a production that this key may see, with its terms, newest first; superseded ones not."""
        path = "/api/v1/tokens?limit=200"
        while path:
            page = _read(self._get(path), Page)
            for line in page.results:
                if line.get("project") == project and line.get("superseded_by") is None:
                    yield self._get(f"/api/v1/tokens/{line.get('jti')}")
            path = page.next_path

    def token_heartbeat(self, jti: str) -> TokenHeartbeat:
        """Fetch a fresh token of the licence, bound to this client's proof key."""
        answer = self._post(f"/api/v1/tokens/{jti}/heartbeat", {}, repeatable=True)
        return _read(answer, TokenHeartbeat)

    def fresh_token(self, jti: str) -> str:
        """The licence's token for this client's next checks.

        Raises:
            LicenceEnded: revoked, expired, suspended or replaced; its ``state`` says which.
        """
        heartbeat = self.token_heartbeat(jti)
        if heartbeat.token is None:
            raise LicenceEnded(jti, heartbeat.state)
        return heartbeat.token

    # -- during: check, lease ---------------------------------------------------------------------------------

    def check(self, ask: Ask, *, key: str | None = None) -> Decision:
        """Ask before rendering. A refusal is an answer with reason codes, not an exception.

        Raises:
            ServerRefused: the question itself is malformed, or the API key is not accepted.
            ServerUnreachable: no answer; nothing may be rendered.
        """
        if self.proof_key is None and self.certificate is None:
            raise ValueError("a check needs the proof key or the certificate that the token is bound to")
        path, idempotency_key = "/api/v1/render/checks", key or str(uuid.uuid4())

        def headers() -> dict[str, str]:
            return self._proof(path, ask.token) | {"Idempotency-Key": idempotency_key}

        body = ask.body(clock.rfc3339(self.now()))
        asked = Asked()
        answer = self.transport.request("POST", path, headers=headers, repeatable=True, json=body)
        decision = _read(answer.json(), Decision)
        if not decision.permitted or decision.lease is None:
            return decision
        lease = replace(
            decision.lease,
            jws=decision.signature,
            token=ask.token,
            asked_wall=asked.wall,
            asked_monotonic=asked.monotonic,
        )
        self.open_lease(lease)  # a permit that nobody signed is none
        return replace(decision, lease=lease)

    def open_lease(self, lease: Lease, jws: str = "") -> OfflineGate:
        """Verify token and lease with the server's keys; what they allow without it.

        Raises:
            LeaseUnverified: they are not the server's, or not for this client's key and certificate.
            ServerUnreachable: its keys could not be fetched.
        """
        known = self._trust
        trust = known or self._fetch_trust()
        try:
            return self._open(lease, jws or lease.jws, trust)
        except InvalidToken as refusal:
            if refusal.reason is not DenyReason.KEY_UNTRUSTED or known is None:
                raise LeaseUnverified(refusal) from refusal
        try:  # signed with a key that we have not seen: it may have been rotated
            return self._open(lease, jws or lease.jws, self._fetch_trust())
        except InvalidToken as refusal:
            raise LeaseUnverified(refusal) from refusal

    def _open(self, lease: Lease, jws: str, trust: Trust) -> OfflineGate:
        jkt = jwk_thumbprint(self.proof_key.jwk) if self.proof_key else None
        return open_gate(
            lease.token,
            jws,
            token_keys=trust.token_keys,
            decision_keys=trust.decision_keys,
            issuer=self.transport.base_url,
            now=int(self.now()),
            holder=Confirmation(
                jkt=jkt, x5t_s256=self.certificate.thumbprint() if self.certificate else None
            ),
        )

    def _fetch_trust(self) -> Trust:
        sets = [
            self.transport.request("GET", f"/.well-known/{name}.json").json()
            for name in ("jwks", "decision-jwks")
        ]
        try:
            self._trust = Trust(*map(keys_from_jwks, sets))
        except (TrustError, AttributeError) as error:
            raise ServerUnreachable(f"the server's keys cannot be read: {error}") from error
        return self._trust

    def lease_heartbeat(self, lease_id: str) -> LeaseState:
        """Keep a lease alive, and learn whether it still is."""
        return self._on_lease(lease_id, "heartbeat")

    def end_lease(self, lease_id: str) -> LeaseState:
        """Give a lease back; frames it reserved and did not use return to the quota."""
        return self._on_lease(lease_id, "end")

    def keep_lease(self, lease: Lease, *, on_end: Callable[[list[str]], None] | None = None) -> LeaseKeeper:
        """Beat for ``lease`` in the background while the ``with`` block runs."""
        asked = Asked(lease.asked_wall, lease.asked_monotonic)
        bounds = OfflineBounds(self.open_lease(lease), asked, now=self.now)
        return LeaseKeeper(self._beat_once, self.open_lease, lease, bounds, on_end=on_end)

    def _beat_once(self, lease_id: str, seconds: float) -> LeaseState:
        return self._on_lease(lease_id, "heartbeat", once_within=seconds)

    # -- after: receipts --------------------------------------------------------------------------------------

    def send_receipts(self, receipts: Iterable[FrameReceipt], *, key: str | None = None) -> BatchAnswer:
        """Send receipts as one batch; with the same ``key`` again it is the same batch."""
        return self.send_rows([msgspec.json.encode(receipt.row()) for receipt in receipts], key=key)

    def send_rows(
        self, rows: list[bytes], *, key: str | None = None, once_within: float | None = None
    ) -> BatchAnswer:
        """Send rows that are encoded already, gzipped, in one NDJSON body; ``once_within`` seconds, or patiently."""
        batch_key = key or str(uuid.uuid4())
        answer = self.transport.request(
            "POST",
            "/api/v1/render/receipts",
            headers=lambda: (
                self._proof("/api/v1/render/receipts")
                | {
                    "Content-Type": "application/x-ndjson",
                    "Content-Encoding": "gzip",
                    "Idempotency-Key": batch_key,
                    "Prefer": "return=minimal",
                }
            ),
            repeatable=True,
            once_within=once_within,
            content=gzip.compress(b"".join(row + b"\n" for row in rows), compresslevel=1),
        )
        return _read(answer.json(), BatchAnswer)

    def _proof(self, path: str, token: str | None = None) -> dict[str, str]:
        """A fresh proof of possession for one POST, as a header; nothing without a proof key."""
        if self.proof_key is None:
            return {}
        proof = make_proof(
            private_key=self.proof_key.private_key,
            method="POST",
            url=self.transport.url(path),
            now=int(self.now()),
            jti=str(uuid.uuid4()),
            access_token=token,
        )
        return {"DPoP": proof}

    def _on_lease(self, lease_id: str, verb: str, *, once_within: float | None = None) -> LeaseState:
        path = f"/api/v1/render/leases/{lease_id}/{verb}"
        answer = self.transport.request(
            "POST", path, headers=lambda: self._proof(path), repeatable=True, once_within=once_within, json={}
        )
        return _read(answer.json(), LeaseState)

    def _get(self, path: str) -> dict[str, Any]:
        body: dict[str, Any] = self.transport.request("GET", path).json()
        return body

    def _post(
        self, path: str, body: dict[str, Any], *, key: str | None = None, repeatable: bool = False
    ) -> dict[str, Any]:
        headers = {"Idempotency-Key": key} if key else {}
        answer = self.transport.request(
            "POST", path, headers=lambda: headers, repeatable=repeatable or key is not None, json=body
        )
        content: dict[str, Any] = answer.json()
        return content


def _read(body: Any, shape: type[T]) -> T:
    """Convert an answer strictly; one we cannot read is no answer, and a gate stays closed."""
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise ServerUnreachable(f"the answer is not a {shape.__name__}: {error}") from error
