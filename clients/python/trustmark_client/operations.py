"""What a production or its farm needs, one generator each: it yields calls, is sent answers, returns what they mean.

Nothing here touches a network or sleeps; :class:`~trustmark_client.TrustmarkClient` and
:class:`~trustmark_client.AsyncTrustmarkClient` are the two shells that send the calls.
"""

from __future__ import annotations

import gzip
import uuid
from collections.abc import Callable, Generator, Iterable, Mapping
from typing import Any, TypeVar

import httpx
import msgspec
from msgspec.structs import replace

from trustcore.claims import Confirmation
from trustcore.dpop import make_proof
from trustcore.errors import InvalidToken, TrustError
from trustcore.offline import OfflineGate, open_gate
from trustcore.older import TypeAlias
from trustcore.policy.reasons import DenyReason
from trustcore.signing import jwk_thumbprint, keys_from_jwks
from trustmark_client import clock
from trustmark_client.answers import BatchAnswer, Decision, Lease, LeaseState, Page, TokenHeartbeat
from trustmark_client.asks import Ask, FrameReceipt
from trustmark_client.bounds import Asked
from trustmark_client.errors import LeaseUnverified, LicenceEnded, ServerUnreachable
from trustmark_client.exchange import Call
from trustmark_client.keys import ClientCertificate, ProofKey, Trust

T = TypeVar("T")
Operation: TypeAlias = Generator[Call, httpx.Response, T]
CHECKS, RECEIPTS = "/api/v1/render/checks", "/api/v1/render/receipts"


