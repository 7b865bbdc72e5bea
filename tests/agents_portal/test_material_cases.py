"""The rooms of manifests and takedowns: what they show, who binds, and what is asked before something is lost."""

from __future__ import annotations

import json
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from tests.agents_portal.conftest import Reader
from tests.factories import make_desk
from tests.training.making import House
from tests.training.test_manifests import freeze, make_run
from training.models import Takedown, TrainingAsset, TrainingManifest
from training.services.manifests import release_manifest
from training.services.rights import end_rights
from training.services.runs import ModelAsk, register_models

pytestmark = pytest.mark.django_db
MOST = 12


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def a_model_of(house: House, asset: TrainingAsset, version: str = "1") -> TrainingManifest:
    """A released manifest that a run trained a model on."""
    manifest = freeze(house, asset, name=f"faces-{version}")
    release_manifest(principal=house.counsel, name=str(manifest.pk))
    manifest.refresh_from_db()
    run = make_run(house, manifest, int(version), name="fit faces")
    register_models(
        principal=house.engineer,
        run_id=run.pk,
        asks=[ModelAsk(name="merrow-face", version=version, sha256="a" * 64)],
    )
    return manifest


def asked(**changes: Any) -> dict[str, Any]:
    return {"trigger": "CLAIM", "reason": "The archive says it never signed.", "mode": "real", **changes}


def test_a_manifest_says_whether_a_job_may_train_on_it_now_and_why_not(house: House) -> None:
    asset = house.admit()
    manifest = freeze(house, asset)
    own, counsel = Reader(house.engineer), Reader(house.counsel)
    path = f"/material/manifests/{manifest.pk}/"
    assert "Nobody has released it" in own.page(path)
    assert own.get(f"{path}release/").status_code == 403
    screen = counsel.page(f"{path}release/")
    assert f"Release {manifest.name}?" in screen
    assert "The gate would refuse it now." not in screen
    assert counsel.post(f"{path}release/").status_code == 302
    assert "Every row leads to a source whose right holds at this moment." in counsel.page(path)
    assert "Released" in counsel.page("/material/manifests/")
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Its holder took it back.")
    page = counsel.page(path)
    assert "A job that asks is refused with these reasons." in page
    assert "The rights have ended" in page
    assert "1 row of 1. What came of it is a matter for a takedown." in page
    assert "RIGHTS_ENDED" in page


def test_a_release_that_the_gate_would_refuse_says_so_first_and_is_refused(house: House) -> None:
    asset = house.admit()
    manifest = freeze(house, asset)
    counsel, path = Reader(house.counsel), f"/material/manifests/{manifest.pk}/release/"
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
    assert "The gate would refuse it now." in counsel.page(path)
    assert counsel.post(path).status_code == 409
    manifest.refresh_from_db()
    assert manifest.released_at is None


def test_a_manifest_is_withdrawn_for_a_reason_and_downloaded_as_it_was_frozen(house: House) -> None:
    manifest = a_model_of(house, house.admit())
    counsel, path = Reader(house.counsel), f"/material/manifests/{manifest.pk}/"
    assert "merrow-face" in counsel.page(path)
    assert counsel.post(f"{path}withdraw/", {"reason": ""}).status_code == 422
    assert counsel.post(f"{path}withdraw/", {"reason": "A wrong crop."}).status_code == 302
    assert "A wrong crop." in counsel.page(path)
    answer = counsel.get(f"{path}file/")
    lines = b"".join(answer.streaming_content).splitlines()  # type: ignore[attr-defined]
    assert len(lines) == 1 + manifest.rows
    assert json.loads(lines[0])["payload"]
    assert counsel.post(f"{path}release/").status_code == 409


