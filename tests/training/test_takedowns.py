"""Takedowns: opened by a claim or by themselves, contained at once, whole, and certified at the end."""

from __future__ import annotations

import io
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, IntegrityError, transaction

from common import clock, keys
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from common.ids import new_id
from common.storage import blobs
from licensing import services
from tests.factories import approve, desk_of_talent, make_submitted_request, make_training_ask
from tests.training.making import CLEAR, House, of_bytes, picture
from tests.training.test_manifests import freeze, make_ask, make_run, released
from training.gate import policy as gate_policy
from training.models import LineageNode, Takedown, TakedownReach, TrainingAsset
from training.selectors import rules
from training.services import automatic
from training.services.assets import receive_content
from training.services.automatic import open_due_takedowns, open_for_policy, organisations_to_judge
from training.services.manifests import freeze_manifest, release_manifest
from training.services.radius import root_of
from training.services.releasing import may_be_trained_on
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.runs import ModelAsk, register_models
from training.services.takedown_acts import (
    answer_item,
    call_off,
    close_takedown,
    finish_removals,
    remove_material,
)
from training.services.takedown_work import PREDICATE_TYPE, certificate_facts
from training.services.takedowns import TakedownAsk, open_takedown
from trustcore.dsse import verify_statement
from trustcore.encoding import canonical_json, sha256_hex
from trustcore.errors import InvalidEvidence

pytestmark = pytest.mark.django_db(transaction=True)


def claim(house: House, *assets: TrainingAsset, **changes: Any) -> Takedown:
    told = {"trigger": "CLAIM", "reason": "A claim.", "assets": tuple(one.pk for one in assets), **changes}
    return open_takedown(principal=house.engineer, ask=TakedownAsk(**told))


def a_story(house: House) -> dict[str, Any]:
    """An original with bytes, a derivative, a manifest of both, a run, a model; and another original beside it."""
    data = picture(5)
    asset = house.admit(**of_bytes(data))
    receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    asset.refresh_from_db()
    beside = house.admit()
    derivative = house.derive(asset, dataset="crops")
    ask = make_ask(assets=(asset.pk, beside.pk), datasets=(("crops", 1),))
    manifest = freeze_manifest(principal=house.engineer, ask=ask)
    release_manifest(principal=house.counsel, name=manifest.content_id)
    run = make_run(house, manifest)
    (model,) = register_models(
        principal=house.engineer, run_id=run.pk, asks=[ModelAsk(name="faces", version="1", sha256="4" * 64)]
    )
    return {
        "asset": asset,
        "beside": beside,
        "derivative": derivative,
        "manifest": manifest,
        "run": run,
        "model": model,
    }


@pytest.mark.req("TP-025", "TP-147", "TP-217", "TP-213", "TP-005")
def test_a_claim_reaches_everything_below_and_nothing_beside_and_is_contained_at_once(house: House) -> None:
    told = a_story(house)
    case = claim(house, told["asset"])
    reached = set(TakedownReach.objects.filter(takedown=case).values_list("node_id", flat=True))
    below_it = {told[name].node_id for name in ("asset", "derivative", "manifest", "run", "model")}
    assert reached == below_it
    assert case.counts == {"ASSET": 1, "DERIVATIVE": 1, "MANIFEST": 1, "MODEL": 1, "RUN": 1}
    assert case.reached_root == root_of(LineageNode.objects.filter(pk__in=below_it))
    told["asset"].refresh_from_db()
    told["beside"].refresh_from_db()
    told["manifest"].refresh_from_db()
    assert (told["asset"].state, told["beside"].state) == ("ISOLATED", "ADMITTED")
    codes = may_be_trained_on(told["manifest"]).codes
    assert codes == ("ASSET_NOT_ADMITTED", "MANIFEST_WITHDRAWN", "PARENT_REMOVED")
    assert blobs().exists(told["asset"].location)  # contained, not yet removed
    items = {item.kind: item for item in case.items.all()}
    assert (items["MANIFEST"].action, items["ASSET"].action, items["MODEL"].action) == ("WITHDRAW", "", "")
    assert items["MODEL"].choices == ["WITHDRAW", "RETRAIN", "MITIGATE"]
    assert items["MODEL"].owner == house.engineer.person
    assert case.due_at > clock.now() + timedelta(hours=95)


