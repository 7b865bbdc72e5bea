"""Views for counsel, engineers and governance; measures with their definitions; rights records looked at again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import DatabaseError, transaction

from common import clock
from common.errors import Conflict, Forbidden, InvalidInput, NotFound
from tests.factories import bearer, make_credential
from tests.training.making import CLEAR, House
from tests.training.test_manifests import make_run, released
from tests.training.test_rights_reports import report_on
from tests.training.test_takedowns import a_story, claim
from training.measures import DEFINITIONS, export
from training.models import RightsReview, TrainingQuestion
from training.selectors.readiness import Share, question_times, readiness_of
from training.selectors.views import (
    LAYERS,
    VIEWS,
    layer_of,
    view_of,
)
from training.services.exceptions import ExceptionAsk, ask_exception, sign_exception
from training.services.rights import end_rights
from training.services.rights_reviews import answer_rights_review, open_due_reviews
from training.services.takedown_acts import answer_item, close_takedown, remove_material
from training.services.takedowns import TakedownAsk, open_takedown
from training.vocabulary import QuestionKind

pytestmark = pytest.mark.django_db


def key_of(house: House) -> dict[str, str]:
    credential, _key = make_credential(house.organisation, created_by=house.engineer.person)
    return bearer(credential)


def excepted(house: House, code: str) -> Any:
    at = clock.now()
    asked = ask_exception(
        principal=house.engineer,
        ask=ExceptionAsk(
            codes=("RIGHTS_UNCLEAR",), source_class=code, source=None, owner=house.producer.person.email,
            reason="A pilot.", compensating_controls="All are looked at.", rollback_plan="Remove them.",
            review_on=at.date(), ends_at=at + timedelta(days=9),
        ),
    )  # fmt: skip
    return sign_exception(principal=house.counsel, exception_id=asked.pk)


@pytest.mark.req("TP-107")
def test_the_legal_view_counts_sources_rights_exceptions_and_readiness_for_takedowns(
    house: House, stranger: House
) -> None:
    asset = house.admit()
    ended = house.licensed_source()
    right = house.rights(ended, licence_class="OPEN_ATTRIBUTION", attribution="The archive")
    end_rights(principal=house.counsel, rights_id=right.pk, reason="Taken back.")
    unclear = house.source(house.source_class(source_type="VIDEO_PLATFORM"))
    house.rights(unclear, checks={**CLEAR, "robots": "UNKNOWN"})
    house.admit(unclear)
    signed = excepted(house, asset.source.source_class.code)
    open_takedown(
        principal=house.engineer,
        ask=TakedownAsk(trigger="CLAIM", reason="Quarterly.", assets=(asset.pk,), is_drill=True),
    )
    stranger.admit()
    told = view_of(house.counsel, "legal", clock.now())
    counts = {row["type"]: row for row in told["source_counts"]}
    assert (counts["ARCHIVE"]["sources"], counts["ARCHIVE"]["originals"], counts["ARCHIVE"]["admitted"]) == (
        2,
        1,
        1,
    )
    assert (counts["VIDEO_PLATFORM"]["sources"], counts["VIDEO_PLATFORM"]["isolated"]) == (1, 1)
    rights = {row["licence_class"]: (row["sources"], row["over"]) for row in told["rights_distribution"]}
    assert rights == {"NEGOTIATED": (2, 0), "OPEN_ATTRIBUTION": (1, 1)}
    assert [row["id"] for row in told["exceptions"]] == [str(signed.pk)]
    ready = told["takedown_readiness"]
    assert (ready["last_drill_reached"], ready["open_cases"], ready["overdue_items"]) == (1, 0, 0)
    case = claim(house, asset)
    after = view_of(house.counsel, "legal", clock.now() + timedelta(hours=97))["takedown_readiness"]
    assert (after["open_cases"], after["open_items"], after["overdue_items"]) == (1, 1, 1)
    assert after["next_due_at"] is not None
    assert case.items.count() == 1


@pytest.mark.req("TP-108")
def test_the_engineering_view_lists_dataset_versions_jobs_failures_and_where_runs_can_be_replayed_from(
    house: House,
) -> None:
    told = a_story(house)
    house.ask(told["asset"].source, territory="FR")  # refused: the licence does not hold there
    house.derive(told["beside"], dataset="crops", dataset_version=2)
    view = view_of(house.engineer, "engineering", clock.now())
    versions = {(row["dataset"], row["version"]): row for row in view["dataset_versions"]}
    assert set(versions) == {("crops", 1), ("crops", 2)}
    assert (versions["crops", 1]["derivatives"], versions["crops", 1]["removed"]) == (1, 0)
    assert [(row["name"], row["made"]) for row in view["transformation_jobs"]] == [
        ("crop", 1),
        ("crop", 1),
    ]
    failed = {row["source_class"]: row for row in view["failed_validation"]}
    mine = failed[told["asset"].source.source_class.code]
    assert (mine["part"], mine["whole"], mine["percent"]) == (1, 3, 33.3)
    (checkpoint,) = view["replay_checkpoints"]
    assert (checkpoint["manifest"], checkpoint["runs"], checkpoint["may_be_replayed"]) == (
        told["manifest"].content_id, 1, True,
    )  # fmt: skip
    claim(house, told["asset"])
    view = view_of(house.engineer, "engineering", clock.now())
    assert view["replay_checkpoints"][0]["may_be_replayed"] is False  # it was withdrawn


@pytest.mark.req("TP-109")
def test_the_governance_view_says_which_run_consumed_which_dataset_version_under_which_licence_then(
    house: House, stranger: House
) -> None:
    told = a_story(house)
    rights = told["asset"].rights
    stranger_story = a_story(stranger)
    end_rights(principal=house.counsel, rights_id=rights.pk, reason="Taken back.")
    late = make_run(house, told["manifest"], 2)
    unbound = make_run(house, None, 3)
    view = view_of(house.counsel, "governance", clock.now())
    runs = {row["id"]: row for row in view["runs"]}
    assert str(stranger_story["run"].pk) not in runs
    first = runs[str(told["run"].pk)]
    assert (first["datasets"], first["models"]) == (["crops:1", "originals"], ["faces 1"])
    then = {row["rights"]: row["standing"] for row in first["licences"]}
    assert then == {str(told["asset"].rights_id): "IN_FORCE", str(told["beside"].rights_id): "IN_FORCE"}
    now = {row["rights"]: row["standing"] for row in runs[str(late.pk)]["licences"]}
    assert now[str(rights.pk)] == "ENDED"  # it was told no, and trained
    assert (first["licences_not_in_force"], runs[str(late.pk)]["licences_not_in_force"]) == (0, 1)
    assert (runs[str(unbound.pk)]["manifest"], runs[str(unbound.pk)]["licences"]) == (None, [])


@pytest.mark.req("TP-110")
def test_layers_give_each_reader_the_parts_that_answer_them_and_nothing_else(house: House) -> None:
    a_story(house)
    at = clock.now()
    assert set(LAYERS) == {"procurement", "diligence", "incident"}
    whole = {name: view_of(house.counsel, name, at) for name in VIEWS}
    for name, parts in LAYERS.items():
        layer = layer_of(house.counsel, name, at)
        assert set(layer) == set(parts)
        for part in parts:
            view, _, key = part.partition(".")
            assert layer[part] == whole[view][key]
    incident = layer_of(house.counsel, "incident", at)
    assert "legal.takedown_readiness" in incident
    assert "legal.rights_distribution" not in incident


def test_views_and_layers_are_read_over_the_api_by_the_house_alone(
    house: House, stranger: House, client: Any
) -> None:
    told = a_story(house)
    for name in (*VIEWS, *LAYERS):
        answer = client.get(f"/api/v1/training-views/{name}", headers=key_of(house))
        assert (answer.status_code, answer.json()["view"]) == (200, name)
        theirs = client.get(f"/api/v1/training-views/{name}", headers=key_of(stranger))
        assert str(told["run"].pk) not in theirs.content.decode()
    assert client.get("/api/v1/training-views/planetary", headers=key_of(house)).status_code == 404


@pytest.mark.req("TP-190")
def test_the_share_of_originals_with_complete_provenance_is_measured(house: House) -> None:
    house.admit()
    house.ask(house.licensed_source(), capture={"hosting_domain": "films.example.test"})  # fields are missing
    told = {
        one["code"]: one["value"] for one in export(readiness_of(house.counsel, at=clock.now()))["measures"]
    }
    held = told["complete_provenance"]
    assert held["part"] == 1
    assert held["whole"] in (1, 2)
    assert held["percent"] == held["part"] * 1000 // held["whole"] / 10


@pytest.mark.req("TP-191")
def test_the_share_of_runs_bound_to_a_frozen_manifest_is_measured(house: House) -> None:
    assert readiness_of(house.counsel, at=clock.now()).bound_runs.percent is None  # of nothing: not 100 %
    make_run(house, released(house, house.admit()), 1)
    make_run(house, None, 2)
    make_run(house, None, 3)
    found = readiness_of(house.counsel, at=clock.now())
    assert (found.bound_runs, found.bound_runs.percent) == (Share(1, 3), 33.3)


@pytest.mark.req("TP-193")
def test_the_exception_rate_is_measured_by_class_of_sources(house: House) -> None:
    plain = house.admit()
    kind = house.source_class()
    excepted(house, kind.code)
    unclear = house.source(kind)
    house.rights(unclear, checks={**CLEAR, "robots": "UNKNOWN"})
    house.admit(unclear)
    house.admit(_licensed(house, kind))
    told = {one["code"]: one for one in export(readiness_of(house.counsel, at=clock.now()))["measures"]}
    rates = {row["source_class"]: row["percent"] for row in told["exception_rate"]["value"]}
    assert rates == {kind.code: 50.0, plain.source.source_class.code: 0.0}


def _licensed(house: House, kind: Any) -> Any:
    source = house.source(kind)
    house.rights(source)
    return source


@pytest.mark.req("TP-194")
def test_the_time_to_answer_a_takedown_is_measured_over_those_that_were_closed(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = a_story(house)
    claim(house, house.admit(), is_drill=True)  # a drill is none
    case = claim(house, told["asset"])
    assert readiness_of(house.counsel, at=clock.now()).takedown_time is None
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + timedelta(hours=6))
    remove_material(principal=house.counsel, takedown_id=case.pk)
    for item in case.items.filter(kind="MODEL"):
        answer_item(
            principal=house.engineer, takedown_id=case.pk, item_id=item.pk, action="RETRAIN", evidence="Run 9.",
            evidence_sha256="",
        )  # fmt: skip
    close_takedown(principal=house.counsel, takedown_id=case.pk)
    found = readiness_of(house.counsel, at=clock.now())
    assert found.takedowns == 1
    assert found.takedown_time is not None
    assert timedelta(hours=6) <= found.takedown_time < timedelta(hours=6, minutes=5)


@pytest.mark.req("TP-195")
def test_measures_are_exported_with_their_definitions_and_units(house: House, client: Any) -> None:
    report_on(house, "ORGANISATION")
    answer = client.get("/api/v1/training-measures", headers=key_of(house))
    told = answer.json()
    assert (answer.status_code, told["format"], told["window_days"]) == (
        200,
        "trustmark.training-measures/1",
        30,
    )
    found = {one["code"]: one for one in told["measures"]}
    assert list(found) == list(DEFINITIONS)
    for code, one in found.items():
        assert one["definition"] == str(DEFINITIONS[code].text)
        assert one["unit"] in ("share", "seconds", "count", "ms")
    assert found["report_time"]["value"]["reports"] == 1
    assert found["report_time"]["value"]["mean"] >= 0.25
    assert found["complete_provenance"]["value"] == {"part": 0, "whole": 0, "percent": None}


@pytest.mark.req("TP-186")
def test_each_legal_question_that_is_asked_is_measured_and_compared_with_the_window_before(
    house: House, client: Any
) -> None:
    told, key = a_story(house), key_of(house)
    manifest, run = told["manifest"].content_id, told["run"].pk
    for path in (
        "training-views/legal", "training-views/engineering", "training-views/governance", "training-measures",
        f"manifests/{manifest}/check", f"training-runs/{run}/provenance",
    ):  # fmt: skip
        assert client.get(f"/api/v1/{path}", headers=key).status_code == 200, path
    report_on(house, "MODEL", told["model"].pk)
    claim(house, told["asset"], is_drill=True)
    asked = TrainingQuestion.objects.filter(organisation=house.organisation)
    assert set(asked.values_list("kind", flat=True)) == set(QuestionKind.values)
    at = clock.now()
    TrainingQuestion.objects.bulk_create(
        TrainingQuestion(
            organisation=house.organisation,
            kind="RUN_PROVENANCE",
            took_ms=took,
            created_at=at - timedelta(days=days),
        )
        for took, days in ((900, 45), (700, 40), (200, 3), (200, 2), (5000, 80))
    )
    row = next(
        one
        for one in question_times(house.counsel, at=at + timedelta(seconds=1))
        if one.kind == "RUN_PROVENANCE"
    )
    assert (row.asked, row.before_ms) == (3, 800)  # what is older than both windows does not count
    assert row.mean_ms is not None
    assert row.mean_ms < 300
    assert row.change is not None
    assert row.change < -60  # it became cheaper
    with pytest.raises(DatabaseError), transaction.atomic():
        asked.delete()


def test_a_question_that_ends_in_an_error_was_not_answered_and_is_not_counted(
    house: House, client: Any
) -> None:
    for path in ("training-views/planetary", f"training-runs/{house.organisation.pk}/provenance"):
        assert client.get(f"/api/v1/{path}", headers=key_of(house)).status_code == 404
    assert not TrainingQuestion.objects.exists()


@pytest.mark.req("TP-103")
def test_rights_records_are_put_before_counsel_on_their_day_and_end_or_stand_until_another(
    house: House, stranger: House
) -> None:
    source, apart = house.source(), house.source()
    day = clock.now().date()
    right = house.rights(source, next_review_on=day + timedelta(days=10))
    house.rights(apart, next_review_on=day + timedelta(days=90))
    (opened,) = open_due_reviews()
    assert open_due_reviews() == []  # once
    row = RightsReview.objects.get(pk=opened)
    assert (row.rights_id, row.due_on, row.answer) == (right.pk, right.next_review_on, "")
    with pytest.raises(Forbidden):
        answer_rights_review(principal=house.engineer, review_id=row.pk, answer="END", note="No.")
    with pytest.raises(NotFound):
        answer_rights_review(principal=stranger.counsel, review_id=row.pk, answer="END", note="No.")
    with pytest.raises(InvalidInput) as never:
        answer_rights_review(principal=house.counsel, review_id=row.pk, answer="KEEP", note="Fine.")
    assert never.value.code == "DAY_INVALID"
    later = day + timedelta(days=12)
    kept = answer_rights_review(
        principal=house.counsel, review_id=row.pk, answer="KEEP", note="Still paid for.", next_on=later
    )
    assert (kept.answer, kept.answered_by, kept.next_on) == ("KEEP", house.counsel.person, later)
    with pytest.raises(Conflict) as again:
        answer_rights_review(principal=house.counsel, review_id=row.pk, answer="END", note="No.")
    assert again.value.code == "REVIEW_ANSWERED"
    (second,) = open_due_reviews()  # the day that counsel named is within the notice
    answer_rights_review(principal=house.counsel, review_id=second, answer="END", note="It was not paid.")
    right.refresh_from_db()
    assert right.end.reason == "It was not paid."
    assert house.ask(source).asset is None  # nothing more comes in under it
    assert open_due_reviews() == []
    with pytest.raises(DatabaseError), transaction.atomic():
        RightsReview.objects.filter(pk=row.pk).update(note="Changed.")


def test_rights_reviews_are_listed_and_no_key_answers_one(house: House, stranger: House, client: Any) -> None:
    house.rights(house.source(), next_review_on=clock.now().date())
    (opened,) = open_due_reviews()
    listed = client.get("/api/v1/rights-reviews", headers=key_of(house)).json()
    assert [row["id"] for row in listed["results"]] == [str(opened)]
    assert client.get("/api/v1/rights-reviews", headers=key_of(stranger)).json()["results"] == []
    answer = client.post(
        f"/api/v1/rights-reviews/{opened}/answer", {"answer": "END", "note": "No."},
        content_type="application/json", headers=key_of(house),
    )  # fmt: skip
    assert (answer.status_code, answer.json()["code"]) == (403, "IN_PERSON")