class Operations:
    """The operations of one key at one server; arguments as the client's."""

    def __init__(
        self,
        base_url: str,
        proof_key: ProofKey | None,
        certificate: ClientCertificate | None,
        trust: Trust | None,
        now: Callable[[], float],
    ) -> None:
        self.base_url = base_url
        self.proof_key, self.certificate, self.now = proof_key, certificate, now
        self._trust = trust

    # -- before: visibility, requests, tokens -----------------------------------------------------------------

    def is_visible(self, talent: str, project: str) -> Operation[dict[str, Any]]:
        body = {"talent": talent, "project": project}
        return (yield from _json(Call("POST", "/api/v1/visibility/check", repeatable=True, json=body)))

    def request_licence(self, body: dict[str, Any], key: str | None) -> Operation[dict[str, Any]]:
        headers = {"Idempotency-Key": key or str(uuid.uuid4())}
        call = Call("POST", "/api/v1/license-requests", lambda: headers, repeatable=True, json=body)
        return (yield from _json(call))

    def licence_request(self, request_id: str) -> Operation[dict[str, Any]]:
        return (yield from _json(Call("GET", f"/api/v1/license-requests/{request_id}")))

    def licences_page(self, path: str) -> Operation[Page]:
        return _read((yield Call("GET", path or "/api/v1/tokens?limit=200")).json(), Page)

    def licence(self, jti: str) -> Operation[dict[str, Any]]:
        return (yield from _json(Call("GET", f"/api/v1/tokens/{jti}")))

    def token_heartbeat(self, jti: str) -> Operation[TokenHeartbeat]:
        call = Call("POST", f"/api/v1/tokens/{jti}/heartbeat", repeatable=True, json={})
        return _read((yield call).json(), TokenHeartbeat)

    def fresh_token(self, jti: str) -> Operation[str]:
        heartbeat = yield from self.token_heartbeat(jti)
        if heartbeat.token is None:
            raise LicenceEnded(jti, heartbeat.state)
        return heartbeat.token

    # -- during: check, lease ---------------------------------------------------------------------------------

    def check(self, ask: Ask, key: str | None) -> Operation[Decision]:
        if self.proof_key is None and self.certificate is None:
            raise ValueError("a check needs the proof key or the certificate that the token is bound to")
        idempotency_key = {"Idempotency-Key": key or str(uuid.uuid4())}

        def headers() -> Mapping[str, str]:
            return self._proof(CHECKS, ask.token) | idempotency_key

        body = ask.body(clock.rfc3339(self.now()))
        asked = Asked()
        answer = yield Call("POST", CHECKS, headers, repeatable=True, json=body)
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
        yield from self.open_lease(lease)  # a permit that nobody signed is none
        return replace(decision, lease=lease)

    def open_lease(self, lease: Lease, jws: str = "") -> Operation[OfflineGate]:
        known = self._trust
        trust = known or (yield from self._fetch_trust())
        try:
            return self._open(lease, jws or lease.jws, trust)
        except InvalidToken as refusal:
            if refusal.reason is not DenyReason.KEY_UNTRUSTED or known is None:
                raise LeaseUnverified(refusal) from refusal
        trust = yield from self._fetch_trust()  # signed with a key that we have not seen: it may be rotated
        try:
            return self._open(lease, jws or lease.jws, trust)
        except InvalidToken as refusal:
            raise LeaseUnverified(refusal) from refusal

    def _open(self, lease: Lease, jws: str, trust: Trust) -> OfflineGate:
        jkt = jwk_thumbprint(self.proof_key.jwk) if self.proof_key else None
        return open_gate(
            lease.token,
            jws,
            token_keys=trust.token_keys,
            decision_keys=trust.decision_keys,
            issuer=self.base_url,
            now=int(self.now()),
            holder=Confirmation(
                jkt=jkt, x5t_s256=self.certificate.thumbprint() if self.certificate else None
            ),
        )

    def fetch_keys(self) -> Operation[None]:
        if self._trust is None:
            yield from self._fetch_trust()

    def _fetch_trust(self) -> Operation[Trust]:
        tokens = (yield Call("GET", "/.well-known/jwks.json")).json()
        decisions = (yield Call("GET", "/.well-known/decision-jwks.json")).json()
        try:
            self._trust = Trust(keys_from_jwks(tokens), keys_from_jwks(decisions))
        except (TrustError, AttributeError) as error:
            raise ServerUnreachable(f"the server's keys cannot be read: {error}") from error
        return self._trust

    def on_lease(self, lease_id: str, verb: str, once_within: float | None = None) -> Operation[LeaseState]:
        path = f"/api/v1/render/leases/{lease_id}/{verb}"
        call = Call(
            "POST", path, lambda: self._proof(path), repeatable=True, once_within=once_within, json={}
        )
        return _read((yield call).json(), LeaseState)

    def beat(self, lease: Lease, seconds: float) -> Operation[tuple[LeaseState, OfflineGate | None]]:
        """One heartbeat, once, within ``seconds``; with the bounds as they were signed anew, if it lives."""
        state = yield from self.on_lease(lease.id, "heartbeat", once_within=seconds)
        if not state.lives:
            return state, None
        return state, (yield from self.open_lease(lease, state.signature or ""))

    # -- after: receipts --------------------------------------------------------------------------------------

    def send_rows(
        self, rows: list[bytes], key: str | None, once_within: float | None
    ) -> Operation[BatchAnswer]:
        said = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "gzip",
            "Idempotency-Key": key or str(uuid.uuid4()),
            "Prefer": "return=minimal",
        }
        answer = yield Call(
            "POST",
            RECEIPTS,
            lambda: self._proof(RECEIPTS) | said,
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
            url=self.base_url + path,
            now=int(self.now()),
            jti=str(uuid.uuid4()),
            access_token=token,
        )
        return {"DPoP": proof}


def rows_of(receipts: Iterable[FrameReceipt]) -> list[bytes]:
    """Receipts as a batch has them."""
    return [msgspec.json.encode(receipt.row()) for receipt in receipts]


def is_licence_of(line: dict[str, Any], project: str) -> bool:
    """Whether a line of the list is a licence of ``project`` that no later one replaced."""
    return line.get("project") == project and line.get("superseded_by") is None


def _json(call: Call) -> Operation[dict[str, Any]]:
    body: dict[str, Any] = (yield call).json()
    return body


def _read(body: Any, shape: type[T]) -> T:
    """Convert an answer strictly; one we cannot read is no answer, and a gate stays closed."""
    try:
        return msgspec.convert(body, shape)
    except msgspec.ValidationError as error:
        raise ServerUnreachable(f"the answer is not a {shape.__name__}: {error}") from error
