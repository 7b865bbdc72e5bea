"""Leases: heartbeat, end, expiry, and a quota that is exact whatever happens at once."""

from __future__ import annotations

import json
import threading
import uuid
from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings
from django.db import IntegrityError, connection, transaction

from receipts import services
from receipts.models import Lease, Quota
from receipts.requests import parse_check
from tests import factories
from tests.receipts.conftest import CHECKS, Farm, make_farm, revoke

pytestmark = pytest.mark.django_db


def beat(farm: Farm, lease: str) -> Any:
    return farm.client.post(f"/api/v1/render/leases/{lease}/heartbeat", headers=farm.headers)


def end(farm: Farm, lease: str) -> Any:
    return farm.client.post(f"/api/v1/render/leases/{lease}/end", headers=farm.headers)


def granted(farm: Farm, counter: str = "frames") -> int:
    return Quota.objects.get(token_jti=farm.token.pk, counter=counter).granted


def test_heartbeat_extends_a_lease_while_its_licence_stands(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease()
    move_clock(seconds=120)
    answer = beat(farm, lease["id"]).json()
    assert (answer["state"], answer["reason_codes"]) == ("ACTIVE", [])
    assert answer["expires_at"] > lease["expires_at"]


def test_lease_never_outlives_the_window(farm: Farm, move_clock: Callable[..., None]) -> None:
    move_clock(days=89, hours=23, minutes=58)
    lease = farm.lease()
    beat(farm, lease["id"])
    row = Lease.objects.get(uid=lease["id"])
    assert row.expires_at <= row.window_ends_at


def test_heartbeat_after_revocation_ends_the_lease_and_says_why(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease(0, 24)
    farm.send([farm.row(lease["id"], 3)])
    revoke(farm.token)
    answer = beat(farm, lease["id"]).json()
    assert (answer["state"], answer["reason_codes"]) == ("ENDED", ["REVOKED"])
    assert beat(farm, lease["id"]).json()["reason_codes"] == ["REVOKED"], "and says so again"
    move_clock(seconds=900)
    services.expire_leases()
    assert granted(farm) == 1, "what was not rendered is no longer taken"
    assert beat(farm, lease["id"]).json()["reason_codes"] == ["REVOKED"]


def test_frames_finished_before_the_revocation_keep_their_leave_and_later_ones_have_none(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease(0, 24)
    finished = farm.row(lease["id"], 3)
    revoke(farm.token)
    beat(farm, lease["id"])
    move_clock(seconds=5)
    answer = farm.send([finished, farm.row(lease["id"], 4)]).json()
    assert [row["code"] for row in answer["rows"]] == [None, "LEASE_ENDED"]
    move_clock(seconds=900)
    again = {**finished, "frame": 5}
    assert farm.send([again]).json()["rows"][0]["code"] == "OFFLINE_GRACE_EXCEEDED"
    services.expire_leases()
    assert Lease.objects.get(uid=lease["id"]).state == Lease.State.ENDED
    assert granted(farm) == 1


def test_ending_a_lease_returns_what_it_did_not_use(farm: Farm) -> None:
    lease = farm.lease(0, 24)
    farm.send([farm.row(lease["id"], n) for n in range(10)])
    assert granted(farm) == 25
    assert end(farm, lease["id"]).json()["state"] == "ENDED"
    assert granted(farm) == 10
    assert end(farm, lease["id"]).json()["state"] == "ENDED"
    assert granted(farm) == 10, "ending twice gives nothing back twice"
    assert Lease.objects.get(uid=lease["id"]).units_used == 10


def test_failed_frames_are_not_used_and_takes_of_one_frame_count_once(farm: Farm) -> None:
    lease = farm.lease(0, 9)
    rows = [farm.row(lease["id"], 0, outcome="FAILED"), farm.row(lease["id"], 1, take=1)]
    farm.send([*rows, farm.row(lease["id"], 1, take=2, outcome="RERENDER_OF")])
    end(farm, lease["id"])
    assert granted(farm) == 1


def test_lease_that_nobody_keeps_expires_after_its_grace(farm: Farm, move_clock: Callable[..., None]) -> None:
    lease = farm.lease(0, 24)
    move_clock(seconds=400)
    assert services.expire_leases() == 0, "the offline grace still runs"
    move_clock(seconds=300 + 600 + 5)
    assert services.expire_leases() == 1
    assert services.expire_leases() == 0
    assert Lease.objects.get(uid=lease["id"]).state == Lease.State.EXPIRED
    assert granted(farm) == 0
    assert beat(farm, lease["id"]).json() == beat(farm, lease["id"]).json()
    assert beat(farm, lease["id"]).json()["reason_codes"] == ["OFFLINE_GRACE_EXCEEDED"]


def test_lease_of_another_organisation_does_not_exist(farm: Farm) -> None:
    lease = farm.lease()
    stranger, _ = factories.make_credential(factories.make_studio())
    for verb in ("heartbeat", "end"):
        path = f"/api/v1/render/leases/{lease['id']}/{verb}"
        answer = farm.client.post(path, headers=factories.bearer(stranger))
        unknown = farm.client.post(
            path.replace(lease["id"], str(uuid.uuid4())), headers=factories.bearer(stranger)
        )
        assert (answer.status_code, answer.json()) == (404, unknown.json())
    assert Lease.objects.get(uid=lease["id"]).state == Lease.State.ACTIVE


def test_database_refuses_an_overdrawn_quota(farm: Farm) -> None:
    farm.lease()
    with pytest.raises(IntegrityError), transaction.atomic():
        Quota.objects.filter(token_jti=farm.token.pk).update(granted=3001)


@pytest.mark.django_db(transaction=True)
def test_twenty_nodes_at_once_never_pass_the_quota() -> None:
    """Every node asks for blocks of 7 until refused; 500 frames are granted and none more."""
    farm = make_farm(frames_max=500)
    jws, results, errors = farm.jws(), [], []
    start = threading.Barrier(20)

    def node(number: int) -> None:
        try:
            start.wait()
            for step in range(6):
                first = number * 1000 + step * 10
                answer = services.check_render(
                    principal=farm.principal,
                    asked=parse_check(
                        _bytes(farm.body(token=jws, frame_range={"first": first, "last": first + 6}))
                    ),
                    proof=farm.proof(jws),
                    method="POST",
                    url=_url(),
                )
                results.append(answer.check)
        except Exception as error:  # noqa: BLE001 - the test reports it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=node, args=(n,)) for n in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(results) == 120
    reserved = sum(check.units_reserved for check in results)
    assert reserved == 497 == granted(farm), "71 blocks of 7 fit into 500"
    refused = [check for check in results if check.units_reserved == 0]
    assert {tuple(check.reasons) for check in refused} == {("FRAMES_EXHAUSTED",)}
    assert sum(lease.units for lease in Lease.objects.filter(token_jti=farm.token.pk)) == 497


@pytest.mark.django_db(transaction=True)
def test_sixteen_nodes_with_one_proof_are_let_in_once() -> None:
    farm = make_farm()
    jws = farm.jws()
    proof, outcomes = farm.proof(jws), []
    start = threading.Barrier(16)

    def node(number: int) -> None:
        try:
            start.wait()
            answer = services.check_render(
                principal=farm.principal,
                asked=parse_check(_bytes(farm.body(token=jws, worker=f"node-{number}"))),
                proof=proof,
                method="POST",
                url=_url(),
            )
            outcomes.append(tuple(answer.check.reasons))
        finally:
            connection.close()

    threads = [threading.Thread(target=node, args=(n,)) for n in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [()] + [("REPLAY",)] * 15
    assert granted(farm) == 25


@pytest.mark.django_db(transaction=True)
def test_frames_that_arrive_while_their_lease_ends_are_never_given_back_too() -> None:
    """A batch and the end of its lease race; whichever wins, quota and receipts agree."""
    farm = make_farm()
    for attempt in range(8):
        lease = farm.lease(attempt * 100, attempt * 100 + 24)
        rows = [farm.row(lease["id"], attempt * 100 + n) for n in range(25)]
        answers: list[dict[str, Any]] = []
        start = threading.Barrier(2)

        def send(
            rows: list[dict[str, Any]] = rows,
            answers: list[Any] = answers,
            start: threading.Barrier = start,
        ) -> None:
            start.wait()
            answers.append(farm.send(rows).json())
            connection.close()

        def stop(lease: dict[str, Any] = lease, start: threading.Barrier = start) -> None:
            start.wait()
            services.end_lease(principal=farm.principal, uid=uuid.UUID(lease["id"]))
            connection.close()

        threads = [threading.Thread(target=send), threading.Thread(target=stop)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        row = Lease.objects.get(uid=lease["id"])
        assert row.units_used == answers[0]["accepted"], "all 25 or none, as the lease remembers"
        assert answers[0]["accepted"] + answers[0]["unauthorised"] == 25
    used = sum(lease.units_used or 0 for lease in Lease.objects.filter(token_jti=farm.token.pk))
    assert granted(farm) == used


def _bytes(body: dict[str, Any]) -> bytes:
    return json.dumps(body).encode()


def _url() -> str:
    return f"{settings.BASE_URL}{CHECKS}"