def test_a_drill_in_the_portal_shows_what_would_go_and_changes_nothing(house: House) -> None:
    asset = house.admit()
    a_model_of(house, asset)
    reader = Reader(house.engineer)
    assert "No takedown yet, and no drill" in reader.page("/material/takedowns/")
    answer = reader.post("/material/takedowns/new/", asked(mode="drill", source=str(asset.source_id)))
    assert answer.status_code == 302
    case = Takedown.objects.get()
    page = reader.page(f"/material/takedowns/{case.pk}/")
    assert "A drill: nothing was changed." in page
    assert "merrow-face 1" in page
    assert f"It reaches {case.reached} things" in page
    assert "To find it all" in page
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"
    sealed = reader.get(f"/material/takedowns/{case.pk}/certificate.json")
    assert json.loads(sealed.content)["payloadType"].startswith("application/vnd.in-toto")
    lines = b"".join(reader.get(f"/material/takedowns/{case.pk}/reach.txt").streaming_content)  # type: ignore[attr-defined]
    assert len(lines.splitlines()) == case.reached


def test_a_real_one_shows_what_it_reaches_before_it_is_opened(house: House) -> None:
    asset = house.admit()
    a_model_of(house, asset)
    reader = Reader(house.counsel)
    told = asked(assets=str(asset.pk), source="")
    first = reader.post("/material/takedowns/new/", told)
    assert first.status_code == 200
    assert b"Take this down now?" in first.content
    assert b"1 manifest" in first.content
    assert b"1 model" in first.content
    assert not Takedown.objects.exists()
    assert reader.post("/material/takedowns/new/", {**told, "sure": "yes"}).status_code == 302
    case = Takedown.objects.get()
    asset.refresh_from_db()
    assert asset.state == "ISOLATED"
    page = reader.page(f"/material/takedowns/{case.pk}/")
    assert "Nothing of it may be used. 2 things are left to do." in page
    assert "Withdrawn" in reader.page("/material/manifests/")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({}, b"Name a source or originals."),
        ({"assets": "reel 9"}, b"One of these is no id."),
        ({"assets": "0", "reason": ""}, b"Say why."),
        ({"assets": "0", "mode": ""}, b"Choose one of both."),
        ({"source": "00000000-0000-0000-0000-000000000000"}, None),
    ],
)
def test_a_case_that_names_nothing_or_no_reason_is_not_opened(
    house: House, changes: dict[str, Any], words: bytes | None
) -> None:
    answer = Reader(house.engineer).post("/material/takedowns/new/", asked(**changes))
    assert answer.status_code == (404 if words is None else 422)
    assert words is None or words in answer.content
    assert not Takedown.objects.exists()


def test_a_page_of_material_offers_to_take_down_what_it_shows(house: House) -> None:
    asset = house.admit()
    onlooker = make_desk(house.organisation, Membership.Role.AUDITOR)
    link = "/material/takedowns/new/?{}={}".format
    pages = {
        f"/material/assets/{asset.pk}/": link("asset", asset.pk),
        f"/material/sources/{asset.source_id}/": link("source", asset.source_id),
    }
    for page, offered in pages.items():
        assert offered in Reader(house.engineer).page(page).links
        assert offered in Reader(house.counsel).page(page).links
        assert offered not in Reader(onlooker).page(page).links
    assert str(asset.pk) in Reader(house.engineer).page(link("asset", asset.pk))


def test_an_original_of_another_house_is_not_found(house: House, stranger: House) -> None:
    foreign = stranger.admit()
    answer = Reader(house.engineer).post("/material/takedowns/new/", asked(assets=str(foreign.pk)))
    assert answer.status_code == 404
    assert not Takedown.objects.exists()


def open_case(house: House) -> Takedown:
    asset = house.admit()
    a_model_of(house, asset)
    reader = Reader(house.engineer)
    assert reader.post("/material/takedowns/new/", asked(assets=str(asset.pk), sure="yes")).status_code == 302
    return Takedown.objects.get()


