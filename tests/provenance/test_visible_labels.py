"""A profile may ask for a label before a large platform shows the work: the delivery is held until it is on record."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import DatabaseError, transaction
from django.test import Client

from accounts.principals import Principal
from audit.models import Event
from common import clock
from common.errors import InvalidInput
from provenance.distribution import distribution_of
from provenance.models import Asset, VisibleLabelRecord
from tests import factories
from tests.farm import Farm
from tests.provenance.test_assets_api import URL, released, upload
from trustcore.policy.profiles import catalogue

pytestmark = pytest.mark.django_db
LAW, STRUCK = "CN_AIGC_LABEL@1", "CA_AB2655@1"
PLATFORM = ("CLIPS_SOCIAL_ORGANIC", "SVOD")


@pytest.fixture(autouse=True)
def mark_secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


def adopt(desk: Principal, ref: str) -> None:
    factories.adopt_profile(desk, ref)


def farm_for(channels: tuple[str, ...], *, law: str = LAW) -> Farm:
    """Frames under a licence whose guild has the law in force."""
    guild = factories.make_guild()
    adopt(factories.make_desk(guild, "ADMIN"), law)
    token, credential, key = factories.make_live_token(
        factories.make_production(guild=guild), channels=channels
    )
    farm = Farm(token, credential, key)
    farm.render(0, 4)
    return farm


def delivered(farm: Farm, film: Path) -> tuple[Asset, dict[str, str]]:
    owner = factories.bearer(farm.credential)
    told = upload(Client(), farm, owner, film).json()
    return released(told["id"], film), owner


def say(asset: Asset, headers: dict[str, str], **body: Any) -> Any:
    return Client().post(
        f"{URL}/{asset.pk}/labels", json.dumps(body), content_type="application/json", headers=headers
    )


@pytest.mark.req("GP-024")
def test_a_delivery_to_a_large_platform_is_held_until_the_label_is_on_record(short_clip: Path) -> None:
    asset, owner = delivered(farm_for(PLATFORM), short_clip)
    client = Client()
    held = client.get(f"{URL}/{asset.pk}/content", headers=owner)
    assert (held.status_code, held.json()["code"]) == (409, "VISIBLE_LABEL_MISSING")
    assert held.json()["asked"][0]["profile"] == LAW
    assert client.get(f"{URL}/{asset.pk}/labels", headers=owner).json()["is_held"] is True
    for wrong, status, code in (
        ({"label": "TEXT", "place": "IN_PICTURE"}, 422, "WORDS_MISSING"),
        ({"label": "NONE", "place": "IN_PICTURE"}, 422, "FIELDS_INVALID"),
        ({"label": "TEXT", "place": "IN_PICTURE", "words": "a\u202eb"}, 422, "LABEL_INVALID"),
    ):
        answer = say(asset, owner, **wrong)
        assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.get(f"{URL}/{asset.pk}/content", headers=owner).status_code == 409
    made = say(asset, owner, label="TEXT", place="IN_PICTURE", words="Made with AI")
    assert (made.status_code, made.json()["is_held"], made.json()["missing"]) == (201, False, [])
    row = made.json()["labels"][0]
    assert (row["words"], row["asset_sha256"], row["through"]) == ("Made with AI", asset.sha256, "farm")
    assert client.get(f"{URL}/{asset.pk}/content", headers=owner).status_code == 200
    event = Event.objects.get(kind="asset.label_recorded")
    assert (event.object_id, event.details["label"]) == (str(asset.pk), "TEXT")


@pytest.mark.req("GP-024")
def test_what_a_profile_does_not_cover_and_what_was_struck_down_holds_nothing(short_clip: Path) -> None:
    asset, owner = delivered(farm_for(("THEATRICAL",)), short_clip)
    told = Client().get(f"{URL}/{asset.pk}/labels", headers=owner).json()
    assert (told["is_held"], told["asked"]) == (False, [])
    assert Client().get(f"{URL}/{asset.pk}/content", headers=owner).status_code == 200
    desk = factories.make_desk(factories.make_guild(), "ADMIN")
    with pytest.raises(InvalidInput, match="PROFILE_STRUCK_DOWN"):
        adopt(desk, STRUCK)
    assert catalogue()[STRUCK].rules == ()
    # the rule is dated: a day before it came into force it asked for nothing
    platform, _ = delivered(farm_for(PLATFORM), short_clip)
    begins = catalogue()[LAW].in_force.begins
    assert begins is not None
    before = clock.now() - (clock.now().date() - begins + timedelta(days=1))
    assert distribution_of(platform).is_held
    assert not distribution_of(platform, at=before).is_held


def test_a_label_of_another_file_does_not_count_and_none_is_changed(short_clip: Path) -> None:
    asset, owner = delivered(farm_for(PLATFORM), short_clip)
    say(asset, owner, label="ICON", place="BY_PLAYER")
    assert not distribution_of(asset).is_held
    asset.sha256 = "0" * 64  # not the file that the label was said of
    assert distribution_of(asset).is_held
    for change in (
        lambda: VisibleLabelRecord.objects.update(words="changed"),
        lambda: VisibleLabelRecord.objects.all().delete(),
    ):
        with pytest.raises(DatabaseError), transaction.atomic():
            change()


def test_strangers_see_no_labels_and_who_only_oversees_records_none(short_clip: Path) -> None:
    farm = farm_for(PLATFORM)
    asset, _owner = delivered(farm, short_clip)
    stranger = factories.bearer(factories.make_credential(factories.make_studio())[0])
    assert Client().get(f"{URL}/{asset.pk}/labels", headers=stranger).status_code == 404
    assert say(asset, stranger, label="ICON", place="BESIDE").status_code == 404
    house = farm.token.production.guild
    assert house is not None
    guild = factories.bearer(factories.make_credential(house)[0])
    assert Client().get(f"{URL}/{asset.pk}/labels", headers=guild).json()["is_held"] is True
    refused = say(asset, guild, label="ICON", place="BESIDE")
    assert (refused.status_code, refused.json()["code"]) == (403, "LABEL_BY_DELIVERER")
    assert VisibleLabelRecord.objects.count() == 0