@pytest.mark.req("TP-172", "TP-217")
def test_removal_takes_the_bytes_and_a_case_closes_with_its_certificate_once_everything_is_done(
    house: House, stranger: House
) -> None:
    told = a_story(house)
    case = claim(house, told["asset"])
    with pytest.raises(Forbidden):
        remove_material(principal=house.engineer, takedown_id=case.pk)
    with pytest.raises(NotFound):
        remove_material(principal=stranger.counsel, takedown_id=case.pk)
    place = told["asset"].location
    remove_material(principal=house.counsel, takedown_id=case.pk)
    assert not blobs().exists(place)
    told["derivative"].refresh_from_db()
    assert told["derivative"].removed_at is not None
    with pytest.raises(Conflict) as open_still:
        close_takedown(principal=house.counsel, takedown_id=case.pk)
    assert open_still.value.code == "TAKEDOWN_ITEMS_OPEN"
    item = case.items.get(kind="MODEL")
    told_so = {"evidence": "Run 8 without it.", "evidence_sha256": "9" * 64}
    with pytest.raises(InvalidInput) as unknown:
        answer_item(
            principal=house.engineer, takedown_id=case.pk, item_id=item.pk, action="REMOVE", **told_so
        )
    assert unknown.value.code == "ACTION_UNKNOWN"
    answer_item(principal=house.engineer, takedown_id=case.pk, item_id=item.pk, action="RETRAIN", **told_so)
    closed = close_takedown(principal=house.counsel, takedown_id=case.pk)
    said = verify_statement(bytes(closed.certificate), PREDICATE_TYPE, keys.public_keys("DECISION"))
    assert said.predicate == certificate_facts(closed)
    assert said.digests == {"takedown": sha256_hex(canonical_json(said.predicate))}
    assert {one["action"] for one in said.predicate["items"]} == {"REMOVE", "WITHDRAW", "RETRAIN"}
    changed = bytes(closed.certificate).replace(b'"payload":"', b'"payload":"QUFB', 1)
    with pytest.raises(InvalidEvidence):
        verify_statement(changed, PREDICATE_TYPE, keys.public_keys("DECISION"))
    with pytest.raises(DatabaseError), transaction.atomic():
        Takedown.objects.filter(pk=case.pk).update(reached=1)
    with pytest.raises(DatabaseError), transaction.atomic():
        TakedownReach.objects.filter(takedown=case).delete()


