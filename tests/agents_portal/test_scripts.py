"""Scripts at the portal: from registering to a named leak, each reader with what is theirs, and never a word shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.models import Organisation
from screenplays.models import Access, Copy, Grant, SceneShot, Version, Work
from tests import factories
from tests.agents_portal.conftest import Reader
from tests.agents_portal.test_house_rules import sound
from tests.screenplays import scripts

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def own_stores(settings: Any, tmp_path: Path) -> None:
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }


@pytest.fixture
def studio() -> Organisation:
    return factories.make_studio("Lanternfish Pictures")


@pytest.fixture
def producer(studio: Organisation) -> Reader:
    return Reader(factories.make_producer(studio))


def registered(producer: Reader, **fields: str) -> str:
    """The place of a new work."""
    made = producer.post(
        "/scripts/new/", {"title": "The <b>Glass</b> Meridian", "kind": "SCREENPLAY", **fields}
    )
    assert made.status_code == 302
    return made["Location"]


def hand_in(producer: Reader, place: str, content: str, name: str = "a.fountain", **fields: str) -> Any:
    file = SimpleUploadedFile(name, content.encode())
    return producer.client.post(f"{place}versions/new/", {"file": file, "label": "Blue revision", **fields})


@pytest.mark.req("ST-040")
@pytest.mark.req("ST-041")
@pytest.mark.req("ST-042")
def test_from_nothing_to_a_copy_with_every_access_on_the_page(producer: Reader) -> None:
    assert "No script yet" in producer.page("/scripts/")
    place = registered(producer)
    assert "No version has come in yet." in producer.page(place)
    assert hand_in(producer, place, scripts.FOUNTAIN, dated="2026-03-04").status_code == 302
    page = producer.page(place)
    sound(page)
    assert "One version is here, sealed. Nobody may train with it." in page
    assert "<b>Glass</b>" not in page.html
    for word in ("OBSERVATORY", "broken lens", "ADA"):
        assert word not in page.html
    version = Version.objects.get()
    made = producer.post(f"{place}copies/new/", {"version_id": str(version.pk), "recipient": "Jonas Reed"})
    assert made.status_code == 302
    copy = Copy.objects.get()
    saved = producer.client.get(f"/scripts/copies/{copy.pk}/")
    assert (saved.status_code, saved["Content-Type"]) == (200, "application/pdf")
    page = producer.page(place)
    assert "Jonas Reed" in page
    assert "Read it: a marked copy" in page
    assert "training was not granted" in page
    proof = producer.client.get(f"{place}versions/{version.pk}/proof.json").json()
    assert proof["sha256"] == version.sha256
    assert proof["proof"]["envelope"]


def test_what_cannot_be_taken_in_is_told_beside_its_field(producer: Reader) -> None:
    place = registered(producer)
    for content, words in (
        (scripts.FDX_XXE, "declares no entities"),
        ("", "There is nothing in this file."),
        (scripts.FDX[:-60], "ends before its end"),
    ):
        answer = hand_in(producer, place, content, "a.fdx")
        assert answer.status_code == 422
        assert words in answer.content.decode()
        assert "Nothing was changed" in answer.content.decode()
    assert not Version.objects.exists()
    hand_in(producer, place, scripts.FOUNTAIN)
    again = hand_in(producer, place, scripts.FOUNTAIN)
    assert again.status_code == 422
    assert "is a version of the work already" in again.content.decode()


@pytest.mark.req("ST-080")
def test_grants_are_given_and_ended_and_training_apart(producer: Reader) -> None:
    place = registered(producer)
    hand_in(producer, place, scripts.FOUNTAIN)
    engineer = factories.make_desk(factories.make_vendor("Pale Orbit VFX"), "ENGINEER")
    reader = Reader(engineer)
    assert reader.client.get(place).status_code == 404
    given = {"organisation": engineer.organisation.slug, "to": engineer.person.email, "until": "2030-01-31"}
    wrong = producer.post(f"{place}grants/new/", {**given, "purpose": "READ", "to": "nobody@example.test"})
    assert wrong.status_code == 422
    assert "There is no such person or API key" in wrong.content.decode()
    assert producer.post(f"{place}grants/new/", {**given, "purpose": "TRAIN"}).status_code == 422
    assert producer.post(f"{place}grants/new/", {**given, "purpose": "READ"}).status_code == 302
    page = reader.page(place)
    sound(page)
    assert "You may read it. Each time is on record, with your name." in page
    assert "Train a model with it" in page
    assert producer.post(f"{place}training/", {**given, "basis": ""}).status_code == 422
    assert producer.post(f"{place}training/", {**given, "basis": "MBA 2026"}).status_code == 302
    assert "1 person may train with it." in producer.page(place)
    version = Version.objects.get()
    assert reader.post(f"{place}copies/new/", {"version_id": str(version.pk)}).status_code == 302
    copy = Copy.objects.get()
    assert copy.recipient == engineer.person.full_name
    read = Grant.objects.get(purpose="READ")
    assert producer.post(f"/scripts/grants/{read.pk}/end/", {"reason": ""}).status_code == 422
    assert producer.post(f"/scripts/grants/{read.pk}/end/", {"reason": "Over."}).status_code == 302
    assert producer.client.get(f"/scripts/grants/{read.pk}/end/").status_code == 409
    assert "You may not read it now." in reader.page(place)
    assert reader.client.get(f"/scripts/copies/{copy.pk}/").status_code == 403
    assert Access.objects.filter(outcome="REFUSED", reasons=["REVOKED"]).exists()
    refused = producer.page(place)
    assert "REVOKED" in refused


def test_a_stale_sign_in_is_asked_again_before_training_is_granted(studio: Organisation) -> None:
    desk = factories.make_producer(studio)
    client = factories.signed_in(desk.person, seconds_ago=100_000)
    work = client.post("/scripts/new/", {"title": "Tide", "kind": "TREATMENT"})["Location"]
    engineer = factories.make_desk(factories.make_vendor(), "ENGINEER")
    answer = client.post(
        f"{work}training/",
        {
            "organisation": engineer.organisation.slug,
            "to": engineer.person.email,
            "until": "2030-01-31",
            "basis": "MBA 2026",
        },
    )
    assert answer.status_code != 302
    assert not Grant.objects.exists()


def test_the_writer_reads_who_read_it_and_changes_nothing(producer: Reader) -> None:
    writer = Reader(factories.make_desk(factories.make_organisation("TALENT"), "TALENT"))
    place = registered(producer, writer_email=writer.desk.person.email)
    hand_in(producer, place, scripts.FOUNTAIN)
    assert "You wrote it" in writer.page("/scripts/")
    page = writer.page(place)
    sound(page)
    assert "Who asked and who got it" in page
    assert "Hand in a version" not in page
    assert writer.client.get(f"{place}versions/new/").status_code == 403
    assert writer.client.get(f"{place}destroy/").status_code == 403


def test_scenes_are_listed_by_number_and_linked_to_shots(producer: Reader) -> None:
    place = registered(producer)
    hand_in(producer, place, scripts.FOUNTAIN)
    scenes = f"{place}versions/{Version.objects.get().pk}/scenes/"
    page = producer.page(scenes)
    sound(page)
    assert "12A" in page
    assert "OBSERVATORY" not in page.html
    assert "Shots, with spaces between them" in producer.page(f"{scenes}?scene=1")
    assert producer.post(scenes, {"ordinal": "1", "shots": "0410_0020, 0410_0030"}).status_code == 302
    assert set(SceneShot.objects.values_list("shot", flat=True)) == {"0410_0020", "0410_0030"}
    assert "0410_0020 0410_0030" in producer.page(scenes)
    assert producer.post(scenes, {"ordinal": "1", "shots": "a" * 90}).status_code == 422


def test_a_pdf_that_turned_up_names_its_copy(producer: Reader) -> None:
    place = registered(producer)
    hand_in(producer, place, scripts.long_fountain(8))
    version = Version.objects.get()
    for name in ("Ilse Brandt", "Jonas Reed"):
        producer.post(f"{place}copies/new/", {"version_id": str(version.pk), "recipient": name})
    from tests.screenplays.test_copies import rewritten

    data = producer.client.get(f"/scripts/copies/{Copy.objects.get(recipient='Jonas Reed').pk}/").content
    for content, words in (
        (data, "These are the very bytes that were handed out."),
        (rewritten(data), "It is the copy of Jonas Reed"),
        (scripts.pdf_of_lines(scripts.PDF_LINES), "No copy can be named"),
    ):
        file = SimpleUploadedFile("found.pdf", content)
        answer = producer.client.post(f"{place}leak/", {"file": file})
        assert answer.status_code == 200
        assert words in answer.content.decode()
    bad = producer.client.post(f"{place}leak/", {"file": SimpleUploadedFile("found.pdf", b"nothing")})
    assert bad.status_code == 422


def test_a_destroyed_text_is_gone_and_its_record_stays(producer: Reader) -> None:
    place = registered(producer)
    hand_in(producer, place, scripts.FOUNTAIN)
    assert producer.post(f"{place}destroy/", {"reason": "The option lapsed."}).status_code == 302
    assert Work.objects.get().sealed_key is None
    page = producer.page(place)
    assert "Its text was destroyed." in page
    assert "Blue revision" in page
    assert producer.client.get(f"{place}versions/new/").status_code == 409
    assert producer.client.get(f"{place}copies/new/").status_code == 403
