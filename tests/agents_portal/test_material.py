"""The rooms over material for training: what each reader finds there, who may act, and in how many questions."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.models import Membership
from common import clock
from tests import factories
from tests.agents_portal.conftest import Reader
from tests.training.making import CLEAR, House
from tests.training.test_manifests import freeze, make_run
from training.measures import DEFINITIONS
from training.models import Review, RightsException, RightsRecord, SourceClass
from training.selectors.buckets import buckets_of
from training.selectors.readiness import Share, readiness_of
from training.services.exceptions import ExceptionAsk, ask_exception, sign_exception
from training.services.reviews import answer_review
from training.services.rights import end_rights
from training.services.risk import risk_of
from training.services.runs import ModelAsk, register_models

pytestmark = pytest.mark.django_db
MOST = 12


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def isolated(house: House, *, method: str = "EXPORT", **rights: Any) -> Review:
    """An original whose robots file nobody has looked at."""
    source = house.source(house.source_class(expected_value=5))
    house.rights(source, **{"checks": {**CLEAR, "robots": "UNKNOWN"}, **rights})
    review: Review = house.admit(source, method=method).review
    return review


def waiting_exception(house: House, *, code: str = "") -> RightsException:
    at, code = clock.now(), code or house.source_class().code
    return ask_exception(
        principal=house.engineer,
        ask=ExceptionAsk(
            codes=("RIGHTS_UNCLEAR",), source_class=code, source=None,
            owner=house.producer.person.email, reason="A pilot.", compensating_controls="Two people look.",
            rollback_plan="Remove it.", review_on=at.date(), ends_at=at + timedelta(days=9),
        ),
    )  # fmt: skip


@pytest.mark.req("TP-140")
@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("type", {"VIDEO_PLATFORM", "ARCHIVE"}),
        ("licence", {"NEGOTIATED", ""}),
        ("platform", {"Tube", "Example Archive"}),
        ("geography", {"SE", ""}),
        ("purpose", {"Gait", "Faces for the dialogue model."}),
    ],
)
def test_the_inventory_groups_by_each_of_five_things(house: House, by: str, expected: set[str]) -> None:
    first = house.source(
        house.source_class(source_type="VIDEO_PLATFORM", purpose="Gait"), platform="Tube", geography="SE"
    )
    house.rights(first)
    house.source()
    found = {one.value: one for one in buckets_of(house.counsel, by=by, at=clock.now())}
    assert set(found) == expected
    assert all(one.sources == 1 for one in found.values())
    page = Reader(house.counsel).page(f"/material/?by={by}")
    assert page.titles == ("What the house may train on",)


@pytest.mark.req("TP-141")
def test_a_bucket_is_scored_by_method_rights_and_value_and_shows_its_riskiest_source(house: House) -> None:
    kind = house.source_class(expected_value=5)
    clear, unclear = house.source(kind), house.source(kind)
    house.rights(clear, licence_class="OWNED")
    rights = house.rights(unclear, licence_class="PLATFORM_API", checks={**CLEAR, "robots": "UNKNOWN"})
    house.admit(clear, method="EXPORT")
    house.admit(unclear, method="CRAWLER")
    (bucket,) = buckets_of(house.counsel, by="type", at=clock.now())
    expected = risk_of(kind, rights, "CRAWLER")
    assert bucket.cells["EXPORT"].score < expected == bucket.cells["CRAWLER"].score == bucket.score
    assert (bucket.admitted, bucket.isolated) == (1, 1)
    page = Reader(house.counsel).page("/material/")
    assert f"{expected} 1 original" in page
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="Taken back.")
    (after,) = buckets_of(house.counsel, by="type", at=clock.now())
    assert after.score is not None
    assert after.score > expected  # rights that are over are no rights


@pytest.mark.req("TP-142")
def test_the_queue_shows_the_riskiest_first_with_every_reason_in_words(house: House) -> None:
    much = isolated(house, method="CRAWLER", checks=dict.fromkeys(CLEAR, "UNKNOWN"))
    little = isolated(house)
    assert much.risk > 75 > little.risk
    page = Reader(house.producer).page("/material/queue/")
    assert page.text.index(much.asset.external_id) < page.text.index(little.asset.external_id)
    assert "One of the checks is not answered RIGHTS_UNCLEAR" in page
    assert "Very high" in page


def test_an_empty_house_reads_what_will_appear(house: House) -> None:
    reader = Reader(house.counsel)
    for path, words in {
        "/material/": "No source yet",
        "/material/sources/": "No source here",
        "/material/assets/": "Nothing was collected yet",
        "/material/queue/": "Nothing waits for you",
        "/material/queue/?tab=answered": "Nothing was decided yet",
        "/material/exceptions/": "No exception",
        "/material/decisions/": "No such verdict yet",
    }.items():
        assert words in reader.page(path), path


@pytest.mark.parametrize("query", ["?by=colour", "sources/?by=colour", "decisions/?outcome=MAYBE", "assets/?source=x"])  # fmt: skip
def test_a_question_that_makes_no_sense_finds_nothing(house: House, query: str) -> None:
    assert Reader(house.counsel).get(f"/material/{query}").status_code == 404


def test_counsel_reads_the_effect_and_stops_a_class_at_once(house: House) -> None:
    kind = house.source_class()
    source = house.source(kind)
    house.rights(source)
    house.admit(source)
    reader, path = Reader(house.counsel), f"/material/classes/{kind.pk}/stop/"
    screen = reader.page(path)
    assert "Nothing more of 1 source is admitted" in screen
    assert "1 admitted original stays." in screen
    assert reader.post(path, {"reason": ""}).status_code == 422
    assert SourceClass.objects.get(pk=kind.pk).stopped_at is None
    assert reader.post(path, {"reason": "A claim came in."}).status_code == 302
    refused = house.ask(source)
    assert refused.asset is None
    assert "SOURCE_CLASS_STOPPED" in refused.decision.codes
    assert "A claim came in." in reader.page("/material/")
    assert reader.post(f"/material/classes/{kind.pk}/open/", {"reason": "Settled."}).status_code == 302
    assert house.ask(source).asset is not None


def test_an_engineer_reads_everything_and_binds_nothing(house: House) -> None:
    review, row = isolated(house), waiting_exception(house)
    kind, rights = review.asset.source.source_class, review.asset.rights
    reader = Reader(house.engineer)
    for path in (
        f"/material/classes/{kind.pk}/stop/",
        f"/material/classes/{kind.pk}/open/",
        f"/material/rights/{rights.pk}/end/",
        f"/material/exceptions/{row.pk}/sign/",
        f"/material/exceptions/{row.pk}/end/",
    ):
        assert reader.get(path).status_code == 403, path
        assert reader.post(path, {"reason": "I say so."}).status_code == 403, path
    answer = reader.post(f"/material/queue/{review.pk}/", {"answer": "ADMIT", "reason": "Fine."})
    assert answer.status_code == 403
    assert Review.objects.get(pk=review.pk).answer == ""
    assert SourceClass.objects.get(pk=kind.pk).stopped_at is None
    assert "Counsel or an administrator stops and opens a class." in reader.page("/material/")


def test_whoever_collected_it_is_told_that_a_colleague_decides(house: House) -> None:
    source = house.source()
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    review = house.ask(source, by=house.producer).asset.review  # type: ignore[union-attr]
    path = f"/material/queue/{review.pk}/"
    page = Reader(house.producer).page(path)
    assert "You collected it." in page
    assert page.actions.count("") == 0  # no form of an answer
    refused = Reader(house.producer).post(path, {"answer": "ADMIT", "reason": "Fine."})
    assert refused.status_code == 403
    reader = Reader(house.counsel)
    assert reader.post(path, {"answer": "ADMIT"}).status_code == 422
    assert reader.post(path, {"answer": "ADMIT", "reason": "The host answered."}).status_code == 302
    review.refresh_from_db()
    assert (review.answer, review.answered_by) == ("ADMIT", house.counsel.person)
    assert "The host answered." in reader.page(path)
    assert reader.post(path, {"answer": "REFUSE", "reason": "No."}).status_code == 409


def test_an_exception_is_asked_for_and_signed_by_two_people(house: House) -> None:
    kind = house.source_class()
    given = {
        "codes": ["LOW_QUALITY"], "source_class": kind.code, "source": "", "owner": house.producer.person.email,
        "reason": "A pilot.", "compensating_controls": "Two people look.", "rollback_plan": "Remove it.",
        "review_on": clock.now().date().isoformat(),
        "ends_on": (clock.now() + timedelta(days=20)).date().isoformat(),
    }  # fmt: skip
    asker = Reader(house.engineer)
    far = asker.post("/material/exceptions/new/", {**given, "ends_on": "2099-01-01"})
    assert far.status_code == 422
    assert b"within half a year" in far.content
    assert asker.post("/material/exceptions/new/", {**given, "codes": ["LICENCE_REVOKED"]}).status_code == 422
    assert not RightsException.objects.exists()
    assert asker.post("/material/exceptions/new/", given).status_code == 302
    row = RightsException.objects.get()
    counsel = Reader(house.counsel)
    assert "It lifts nothing before counsel has signed it." in counsel.page(f"/material/exceptions/{row.pk}/")
    assert counsel.post(f"/material/exceptions/{row.pk}/sign/").status_code == 302
    row.refresh_from_db()
    assert row.signed_by == house.counsel.person
    assert counsel.post(f"/material/exceptions/{row.pk}/end/").status_code == 302
    assert "It lifts nothing any more." in counsel.page(f"/material/exceptions/{row.pk}/")


def test_a_source_shows_every_version_of_its_rights_and_why_the_last_one_ended(house: House) -> None:
    source = house.source()
    house.rights(source, may_derive=False)
    second = house.rights(source)
    reader = Reader(house.counsel)
    assert (
        reader.post(f"/material/rights/{second.pk}/end/", {"reason": "Its holder died."}).status_code == 302
    )
    page = reader.page(f"/material/sources/{source.pk}/")
    assert "Version 1: Negotiated licence" in page
    assert "Ended: Its holder died." in page
    assert "What was granted is over." in page
    assert RightsRecord.objects.filter(source=source).count() == 2


def test_an_original_shows_its_lineage_both_ways_as_picture_and_as_list(house: House) -> None:
    asset = house.admit()
    crop = house.derive(asset, role="crop", dataset="faces")
    house.derive(crop, role="aligned face", dataset="faces")
    page = Reader(house.engineer).page(f"/material/assets/{asset.pk}/")
    (held,) = re.findall(r'data-graph="([^"]*)"', page.html)
    drawn = [one["data"] for one in json.loads(html.unescape(held))]
    boxes = [one for one in drawn if "name" in one]
    assert len(boxes) == 5  # source, rights, the original, two derivatives
    assert sum(one["start"] for one in boxes) == 1
    assert "<dt>Embedded metadata</dt><dd><bdi>Make: Arri</bdi>" in page.html
    for words in ("Example Archive Ltd", "Archive agreement 12", "aligned face , in the dataset faces"):
        assert words.replace(" ,", ",") in page, words


def test_the_lineage_names_the_manifest_the_run_and_the_model(house: House) -> None:
    asset = house.admit()
    manifest = freeze(house, asset)
    started = make_run(house, manifest, name="fit dialogue faces")
    register_models(
        principal=house.engineer,
        run_id=started.pk,
        asks=[ModelAsk(name="merrow-face", version="7", sha256="a" * 64)],
    )
    page = Reader(house.counsel).page(f"/material/assets/{asset.pk}/")
    for words in (manifest.name, "fit dialogue faces", "merrow-face"):
        assert f"<bdi>{words}</bdi>" in page.html, words


def test_a_verdict_shows_its_reasons_facts_and_policy(house: House) -> None:
    refused = house.ask(house.licensed_source(), territory="FR").decision
    reader = Reader(house.counsel)
    assert "The licence does not hold in that country" in reader.page("/material/decisions/?outcome=REFUSE")
    page = reader.page(f"/material/decisions/{refused.pk}/")
    assert "The licence holds there</dt><dd><bdi>No</bdi>" in page.html
    assert "Collected by</dt><dd><bdi>Export</bdi>" in page.html
    assert "TERRITORY_NOT_PERMITTED" in page
    assert refused.facts_hash.removeprefix("sha256:")[:4] in page


def test_to_a_strangers_house_and_to_an_agency_there_is_nothing(house: House, stranger: House) -> None:
    review, row = isolated(house), waiting_exception(house)
    asset = review.asset
    own = (
        f"/material/sources/{asset.source_id}/", f"/material/assets/{asset.pk}/", f"/material/queue/{review.pk}/",
        f"/material/decisions/{asset.decision_id}/", f"/material/exceptions/{row.pk}/",
        f"/material/exceptions/{row.pk}/sign/", f"/material/classes/{row.source_class_id}/stop/",
        f"/material/rights/{asset.rights_id}/end/",
    )  # fmt: skip
    reader = Reader(stranger.counsel)
    assert {path: reader.get(path).status_code for path in own} == dict.fromkeys(own, 404)
    assert asset.source.rights_holder not in reader.page("/material/sources/")
    desk = Reader(factories.make_desk(factories.make_agency(), Membership.Role.LEGAL))
    assert desk.get("/material/").status_code == 404
    assert "/material/" not in desk.page("/productions/").links


def test_no_room_asks_more_than_twelve_questions_and_none_asks_more_with_more_rows(house: House) -> None:
    def grow(number: int) -> None:
        for _ in range(number):
            house.derive(house.admit())
            isolated(house)
            waiting_exception(house)

    grow(1)
    review, row = Review.objects.get(), RightsException.objects.get()
    asset = review.asset
    paths = [
        "/material/", "/material/?by=licence", "/material/sources/", f"/material/sources/{asset.source_id}/",
        "/material/assets/", f"/material/assets/{asset.pk}/", "/material/queue/", f"/material/queue/{review.pk}/",
        "/material/decisions/", f"/material/decisions/{asset.decision_id}/", "/material/exceptions/",
        f"/material/exceptions/{row.pk}/", "/material/readiness/", f"/material/classes/{row.source_class_id}/stop/",
    ]  # fmt: skip
    reader = Reader(house.counsel)

    def count(path: str) -> int:
        with CaptureQueriesContext(connection) as seen:
            assert reader.get(path).status_code == 200, path
        return len(seen)

    few = {path: count(path) for path in paths}
    grow(6)
    many = {path: count(path) for path in paths}
    assert {path: number for path, number in many.items() if number > MOST} == {}
    assert {path: (few[path], many[path]) for path in paths if many[path] > few[path]} == {}


@pytest.mark.req("TP-190")
def test_readiness_says_how_many_originals_have_complete_provenance(house: House) -> None:
    reader = Reader(house.counsel)
    assert "Nothing to measure yet" in reader.page("/material/readiness/")
    house.admit()
    isolated(house)
    assert readiness_of(house.counsel, at=clock.now()).provenance == Share(2, 2)
    broken = house.admit()
    with connection.cursor() as cursor:  # a captured fact does not change: the graph is what may be lost
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table training_lineageedge disable trigger user")
        cursor.execute("delete from training_lineageedge where child_id = %s", [broken.node_id])
        cursor.execute("alter table training_lineageedge enable trigger user")
    found = readiness_of(house.counsel, at=clock.now()).provenance
    assert (found, found.percent) == (Share(2, 3), 66.6)
    assert "2 of 3" in reader.page("/material/readiness/")


@pytest.mark.req("TP-183")
def test_readiness_measures_false_rejects_turnaround_and_exceptions(house: House) -> None:
    admitted, refused, row = isolated(house), isolated(house), waiting_exception(house)
    isolated(house)
    for review, answer in ((admitted, "ADMIT"), (refused, "REFUSE")):
        answer_review(principal=house.counsel, review_id=review.pk, answer=answer, reason="Looked at it.")
    sign_exception(principal=house.counsel, exception_id=row.pk)
    found = readiness_of(house.counsel, at=clock.now() + timedelta(seconds=1))
    assert found.false_rejects == Share(1, 2)
    assert found.turnaround is not None
    assert timedelta(0) < found.turnaround < timedelta(minutes=5)
    assert (found.waiting, found.exceptions_in_force) == (1, 1)
    later = readiness_of(house.counsel, at=clock.now() + timedelta(days=40))
    assert (later.false_rejects, later.turnaround, later.overdue) == (Share(0, 0), None, 1)
    assert later.exceptions_in_force == 0


@pytest.mark.req("TP-193")
def test_readiness_says_of_each_class_how_much_came_in_by_exception(house: House) -> None:
    kind = house.source_class()
    source = house.source(kind)
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    row = waiting_exception(house, code=kind.code)
    sign_exception(principal=house.counsel, exception_id=row.pk)
    house.admit(source)
    plain = house.licensed_source()
    house.admit(plain)
    rates = {one.code: one.share for one in readiness_of(house.counsel, at=clock.now()).exception_rates}
    assert rates == {kind.code: Share(1, 1), plain.source_class.code: Share(0, 1)}


def test_the_figures_leave_with_their_definitions(house: House) -> None:
    house.admit()
    answer = Reader(house.engineer).get("/material/readiness.json")
    told = answer.json()
    assert [one["code"] for one in told["measures"]] == list(DEFINITIONS)
    assert all(one["definition"] for one in told["measures"])
    by_code = {one["code"]: one["value"] for one in told["measures"]}
    assert by_code["complete_provenance"] == {"part": 1, "whole": 1, "percent": 100.0}
