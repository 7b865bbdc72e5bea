"""Later rights that permit less take down what they do not permit any more, and nothing else; ones that permit more, nothing."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, connections, transaction

from audit.models import Event
from common import clock
from common.errors import Conflict
from tests.training.making import CLEAR, House
from tests.training.test_manifests import freeze, make_ask, make_run
from training.models import RightsComparison, Takedown, TakedownReach, TrainingAsset
from training.services import assets
from training.services.gate import judge
from training.services.manifests import freeze_manifest, release_manifest
from training.services.narrowing import open_for_narrower_rights
from training.services.releasing import may_be_trained_on
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.runs import ModelAsk, register_models
from training.services.takedown_acts import call_off, close_takedown, remove_material
from training.services.takedowns import TakedownAsk, open_takedown
from training.tasks import take_down_what_is_over
from training.upkeep import inspect, repair

pytestmark = pytest.mark.django_db(transaction=True)


def reached(case: Takedown) -> set[int]:
    return set(TakedownReach.objects.filter(takedown=case).values_list("node_id", flat=True))


def trained(house: House, number: int, manifest: Any) -> tuple[Any, Any]:
    release_manifest(principal=house.counsel, name=manifest.content_id)
    manifest.refresh_from_db()
    run = make_run(house, manifest, number)
    asks = [ModelAsk(name=f"faces-{number}", version="1", sha256=f"{number:064x}")]
    return run, register_models(principal=house.engineer, run_id=run.pk, asks=asks)[0]


def only_case() -> Takedown:
    (case,) = Takedown.objects.all()
    return case


@pytest.mark.req("TP-215", "TP-217", "TP-218")
def test_rights_that_permit_no_derivatives_any_more_take_those_down_and_leave_the_originals(
    house: House,
) -> None:
    source = house.licensed_source()
    asset, other = house.admit(source), house.admit()
    crop = house.derive(asset, dataset="crops")
    mask = house.derive(crop, dataset="masks")
    beside = house.derive(other, dataset="others")
    plain = freeze(house, asset, other)
    _run, safe = trained(house, 1, plain)
    derived = freeze_manifest(
        principal=house.engineer, ask=make_ask(datasets=(("masks", 1), ("others", 1)), name="masks")
    )
    run, model = trained(house, 2, derived)
    house.rights(source, may_derive=False)
    # from that commit on, before anybody compared
    assert may_be_trained_on(derived).codes == ("DERIVATIVES_NOT_PERMITTED",)
    take_down_what_is_over()
    case = only_case()
    assert case.trigger == "RIGHTS_REVOKED"
    assert "DERIVATIVES_NOT_PERMITTED" in case.reason
    assert reached(case) == {one.node_id for one in (crop, mask, derived, run, model)}
    for row in (asset, other, plain, derived):
        row.refresh_from_db()
    assert (asset.state, other.state, plain.withdrawn_at) == ("ADMITTED", "ADMITTED", None)
    assert derived.withdrawn_at is not None
    assert may_be_trained_on(plain).codes == ()
    items = {item.kind: item for item in case.items.all()}
    assert items["MODEL"].ref == model.pk
    assert safe.node_id not in reached(case)
    take_down_what_is_over()
    assert only_case().pk == case.pk, "compared once"
    # removal takes the derivatives alone
    remove_material(principal=house.counsel, takedown_id=case.pk)
    for row in (asset, crop, mask, beside):
        row.refresh_from_db()
    assert (asset.state, crop.removed_at is None, mask.removed_at is None) == ("ADMITTED", False, False)
    assert beside.removed_at is None


@pytest.mark.req("TP-215", "TP-218")
def test_a_narrower_territory_takes_down_originals_and_manifests_outside_it_and_nothing_within(
    house: House,
) -> None:
    source = house.licensed_source(territories=("US", "CA"))
    inside, outside = house.admit(source), house.admit(source, territory="CA")
    crop = house.derive(outside, dataset="crops")
    here = freeze(house, inside)
    run, model = trained(house, 1, here)
    there = freeze(house, inside, name="there", territory="CA")
    there_run, there_model = trained(house, 2, there)
    house.rights(source, territories=("US",))
    (opened,) = open_for_narrower_rights()
    case = only_case()
    assert (case.pk, case.comparison.codes) == (opened, ["TERRITORY_NOT_PERMITTED"])
    assert reached(case) == {one.node_id for one in (outside, crop, there, there_run, there_model)}
    for row in (inside, outside, here, there):
        row.refresh_from_db()
    assert (inside.state, outside.state) == ("ADMITTED", "ISOLATED")
    assert (here.withdrawn_at, there.withdrawn_at is None) == (None, False)
    assert may_be_trained_on(here).codes == ()
    assert not {run.node_id, model.node_id} & reached(case)


def test_a_class_of_licence_or_a_restriction_answered_otherwise_takes_down_what_would_be_refused_now(
    house: House,
) -> None:
    source, other = house.licensed_source(), house.licensed_source()
    asset, beside = house.admit(source), house.admit(other)
    refused = dict(CLEAR)
    refused[next(iter(refused))] = "REFUSED"
    house.rights(source, checks=refused)
    open_for_narrower_rights()
    assert only_case().comparison.codes == ["COLLECTION_NOT_PERMITTED"]
    asset.refresh_from_db()
    beside.refresh_from_db()
    assert (asset.state, beside.state) == ("ISOLATED", "ADMITTED")


@pytest.mark.req("TP-215")
@pytest.mark.parametrize(
    "later",
    [
        {"territories": ("US", "CA", "GB")},
        {"may_redistribute": True},
        {"licence_type": "Archive agreement 12, renewed"},
        {"expires_on": None, "attribution": "Example Archive"},
        {"may_redistribute": False, "restrictions": ("No use in news.",)},
    ],
)
def test_rights_that_permit_as_much_or_more_open_nothing_and_are_compared_once(
    house: House, later: dict[str, Any]
) -> None:
    source = house.licensed_source()
    asset = house.admit(source, territory="CA")
    house.derive(asset, dataset="crops")
    manifest = freeze(house, asset, territory="CA")
    rights = house.rights(source, **later)
    assert open_for_narrower_rights() == []
    assert not Takedown.objects.exists()
    (compared,) = RightsComparison.objects.all()
    assert (compared.rights, compared.codes, compared.takedown) == (rights, [], None)
    asset.refresh_from_db()
    manifest.refresh_from_db()
    assert (asset.state, manifest.withdrawn_at) == ("ADMITTED", None)
    assert Event.objects.filter(kind="training.rights_compared").count() == 1
    open_for_narrower_rights()
    assert Event.objects.filter(kind="training.rights_compared").count() == 1


def test_less_that_was_more_again_before_anybody_looked_opens_nothing(house: House) -> None:
    source = house.licensed_source()
    asset = house.admit(source)
    house.derive(asset)
    house.rights(source, may_derive=False)
    house.rights(source)
    assert open_for_narrower_rights() == []
    assert not Takedown.objects.exists()


@pytest.mark.req("TP-215", "TP-214")
def test_a_narrower_record_that_ends_later_opens_a_case_of_its_own_and_one_without_training_only_that(
    house: House,
) -> None:
    source = house.licensed_source()
    asset = house.admit(source)
    house.derive(asset)
    rights = house.rights(source, may_derive=False)
    take_down_what_is_over()
    assert Takedown.objects.count() == 1
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="Withdrawn.")
    take_down_what_is_over()
    assert sorted(Takedown.objects.values_list("rights", flat=True), key=str) == sorted(
        [None, rights.pk], key=str
    )
    other = house.licensed_source()
    house.admit(other)
    house.rights(other, may_train=False, may_derive=False)
    take_down_what_is_over()
    assert Takedown.objects.count() == 3
    assert RightsComparison.objects.count() == 1


def test_what_a_reviewer_admitted_in_spite_of_the_rights_stands_under_the_next_ones_too(house: House) -> None:
    unclear = dict(CLEAR)
    unclear[next(iter(unclear))] = "UNKNOWN"
    source = house.licensed_source(checks=unclear)
    asset = house.admit(source)
    assert asset.state == "ISOLATED"
    answer_review(
        principal=house.counsel, review_id=asset.reviews.get().pk, answer="ADMIT", reason="Looked at."
    )
    house.rights(source, checks=unclear, attribution="Example Archive")
    assert open_for_narrower_rights() == []
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"


def test_such_a_case_is_called_off_once_the_rights_permit_it_again_and_not_before(house: House) -> None:
    source = house.licensed_source()
    asset = house.admit(source, territory="CA")
    house.rights(source, territories=("US",))
    open_for_narrower_rights()
    case = only_case()
    # neither is another case's end a way around it
    claim = TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,))
    both = (case.pk, open_takedown(principal=house.counsel, ask=claim).pk)
    for one in both:
        with pytest.raises(Conflict) as refused:
            call_off(principal=house.counsel, takedown_id=one, reason="A mistake.")
        assert refused.value.code == "RIGHTS_NOT_IN_FORCE"
    house.rights(source)
    for one in both:
        call_off(principal=house.counsel, takedown_id=one, reason="Renewed.")
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"
    house.derive(asset)
    house.rights(source, may_derive=False)
    (third,) = open_for_narrower_rights()
    with pytest.raises(Conflict):
        call_off(principal=house.counsel, takedown_id=third, reason="A mistake.")


def test_what_another_case_holds_is_taken_in_so_that_its_end_releases_nothing(house: House) -> None:
    source = house.licensed_source()
    asset = house.admit(source, territory="CA")
    ask = TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,))
    open_takedown(principal=house.counsel, ask=ask)
    house.rights(source, territories=("US",))
    (opened,) = open_for_narrower_rights()
    assert reached(Takedown.objects.get(pk=opened)) == {asset.node_id}


def test_a_case_of_manifests_alone_closes_without_material(house: House) -> None:
    source = house.licensed_source()
    there = freeze(house, house.admit(source), territory="CA")
    house.rights(source, territories=("US",))
    (opened,) = open_for_narrower_rights()
    case = Takedown.objects.get(pk=opened)
    assert case.counts == {"MANIFEST": 1}
    close_takedown(principal=house.counsel, takedown_id=opened)
    there.refresh_from_db()
    assert there.withdrawn_at is not None
    assert TrainingAsset.objects.get().state == "ADMITTED"


def test_whoever_registers_under_the_earlier_rights_at_that_moment_is_waited_for(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It has read the earlier record, and writes once the later one is there and somebody compares."""
    source = house.licensed_source()
    has_read, go_on = threading.Event(), threading.Event()
    made: list[TrainingAsset] = []
    opened: list[list[Any]] = []

    def slow(*args: Any, **kwargs: Any) -> Any:
        has_read.set()
        assert go_on.wait(60)
        return judge(*args, **kwargs)

    monkeypatch.setattr(assets, "judge", slow)
    register = _thread(lambda: made.append(house.admit(source, territory="CA")))
    try:
        assert has_read.wait(60)
        house.rights(source, territories=("US",))
        compare = _thread(lambda: opened.append(open_for_narrower_rights()))
        compare.join(1.5)
        assert compare.is_alive(), "it waits for who registers"
    finally:
        go_on.set()
        register.join(60)
    compare.join(60)
    ((case,),) = opened
    assert reached(Takedown.objects.get(pk=case)) == {made[0].node_id}


