"""The server's clock steps back an hour in mid-work: nothing that had ended is permitted again, and work goes on."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.test import Client
from trustmark_client.answers import BatchAnswer, RunAnswer
from trustmark_client.asks import FrameReceipt
from trustmark_client.outbox import Outbox, flush_folder

from common import clock
from licensing import services as licensing
from licensing.models import LicenceToken
from licensing.selectors.tokens import effective_state
from receipts import selectors, services
from receipts.inspection import inspect_log
from receipts.models import DpopProofSeen, Lease
from receipts.services.publisher import Publisher
from tests.receipts.conftest import EdgeClient, Farm, make_farm, revoke
from trustcore.offline import open_gate
from trustcore.policy.vocabulary import TokenState
from trustcore.signing import keys_from_jwks
from trustcore.status import INVALID, SUSPENDED, VALID, decode_status_list

pytestmark = pytest.mark.django_db
MoveClock = Callable[..., None]
AHEAD = timedelta(hours=3)  # where the server's clock stands first, before the machine's: so it can step back
BACK = AHEAD - timedelta(hours=1)


@pytest.fixture
def farm(db: None, set_clock: MoveClock) -> Farm:
    """A farm whose checks are answered in front of Django, as in production."""
    set_clock(timedelta())
    farm = make_farm()
    farm.client = EdgeClient()
    set_clock(AHEAD)
    return farm


def reasons(farm: Farm, **changes: Any) -> list[str]:
    codes: list[str] = farm.check(**changes).json()["reason_codes"]
    return codes


def keys(name: str) -> Any:
    return keys_from_jwks(Client().get(f"/.well-known/{name}.json").json())


def status_of(farm: Farm) -> int:
    """What the public status list says of the licence, to a reader whose clock is the server's."""
    token = LicenceToken.objects.get(pk=farm.token.pk)
    listed = decode_status_list(
        Client().get(f"/status-lists/{token.status_list}").content.decode(),
        keys=keys("jwks"),
        uri=f"{django_settings.BASE_URL}/status-lists/{token.status_list}",
        now=int(clock.now().timestamp()),
    )
    return listed.state_at(token.status_index)


def state_of(farm: Farm) -> TokenState:
    return effective_state(LicenceToken.objects.get(pk=farm.token.pk))


def on_lease(farm: Farm, lease: str, verb: str = "heartbeat") -> dict[str, Any]:
    url = f"/api/v1/render/leases/{lease}/{verb}"
    answer: dict[str, Any] = farm.client.post(url, headers=farm.headers).json()
    return answer


def is_in_order(farm: Farm) -> bool:
    report = inspect_log(production_id=farm.token.production_id)
    assert report is not None
    assert report.faults == ()
    return report.covered == report.size


@pytest.mark.req("ST-062")
def test_revoked_licence_stays_revoked_for_checks_leases_lists_and_tokens(
    farm: Farm, set_clock: MoveClock
) -> None:
    jws, lease = farm.jws(), farm.lease(0, 24)["id"]
    assert status_of(farm) == VALID
    revoke(farm.token)
    assert reasons(farm, token=jws) == ["REVOKED"]
    set_clock(BACK)
    assert farm.check(token=jws).json()["lease"] is None
    assert (state_of(farm), status_of(farm)) == (TokenState.REVOKED, INVALID)
    ended = on_lease(farm, lease)
    assert (ended["state"], ended["reason_codes"]) == ("ENDED", ["REVOKED"])
    told = licensing.heartbeat_token(principal=farm.principal, jti=farm.token.pk)
    assert (told.jws, str(told.state)) == (None, "REVOKED")
    set_clock(AHEAD)
    assert reasons(farm, token=jws) == ["REVOKED"]


def test_licence_revoked_by_the_late_clock_is_revoked_by_the_right_one_too(
    farm: Farm, set_clock: MoveClock
) -> None:
    assert farm.check().json()["lease"]
    set_clock(BACK)
    revoke(farm.token)
    assert state_of(farm) is TokenState.REVOKED
    set_clock(AHEAD)
    assert (state_of(farm), status_of(farm)) == (TokenState.REVOKED, INVALID)


