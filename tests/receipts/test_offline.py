"""Work without the server: signed leases, and receipts that come when it is over, within bounds and beyond."""

from __future__ import annotations

import threading
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.conf import settings
from django.core.checks import run_checks
from django.db import connection
from django.test import Client

from common import clock
from receipts import services
from receipts.models import Lease, OfflineReckoning, Quota, UnauthorisedFrame
from tests.receipts.conftest import Farm, make_farm, revoke
from trustcore.encoding import parse_json_strict
from trustcore.errors import InvalidToken
from trustcore.lease import verify_decision, verify_lease
from trustcore.offline import open_gate
from trustcore.signing import keys_from_jwks

pytestmark = pytest.mark.django_db


def keys(name: str) -> Any:
    """A published key set, as a node fetches it."""
    answer = Client().get(f"/.well-known/{name}.json")
    assert answer["Content-Type"] == "application/jwk-set+json"
    assert "max-age=300" in answer["Cache-Control"]
    return keys_from_jwks(parse_json_strict(answer.content))


def read_lease(text: str, farm: Farm) -> Any:
    return verify_lease(
        text,
        keys=keys("decision-jwks"),
        issuer=settings.BASE_URL,
        audience=f"urn:trustmark:client:{farm.credential.pk}",
    )


def granted(farm: Farm) -> int:
    return Quota.objects.get(token_jti=farm.token.pk, counter="frames").granted


def at(moment: datetime) -> str:
    return clock.rfc3339(moment)


def frames(farm: Farm, lease: str, numbers: range, *, begun: datetime, each: float = 1.0) -> list[Any]:
    """Rows of frames rendered one after the other from ``begun`` on, ``each`` seconds a frame."""
    return [
        farm.row(
            lease,
            number,
            started_at=at(begun + timedelta(seconds=k * each)),
            finished_at=at(begun + timedelta(seconds=(k + 1) * each)),
        )
        for k, number in enumerate(numbers)
    ]


def codes(answer: Any) -> list[str | None]:
    return [row["code"] for row in answer.json()["rows"]]


# -- what is signed


@pytest.mark.req("BX-011")
def test_permit_is_signed_as_a_lease_that_opens_the_gate_of_its_node_alone(farm: Farm) -> None:
    jws = farm.jws()
    answer = farm.check(token=jws).json()
    lease = read_lease(answer["signature"], farm)
    assert (lease.jti, lease.dec) == (answer["lease"]["id"], answer["decision_id"])
    assert (lease.first, lease.last, lease.tok) == (0, 24, str(farm.token.pk))
    assert lease.exp == int(datetime.fromisoformat(answer["lease"]["expires_at"]).timestamp())
    assert (lease.off.seconds, lease.off.frames) == (600, 100)
    assert list(lease.obl) == answer["obligations"]
    gate = open_gate(
        jws,
        answer["signature"],
        token_keys=keys("jwks"),
        decision_keys=keys("decision-jwks"),
        issuer=settings.BASE_URL,
        now=lease.iat,
    )
    assert gate.may_begin(24, now=lease.exp + 599, after_end=99).allowed
    assert not gate.may_begin(24, now=lease.exp + 600, after_end=99).allowed
    stranger = make_farm()
    with pytest.raises(InvalidToken, match="another client"):
        read_lease(answer["signature"], stranger)


def test_refusal_is_signed_with_its_reasons(farm: Farm) -> None:
    answer = farm.check(render_territory="BR").json()
    assert answer["lease"] is None
    signed = verify_decision(answer["signature"], keys=keys("decision-jwks"), issuer=settings.BASE_URL)
    assert list(signed.rsn) == answer["reason_codes"] == ["TERRITORY_DENIED"]
    assert (signed.dec, signed.out) == (answer["decision_id"], "DENY")
    with pytest.raises(InvalidToken):
        verify_decision(answer["signature"], keys=keys("jwks"), issuer=settings.BASE_URL)


def test_keys_of_tokens_and_of_leases_are_published_apart(farm: Farm) -> None:
    farm.lease()
    assert not keys("jwks").keys() & keys("decision-jwks").keys()
    with pytest.raises(InvalidToken, match="no key of this id"):
        verify_lease(farm.check().json()["signature"], keys=keys("jwks"), issuer=settings.BASE_URL)


def test_question_asked_again_is_signed_the_same(farm: Farm) -> None:
    jws = farm.jws()
    body = {"requested_at": at(clock.now())}
    first = farm.check(token=jws, key="k1", **body).json()
    again = farm.check(token=jws, key="k1", **body).json()
    assert again["lease"]["id"] == first["lease"]["id"]
    assert again["signature"] == first["signature"]


