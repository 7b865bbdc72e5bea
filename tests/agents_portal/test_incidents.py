"""Incidents at the portal: the talent's side and guild write them down, nobody else learns of one."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test.utils import CaptureQueriesContext

from compliance.incidents import services
from compliance.incidents.models import Evidence, Incident
from compliance.incidents.tasks import build_package
from tests.agents_portal.conftest import Reader, page_of
from tests.agents_portal.test_house_rules import sound
from tests.compliance import incident as acts
from tests.compliance.incident import Cast

pytestmark = pytest.mark.django_db
FIELDS = {
    "platform": "A video site",
    "url": "https://videos.example/watch?v=1",
    "seen_at": "2026-10-01T12:00",
    "constructs": ["FACE_3D"],
    "description": "Her face <b>selling</b> shoes.\r\nTwice.",
}


@pytest.fixture(autouse=True)
def own_stores(settings: Any, tmp_path: Path) -> None:
    folder = {"location": str(tmp_path / "blobs"), "allow_overwrite": True, "base_url": None}
    settings.STORAGES = {
        **settings.STORAGES,
        "blobs": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": folder},
    }


@pytest.fixture(autouse=True)
def marks_have_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def cast() -> Cast:
    return acts.make_cast()


@pytest.mark.req("ST-082")
def test_from_nothing_to_a_package_in_the_portal(cast: Cast, tmp_path: Path) -> None:
    agent = Reader(cast.agent)
    assert "Nothing is recorded" in agent.page("/incidents/")
    made = agent.post("/incidents/new/", {**FIELDS, "talent": cast.talent.handle})
    assert made.status_code == 302
    place = made["Location"]
    page = agent.page(place)
    sound(page)
    assert "This server knows no licence of this likeness, then or since." in page
    assert "<b>selling</b>" not in page.html
    assert "Her face <b>selling</b> shoes." in page
    file = SimpleUploadedFile("screen.png", acts.picture(size=(512, 512)), "text/html")
    added = agent.post(f"{place}evidence/", {"file": file, "kind": "CAPTURE"})
    assert (added.status_code, added["Location"]) == (302, place)
    evidence = Evidence.objects.get()
    got = agent.get(f"{place}evidence/{evidence.pk}/")
    assert got["Content-Disposition"].startswith("attachment")
    assert got["Content-Type"] == "application/octet-stream"
    notice = {
        "sent_to": "The Site",
        "sent_at": "2026-10-02T09:00",
        "law": "Sec. 3344",
        "evidence": [str(evidence.pk)],
    }
    assert agent.post(f"{place}notice/", notice).status_code == 302
    answer = {"received_from": "The Site", "received_at": "2026-10-03T09:00", "text": "Taken down."}
    assert agent.post(f"{place}answer/", answer).status_code == 302
    assert agent.post(f"{place}read/".replace("read/", f"evidence/{evidence.pk}/read/")).status_code == 302
    acts.read_what_waits()
    assert agent.post(f"{place}state/", {"state": "RESOLVED", "reason": "Gone."}).status_code == 302
    page = agent.page(place)
    for words in (
        "Resolved",
        "To The Site, 2 Oct 2026, 09:00 UTC",
        "Taken down.",
        "Under Sec. 3344",
        "Gone.",
    ):
        assert words in page
    assert "No mark of this server was found" in page or "cannot be told" in page
    assert agent.get(f"{place}note/").status_code == 409
    assert agent.post(f"{place}package/").status_code == 302
    incident = Incident.objects.get()
    build_package.apply(args=[str(incident.packages.get().pk)])
    page = agent.page(place)
    assert f"/incidents/packages/{incident.packages.get().pk}/" in page.links
    zipped = agent.get(f"/incidents/packages/{incident.packages.get().pk}/")
    assert zipped["Content-Type"] == "application/zip"
    assert "closed" in agent.page("/incidents/?tab=closed").html
    assert "A video site" in agent.page("/incidents/?tab=closed")


def test_talent_guild_and_colleague_read_it_and_strangers_find_nothing(cast: Cast, tmp_path: Path) -> None:
    row = acts.record(cast.agent, cast.talent)
    file = acts.add(cast.agent, row, tmp_path, acts.picture())
    package = services.request_package(principal=cast.agent, incident_id=row.pk)
    places = (
        f"/incidents/{row.pk}/",
        f"/incidents/{row.pk}/evidence/",
        f"/incidents/{row.pk}/note/",
        f"/incidents/{row.pk}/evidence/{file.pk}/",
        f"/incidents/packages/{package.pk}/",
    )
    for desk in (cast.self, cast.auditor):
        for place in places[:4]:
            assert Reader(desk).get(place).status_code == 200, place
        sound(Reader(desk).page(places[0]))
        sound(Reader(desk).page("/incidents/new/"))
    colleague = Reader(cast.colleague)
    assert "Add a file" not in colleague.page(places[0])
    assert colleague.get(places[1]).status_code == colleague.get(places[2]).status_code == 403
    for desk in (cast.studio, cast.other_agent, cast.other_guild, cast.other_talent):
        reader = Reader(desk)
        for place in places:
            nothing = reader.get(
                place.replace(str(row.pk), str(uuid4())).replace(str(package.pk), str(uuid4()))
            )
            got = reader.get(place)
            assert (got.status_code, nothing.status_code) == (404, 404), place
            assert page_of(got).text == page_of(nothing).text
        posted = reader.post(places[1], {"file": SimpleUploadedFile("x.png", acts.picture())})
        assert posted.status_code == 404
        listed = reader.get("/incidents/")
        assert listed.status_code == (404 if desk is cast.studio else 200)
        assert "A video site" not in page_of(listed).text
    assert Evidence.objects.count() == 1


def test_a_form_with_errors_keeps_what_was_typed_and_records_nothing(cast: Cast) -> None:
    agent = Reader(cast.agent)
    for change, words in (
        ({"url": "javascript:alert(1)"}, "no web address"),
        ({"seen_at": "2999-01-01T00:00"}, "not come yet"),
        ({"description": "a\u202eb"}, "none of them invisible"),
        ({"constructs": []}, "at least one"),
        ({"talent": "nobody-at-all"}, "yours to speak for"),
    ):
        answer = agent.post("/incidents/new/", {**FIELDS, "talent": cast.talent.handle, **change})
        assert answer.status_code == 422, change
        assert words in page_of(answer)
        assert "A video site" in answer.content.decode()
    other = agent.post("/incidents/new/", {**FIELDS, "talent": cast.other_talent.person.talent.handle})
    nobody = agent.post("/incidents/new/", {**FIELDS, "talent": "nobody-at-all"})
    assert "yours to speak for" in page_of(other)
    assert other.status_code == nobody.status_code == 422
    assert not Incident.objects.exists()


def test_files_that_are_empty_too_large_or_of_a_wrong_kind_are_refused_in_words(
    cast: Cast, settings: Any
) -> None:
    row = acts.record(cast.agent, cast.talent)
    agent, place = Reader(cast.agent), f"/incidents/{row.pk}/evidence/"

    def sent(data: bytes, name: str = "x.png") -> Any:
        return agent.post(place, {"file": SimpleUploadedFile(name, data), "kind": "FOUND"})

    for data, words in ((b"", "is empty"), (b"MZ\x90\x00", "not kept as evidence")):
        answer = sent(data)
        assert (answer.status_code, words in page_of(answer)) == (422, True)
    settings.INCIDENT_EVIDENCE_BYTES_MAX = 64
    assert sent(acts.picture(size=(200, 200))).status_code in {413, 422}
    huge = agent.client.post(
        place, b"x", content_type="multipart/form-data; boundary=x", CONTENT_LENGTH=str(10**10)
    )
    assert huge.status_code == 413
    assert not Evidence.objects.exists()


def test_an_upload_needs_its_token(cast: Cast) -> None:
    from django.test import Client

    row = acts.record(cast.agent, cast.talent)
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.agent.person)
    answer = client.post(
        f"/incidents/{row.pk}/evidence/", {"file": SimpleUploadedFile("x.png", acts.picture())}
    )
    assert answer.status_code == 403
    assert not Evidence.objects.exists()


def test_pages_take_as_many_queries_however_many_rows_there_are(cast: Cast, tmp_path: Path) -> None:
    from django.db import connection

    agent = Reader(cast.agent)
    counts = []
    for rounds in (1, 6):
        for number in range(rounds):
            row = acts.record(cast.agent, cast.talent, platform=f"Site {rounds} {number}")
            for note in range(rounds):
                services.add_note(principal=cast.agent, incident_id=row.pk, text=f"note {note}")
            acts.add(cast.agent, row, tmp_path, acts.picture(size=(8 + number, 8 + rounds)))
        for place in ("/incidents/", f"/incidents/{row.pk}/"):
            with CaptureQueriesContext(connection) as caught:
                agent.page(place)
            counts.append(len(caught))
    assert counts[:2] == counts[2:]
    assert max(counts) <= 15  # session, person and membership are asked by the frame


def test_a_long_list_is_read_page_by_page(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    import agents_portal.views.incidents as views
    from compliance.incidents import selectors

    real = selectors.incident_page
    monkeypatch.setattr(views, "incident_page", lambda *a, **k: real(*a, **{**k, "size": 2}))
    for number in range(5):
        acts.record(cast.agent, cast.talent, platform=f"Site {number}")
    agent = Reader(cast.agent)
    seen, place = [], "/incidents/"
    while place:
        page = agent.page(place)
        seen += [f"Site {number}" for number in range(5) if f">Site {number}<" in page.html]
        more = [link for link in page.links if "before=" in link]
        place = f"/incidents/{more[0]}" if more else ""
    assert sorted(seen) == [f"Site {number}" for number in range(5)]
    assert agent.get("/incidents/?before=rubbish").status_code == 200