def test_licence_that_expired_and_was_settled_does_not_open_again(db: None, set_clock: MoveClock) -> None:
    set_clock(AHEAD)
    farm = make_farm(days=1)
    farm.client = EdgeClient()
    assert farm.check().json()["lease"]
    set_clock(AHEAD + timedelta(days=1))
    licensing.settle_states()
    assert (state_of(farm), status_of(farm)) == (TokenState.EXPIRED, INVALID)
    set_clock(BACK + timedelta(days=1))
    assert licensing.settle_states() == 0
    assert (state_of(farm), status_of(farm)) == (TokenState.EXPIRED, INVALID)
    told = licensing.heartbeat_token(principal=farm.principal, jti=farm.token.pk)
    assert (told.jws, str(told.state)) == (None, "EXPIRED")


def test_lease_that_ran_out_or_was_given_back_does_not_come_to_life(farm: Farm, set_clock: MoveClock) -> None:
    lapsed, returned = farm.lease(0, 24)["id"], farm.lease(100, 124)["id"]
    on_lease(farm, returned, "end")
    over = timedelta(seconds=django_settings.LEASE_LIFE_SECONDS + django_settings.OFFLINE_GRACE_SECONDS + 1)
    set_clock(AHEAD + over)
    assert services.expire_leases() == 1
    set_clock(AHEAD + over - timedelta(hours=1))
    assert services.expire_leases() == 0
    assert on_lease(farm, lapsed)["state"] == "ENDED"
    assert on_lease(farm, returned)["state"] == "ENDED"
    states = dict(Lease.objects.values_list("uid", "state"))
    assert {str(uid): state for uid, state in states.items()} == {lapsed: "EXPIRED", returned: "ENDED"}


def test_lease_of_the_hour_that_comes_again_is_no_longer_than_any_other(
    farm: Farm, set_clock: MoveClock
) -> None:
    """Its end was written by the clock that was ahead; the first heartbeat sets it right."""
    lease = farm.lease(0, 24)["id"]
    set_clock(BACK)
    state = on_lease(farm, lease)
    assert state["state"] == "ACTIVE"
    life = datetime.fromisoformat(state["expires_at"]) - clock.now()
    assert life <= timedelta(seconds=django_settings.LEASE_LIFE_SECONDS)


def test_token_minted_by_the_clock_that_was_ahead_waits_and_a_fresh_one_works_at_once(
    farm: Farm, set_clock: MoveClock
) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    set_clock(BACK)
    assert reasons(farm, token=jws) == ["NOT_YET_VALID"]
    assert farm.check(frame_range={"first": 100, "last": 110}).json()["lease"], "a heartbeat heals it"
    set_clock(AHEAD)
    assert farm.check(token=jws, frame_range={"first": 200, "last": 210}).json()["lease"]


@pytest.mark.req("BX-012")
def test_proof_that_was_used_stays_used_although_its_hour_comes_again(
    farm: Farm, set_clock: MoveClock
) -> None:
    jws = farm.jws()
    proof = farm.proof(jws)
    assert farm.check(token=jws, proof=proof).json()["lease"]
    later = timedelta(seconds=4 * django_settings.CLOCK_SKEW_SECONDS + 1)
    set_clock(AHEAD + later)
    services.forget_old()
    assert reasons(farm, token=jws, proof=proof) == ["CLOCK_SKEW"], "too old by now"
    set_clock(AHEAD + timedelta(seconds=1))
    assert reasons(farm, token=jws, proof=proof) == ["REPLAY"]
    set_clock(AHEAD + later + timedelta(hours=1))
    services.forget_old()
    assert not DpopProofSeen.objects.exists(), "it is not kept for ever either"


def test_proof_made_by_a_right_clock_is_named_as_out_of_step_and_never_permitted(
    farm: Farm, set_clock: MoveClock
) -> None:
    at = int(clock.now().timestamp())
    set_clock(BACK)
    jws = farm.jws()
    assert reasons(farm, token=jws, proof=farm.proof(jws, now=at)) == ["CLOCK_SKEW"]
    set_clock(AHEAD)
    fresh = farm.jws()
    assert farm.check(token=fresh, proof=farm.proof(fresh)).json()["lease"]


