"""Suspension and the stop in every process: two real servers, each of which has permitted just before."""

from __future__ import annotations

from pathlib import Path

import httpx
import pytest

from licensing import services as licensing
from tests import factories
from tests.receipts.conftest import Farm, make_farm
from tests.receipts.test_servers import Server, ask, servers

__all__ = ["servers"]  # the fixture of the neighbouring file

pytestmark = pytest.mark.django_db(transaction=True)


def place(farm: Farm, how: str) -> object:
    """What stops the farm; returns what lifts it."""
    talent = farm.token.talent
    if how == "stop":
        desk = factories.desk_of_talent(talent)
        licensing.emergency_stop(principal=desk, talent=talent, reason="Stop.", ends_licences=False)
        return lambda: licensing.lift_emergency_stop(principal=desk, talent=talent)
    desk = factories.decider_of(farm.token.request)
    hold = licensing.place_hold(
        principal=desk, covers="token", covered_id=farm.token.pk, reason="PAYMENT_HOLD", why="Unpaid."
    )
    return lambda: licensing.lift_hold(principal=desk, hold_id=hold.pk)


@pytest.mark.req("ST-062")
@pytest.mark.parametrize(("how", "reason"), [("hold", "PAYMENT_HOLD"), ("stop", "EMERGENCY_STOP")])
def test_both_servers_refuse_the_very_next_check_and_permit_the_one_after_the_lifting(
    servers: list[Server], tmp_path: Path, how: str, reason: str
) -> None:
    farm = make_farm()
    jws = farm.jws()
    for server in (*servers, *servers):  # whatever a process keeps of a licence, it keeps now
        assert ask(server, farm, jws)["decision"] == "ALLOW_WITH_OBLIGATIONS"
    lease = ask(servers[0], farm, jws)["lease"]["id"]
    lift = place(farm, how)
    assert [ask(server, farm, jws)["reason_codes"] for server in servers] == [[reason], [reason]]
    beat = httpx.post(f"{servers[1].url}/api/v1/render/leases/{lease}/heartbeat", headers=farm.headers).json()
    assert (beat["state"], beat["reason_codes"]) == ("ENDED", [reason])
    assert callable(lift)
    lift()
    assert [ask(server, farm, jws)["decision"] for server in servers] == ["ALLOW_WITH_OBLIGATIONS"] * 2
