"""Holds and the stop as a farm meets them: the next check, the next heartbeat, the token in its hand."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from accounts.models import Organisation
from licensing import services as licensing
from licensing.models import Hold
from receipts import selectors, services
from receipts.models import EntryKind, Lease, Quota
from receipts.selectors import entries_of
from tests import factories
from tests.receipts.conftest import Farm, logged, make_farm
from trustcore.bundle.ledger import Ledger
from trustcore.receipt import CheckedEntry, ResumedEntry, SuspendedEntry

pytestmark = pytest.mark.django_db


def suspend(farm: Farm, reason: str = "PAYMENT_HOLD") -> Hold:
    """The talent's side places a hold on the farm's licence."""
    return licensing.place_hold(
        principal=factories.decider_of(farm.token.request),
        covers="token",
        covered_id=farm.token.pk,
        reason=reason,
        why="Not paid.",
    )


def resume(farm: Farm, hold: Hold) -> None:
    """And lifts it again."""
    licensing.lift_hold(principal=factories.decider_of(farm.token.request), hold_id=hold.pk)


def stop(farm: Farm, **how: Any) -> None:
    """The talent stops everything."""
    talent = farm.token.talent
    licensing.emergency_stop(principal=factories.desk_of_talent(talent), talent=talent, reason="Stop.", **how)


def beat(farm: Farm, lease: str) -> Any:
    return farm.client.post(f"/api/v1/render/leases/{lease}/heartbeat", headers=farm.headers).json()


def test_hold_is_seen_by_the_very_next_check_and_gone_by_the_one_after_it_is_lifted(farm: Farm) -> None:
    jws = farm.jws()
    assert farm.check(token=jws).json()["lease"]
    hold = suspend(farm)
    answer = farm.check(token=jws).json()
    assert (answer["decision"], answer["reason_codes"]) == ("HOLD", ["PAYMENT_HOLD"])
    assert (answer["lease"], answer["frames_reserved"]) == (None, 0)
    resume(farm, hold)
    assert farm.check(token=jws).json()["lease"], "the same token, without another heartbeat"


def test_hold_does_not_hide_what_else_is_wrong(farm: Farm) -> None:
    jws = farm.jws()
    suspend(farm)
    assert farm.check(token=jws, render_territory="FR").json()["reason_codes"] == [
        "TERRITORY_DENIED",
        "PAYMENT_HOLD",
    ]


def test_stop_is_the_first_reason_and_stops_every_production_at_once(farm: Farm) -> None:
    other = make_farm(talent=farm.token.talent, use_types=("FACE_RENDER",), constructs=("FACE_3D",))
    tokens = farm.jws(), other.jws()
    stop(farm, ends_licences=False)
    for one, jws in zip((farm, other), tokens, strict=True):
        assert one.check(token=jws, render_territory="FR").json()["reason_codes"][0] == "EMERGENCY_STOP"


@pytest.mark.parametrize("how", ["hold", "stop", "stop for good", "change of control"])
def test_lease_ends_at_the_next_heartbeat_with_the_reason_and_keeps_what_was_finished(
    farm: Farm, move_clock: Callable[..., None], how: str
) -> None:
    lease = farm.lease(0, 24)
    finished = farm.row(lease["id"], 3)
    if how == "hold":
        suspend(farm)
    elif how == "change of control":
        Organisation.objects.filter(pk=farm.token.licensee_id).update(control_generation=2)
    else:
        stop(farm, ends_licences=how == "stop for good")
    reason = {"hold": "PAYMENT_HOLD", "change of control": "CHANGE_OF_CONTROL"}.get(how, "EMERGENCY_STOP")
    answer = beat(farm, lease["id"])
    assert (answer["state"], answer["reason_codes"]) == ("ENDED", [reason])
    assert Lease.objects.get(uid=lease["id"]).state == Lease.State.CLOSING
    move_clock(seconds=5)
    rows = farm.send([finished, farm.row(lease["id"], 4)]).json()["rows"]
    assert [row["code"] for row in rows] == [None, "LEASE_ENDED"]
    move_clock(seconds=1000)
    services.expire_leases()
    assert Lease.objects.get(uid=lease["id"]).state == Lease.State.ENDED
    assert Quota.objects.get(token_jti=farm.token.pk).granted == 1


def test_permit_is_not_repeated_while_a_hold_stands(farm: Farm) -> None:
    jws = farm.jws()
    same = {"token": jws, "key": "block-7", "requested_at": farm.body()["requested_at"]}
    assert farm.check(**same).json()["lease"]
    suspend(farm)
    again = farm.check(**same).json()
    assert (again["decision"], again["reason_codes"], again["lease"]) == ("HOLD", ["PAYMENT_HOLD"], None)


def test_log_holds_hold_and_lifting_in_order_and_a_bundle_reads_them(farm: Farm) -> None:
    hold = suspend(farm)
    resume(farm, hold)
    production = farm.token.production_id
    (suspended,) = logged(production, SuspendedEntry)
    (resumed,) = logged(production, ResumedEntry)
    assert suspended.hold == resumed.hold == str(hold.pk)
    kinds = [leaf.kind for leaf in entries_of(production)]
    assert kinds == [EntryKind.AUTHORISED.label, EntryKind.SUSPENDED.label, EntryKind.RESUMED.label]
    ledger = Ledger()
    for leaf in selectors.entries_of(production):
        ledger.take(leaf.entry)
    ledger.finish()
    assert [one["entry"]["t"] for one in ledger.history(str(farm.token.pk))] == [
        "authorised",
        "suspended",
        "resumed",
    ]


def test_strike_reaches_vendors_as_well(db: None) -> None:
    vendor, guild = factories.make_vendor(), factories.make_guild()
    farm = make_farm(
        production=factories.make_production(guild=guild), vendors=[vendor], credential_of=vendor
    )
    jws = farm.jws()
    licensing.place_hold(
        principal=factories.make_desk(guild, "AUDITOR"),
        covers="production",
        covered_id=farm.token.production_id,
        reason="STRIKE_SUSPENSION",
        why="Strike.",
    )
    assert farm.check(token=jws).json()["reason_codes"] == ["STRIKE_SUSPENSION"]
    assert logged(farm.token.production_id, CheckedEntry)[-1].reasons == ("STRIKE_SUSPENSION",)