def test_belief_of_the_time_before_is_not_believed_after_a_step_back(db: None, set_clock: MoveClock) -> None:
    """A licence that has begun by the clock ahead has not by the one that is right."""
    set_clock(AHEAD)
    farm = make_farm(not_before=clock.now() + timedelta(minutes=30))
    farm.client = EdgeClient()
    set_clock(AHEAD + timedelta(minutes=31))
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    assert status_of(farm) == VALID
    set_clock(AHEAD - timedelta(minutes=29))
    assert farm.check(token=jws, frame_range={"first": 100, "last": 110}).json()["lease"] is None
    assert licensing.heartbeat_token(principal=farm.principal, jti=farm.token.pk).jws is None
    assert status_of(farm) == SUSPENDED


def test_log_goes_on_in_order_and_its_checkpoints_only_grow(farm: Farm, set_clock: MoveClock) -> None:
    publisher = Publisher()
    sizes = []
    for moment in (AHEAD, BACK, AHEAD):
        set_clock(moment)
        lease = farm.lease(1000 * len(sizes), 1000 * len(sizes) + 24)["id"]
        farm.send([farm.row(lease, 1000 * len(sizes) + n) for n in range(25)], query="")
        publisher.turn()
        published = selectors.published_log(farm.token.production_id)
        assert published is not None
        sizes.append(published.size)
        assert is_in_order(farm)
    assert sizes == sorted(set(sizes))


def test_receipts_of_a_farm_whose_clock_is_right_are_refused_by_name_and_taken_when_the_clock_is(
    farm: Farm, set_clock: MoveClock
) -> None:
    lease = farm.lease(0, 24)["id"]
    rows = [farm.row(lease, frame) for frame in range(5)]
    set_clock(BACK)
    told = farm.send(rows, key="k1", query="").json()
    assert (told["refused"], {row["code"] for row in told["rows"]}) == (5, {"CLOCK_SKEW"})
    set_clock(AHEAD)
    assert farm.send(rows, key="k2", query="").json()["accepted"] == 5
    services.publish_log(production_id=farm.token.production_id)
    assert is_in_order(farm)


def test_clients_outbox_keeps_what_is_out_of_step_until_the_clocks_agree(
    farm: Farm, set_clock: MoveClock, tmp_path: Path
) -> None:
    """The real outbox against the real intake: rows wait on disk, and their old key's answer binds nobody."""
    lease = farm.lease(0, 24)["id"]
    path = tmp_path / "outbox" / f"{lease}.ndjson"
    outbox = Outbox(path, batch_rows=4)
    outbox.add([_receipt(farm.row(lease, frame)) for frame in range(10)])
    set_clock(BACK)
    outbox.send(lambda rows, key: _post(farm, rows, key), everything=True)
    outbox.close()
    assert (outbox.counts.accepted, outbox.counts.refused, outbox.counts.out_of_step) == (0, 0, 10)
    still = flush_folder(path.parent, lambda rows, key: _post(farm, rows, key))
    assert (still.accepted, still.out_of_step, path.exists()) == (0, 10, True)
    set_clock(AHEAD)
    done = flush_folder(path.parent, lambda rows, key: _post(farm, rows, key))
    assert (done.accepted, done.refused, done.out_of_step, path.exists()) == (10, 0, 0, False)
    assert selectors.counts_for_token(farm.token.pk).rendered == 10


def test_offline_gate_of_a_node_gains_nothing_by_its_own_clock(farm: Farm) -> None:
    jws = farm.jws()
    answer = farm.check(token=jws).json()
    now = int(clock.now().timestamp())
    gate = open_gate(
        jws,
        answer["signature"],
        token_keys=keys("jwks"),
        decision_keys=keys("decision-jwks"),
        issuer=django_settings.BASE_URL,
        now=now,
    )
    end = gate.lease.exp + gate.lease.off.seconds
    assert gate.may_begin(3, now=now).allowed
    assert not gate.may_begin(3, now=end).allowed
    assert not gate.may_begin(3, now=now - 3600, not_before=end).allowed, "the time it has seen counts"


def _receipt(row: dict[str, Any]) -> FrameReceipt:
    return FrameReceipt(**row)


def _post(farm: Farm, rows: list[bytes], key: str) -> BatchAnswer:
    answer = farm.send(b"".join(row + b"\n" for row in rows), key=key, query="").json()
    runs = [RunAnswer(**run) for run in answer["runs"]]
    return BatchAnswer(
        answer["batch"], answer["accepted"], answer["unauthorised"], answer["refused"], runs, answer["size"]
    )