def test_an_engineer_answers_for_a_model_counsel_removes_and_closes(house: House) -> None:
    case = open_case(house)
    item = case.items.get(kind="MODEL")
    engineer, counsel = Reader(house.engineer), Reader(house.counsel)
    path = f"/material/takedowns/{case.pk}/"
    assert counsel.get(f"{path}items/{item.pk}/").status_code == 403
    for act in ("remove", "close", "call-off"):
        assert engineer.get(f"{path}{act}/").status_code == 403, act
        assert engineer.post(f"{path}{act}/", {"reason": "I say so."}).status_code == 403, act
    assert counsel.post(f"{path}close/").status_code == 409
    assert engineer.post(f"{path}items/{item.pk}/", {"action": "REMOVE", "evidence": "x"}).status_code == 422
    told = {"action": "RETRAIN", "evidence": "Ticket 41", "evidence_sha256": "b" * 64}
    assert engineer.post(f"{path}items/{item.pk}/", {**told, "evidence": ""}).status_code == 422
    assert engineer.post(f"{path}items/{item.pk}/", told).status_code == 302
    assert engineer.post(f"{path}items/{item.pk}/", told).status_code == 409
    assert "Its bytes are deleted from our storage." in counsel.page(f"{path}remove/")
    assert counsel.post(f"{path}remove/").status_code == 302
    assert counsel.post(f"{path}call-off/", {"reason": "Late."}).status_code == 409
    assert counsel.post(f"{path}close/").status_code == 302
    page = counsel.page(path)
    assert "Closed, certified" in page
    assert "Ticket 41" in page
    assert "Retrained without it" in page
    assert counsel.get(f"{path}certificate.json").status_code == 200


def test_a_case_is_called_off_with_a_reason(house: House) -> None:
    case = open_case(house)
    counsel, path = Reader(house.counsel), f"/material/takedowns/{case.pk}/"
    assert counsel.get(f"{path}certificate.json").status_code == 404
    assert counsel.post(f"{path}call-off/", {"reason": ""}).status_code == 422
    assert counsel.post(f"{path}call-off/", {"reason": "They found the contract."}).status_code == 302
    assert "They found the contract." in counsel.page(path)
    assert set(TrainingAsset.objects.values_list("state", flat=True)) == {"ADMITTED"}


def test_to_a_stranger_there_is_no_case_and_no_manifest(house: House, stranger: House) -> None:
    case = open_case(house)
    manifest = TrainingManifest.objects.get()
    item = case.items.get(kind="MODEL")
    own = (
        f"/material/manifests/{manifest.pk}/", f"/material/manifests/{manifest.pk}/file/",
        f"/material/manifests/{manifest.pk}/release/", f"/material/takedowns/{case.pk}/",
        f"/material/takedowns/{case.pk}/reach.txt", f"/material/takedowns/{case.pk}/close/",
        f"/material/takedowns/{case.pk}/items/{item.pk}/",
    )  # fmt: skip
    reader = Reader(stranger.counsel)
    assert {path: reader.get(path).status_code for path in own} == dict.fromkeys(own, 404)
    assert "Claim of use" not in reader.page("/material/takedowns/")


def test_no_room_of_cases_asks_more_with_more_rows(house: House) -> None:
    case = open_case(house)
    manifest = TrainingManifest.objects.get()
    paths = (
        "/material/manifests/", f"/material/manifests/{manifest.pk}/", "/material/takedowns/",
        f"/material/takedowns/{case.pk}/", "/material/takedowns/new/",
    )  # fmt: skip
    reader = Reader(house.counsel)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert reader.get(path).status_code == 200, path
        return len(seen)

    few = {path: count(path) for path in paths}
    for number in range(2, 6):
        asset = house.admit()
        a_model_of(house, asset, str(number))
        Reader(house.engineer).post("/material/takedowns/new/", asked(assets=str(asset.pk), mode="drill"))
    many = {path: count(path) for path in paths}
    assert {path: (few[path], many[path]) for path in paths if many[path] > few[path]} == {}
    # a manifest's page asks the whole release gate: two above the bar (see tests/permissions/test_queries.py)
    above = {f"/material/manifests/{manifest.pk}/": 2}
    assert {path: number for path, number in many.items() if number > MOST + above.get(path, 0)} == {}
