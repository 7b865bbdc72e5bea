"""The asyncio client at a served deployment: the blocking one's answers, beside other tasks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from django.db import connections
from trustmark_client import (
    Ask,
    AsyncTrustmarkClient,
    FrameReceipt,
    LicenceEnded,
    ProofKey,
    ServerRefused,
    ServerUnreachable,
    TrustmarkClient,
)
from trustmark_client.clock import now, rfc3339
from trustmark_client.exchange import Call, Patience, Send, Sleep, exchange

from tests.client.test_gate import Gate
from tests.client.wire import Wire


def ask_of(gate: Gate, **changes: Any) -> Ask:
    asked = {
        "token": (gate.folder / "token.jwt").read_text(), "project": str(gate.token.production_id),
        "shot": "sh010", "use_type": "FACE_RENDER", "render_territory": "GB", "first": 1, "last": 3,
    }  # fmt: skip
    return Ask(**{**asked, **changes})


def client_of(gate: Gate, **options: Any) -> AsyncTrustmarkClient:
    key = ProofKey.read(gate.folder / "proof.pem")
    return AsyncTrustmarkClient(gate.server, (gate.folder / "api.key").read_text(), key, **options)


def revoke_apart(gate: Gate) -> None:
    """Revoke in a thread, and leave no connection of that thread behind."""
    try:
        gate.revoke()
    finally:
        connections.close_all()


def receipts_of(lease: str, frames: range) -> list[FrameReceipt]:
    at = rfc3339(now())
    return [FrameReceipt(lease, frame, f"{frame:064x}", "1" * 64, at, at) for frame in frames]


@pytest.fixture
def gate(far_gate: Gate) -> Gate:
    return far_gate


@pytest.mark.req("ST-054")
@pytest.mark.req("ST-062")
def test_a_permit_is_checked_kept_and_receipted_and_a_refusal_is_an_answer(gate: Gate) -> None:
    async def work() -> tuple[list[str], int, str]:
        async with client_of(gate) as client:
            refused = await client.check(ask_of(gate, render_territory="BR"))
            assert not refused.permitted
            assert refused.lease is None
            decision = await client.check(ask_of(gate))
            assert decision.permitted
            assert decision.lease is not None
            async with await client.keep_lease(decision.lease) as keeper:
                assert keeper.bounds.why_over() == []
                answer = await client.send_receipts(receipts_of(keeper.lease.id, range(1, 4)))
            return refused.reason_codes, answer.accepted, (await client.end_lease(decision.lease.id)).state

    codes, accepted, state = asyncio.run(work())
    assert codes[0] == "TERRITORY_DENIED"
    assert accepted == 3
    assert state != "ACTIVE"
    assert sorted(gate.logged()) == [1, 2, 3]


def test_a_revocation_ends_the_lease_while_the_loop_does_other_things(gate: Gate) -> None:
    told: list[list[str]] = []

    async def work() -> list[str]:
        async with client_of(gate) as client:
            lease = (await client.check(ask_of(gate))).lease
            assert lease is not None
            async with await client.keep_lease(lease, on_end=told.append) as keeper:
                await asyncio.sleep(1.5)
                assert not keeper.ended, "a beat was answered"
                await asyncio.to_thread(revoke_apart, gate)
                return await asyncio.wait_for(keeper.over(), 10)

    codes = asyncio.run(work())
    assert "REVOKED" in codes[0]
    assert told == [codes]
    with pytest.raises(LicenceEnded) as ended:
        asyncio.run(_with(gate, lambda client: client.fresh_token(str(gate.token.pk))))
    assert ended.value.state == "REVOKED"


def test_both_clients_list_the_same_licences_and_fail_alike(gate: Gate) -> None:
    async def listed(client: AsyncTrustmarkClient) -> list[str]:
        return [line["jti"] async for line in client.licences_of(str(gate.token.production_id))]

    found = asyncio.run(_with(gate, listed))
    key = ProofKey.read(gate.folder / "proof.pem")
    with TrustmarkClient(gate.server, (gate.folder / "api.key").read_text(), key) as client:
        assert found == [line["jti"] for line in client.licences_of(str(gate.token.production_id))]
        with pytest.raises(ServerRefused) as blocking:
            client.licence_request("0199a000-0000-7000-8000-00000000dead")
    with pytest.raises(ServerRefused) as awaited:
        asyncio.run(_with(gate, lambda one: one.licence_request("0199a000-0000-7000-8000-00000000dead")))
    assert found == [str(gate.token.pk)]
    assert (awaited.value.status, awaited.value.code) == (blocking.value.status, blocking.value.code)
    assert awaited.value.status == 404


def test_connection_is_kept_and_used_again(gate: Gate, wire: Wire) -> None:

    async def work() -> int:
        async with client_of(gate) as client:
            for _ in range(5):
                await client.token_heartbeat(str(gate.token.pk))
            return len(wire._pairs)

    assert asyncio.run(work()) == 1


def test_wire_that_is_mended_is_waited_for_and_one_that_stays_cut_closes_the_gate(
    gate: Gate, wire: Wire
) -> None:
    patience = Patience(attempts=20, base_seconds=0.1, cap_seconds=0.2)

    async def waited() -> bool:
        async with client_of(gate, patience=patience) as client:
            wire.cut()
            asyncio.get_running_loop().call_later(0.5, wire.mend)
            return (await client.check(ask_of(gate))).permitted

    assert asyncio.run(waited())
    wire.cut()

    async def hurried() -> float:
        begun = time.monotonic()
        async with client_of(gate, patience=patience) as client:
            with client.transport.hurried(0.5), pytest.raises(ServerUnreachable):
                await client.check(ask_of(gate))
        return time.monotonic() - begun

    assert asyncio.run(hurried()) < 3


def test_silent_server_does_not_keep_a_lease_beyond_its_bounds(gate: Gate, wire: Wire) -> None:

    async def work() -> tuple[list[str], float]:
        async with client_of(gate) as client:
            lease = (await client.check(ask_of(gate))).lease
            assert lease is not None
            async with await client.keep_lease(lease) as keeper:
                wire.silence()
                begun = time.monotonic()
                codes = await asyncio.wait_for(keeper.over(), 60)
                return codes, time.monotonic() - begun

    codes, passed = asyncio.run(work())
    assert codes == ["OFFLINE_GRACE_EXCEEDED"]
    assert 3 < passed < 12, "three seconds of lease, four of grace, counted from the last answer"


async def _with(gate: Gate, step: Callable[[AsyncTrustmarkClient], Any]) -> Any:
    async with client_of(gate) as client:
        return await step(client)


# -- what both share, without a network ----------------------------------------------------------------------


def steps_of(call: Call, *heard: httpx.Response | httpx.HTTPError, attempts: int = 3) -> list[str]:
    """What an exchange does as it hears ``heard``, and how it ends."""
    steps = exchange(call, Patience(attempts=attempts, base_seconds=1, cap_seconds=2), "http://s")
    said, answers = [], list(heard)
    try:
        step = next(steps)
        while True:
            if isinstance(step, Sleep):
                assert 0 <= step.seconds <= 2
                said.append("sleep")
                step = steps.send(None)
            else:
                assert isinstance(step, Send)
                said.append("send")
                step = steps.send(answers.pop(0))
    except StopIteration as done:
        return [*said, str(done.value.status_code)]
    except (ServerRefused, ServerUnreachable) as error:
        return [*said, error.code]


def test_only_what_may_be_sent_twice_is_sent_twice() -> None:
    gone, busy, fine = httpx.ConnectError("no route"), httpx.Response(503), httpx.Response(200)
    refused = httpx.Response(422, json={"code": "MALFORMED", "detail": "no"})
    safe, once = Call("POST", "/x", repeatable=True), Call("POST", "/x")
    assert steps_of(safe, gone, busy, fine) == ["send", "sleep", "send", "sleep", "send", "200"]
    assert steps_of(safe, gone, busy, gone) == ["send", "sleep", "send", "sleep", "send", "OFFLINE"]
    assert steps_of(once, gone) == ["send", "OFFLINE"]
    assert steps_of(safe, refused) == ["send", "MALFORMED"]
    assert steps_of(Call("GET", "/x"), busy, fine) == ["send", "sleep", "send", "200"]
    assert steps_of(Call("GET", "/x", once_within=1), busy) == ["send", "OFFLINE"]
    assert steps_of(safe, httpx.Response(404, text="nothing here")) == ["send", "HTTP_404"]