def test_bytes_that_a_crash_left_are_deleted_later_and_bytes_that_another_source_needs_stay(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = a_story(house)
    place = told["asset"].location
    case = claim(house, told["asset"])
    monkeypatch.setattr("training.services.takedown_acts.remove", _killed)
    with pytest.raises(KeyboardInterrupt):
        remove_material(principal=house.counsel, takedown_id=case.pk)
    told["asset"].refresh_from_db()
    assert (told["asset"].state, blobs().exists(place)) == ("REMOVED", True)
    monkeypatch.undo()
    twin = house.admit()
    TrainingAsset.objects.filter(pk=twin.pk).update(location=place, held="HERE")
    assert finish_removals() == 0
    assert blobs().exists(place)
    told["asset"].refresh_from_db()
    assert (told["asset"].location, told["asset"].held) == ("", "GONE")
    remove_material(principal=house.counsel, takedown_id=claim(house, twin).pk)
    assert not blobs().exists(place)


def _killed(_name: str) -> bool:
    raise KeyboardInterrupt


@pytest.mark.req("TP-172")
def test_a_case_is_called_off_while_nothing_was_removed_and_never_after(house: House) -> None:
    told = a_story(house)
    case = claim(house, told["asset"])
    call_off(principal=house.counsel, takedown_id=case.pk, reason="The claim was withdrawn.")
    told["asset"].refresh_from_db()
    assert told["asset"].state == "ADMITTED"
    assert freeze(house, told["asset"], name="again").rows == 1
    second = claim(house, told["asset"])
    remove_material(principal=house.counsel, takedown_id=second.pk)
    with pytest.raises(Conflict) as late:
        call_off(principal=house.counsel, takedown_id=second.pk, reason="Too late.")
    assert late.value.code == "TAKEDOWN_NOT_CONTAINED"


def test_what_two_cases_reach_stays_contained_when_one_is_called_off(house: House) -> None:
    asset = house.admit()
    first, _second = claim(house, asset), claim(house, asset)
    call_off(principal=house.counsel, takedown_id=first.pk, reason="That claim was withdrawn.")
    asset.refresh_from_db()
    assert asset.state == "ISOLATED"


@pytest.mark.req("TP-214", "TP-215", "TP-218")
@pytest.mark.parametrize(
    ("trigger", "zone", "midnight_in_utc"),
    [
        ("RIGHTS_REVOKED", "UTC", 0), ("LICENCE_EXPIRED", "UTC", 24), ("LICENCE_EXPIRED", "Pacific/Kiritimati", 10),
        ("LICENCE_EXPIRED", "Pacific/Pago_Pago", 35),
    ],
)  # fmt: skip
def test_rights_that_end_open_a_case_by_themselves_once(
    house: House, trigger: str, zone: str, midnight_in_utc: int
) -> None:
    source = house.licensed_source()
    asset, other = house.admit(source), house.admit()
    manifest = released(house, asset)
    assert open_due_takedowns() == []
    at = clock.now()
    if trigger == "RIGHTS_REVOKED":
        end_rights(principal=house.counsel, rights_id=asset.rights_id, reason="Taken back.")
        at = clock.now()
    else:
        day = (at + timedelta(days=2)).replace(hour=0, minute=0, second=0, microsecond=0)
        house.rights(source, expires_on=day.date(), time_zone=zone)
        at = day + timedelta(hours=midnight_in_utc)  # the end of that day, where the licence lives
        assert open_due_takedowns(at=at - timedelta(seconds=1)) == []
    (case_id,) = open_due_takedowns(at=at)
    case = Takedown.objects.get(pk=case_id)
    assert (case.trigger, case.opened_by) == (trigger, None)
    asset.refresh_from_db()
    other.refresh_from_db()
    manifest.refresh_from_db()
    assert (asset.state, other.state) == ("ISOLATED", "ADMITTED")
    assert manifest.withdrawn_at is not None
    assert open_due_takedowns(at=at) == []


@pytest.mark.req("TP-215")
def test_rights_that_a_later_version_takes_training_out_of_open_a_case_once(house: House) -> None:
    source = house.licensed_source()
    asset, other = house.admit(source), house.admit()
    assert open_due_takedowns() == []
    house.rights(source, may_train=False)
    (case_id,) = open_due_takedowns()
    assert Takedown.objects.get(pk=case_id).trigger == "RIGHTS_REVOKED"
    asset.refresh_from_db()
    other.refresh_from_db()
    assert (asset.state, other.state) == ("ISOLATED", "ADMITTED")
    assert open_due_takedowns() == []


def test_rights_that_a_later_version_continues_open_nothing(house: House) -> None:
    source = house.source()
    old = house.rights(source)
    house.admit(source)
    house.rights(source)
    end_rights(principal=house.counsel, rights_id=old.pk, reason="Renewed.")
    assert open_due_takedowns() == []


@pytest.mark.req("TP-216")
def test_a_policy_that_admits_less_takes_down_what_it_would_not_admit_and_nothing_else(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    png = house.admit()
    tiff = house.admit(media_type="image/tiff")
    stricter = gate_policy.compile_policy(
        '@id("NO_TIFF") forbid (principal, action, resource) when { context.media_type == "image/tiff" };'
    )
    assert organisations_to_judge() == []
    for room in (automatic, rules):
        monkeypatch.setattr(room, "compile_policy", lambda *_further: stricter)
    assert organisations_to_judge() == [house.organisation.pk]
    case = Takedown.objects.get(pk=open_for_policy(organisation_id=house.organisation.pk))
    assert (case.trigger, case.roots) == ("POLICY_CHANGED", [tiff.node_id])
    png.refresh_from_db()
    tiff.refresh_from_db()
    assert (png.state, tiff.state) == ("ADMITTED", "ISOLATED")
    assert organisations_to_judge() == []


@pytest.mark.req("TP-206", "TP-147")
def test_a_drill_changes_nothing_finds_the_same_and_is_certified_with_its_time(house: House) -> None:
    told = a_story(house)
    drill = claim(house, told["asset"], is_drill=True)
    told["asset"].refresh_from_db()
    told["manifest"].refresh_from_db()
    assert told["asset"].state == "ADMITTED"
    assert may_be_trained_on(told["manifest"]).is_clear
    said = verify_statement(bytes(drill.certificate), PREDICATE_TYPE, keys.public_keys("DECISION"))
    assert (said.predicate["is_drill"], said.predicate["state"]) == (True, "CLOSED")
    assert set(said.predicate["measured"]) == {"radius_ms", "plan_ms", "whole_ms"}
    assert all(one["action"] is None for one in said.predicate["items"])
    real = claim(house, told["asset"])
    assert (real.reached, real.reached_root) == (drill.reached, drill.reached_root)


@pytest.mark.req("TP-187")
def test_a_drill_that_reaches_too_much_blocks_new_classes_until_one_reaches_less(
    house: House, settings
) -> None:
    told = a_story(house)
    settings.DRILL_REACH_MAX = 3
    claim(house, told["asset"], is_drill=True)
    with pytest.raises(Conflict) as broad:
        house.source_class()
    assert broad.value.code == "DRILL_TOO_BROAD"
    claim(house, house.admit(told["beside"].source), is_drill=True)
    with pytest.raises(Conflict):  # a small drill elsewhere says nothing of this one
        house.source_class()
    claim(house, house.admit(told["asset"].source), is_drill=True)
    assert house.source_class().pk


def test_what_is_not_there_and_no_word_of_what_must_go_are_refused(house: House, stranger: House) -> None:
    with pytest.raises(NotFound):
        claim(house, stranger.admit())
    for changes, code in (
        ({}, "TAKEDOWN_EMPTY"),
        ({"trigger": "WHIM"}, "TRIGGER_UNKNOWN"),
        ({"reason": " "}, "REASON_INVALID"),
    ):
        with pytest.raises(InvalidInput) as refused:
            claim(house, **changes)
        assert refused.value.code == code
    assert not Takedown.objects.exists()


def _waiting(house: House) -> TrainingAsset:
    asset = house.admit(house.licensed_source(checks={**CLEAR, "robots": "UNKNOWN"}))
    assert asset.state == "ISOLATED"
    return asset


def test_no_review_and_no_late_bytes_lift_what_a_case_holds(house: House) -> None:
    waiting, data = _waiting(house), picture(6)
    late = house.admit(**of_bytes(data))
    case = claim(house, waiting, late)
    admit = {"review_id": waiting.review.pk, "answer": "ADMIT", "reason": "Fine."}
    with pytest.raises(Conflict) as held:
        answer_review(principal=house.counsel, **admit)
    assert held.value.code == "ASSET_TAKEN_DOWN"
    with pytest.raises(Conflict) as bytes_held:
        receive_content(principal=house.engineer, asset_id=late.pk, stream=io.BytesIO(data))
    assert bytes_held.value.code == "ASSET_TAKEN_DOWN"
    remove_material(principal=house.counsel, takedown_id=case.pk)
    with pytest.raises(Conflict) as removed:
        answer_review(principal=house.counsel, **admit)
    assert removed.value.code == "ASSET_TAKEN_DOWN"


def test_what_a_reviewer_had_admitted_comes_back_when_a_case_is_called_off(house: House) -> None:
    asset = _waiting(house)
    answer_review(principal=house.counsel, review_id=asset.review.pk, answer="ADMIT", reason="Fine.")
    still_waiting = _waiting(house)
    case = claim(house, asset, still_waiting)
    call_off(principal=house.counsel, takedown_id=case.pk, reason="It fell.")
    asset.refresh_from_db()
    still_waiting.refresh_from_db()
    assert (asset.state, still_waiting.state) == ("ADMITTED", "ISOLATED")


def test_nothing_is_made_of_what_lies_below_a_contained_original(house: House) -> None:
    asset = house.admit()
    derivative = house.derive(asset)
    claim(house, asset)
    for parent in (asset, derivative):
        with pytest.raises(Conflict) as refused:
            house.derive(parent)
        assert refused.value.code == "PARENT_NOT_ADMITTED"


def test_a_model_that_a_running_job_reports_later_is_dealt_with_before_a_case_closes(house: House) -> None:
    told = a_story(house)
    case = claim(house, told["asset"])
    remove_material(principal=house.counsel, takedown_id=case.pk)
    for item in case.items.filter(kind="MODEL"):
        answer_item(
            principal=house.engineer, takedown_id=case.pk, item_id=item.pk, action="WITHDRAW", evidence="Gone.",
            evidence_sha256="",
        )  # fmt: skip
    register_models(
        principal=house.engineer,
        run_id=told["run"].pk,
        asks=[ModelAsk(name="faces", version="2", sha256="5" * 64)],
    )
    with pytest.raises(Conflict) as grown:
        close_takedown(principal=house.counsel, takedown_id=case.pk)
    assert grown.value.code == "TAKEDOWN_ITEMS_OPEN"
    late = case.items.get(kind="MODEL", done_at=None)
    assert late.label == "faces 2"
    answer_item(
        principal=house.engineer, takedown_id=case.pk, item_id=late.pk, action="WITHDRAW", evidence="Gone.",
        evidence_sha256="",
    )  # fmt: skip
    closed = close_takedown(principal=house.counsel, takedown_id=case.pk)
    assert (closed.measured["late_nodes"], closed.measured["reached_at_end"]) == (1, case.reached + 1)
    (found_late,) = TakedownReach.objects.filter(takedown=case).exclude(at=None)
    assert (found_late.node.ref, found_late.at > case.created_at) == (late.ref, True)


def test_no_reach_is_written_of_a_node_or_case_that_is_not_there_or_of_another_house(
    house: House, stranger: House
) -> None:
    case = claim(house, house.admit())
    theirs, last = stranger.admit().node_id, LineageNode.objects.order_by("-pk")[0].pk
    for astray in (
        TakedownReach(takedown=case, node_id=theirs),
        TakedownReach(takedown=case, node_id=last + 1),
        TakedownReach(takedown_id=new_id(), node_id=theirs),
    ):
        with pytest.raises(IntegrityError, match="of its own house"), transaction.atomic():
            TakedownReach.objects.bulk_create(
                [TakedownReach(takedown=case, node_id=house.admit().node_id), astray]
            )
    assert TakedownReach.objects.filter(takedown=case).count() == case.reached
    with pytest.raises(IntegrityError), transaction.atomic():  # nor twice
        TakedownReach.objects.create(takedown=case, node_id=case.reach.values_list("node_id", flat=True)[0])
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():  # what it points at stays
        LineageNode.objects.filter(pk=case.roots[0])._raw_delete("default")


@pytest.mark.req("TP-215")
def test_a_talents_licence_that_is_held_takes_nothing_down_and_one_that_is_revoked_does(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(
        automatic, "_AT_ONCE", 1
    )  # those that hold do not stand in the way of those that are over
    render = make_submitted_request()
    approve(render)
    house = House(render.production.organisation)
    talent = desk_of_talent(render.talent)
    tokens, assets = [], []
    for _ in range(2):
        asked = services.submit_training_request(principal=house.producer, ask=make_training_ask(render))
        token = services.approve_training(principal=talent, request_id=asked.pk, terms_hash=asked.terms_hash)
        source = house.source()
        house.rights(source, licence_class="TALENT_TRAINING_LICENCE", training_token=token.pk)
        tokens.append(token)
        assets.append(house.admit(source))
    hold = services.place_hold(
        principal=house.producer, covers="production", covered_id=render.production_id, reason="SUSPENDED",
        why="We need to look at it.",
    )  # fmt: skip
    assert house.ask(assets[0].source).asset is None, "held: the gate lets nothing in"
    assert open_due_takedowns() == []
    services.lift_hold(principal=house.producer, hold_id=hold.pk)
    services.revoke_training(principal=talent, jti=tokens[1].pk, reason="No more.")
    (case_id,) = open_due_takedowns()
    assert Takedown.objects.get(pk=case_id).trigger == "RIGHTS_REVOKED"
    for asset in assets:
        asset.refresh_from_db()
    assert [asset.state for asset in assets] == ["ADMITTED", "ISOLATED"]