def test_heartbeat_signs_the_lease_as_it_was_extended_and_ends_without_one(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    answer = farm.check().json()
    move_clock(seconds=200)
    beat = farm.client.post(
        f"/api/v1/render/leases/{answer['lease']['id']}/heartbeat", headers=farm.headers
    ).json()
    first, second = read_lease(answer["signature"], farm), read_lease(beat["signature"], farm)
    assert second.exp == int(datetime.fromisoformat(beat["expires_at"]).timestamp()) >= first.exp + 199
    assert (second.jti, second.dec, second.cst, second.obl, second.cnf) == (
        first.jti, first.dec, first.cst, first.obl, first.cnf,
    )  # fmt: skip
    revoke(farm.token)
    ended = farm.client.post(
        f"/api/v1/render/leases/{answer['lease']['id']}/heartbeat", headers=farm.headers
    ).json()
    assert (ended["state"], ended["signature"]) == ("ENDED", None)


def test_grace_in_the_lease_stops_at_the_window(farm: Farm, move_clock: Callable[..., None]) -> None:
    move_clock(days=89, hours=23, minutes=52)
    lease = read_lease(farm.check().json()["signature"], farm)
    row = Lease.objects.get(uid=lease.jti)
    assert lease.exp + lease.off.seconds <= row.window_ends_at.timestamp() < lease.exp + 600


# -- reconciliation


@pytest.mark.req("BX-011")
def test_frames_rendered_offline_are_reconciled_on_return_and_the_quota_is_debited_again(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    move_clock(days=2)
    services.expire_leases()
    assert granted(farm) == 0, "nobody came back in time: all of it was given back"
    rows = frames(farm, lease["id"], range(5), begun=end - timedelta(seconds=2))
    assert codes(farm.send(rows)) == [None] * 5
    assert granted(farm) == 5
    assert codes(farm.send(rows)) == [None] * 5, "told again, counted once"
    assert granted(farm) == 5
    reckoned = OfflineReckoning.objects.get(lease__uid=lease["id"])
    assert (reckoned.frames, reckoned.debited) == (3, 5), "two were finished before the end"
    told = farm.client.post(f"/api/v1/render/leases/{lease['id']}/heartbeat", headers=farm.headers).json()
    assert told["settled"] == {"units_reserved": 25, "units_used": 5, "units_returned": 20}
    assert told["signature"] is None


@pytest.mark.req("BX-011", "ST-007")
def test_what_exceeded_the_bound_is_recorded_as_such_and_never_dropped(
    farm: Farm, move_clock: Callable[..., None], settings: Any
) -> None:
    settings.OFFLINE_GRACE_FRAMES = 3
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    move_clock(seconds=3600)
    inside = frames(farm, lease["id"], range(5), begun=end + timedelta(seconds=10))
    beyond = frames(farm, lease["id"], range(10, 12), begun=end + timedelta(seconds=600))
    answer = farm.send([*reversed(inside), *beyond])
    assert codes(answer) == ["OFFLINE_GRACE_EXCEEDED"] * 2 + [None] * 3 + ["OFFLINE_GRACE_EXCEEDED"] * 2
    assert (answer.json()["accepted"], answer.json()["unauthorised"]) == (3, 4)
    noted = UnauthorisedFrame.objects.filter(lease_uid=lease["id"])
    assert sorted(noted.values_list("frame", "code")) == [
        (frame, "OFFLINE_GRACE_EXCEEDED") for frame in (3, 4, 10, 11)
    ]
    later = frames(farm, lease["id"], range(20, 21), begun=end + timedelta(seconds=5))
    assert codes(farm.send(later)) == ["OFFLINE_GRACE_EXCEEDED"], "a second batch meets the same count"


def test_each_absence_has_a_grace_of_its_own(
    farm: Farm, move_clock: Callable[..., None], settings: Any
) -> None:
    settings.OFFLINE_GRACE_FRAMES = 3
    lease = farm.lease(0, 24)
    move_clock(seconds=400)
    first = frames(farm, lease["id"], range(4), begun=clock.now() - timedelta(seconds=50))
    assert codes(farm.send(first)) == [None] * 3 + ["OFFLINE_GRACE_EXCEEDED"]
    beat = farm.client.post(f"/api/v1/render/leases/{lease['id']}/heartbeat", headers=farm.headers).json()
    assert beat["state"] == "ACTIVE"
    move_clock(seconds=400 + 400)
    second = frames(farm, lease["id"], range(10, 14), begun=clock.now() - timedelta(seconds=50))
    assert codes(farm.send(second)) == [None] * 3 + ["OFFLINE_GRACE_EXCEEDED"]


def test_frame_begun_in_time_is_in_bounds_however_long_it_took(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    move_clock(hours=3)
    long = farm.row(
        lease["id"], 0, started_at=at(end + timedelta(seconds=599)), finished_at=at(end + timedelta(hours=2))
    )
    assert codes(farm.send([long])) == [None]


def test_receipts_are_reconciled_for_a_week_and_then_recorded_as_too_late(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    first, second = frames(farm, lease["id"], range(2), begun=end - timedelta(seconds=60))
    move_clock(days=7)
    assert codes(farm.send([first])) == [None]
    move_clock(days=7, seconds=300 + 600 + 5)
    assert codes(farm.send([second])) == ["OFFLINE_GRACE_EXCEEDED"]


def test_frames_for_which_the_quota_has_no_room_any_more_are_unauthorised(
    move_clock: Callable[..., None],
) -> None:
    farm = make_farm(frames_max=30)
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    move_clock(seconds=3600)
    services.expire_leases()
    farm.lease(100, 126)  # 27 of the 30 are taken by others meanwhile
    answer = farm.send(frames(farm, lease["id"], range(5), begun=end + timedelta(seconds=1)))
    assert codes(answer) == [None] * 3 + ["FRAMES_EXHAUSTED"] * 2
    assert granted(farm) == 30
    assert UnauthorisedFrame.objects.filter(code="FRAMES_EXHAUSTED").count() == 2


def test_failed_frames_and_further_takes_cost_nothing(farm: Farm, move_clock: Callable[..., None]) -> None:
    lease = farm.lease(0, 24)
    end = datetime.fromisoformat(lease["expires_at"])
    move_clock(seconds=3600)
    services.expire_leases()
    (row,) = frames(farm, lease["id"], range(1), begun=end + timedelta(seconds=1))
    (failed,) = frames(farm, lease["id"], range(1, 2), begun=end + timedelta(seconds=1))
    answer = farm.send([row, {**row, "take": 2, "outcome": "RERENDER_OF"}, {**failed, "outcome": "FAILED"}])
    assert codes(answer) == [None] * 3
    assert granted(farm) == 1
    assert OfflineReckoning.objects.get().frames == 2, "each take was a render without the server"


def test_lease_given_back_by_its_node_or_ended_by_its_licence_reconciles_nothing(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    given_back, ended = farm.lease(0, 24), farm.lease(30, 40)
    begun = clock.now()
    services.end_lease(principal=farm.principal, uid=uuid.UUID(given_back["id"]))
    revoke(farm.token)
    farm.client.post(f"/api/v1/render/leases/{ended['id']}/heartbeat", headers=farm.headers)
    move_clock(seconds=120)
    rows = [
        *frames(farm, given_back["id"], range(1), begun=begun - timedelta(seconds=30)),
        *frames(farm, ended["id"], range(30, 31), begun=begun - timedelta(seconds=30)),
        *frames(farm, ended["id"], range(31, 32), begun=begun + timedelta(seconds=60)),
    ]
    assert codes(farm.send(rows)) == ["LEASE_ENDED", None, "LEASE_ENDED"]


@pytest.mark.django_db(transaction=True)
def test_batches_at_once_never_pass_grace_or_quota(settings: Any, move_clock: Callable[..., None]) -> None:
    """Eight batches of one settled lease: ten frames of grace and twelve of quota are left, whoever wins."""
    settings.OFFLINE_GRACE_FRAMES = 10
    farm = make_farm(frames_max=100)
    leases = [farm.lease(0, 49), farm.lease(50, 99)]
    end = datetime.fromisoformat(leases[1]["expires_at"])
    move_clock(seconds=3600)
    services.expire_leases()
    farm.lease(200, 287)
    assert granted(farm) == 88
    start, answers, errors = threading.Barrier(8), [], []

    def send(number: int) -> None:
        try:
            begun = end + timedelta(seconds=number)
            rows = frames(farm, leases[0]["id"], range(number * 5, number * 5 + 5), begun=begun, each=0.1)
            rows += frames(
                farm, leases[1]["id"], range(50 + number * 5, 55 + number * 5), begun=begun, each=0.1
            )
            start.wait()
            answers.append(farm.send(rows if number % 2 else rows[::-1]).json())
        except Exception as error:  # noqa: BLE001 - the test reports it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert sum(answer["accepted"] for answer in answers) == 12
    assert sum(answer["unauthorised"] for answer in answers) == 68
    assert granted(farm) == 100
    reckoned = OfflineReckoning.objects.all()
    assert sum(row.debited for row in reckoned) == 12
    assert all(row.frames <= 10 for row in reckoned)


@pytest.mark.parametrize(
    ("name", "value"),
    [("LEASE_LIFE_SECONDS", 8 * 86_400), ("OFFLINE_GRACE_SECONDS", 86_401), ("OFFLINE_GRACE_FRAMES", -1)],
)
def test_system_check_stops_bounds_that_no_lease_can_state(settings: Any, name: str, value: int) -> None:
    assert "receipts.E002" not in {message.id for message in run_checks()}
    setattr(settings, name, value)
    assert "receipts.E002" in {message.id for message in run_checks()}
