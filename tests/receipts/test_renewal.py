"""Frames before and after a renewal: each carries the version of the terms that it was rendered under."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from licensing import services as licensing
from receipts import selectors
from receipts.services import drain_log
from tests import factories
from tests.receipts.conftest import Farm, logged
from trustcore.bundle.ledger import Ledger
from trustcore.receipt import AuthorisedEntry, CheckedEntry, FrameEntry

pytestmark = pytest.mark.django_db


@pytest.mark.req("ST-094")
def test_frames_before_and_after_carry_their_own_version_and_the_old_token_is_denied(
    farm: Farm, move_clock: Callable[..., None]
) -> None:
    old_lease = farm.lease(0, 9)["id"]
    farm.send([farm.row(old_lease, n) for n in range(5)])
    move_clock(days=80)
    old_lease_late = farm.lease(20, 29)["id"]
    old_jws = farm.jws()
    request = licensing.request_renewal(
        principal=factories.make_producer(farm.token.licensee),
        jti=farm.token.pk,
        days=30,
        changes={"scope.frames_max": 3900, "render_territory": ["US"]},
    )
    renewed = Farm(factories.approve(request), farm.credential, farm.proof_key)

    denied = farm.check(token=old_jws).json()
    assert (denied["decision"], denied["reason_codes"]) == ("DENY", ["SUPERSEDED"])
    beat = farm.client.post(f"/api/v1/render/leases/{old_lease_late}/heartbeat", headers=farm.headers).json()
    assert (beat["state"], beat["reason_codes"]) == ("ENDED", ["SUPERSEDED"])
    assert renewed.check(render_territory="GB").json()["reason_codes"] == ["TERRITORY_DENIED"]
    new_lease = renewed.lease(10, 19, render_territory="US")["id"]
    renewed.send([renewed.row(new_lease, n) for n in range(10, 15)])

    production = farm.token.production_id
    checks = {check.decision: check for check in logged(production, CheckedEntry)}
    cited = {frame.frame: checks[frame.check] for frame in logged(production, FrameEntry)}
    versions = {number: (check.jti, check.terms_version) for number, check in cited.items()}
    grants = {(grant.jti, grant.terms_version) for grant in logged(production, AuthorisedEntry)}
    assert {versions[n] for n in range(5)} == {(str(farm.token.pk), 1)}
    assert {versions[n] for n in range(10, 15)} == {(str(renewed.token.pk), 2)}
    assert set(versions.values()) == grants
    assert [c.terms_version for c in logged(production, CheckedEntry)] == [1, 1, 1, 2, 2]
    assert selectors.counts_for_token(renewed.token.pk).frames_max == 3900

    drain_log(production_id=production)
    ledger = Ledger()
    for leaf in selectors.entries_of(production):
        ledger.take(leaf.entry)
    assert ledger.finish().token_versions == 2
