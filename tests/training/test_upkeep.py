"""Look at the house, be told in words what is not as it should be, and repair it; other systems hold what stands here."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from audit.models import Event
from common import clock
from common.errors import Conflict, DomainError, Forbidden, InvalidInput, NotFound
from common.storage import blobs
from tests import factories
from tests.factories import signed_in
from tests.training.making import COMMIT, House, of_bytes, picture
from training import tasks
from training.lineage import index as index_room
from training.lineage.index import keep_snapshot
from training.lineage.snapshot import path_of
from training.models import LineageEvent, MaterialImport, Review, Takedown, TrainingAsset
from training.services.assets import receive_content
from training.services.imports import hand_in_material
from training.services.manifests import ManifestAsk, freeze_manifest, release_manifest, withdraw_manifest
from training.services.rights import end_rights
from training.services.systems import report_system, states_of
from training.services.takedowns import TakedownAsk, open_takedown
from training.storing import remove
from training.upkeep import CHECKS, Finding, inspect, repair

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    settings.LINEAGE_FOLDER = str(tmp_path / "lineage")


def stored(house: House, seed: int = 71) -> TrainingAsset:
    data = picture(seed)
    asset = house.admit(**of_bytes(data))
    found = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data)).asset
    assert found is not None
    return found


def unwell(house: House, **further: Any) -> dict[str, Finding]:
    return {one.code: one for one in inspect(house.counsel, **further) if not one.is_well}


@pytest.mark.req("TP-185")
def test_a_house_that_is_well_is_said_to_be_and_a_look_changes_nothing(house: House) -> None:
    stored(house)
    keep_snapshot(house.organisation.pk)
    before = Event.objects.count()
    found = inspect(house.counsel)
    assert [one.code for one in found] == [check.code for check in CHECKS]
    assert all(one.is_well and one.means and one.repair for one in found)
    assert Event.objects.count() == before
    with pytest.raises(Conflict) as refused:
        repair(principal=house.engineer, code="ORIGINAL_BYTES_MISSING")
    assert refused.value.code == "NOTHING_TO_REPAIR"


@pytest.mark.req("TP-185", "TP-105")
@pytest.mark.parametrize(
    "code",
    [
        "ORIGINAL_BYTES_MISSING", "DERIVATIVE_BYTES_MISSING", "REMOVED_BYTES_LEFT", "LINEAGE_SNAPSHOT_CORRUPT",
        "LINEAGE_SNAPSHOT_BEHIND", "ENDS_NOT_TAKEN_DOWN", "POLICY_NOT_APPLIED",
    ],
)  # fmt: skip
def test_what_is_not_as_the_record_says_is_found_explained_repaired_and_written_down(
    house: House, stranger: House, monkeypatch: pytest.MonkeyPatch, code: str
) -> None:
    asset = stored(house)
    after = BREAKS[code](house, asset, monkeypatch)
    (found,) = unwell(house).values()
    assert (found.code, found.number) == (code, 1)
    assert len(found.means) > 20
    assert len(found.repair) > 20
    assert unwell(stranger) == {}
    with pytest.raises(Forbidden):
        repair(principal=house.counsel, code=code)
    was, now = repair(principal=house.engineer, code=code)
    assert (was.number, now.number, now.is_well) == (1, 0, True)
    assert unwell(house) == {}
    after()
    (told,) = Event.objects.filter(kind="training.repaired")
    assert (told.details["code"], told.details["before"], told.details["after"]) == (code, 1, 0)


def lose_original(house: House, asset: TrainingAsset, _patch: Any) -> Any:
    remove(asset.location)

    def after() -> None:
        asset.refresh_from_db()
        assert (asset.state, asset.held, asset.location) == ("ISOLATED", "ELSEWHERE", "")
        assert Review.objects.filter(asset=asset, answer="").exists()
        again = receive_content(
            principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(picture(71))
        ).asset
        assert again is not None
        assert blobs().exists(again.location)

    return after


def lose_derivative(house: House, asset: TrainingAsset, _patch: Any) -> Any:
    row = house.derive(asset)
    type(row).objects.filter(pk=row.pk).update(held="HERE", location="training/nowhere/at/all")

    def after() -> None:
        row.refresh_from_db()
        assert (row.held, row.removed_at is not None) == ("GONE", True)

    return after


def leave_bytes(_house: House, asset: TrainingAsset, _patch: Any) -> Any:
    TrainingAsset.objects.filter(pk=asset.pk).update(state="REMOVED")
    return lambda: _gone(asset.location)


def _gone(place: str) -> None:
    assert not blobs().exists(place)


def break_copy(house: House, _asset: TrainingAsset, _patch: Any) -> Any:
    keep_snapshot(house.organisation.pk)
    place = path_of(house.organisation.pk)
    data = bytearray(place.read_bytes())
    whole = bytes(data)
    data[-1] ^= 1
    place.write_bytes(bytes(data))
    return lambda: _same(place, whole)


def _same(place: Path, whole: bytes) -> None:
    assert place.read_bytes() == whole


def fall_behind(house: House, _asset: TrainingAsset, patch: pytest.MonkeyPatch) -> Any:
    keep_snapshot(house.organisation.pk)
    house.admit()
    for room in ("training.lineage.index", "training.upkeep"):
        patch.setattr(f"{room}.AT_ONCE", 1)
        patch.setattr(f"{room}.LATER_PACKED", 1)
    return lambda: index_room.keep_snapshot(house.organisation.pk)


def end_it(house: House, asset: TrainingAsset, _patch: Any) -> Any:
    end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")

    def after() -> None:
        assert Takedown.objects.get().trigger == "RIGHTS_REVOKED"
        asset.refresh_from_db()
        assert asset.state == "ISOLATED"

    return after


def rule_anew(house: House, asset: TrainingAsset, _patch: Any) -> Any:
    from tests.training.test_rules import RULES
    from training.services.rules import set_rules

    set_rules(principal=house.counsel, ask=RULES)

    def after() -> None:
        asset.refresh_from_db()
        assert asset.state == "ADMITTED"

    return after


BREAKS = {
    "ORIGINAL_BYTES_MISSING": lose_original, "DERIVATIVE_BYTES_MISSING": lose_derivative,
    "REMOVED_BYTES_LEFT": leave_bytes, "LINEAGE_SNAPSHOT_CORRUPT": break_copy, "LINEAGE_SNAPSHOT_BEHIND": fall_behind,
    "ENDS_NOT_TAKEN_DOWN": end_it, "POLICY_NOT_APPLIED": rule_anew,
}  # fmt: skip


def test_what_an_open_takedown_reaches_is_left_to_it(house: House) -> None:
    asset = stored(house)
    ask = TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,))
    open_takedown(principal=house.counsel, ask=ask)
    asset.refresh_from_db()
    before = (asset.state, asset.held, asset.location)
    remove(asset.location)
    assert "ORIGINAL_BYTES_MISSING" in unwell(house)
    repair(principal=house.engineer, code="ORIGINAL_BYTES_MISSING")
    asset.refresh_from_db()
    assert (asset.state, asset.held, asset.location) == before


@pytest.mark.req("TP-185")
def test_work_that_does_not_move_and_events_that_were_given_up_are_taken_up_again(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    started: list[str] = []
    monkeypatch.setattr(tasks.read_import, "delay", started.append)
    monkeypatch.setattr(tasks.send_lineage_events, "delay", lambda: started.append("events"))
    job, _new = hand_in_material(principal=house.engineer, read=io.BytesIO(b"{}\n").read, length=3)
    event = LineageEvent.objects.create(
        organisation=house.organisation, body={}, due_at=clock.now(), given_up_at=clock.now(), tries=20
    )
    assert set(unwell(house)) == {"LINEAGE_EVENTS_UNSENT"}
    MaterialImport.objects.filter(pk=job.pk).update(moved_at=clock.now() - timedelta(minutes=11))
    found = unwell(house)
    assert found["WORK_STALLED"].examples == (str(job.pk),)
    repair(principal=house.engineer, code="WORK_STALLED")
    repair(principal=house.engineer, code="LINEAGE_EVENTS_UNSENT")
    event.refresh_from_db()
    assert (event.given_up_at, event.tries) == (None, 0)
    assert started == [str(job.pk), "events"]


@pytest.mark.req("TP-105")
def test_a_system_is_in_step_only_if_it_holds_what_stands_here_and_behind_once_that_moves(
    house: House, stranger: House
) -> None:
    ask = ManifestAsk(
        name="faces", code_commit=COMMIT, container_image="image@sha256:1", territory="US", purpose="A test.",
        assets=(house.admit().pk,),
    )  # fmt: skip
    manifest = freeze_manifest(principal=house.engineer, ask=ask)
    engineer = signed_in(house.engineer.person)
    told = engineer.get("/api/v1/training-states").json()
    assert told["manifests"] == {manifest.content_id: "FROZEN"}

    def report(states: dict[str, str]) -> dict[str, Any]:
        answer = engineer.put(
            "/api/v1/training-systems/slurm", {"manifests": states}, content_type="application/json"
        )
        assert answer.status_code == 200
        return dict(answer.json())

    assert report(told["manifests"]) == {"in_step": True, "sha256": told["sha256"], "differences": []}
    assert unwell(house) == {}
    release_manifest(principal=house.counsel, name=manifest.content_id)
    assert unwell(house)["SYSTEM_BEHIND"].examples == ("slurm",)
    assert unwell(stranger) == {}
    with pytest.raises(Conflict) as refused:
        repair(principal=house.engineer, code="SYSTEM_BEHIND")
    assert refused.value.code == "REPAIRED_ELSEWHERE"
    withdraw_manifest(principal=house.counsel, name=manifest.content_id, reason="A claim.")
    # what it believes it may train on is named, and so is what nobody here knows
    bad = report({manifest.content_id: "RELEASED", "sha256:" + "0" * 64: "RELEASED"})
    assert bad["in_step"] is False
    assert {(one["theirs"], one["ours"]) for one in bad["differences"]} == {
        ("RELEASED", "WITHDRAWN"),
        ("RELEASED", ""),
    }
    assert report({})["differences"] == [{"manifest": manifest.content_id, "theirs": "", "ours": "WITHDRAWN"}]
    assert "SYSTEM_BEHIND" in unwell(house)
    assert report(states_of(house.organisation.pk))["in_step"] is True
    assert unwell(house) == {}


def test_who_may_not_and_names_that_are_none_are_refused(house: House) -> None:
    def code(error: type[DomainError], act: Any) -> str:
        with pytest.raises(error) as refused:
            act()
        return str(refused.value.code)

    outsider = factories.make_desk(factories.make_agency(), "LEGAL")
    code(NotFound, lambda: inspect(outsider))
    code(NotFound, lambda: repair(principal=house.engineer, code="NO_SUCH_CHECK"))
    assert code(Forbidden, lambda: report_system(principal=house.counsel, system="slurm", told={}))
    assert (
        code(InvalidInput, lambda: report_system(principal=house.engineer, system="Slurm 1", told={}))
        == "SYSTEM_INVALID"
    )
    bad = {"sha256:1": "OPEN"}
    assert (
        code(InvalidInput, lambda: report_system(principal=house.engineer, system="slurm", told=bad))
        == "STATE_UNKNOWN"
    )
