"""Files of captures at the portal: handed in, followed, called off; the rows that stayed out; strangers find nothing."""

from __future__ import annotations

import io
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.http import HttpResponse

from agents_portal.downloads import as_download
from tests.agents_portal.conftest import Reader
from tests.training.making import House
from tests.training.test_imports import line, packed
from training.models import MaterialImport, TrainingAsset
from training.services.imports import hand_in_material, read_material
from training.tasks import read_import

pytestmark = pytest.mark.django_db
PATH = "/material/imports/"


@pytest.fixture
def house() -> House:
    return House()


@pytest.fixture
def stranger() -> House:
    return House()


def handed_in(house: House, data: bytes) -> MaterialImport:
    job, _is_new = hand_in_material(principal=house.engineer, read=io.BytesIO(data).read, length=len(data))
    return job


def upload(data: bytes) -> dict[str, Any]:
    return {"file": SimpleUploadedFile("captures.ndjson", data, "application/x-ndjson")}


def test_a_file_is_handed_in_followed_and_its_refused_rows_are_named_and_taken_along(
    house: House, monkeypatch: pytest.MonkeyPatch, django_capture_on_commit_callbacks: Any
) -> None:
    asked = list[str]()
    monkeypatch.setattr(read_import, "delay", asked.append)
    source, reader = house.licensed_source(), Reader(house.engineer)
    assert "No file was handed in yet" in reader.page(PATH)
    data = packed(
        line(source, 1),
        b"{",
        line(source, 2, territory="FR"),
        line(source, 3, external_id="=1+1", territory="FR"),
    )
    with django_capture_on_commit_callbacks(execute=True):
        answer = reader.post(f"{PATH}new/", upload(data))
    job = MaterialImport.objects.get()
    assert (answer.status_code, answer["Location"], asked) == (302, f"{PATH}{job.pk}/", [str(job.pk)])
    page = reader.page(f"{PATH}{job.pk}/")
    assert "It waits for a worker. Nothing of it has been read yet." in page
    assert 'hx-trigger="every 2s"' in reader.get(f"{PATH}{job.pk}/").content.decode()
    read_import(asked[0])
    page = reader.page(f"{PATH}{job.pk}/")
    for words in ("4 rows were read.", "Read to its end", "The line is no JSON object", "The gate refused it",
                  "TERRITORY_NOT_PERMITTED", "bulk-2"):  # fmt: skip
        assert words in page, words
    assert "every 2s" not in reader.get(f"{PATH}{job.pk}/").content.decode()
    assert "Call it off" not in page
    assert reader.get(f"{PATH}{job.pk}/", htmx=True)["HX-Refresh"] == "true"
    sheet = reader.get(f"{PATH}{job.pk}/refused.csv")
    lines = b"".join(sheet.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert (lines[0], len(lines)) == ("row,code,detail,external_id,decision", 4)
    assert lines[1].startswith("2,JSON_MALFORMED,")
    assert not any(cell.startswith("=") for cell in lines[3].replace('"', "").split(",")), "no cell runs"
    assert sheet["Content-Disposition"] == f'attachment; filename="refused-{job.pk}.csv"'
    assert "Read to its end" in reader.page(PATH)


def test_what_is_no_file_is_refused_at_its_field_and_one_that_is_too_large_is_not_read(
    house: House, settings: Any
) -> None:
    reader = Reader(house.engineer)
    for data, words in (({}, "Choose a file."), (upload(b""), "The file is empty.")):
        answer = reader.post(f"{PATH}new/", data)
        assert (answer.status_code, words in answer.content.decode()) == (422, True), words
    settings.TRAINING_IMPORT_BYTES_MAX = 3
    answer = reader.post(f"{PATH}new/", upload(b"{}{}\n"))
    assert answer.status_code == 422
    large = reader.post(f"{PATH}new/", upload(b"x" * 100_000))
    assert (large.status_code, MaterialImport.objects.count()) == (413, 0)


def test_a_reading_is_called_off_by_whoever_runs_the_pipeline_and_by_nobody_else(
    house: House, stranger: House
) -> None:
    source = house.licensed_source()
    job = handed_in(house, packed(line(source, 1)))
    reader, counsel, other = Reader(house.colleague), Reader(house.counsel), Reader(stranger.engineer)
    address = f"{PATH}{job.pk}/cancel/"
    assert address in reader.page(f"{PATH}{job.pk}/").links
    assert address not in counsel.page(f"{PATH}{job.pk}/").links
    assert counsel.get(address).status_code == 403
    assert counsel.get(f"{PATH}new/").status_code == 403
    for path in ("", "refused.csv", "cancel/"):
        assert other.get(f"{PATH}{job.pk}/{path}").status_code == 404, path
    assert "Call this import off?" in reader.page(address)
    assert reader.post(address)["Location"] == f"{PATH}{job.pk}/"
    page = reader.page(f"{PATH}{job.pk}/")
    assert "It was called off. 0 rows before that were read, and stay." in page
    assert house.colleague.person.full_name in page
    late = reader.post(address)
    assert (late.status_code, "It has ended already." in late.content.decode()) == (409, True)
    assert (read_material(job.pk).state, TrainingAsset.objects.count()) == ("CANCELLED", 0)


def test_why_a_reading_ended_is_said_in_words_and_by_its_code(house: House) -> None:
    job = handed_in(house, packed(line(house.licensed_source(), 1)))
    MaterialImport.objects.filter(pk=job.pk).update(
        state="FAILED", failure="IMPORT_STUCK", finished_at="2026-11-01T00:00:00Z"
    )
    page = Reader(house.producer).page(f"{PATH}{job.pk}/")
    assert "The database refused the next rows each time. Nothing of them was kept." in page
    assert "IMPORT_STUCK" in page


def test_a_file_that_is_given_away_is_kept_and_not_shown_whatever_its_name_holds() -> None:
    plain = as_download(HttpResponse(b""), "report.csv")
    assert plain["Content-Disposition"] == 'attachment; filename="report.csv"'
    assert plain["X-Content-Type-Options"] == "nosniff"
    quoted = as_download(HttpResponse(b""), 'a"; filename="evil.html')["Content-Disposition"]
    assert quoted == 'attachment; filename="a\\"; filename=\\"evil.html"'
    assert (
        "filename*=utf-8''Im%C3%A1genes" in as_download(HttpResponse(b""), "Imágenes")["Content-Disposition"]
    )
