"""Reports and views in the portal: asked for, read, taken along, made again; nothing of it to strangers."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from tests.agents_portal.conftest import Reader
from tests.training.making import House
from tests.training.test_rights_reports import report_on
from tests.training.test_takedowns import a_story
from training.models import ReportRerun, RightsReport
from training.selectors.views import LAYERS, VIEWS
from training.services.reruns import fail_rerun

pytestmark = pytest.mark.django_db
MOST = 12


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def test_a_report_is_asked_for_in_the_portal_and_tells_its_four_answers(house: House) -> None:
    told, reader = a_story(house), Reader(house.counsel)
    assert "Nothing was asked yet" in reader.page("/material/reports/")
    answer = reader.post("/material/reports/new/", {"scope": "MODEL", "about": str(told["model"].pk)})
    assert answer.status_code == 302
    page = reader.page(answer["Location"])
    for question in (
        "What was collected?",
        "Why was it allowed?",
        "How was it transformed?",
        "Where did it end up?",
    ):
        assert question in page
    assert "Bound to a manifest: 1" in page
    assert "One model version" in reader.page("/material/reports/")


def test_what_cannot_be_asked_is_said_beside_its_field(house: House, stranger: House) -> None:
    reader, theirs = Reader(house.counsel), stranger.admit()
    ahead = (clock.now() + timedelta(days=2)).strftime("%Y-%m-%dT%H:%M")
    for data, words in (
        ({"scope": "SOURCE", "about": ""}, "Name the one thing"),
        ({"scope": "ASSET", "about": str(theirs.pk)}, "The house had nothing of this name then."),
        ({"scope": "ORGANISATION", "until": ahead}, "This moment lies ahead"),
    ):
        answer = reader.post("/material/reports/new/", data)
        assert answer.status_code == 422, data
        assert words in answer.content.decode()
    assert not RightsReport.objects.exists()


def test_a_report_made_again_says_that_it_is_the_same_or_which_files_are_not(house: House) -> None:
    told, reader = a_story(house), Reader(house.engineer)
    report = report_on(house, "ASSET", told["asset"].pk)
    address = f"/material/reports/{report.pk}/again/"
    page = f"/material/reports/{report.pk}/"
    assert reader.post(address, {})["Location"] == page
    assert "It says the same." in reader.page(page)
    with connection.cursor() as cursor:  # as somebody with the database in hand
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table training_trainingasset disable trigger user")
        cursor.execute(
            "update training_trainingasset set licence_claim = 'forged' where id = %s", [told["asset"].pk]
        )
        cursor.execute("alter table training_trainingasset enable trigger user")
    reader.post(address, {})
    said = reader.page(page)
    assert "rows below it were changed" in said
    assert "tables/originals.csv" in said


def test_a_large_report_is_made_again_in_the_background_and_whoever_only_reads_is_offered_nothing(
    house: House, settings: Any
) -> None:
    report, reader = report_on(house, "ORGANISATION"), Reader(house.engineer)
    page, address = f"/material/reports/{report.pk}/", f"/material/reports/{report.pk}/again/"
    assert address in reader.page(page).actions
    settings.REPORT_INLINE_ROWS = -1
    reader.post(address, {})
    said = reader.page(page)
    assert ("It is being made again." in said, address in said.actions) == (True, False)
    row = ReportRerun.objects.get()
    fail_rerun(row.pk, "UNAVAILABLE")
    assert "It could not be made again, so nothing was compared." in reader.page(page)


def test_files_of_a_report_are_taken_along_and_nothing_is_there_for_strangers_or_before_it_is_made(
    house: House, stranger: House, settings: Any
) -> None:
    report, reader, other = report_on(house, "ORGANISATION"), Reader(house.counsel), Reader(stranger.counsel)
    files = ("file/", "tables/sources/", "paper/", "paper/statement/")
    for path in ("", *files):
        assert other.get(f"/material/reports/{report.pk}/{path}").status_code == 404, path
    assert reader.get(f"/material/reports/{report.pk}/paper/")["Content-Type"] == "application/pdf"
    sheet = b"".join(reader.get(f"/material/reports/{report.pk}/tables/sources/").streaming_content)
    assert sheet.decode("utf-8-sig").startswith("id,source_class")
    assert reader.get(f"/material/reports/{report.pk}/tables/passwords/").status_code == 404
    settings.REPORT_INLINE_ROWS = -1
    waiting = report_on(house, "ORGANISATION")
    assert "made in the background" in reader.page(f"/material/reports/{waiting.pk}/")
    for path in files:
        assert reader.get(f"/material/reports/{waiting.pk}/{path}").status_code == 404, path


@pytest.mark.req("TP-106", "TP-110")
def test_each_view_and_layer_is_a_page_and_a_file_in_few_questions(house: House, stranger: House) -> None:
    told, reader = a_story(house), Reader(house.counsel)
    for name in (*VIEWS, *LAYERS):
        with CaptureQueriesContext(connection) as seen:
            page = reader.page(f"/material/views/{name}/")
        said = [row["sql"] for row in seen.captured_queries if "SAVEPOINT" not in row["sql"]]
        assert len(said) <= MOST, (name, len(said), [sql[:90] for sql in said])
        data = reader.get(f"/material/views/{name}.json").json()
        assert data["view"] == name
        assert (
            str(told["run"].pk)
            not in Reader(stranger.counsel).get(f"/material/views/{name}.json").content.decode()
        )
        assert page.titles
    assert reader.get("/material/views/planetary/").status_code == 404
    assert "crops:1, originals" in reader.page("/material/views/governance/")


@pytest.mark.req("TP-186")
def test_readiness_shows_what_each_legal_question_cost(house: House) -> None:
    reader = Reader(house.counsel)
    assert "Nothing was asked yet." in reader.page("/material/readiness/")
    report_on(house, "ORGANISATION")
    page = reader.page("/material/readiness/")
    assert "The four questions about some material" in page
    assert "Nothing to compare" in page
