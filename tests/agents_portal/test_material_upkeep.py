"""The rooms of upkeep and of other systems: looked at, explained, repaired by an engineer, and who is behind."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agents_portal.upkeep_words import titles
from audit.models import Event
from tests.agents_portal.conftest import Reader
from tests.training.making import House, of_bytes, picture
from tests.training.test_manifests import freeze
from training.models import InspectionLook, TrainingAsset
from training.services.assets import receive_content
from training.services.manifests import release_manifest
from training.services.systems import report_system, states_of
from training.storing import remove
from training.upkeep import CHECKS

pytestmark = pytest.mark.django_db
ROOM, SYSTEMS, MOST = "/material/inspection/", "/material/systems/", 12


@pytest.fixture
def house(settings: Any, tmp_path: Path) -> House:
    settings.LINEAGE_FOLDER = str(tmp_path / "lineage")
    return House()


def stored(house: House) -> TrainingAsset:
    data = picture(81)
    asset = house.admit(**of_bytes(data))
    found = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data)).asset
    assert found is not None
    return found


def queries(reader: Reader, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert reader.get(path).status_code == 200
    return len(seen)


def test_every_check_has_its_words() -> None:
    assert list(titles()) == [one.code for one in CHECKS]


@pytest.mark.req("TP-185")
def test_counsel_looks_and_reads_what_is_wrong_and_an_engineer_repairs_it(house: House) -> None:
    asset = stored(house)
    counsel, engineer = Reader(house.counsel), Reader(house.engineer)
    assert ROOM in counsel.page("/material/readiness/").links
    assert "Nobody has looked yet" in counsel.page(ROOM)
    assert counsel.post(ROOM).status_code == 302
    page = counsel.page(ROOM)
    assert "Everything that was looked at is as it should be." in page
    assert "Not as it should be" not in page
    path = f"{ROOM}original-bytes-missing/repair/"
    assert engineer.post(path).status_code == 409, "there is nothing to repair"
    remove(asset.location)
    assert "is as it should be" in counsel.page(ROOM), "a page shows the last look"
    counsel.post(ROOM)
    page = counsel.page(ROOM)
    assert all(
        one in page
        for one in (
            "1 thing is not as it should be.", "its bytes are not where they were put", str(asset.pk),
            "It is isolated until its bytes are sent again", house.counsel.person.full_name,
        )
    )  # fmt: skip
    assert path not in page.links
    assert (counsel.get(path).status_code, counsel.post(path).status_code) == (403, 403)
    assert path in engineer.page(ROOM).links
    asked = engineer.page(path)
    assert all(one in asked for one in ("Repair this now?", "its bytes are not where they were put"))
    asset.refresh_from_db()
    assert asset.held == "HERE", "asking repairs nothing"
    answer = engineer.post(path)
    assert (answer.status_code, answer["Location"]) == (302, ROOM)
    asset.refresh_from_db()
    assert (asset.held, asset.state) == ("ELSEWHERE", "ISOLATED")
    assert "Everything that was looked at is as it should be." in counsel.page(ROOM)
    assert Event.objects.get(kind="training.repaired").person_id == house.engineer.person.pk
    for name in ("no-such-check", "system-behind"):
        assert engineer.get(f"{ROOM}{name}/repair/").status_code == 404


@pytest.mark.req("TP-105")
def test_a_system_is_shown_in_step_behind_or_holding_something_else(house: House) -> None:
    counsel = Reader(house.counsel)
    assert "No system reports yet" in counsel.page(SYSTEMS)
    manifest = freeze(house, house.admit())
    report_system(principal=house.engineer, system="slurm", told=states_of(house.organisation.pk))
    assert "In step" in counsel.page(SYSTEMS)
    release_manifest(principal=house.counsel, name=manifest.content_id)
    assert "Something moved since" in counsel.page(SYSTEMS)
    unknown = f"sha256:{'0' * 64}"
    told = {manifest.content_id: "FROZEN", unknown: "RELEASED"}
    report_system(principal=house.engineer, system="slurm", told=told)
    page = counsel.page(SYSTEMS)
    assert "Holds something else" in page
    assert f"{SYSTEMS}slurm/" in page.links
    page = counsel.page(f"{SYSTEMS}slurm/")
    assert f"/material/manifests/{manifest.pk}/" in page.links
    assert all(one in page for one in ("Not a manifest of this house", "Frozen", "Not there"))
    assert counsel.get(f"{SYSTEMS}kitsu/").status_code == 404


def test_another_house_sees_none_of_it_and_each_page_takes_few_queries(house: House) -> None:
    counsel, other = Reader(house.counsel), Reader(House().counsel)
    counsel.post(ROOM)
    report_system(principal=house.engineer, system="slurm", told={f"sha256:{'0' * 64}": "FROZEN"})
    assert "Nobody has looked yet" in other.page(ROOM)
    assert "slurm" not in other.page(SYSTEMS)
    assert other.get(f"{SYSTEMS}slurm/").status_code == 404
    paths = (ROOM, SYSTEMS, f"{SYSTEMS}slurm/")
    few = [queries(counsel, path) for path in paths]
    for number in range(30):
        told = {f"sha256:{one:064x}": "RELEASED" for one in range(number)}
        report_system(principal=house.engineer, system="slurm", told=told)
        report_system(principal=house.engineer, system=f"tracker-{number}", told=told)
    counsel.post(ROOM)
    assert [queries(counsel, path) for path in paths] == few
    assert max(few) <= MOST
    assert (
        queries(
            Reader(house.engineer), f"{ROOM}system-behind/repair/".replace("system-behind", "work-stalled")
        )
        <= MOST
    )
    assert InspectionLook.objects.count() == 2
