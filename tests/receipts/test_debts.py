"""A farm that takes frames and never says what became of them is stopped; one that answers is not."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.conf import settings as django_settings

from receipts import services
from receipts.models import Lease, Quota, ReceiptDebt
from tests import factories
from tests.receipts.conftest import Farm, make_farm

pytestmark = pytest.mark.django_db

LIFE, GRACE, OVERDUE = 300, 600, 1500
RAN_OUT = LIFE + GRACE + 5
Clock = Callable[..., None]


def codes(farm: Farm, **changes: Any) -> list[str]:
    """The reasons of a check; nothing for a permit."""
    found: list[str] = farm.check(**changes).json()["reason_codes"]
    return found


def end(farm: Farm, lease: str) -> Any:
    return farm.client.post(f"/api/v1/render/leases/{lease}/end", headers=farm.headers).json()


@pytest.fixture
def silent(farm: Farm, move_clock: Clock) -> dict[str, Any]:
    """A lease that ran out without a word, long ago: the farm is refused."""
    lease = farm.lease(0, 24)
    move_clock(seconds=RAN_OUT)
    assert services.expire_leases() == 1
    move_clock(seconds=RAN_OUT + OVERDUE + 5)
    assert codes(farm) == ["RECEIPTS_OVERDUE"]
    return lease


def test_default_is_what_receipts_are_due_in_and_the_grace() -> None:
    assert django_settings.RECEIPTS_OVERDUE_SECONDS == OVERDUE == 900 + django_settings.OFFLINE_GRACE_SECONDS


def test_silence_is_refused_only_once_it_is_overdue(farm: Farm, move_clock: Clock, settings: Any) -> None:
    farm.lease(0, 24)
    move_clock(seconds=RAN_OUT)
    services.expire_leases()
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 0
    move_clock(seconds=RAN_OUT + OVERDUE - 10)
    assert codes(farm) == []
    move_clock(seconds=RAN_OUT + OVERDUE + 10)
    assert codes(farm) == ["RECEIPTS_OVERDUE"]
    settings.RECEIPTS_OVERDUE_SECONDS = 2 * OVERDUE
    assert codes(farm) == []


def test_lease_given_back_late_pays_the_debt(farm: Farm, silent: dict[str, Any]) -> None:
    assert end(farm, silent["id"])["state"] == "ENDED"
    assert codes(farm) == []
    assert not ReceiptDebt.objects.exists()


def test_late_receipt_pays_the_debt_although_it_has_no_leave(farm: Farm, silent: dict[str, Any]) -> None:
    answer = farm.send([farm.row(silent["id"], 3)]).json()
    assert (answer["unauthorised"], answer["accepted"]) == (1, 0)
    assert codes(farm) == []


def test_receipt_that_another_organisation_makes_up_pays_nothing(
    farm: Farm, silent: dict[str, Any], move_clock: Clock
) -> None:
    vendor = factories.make_vendor()
    other = make_farm(production=farm.token.production, vendors=[vendor], credential_of=vendor)
    assert other.send([farm.row(silent["id"], 3)]).json()["unauthorised"] == 1
    assert codes(farm) == ["RECEIPTS_OVERDUE"]


def test_node_that_died_does_not_stop_a_farm_that_reports(farm: Farm, move_clock: Clock) -> None:
    farm.lease(0, 24)
    other = farm.lease(100, 109)
    farm.send([farm.row(other["id"], n) for n in range(100, 110)])
    move_clock(seconds=RAN_OUT)
    assert services.expire_leases() == 2
    move_clock(seconds=RAN_OUT + OVERDUE + 5)
    assert codes(farm) == []


def test_lease_that_reported_failures_alone_was_not_silent(farm: Farm, move_clock: Clock) -> None:
    lease = farm.lease(0, 24)
    farm.send([farm.row(lease["id"], 0, outcome="FAILED")])
    move_clock(seconds=RAN_OUT)
    services.expire_leases()
    assert Lease.objects.get(uid=lease["id"]).units_used == 0
    assert not ReceiptDebt.objects.exists()


def test_lease_given_back_in_time_and_one_that_a_hold_closed_owe_nothing(
    farm: Farm, move_clock: Clock
) -> None:
    from licensing import services as licensing

    end(farm, farm.lease(0, 24)["id"])
    closed = farm.lease(0, 24)
    hold = licensing.place_hold(
        principal=factories.decider_of(farm.token.request),
        covers="token",
        covered_id=farm.token.pk,
        reason="PAYMENT_HOLD",
        why="Unpaid.",
    )
    farm.client.post(f"/api/v1/render/leases/{closed['id']}/heartbeat", headers=farm.headers)
    licensing.lift_hold(principal=factories.decider_of(farm.token.request), hold_id=hold.pk)
    move_clock(seconds=RAN_OUT)
    services.expire_leases()
    move_clock(seconds=RAN_OUT + OVERDUE + 5)
    assert codes(farm) == []


def test_silence_stops_its_own_key_under_its_own_licence_alone(farm: Farm, silent: dict[str, Any]) -> None:
    colleague = Farm(farm.token, *factories.make_credential(farm.token.licensee))
    assert codes(colleague) == []
    assert (
        codes(Farm(make_farm(production=farm.token.production).token, farm.credential, farm.proof_key)) == []
    )


def test_check_of_a_farm_that_owes_nothing_looks_once(farm: Farm, django_assert_num_queries: Any) -> None:
    from common import clock
    from receipts.services.debts import receipts_overdue

    farm.lease()
    with django_assert_num_queries(1):
        overdue = receipts_overdue(token_jti=farm.token.pk, credential_id=farm.credential.pk, now=clock.now())
    assert overdue is False