def test_recording_rights_and_registering_material_at_once_do_not_stop_one_another(house: House) -> None:
    """Who registers asks for the source again as it commits, while who records rights waits for the graph."""
    source = house.licensed_source()
    begun, go_on = threading.Event(), threading.Event()
    recorded: list[Any] = []

    def register() -> None:
        with transaction.atomic():
            house.admit(source)
            begun.set()
            assert go_on.wait(60)

    registering = _thread(register)
    assert begun.wait(60)
    recording = _thread(lambda: recorded.append(house.rights(source, territories=("US",))))
    recording.join(1)
    assert recording.is_alive(), "it waits for its turn in the graph"
    go_on.set()
    registering.join(60)
    recording.join(60)
    assert (len(recorded), TrainingAsset.objects.count()) == (1, 1)


def _thread(act: Any) -> threading.Thread:
    def run() -> None:
        try:
            act()
        finally:
            connections.close_all()

    made = threading.Thread(target=run)
    made.start()
    return made


@pytest.mark.req("TP-185")
def test_rights_that_nobody_compared_are_found_and_mended_by_a_look_at_the_house(house: House) -> None:
    source = house.licensed_source()
    asset = house.admit(source, territory="CA")
    rights = house.rights(source, territories=("US",))
    assert all(one.is_well for one in inspect(house.counsel))
    later = clock.now() + timedelta(minutes=3)
    (found,) = [one for one in inspect(house.counsel, at=later) if not one.is_well]
    assert (found.code, found.examples) == ("POLICY_NOT_APPLIED", (str(rights.pk),))
    _before, after = repair(principal=house.engineer, code="POLICY_NOT_APPLIED", at=later)
    assert after.is_well
    asset.refresh_from_db()
    assert asset.state == "ISOLATED"


def test_nobody_admits_from_the_queue_what_the_rights_of_now_do_not_cover(house: House) -> None:
    unclear = dict(CLEAR)
    unclear[next(iter(unclear))] = "UNKNOWN"
    source = house.licensed_source(checks=unclear)
    asset = house.admit(source, territory="CA")
    house.rights(source, territories=("US",))
    with pytest.raises(Conflict) as refused:
        answer_review(
            principal=house.counsel, review_id=asset.reviews.get().pk, answer="ADMIT", reason="Looked at."
        )
    assert refused.value.code == "RIGHTS_NOT_IN_FORCE"


def test_a_comparison_stays_as_it_was_written(house: House) -> None:
    source = house.licensed_source()
    house.rights(source)
    open_for_narrower_rights()
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsComparison.objects.update(codes=[])
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsComparison.objects.all().delete()
