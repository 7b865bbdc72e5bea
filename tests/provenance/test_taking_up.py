"""A held output goes on by an act of a person, with a reason, once no licence holds it; never by itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from audit.models import Event
from common.errors import DomainError, NotFound
from licensing import services as licensing
from provenance import services
from provenance.models import Asset, AssetState
from provenance.rules import HoldCode
from tests import factories
from tests.farm import Farm, make_farm

pytestmark = pytest.mark.django_db
WHY = "The final review was passed."


@pytest.fixture
def farm() -> Farm:
    farm = make_farm(terms={"approvals": {"checkpoints": ["FINAL"]}})
    farm.render(0, 4)
    return farm


def held(farm: Farm, film: Path) -> Asset:
    asset = services.receive_asset(
        principal=farm.desk, production_id=farm.token.production_id, token_jtis=[farm.token.jti],
        kind="DELIVERABLE", path=film, file_name="reel.mp4",
    )  # fmt: skip
    services.mark_asset(asset.pk)
    return Asset.objects.get(pk=asset.pk)


def refusal(desk: Any, asset: Asset, why: str = WHY) -> DomainError:
    with pytest.raises(DomainError) as refused:
        services.take_up_again(principal=desk, asset_id=asset.pk, why=why)
    return refused.value


def test_output_that_waited_for_the_final_review_goes_on_when_a_deliverer_says_so(
    farm: Farm, silent_clip: Path
) -> None:
    asset = held(farm, silent_clip)
    assert (asset.state, asset.hold_reasons[0]["code"]) == (AssetState.HELD, HoldCode.CHECKPOINT_OPEN)
    producer = factories.make_producer(farm.token.licensee)
    standing = refusal(producer, asset)
    assert (standing.code, standing.extra["reasons"][0]["code"]) == ("STILL_HELD", HoldCode.CHECKPOINT_OPEN)
    talent = factories.desk_of_talent(farm.token.talent)
    licensing.pass_checkpoint(principal=talent, jti=farm.token.pk, checkpoint="FINAL")
    asset.refresh_from_db()
    assert asset.state == AssetState.HELD  # nothing goes out by itself
    assert refusal(producer, asset, " ").code == "WHY_INVALID"
    assert refusal(farm.desk, asset).code == "IN_PERSON"
    assert refusal(talent, asset).code == "ROLE_MISSING"
    assert refusal(factories.make_desk(farm.token.licensee, "LEGAL"), asset).code == "ROLE_MISSING"
    with pytest.raises(NotFound):
        services.take_up_again(
            principal=factories.make_producer(factories.make_studio()), asset_id=asset.pk, why=WHY
        )
    taken = services.take_up_again(principal=producer, asset_id=asset.pk, why=WHY)
    assert (taken.state, taken.hold_reasons) == (AssetState.RECEIVED, [])
    last = asset.events.last()
    assert last is not None
    assert (last.state_before, last.details, last.person) == ("HELD", {"why": WHY}, producer.person)
    assert Event.objects.filter(object_id=str(asset.pk)).last().kind == "asset.received"
    assert refusal(producer, asset).code == "NOT_HELD"


def test_file_at_fault_is_not_taken_up(farm: Farm, silent_clip: Path) -> None:
    asset = held(farm, silent_clip)
    Asset.objects.filter(pk=asset.pk).update(hold_reasons=[{"code": "MARK_NOT_FOUND", "detail": "pixel"}])
    assert refusal(factories.make_producer(farm.token.licensee), asset).code == "FILE_HELD"
