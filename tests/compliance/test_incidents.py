"""Incident files: who may, what is written down, what the server knows of it, and that nothing of it goes away."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from audit.models import Event
from common import clock
from common.errors import Conflict, DomainError, Forbidden, NotFound
from compliance.incidents import selectors, services
from compliance.incidents.models import Evidence, Incident, IncidentEntry
from compliance.incidents.sniffing import kind_of
from tests import factories
from tests.compliance import incident as acts
from tests.compliance.incident import Cast, Desk
from watermarking.services import register_mark

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def marks_have_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)


@pytest.fixture
def cast() -> Cast:
    return acts.make_cast()


def body(cast: Cast, **changes: Any) -> dict[str, Any]:
    fields = {
        "talent": cast.talent.handle,
        "platform": "A video site",
        "url": "https://videos.example/watch?v=1",
        "seen_at": "2026-10-01T12:00:00Z",
        "constructs": ["FACE_3D", "VOICE_SPEAKING"],
        "description": "Her face and voice in an advertisement.",
    }
    return fields | changes


@pytest.mark.req("ST-082", "BX-028")
def test_each_party_of_the_talent_records_an_incident_and_reads_what_the_others_did(cast: Cast) -> None:
    for desk in (cast.self, cast.agent, cast.auditor):
        made = Desk(desk).post("incidents", body(cast))
        assert made.status_code == 201, made.content
        found = made.json()
        assert [one["kind"] for one in found["entries"]] == ["RECORDED", "LICENCES"]
        assert found["entries"][0]["organisation"] == desk.organisation.name
    for desk in (cast.self, cast.agent, cast.colleague, cast.auditor):
        assert len(Desk(desk).get("incidents").json()["results"]) == 3
    told = Event.objects.filter(kind="incident.recorded").first()
    assert told is not None
    parties = {str(one.organisation_id) for one in (cast.self, cast.agent, cast.auditor)}
    assert set(told.visible_to) == parties
    assert "advertisement" not in json.dumps(told.details)


@pytest.mark.req("ST-082", "ST-012")
def test_to_everybody_else_it_does_not_exist_and_a_studio_never_sees_one(cast: Cast, tmp_path: Path) -> None:
    factories.make_live_token(cast.production, cast.talent)  # a licensee is no party of the file
    row = acts.record(cast.agent, cast.talent)
    file = acts.add(cast.agent, row, tmp_path, acts.picture())
    package = services.request_package(principal=cast.agent, incident_id=row.pk)
    for stranger in (cast.studio, cast.other_agent, cast.other_guild, cast.other_talent):
        desk = Desk(stranger)
        assert desk.get("incidents").json()["results"] == []
        known, unknown = (
            desk.post("incidents", body(cast)),
            desk.post("incidents", body(cast, talent="nobody-x")),
        )
        assert (known.status_code, known.content) == (404, unknown.content)
        for place in ("", "/notes", "/state", "/evidence", "/packages", f"/evidence/{file.pk}/content"):
            call = desk.get if place.endswith("content") or not place else desk.post
            mine, none = call(f"incidents/{row.pk}{place}"), call(f"incidents/{uuid4()}{place}")
            assert mine.status_code == none.status_code, place
            assert mine.status_code in {404, 415, 422, 400}, place
            assert mine.content == none.content, place
        assert desk.upload(row.pk, acts.picture()).status_code == 404
        assert desk.get(f"incident-packages/{package.pk}").status_code == 404
        with pytest.raises(NotFound):
            services.add_note(principal=stranger, incident_id=row.pk, text="Hello")
        with pytest.raises(NotFound):
            services.request_package(principal=stranger, incident_id=row.pk)
    studio = factories.bearer(factories.make_credential(cast.studio.organisation)[0])
    assert Client().get("/api/v1/incidents", headers=studio).json()["results"] == []
    assert Client().get("/api/v1/incidents").status_code == 401
    assert not Event.objects.filter(
        kind__startswith="incident.", visible_to__contains=[str(cast.studio.organisation_id)]
    ).exists()


def test_a_colleague_reads_and_adds_nothing_and_an_agency_of_yesterday_reads_nothing(
    cast: Cast, tmp_path: Path
) -> None:
    row = acts.record(cast.agent, cast.talent)
    assert Desk(cast.colleague).get(f"incidents/{row.pk}").status_code == 200
    refused = Desk(cast.colleague).post(f"incidents/{row.pk}/notes", {"text": "Hello"})
    assert (refused.status_code, refused.json()["code"]) == (403, "NOT_YOURS_TO_WRITE")
    assert Desk(cast.colleague).upload(row.pk, acts.picture()).json()["code"] == "NOT_YOURS_TO_WRITE"
    with pytest.raises(Forbidden):
        acts.record(cast.colleague, cast.talent)
    from licensing.services import end_mandate

    end_mandate(principal=cast.self, talent=cast.talent)
    assert Desk(cast.agent).get(f"incidents/{row.pk}").status_code == 404
    assert Desk(cast.self).get(f"incidents/{row.pk}").status_code == 200


def test_what_is_licensed_is_noted_as_of_the_moment_and_names_licences_to_who_may_know_them(
    cast: Cast,
) -> None:
    token, *_ = factories.make_live_token(cast.production, cast.talent)
    earlier = acts.record(cast.agent, cast.talent, seen_at=token.not_before - timedelta(days=3))
    later = acts.record(cast.agent, cast.talent, seen_at=clock.now())
    body_of = {row.pk: row.entries.get(kind="LICENCES").body for row in (earlier, later)}
    assert (body_of[earlier.pk]["in_force_then"], body_of[earlier.pk]["in_force_now"]) == (0, 1)
    assert body_of[later.pk]["in_force_then"] == 1
    assert body_of[later.pk]["grant_such_a_use_then"] is None
    for use, granted in (("FACE_RENDER", 1), ("CHATBOT_PERSONA", 0)):
        named = acts.record(cast.agent, cast.talent, seen_at=clock.now(), use_types=[use])
        assert named.entries.get(kind="LICENCES").body["grant_such_a_use_then"] == granted
    seen = Desk(cast.agent).get(f"incidents/{later.pk}").json()["entries"][1]
    assert seen["details"]["licences"][0]["jti"] == str(token.pk)
    kept = Desk(cast.auditor).get(f"incidents/{later.pk}").json()["entries"][1]
    assert (kept["details"], kept["withheld"]) == (None, True)
    assert str(token.pk) not in json.dumps(kept)
    assert token.licensee.name not in json.dumps(kept)
    unlike = acts.record(cast.agent, cast.talent, constructs=["BODY_3D"])
    assert unlike.entries.get(kind="LICENCES").body["known"] == 0


def test_a_notice_an_answer_and_an_end_move_it_and_nothing_else_does(cast: Cast, tmp_path: Path) -> None:
    desk = Desk(cast.agent)
    row = desk.post("incidents", body(cast)).json()["id"]
    early = desk.post(
        f"incidents/{row}/answers",
        {"received_from": "The site", "received_at": "2026-10-03T00:00:00Z", "text": "No."},
    )
    assert (early.status_code, early.json()["code"]) == (409, "NO_NOTICE")
    letter = desk.upload(row, b"%PDF-1.7\n%letter", "letter.pdf", kind="DOCUMENT").json()
    notice = {
        "sent_to": "Legal department, The Site",
        "sent_at": "2026-10-02T00:00:00Z",
        "law": "Cal. Civ. Code 3344",
        "sent_by": "courier",
        "evidence": [letter["id"]],
    }
    sent = desk.post(f"incidents/{row}/notices", notice).json()
    assert (sent["state"], sent["entries"][-1]["body"]["evidence"]) == ("NOTICE_SENT", [letter["entry"]])
    answered = desk.post(
        f"incidents/{row}/answers",
        {"received_from": "The site", "received_at": "2026-10-03T00:00:00Z", "text": "Taken down."},
    ).json()
    assert answered["state"] == "ANSWERED"
    ended = desk.post(f"incidents/{row}/state", {"state": "RESOLVED", "reason": "Taken down."}).json()
    assert ended["state"] == "RESOLVED"
    closed = desk.post(f"incidents/{row}/notes", {"text": "More"})
    assert (closed.status_code, closed.json()["code"]) == (409, "INCIDENT_CLOSED")
    twice = desk.post(f"incidents/{row}/state", {"state": "DISMISSED", "reason": "No."})
    assert (twice.status_code, twice.json()["code"]) == (409, "INCIDENT_STATE")
    assert (
        desk.post(f"incidents/{row}/state", {"state": "ANSWERED", "reason": "x"}).json()["code"]
        == "STATE_UNKNOWN"
    )
    again = desk.post(f"incidents/{row}/state", {"state": "OPEN", "reason": "It is back."}).json()
    assert again["state"] == "OPEN"
    assert [one["number"] for one in again["entries"]] == list(range(1, len(again["entries"]) + 1))


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"constructs": ["FACE"]}, "CONSTRUCT_UNKNOWN"),
        ({"use_types": ["RENDER"]}, "USE_TYPE_UNKNOWN"),
        ({"url": "javascript:alert(1)"}, "URL_INVALID"),
        ({"url": "file:///etc/passwd"}, "URL_INVALID"),
        ({"seen_at": "2999-01-01T00:00:00Z"}, "SEEN_AT_INVALID"),
        ({"platform": "video\u202esite"}, "PLATFORM_INVALID"),
        ({"description": "a\u2066b"}, "DESCRIPTION_INVALID"),
        ({"description": "x" * 5001}, "DESCRIPTION_INVALID"),
    ],
)
def test_bad_input_is_refused_with_its_code_and_leaves_nothing(
    cast: Cast, change: dict[str, Any], code: str
) -> None:
    answer = Desk(cast.agent).post("incidents", body(cast, **change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not Incident.objects.exists()


def test_text_with_markup_and_line_ends_is_kept_as_text(cast: Cast) -> None:
    typed = "<script>alert(1)</script>\r\nsecond line"
    made = Desk(cast.agent).post("incidents", body(cast, description=typed)).json()
    assert made["description"] == "<script>alert(1)</script>\nsecond line"


@pytest.mark.req("ST-082")
def test_evidence_is_judged_by_its_bytes_and_handed_out_as_a_file_alone(cast: Cast, tmp_path: Path) -> None:
    desk = Desk(cast.agent)
    row = desk.post("incidents", body(cast)).json()["id"]
    page = b"<!DOCTYPE html><script>alert(1)</script>"
    added = desk.upload(row, page, "../../holiday\u202egnp.exe", kind="CAPTURE").json()
    assert (added["media_type"], added["size_bytes"]) == ("text/html", len(page))
    assert "\u202e" not in added["file_name"]
    assert "/" not in added["file_name"]
    got = desk.client.get(added["content"])
    assert got["Content-Type"] == "application/octet-stream"
    assert got["Content-Disposition"].startswith("attachment;")
    assert got["Content-Disposition"].endswith('.html.txt"')
    assert got["X-Content-Type-Options"] == "nosniff"
    assert b"".join(got.streaming_content) == page
    again = desk.upload(row, page, "other.html", kind="CAPTURE")
    assert (again.status_code, again.json()["code"]) == (409, "EVIDENCE_KNOWN")


def test_empty_oversized_and_wrong_files_are_refused_and_nothing_is_kept(
    cast: Cast, settings: Any, tmp_path: Path
) -> None:
    desk = Desk(cast.agent)
    row = desk.post("incidents", body(cast)).json()["id"]
    assert desk.upload(row, b"").json()["code"] == "EVIDENCE_EMPTY"
    for program in (
        b"MZ\x90\x00" + b"\0" * 60,
        b"\x7fELF" + b"\0" * 60,
        b"#!/bin/sh\nrm -rf /\n",
        b"PK\x03\x04x",
    ):
        refused = desk.upload(row, program, "photo.png")
        assert (refused.status_code, refused.json()["code"]) == (422, "EVIDENCE_TYPE")
    assert desk.upload(row, acts.picture(), kind="WITNESS").json()["code"] == "EVIDENCE_KIND_UNKNOWN"
    settings.INCIDENT_EVIDENCE_BYTES_MAX = 100
    large = desk.upload(row, acts.picture(size=(400, 300)))
    assert (large.status_code, large.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")
    declared = desk.client.post(
        f"/api/v1/incidents/{row}/evidence",
        b"x",
        content_type="multipart/form-data; boundary=x",
        CONTENT_LENGTH=str(10**9),
    )
    assert (declared.status_code, declared.json()["code"]) == (413, "EVIDENCE_TOO_LARGE")
    assert not Evidence.objects.exists()
    assert IncidentEntry.objects.filter(kind="EVIDENCE").count() == 0


@pytest.mark.parametrize(
    ("head", "media_type"),
    [
        (b"\x89PNG\r\n\x1a\n", "image/png"),
        (b"\xff\xd8\xff\xe0", "image/jpeg"),
        (b"RIFF\x00\x00\x00\x00WEBPVP8 ", "image/webp"),
        (b"RIFF\x00\x00\x00\x00WAVEfmt ", "audio/wav"),
        (b"\x00\x00\x00\x18ftypisom", "video/mp4"),
        (b"\x00\x00\x00\x14ftypqt  ", "video/quicktime"),
        (b"\x1a\x45\xdf\xa3\x9f\x42\x82\x84webm", "video/webm"),
        (b"WARC/1.1\r\n", "application/warc"),
        ("Ein Brief, für Sie".encode(), "text/plain"),
        (b"\xef\xbb\xbf<html>", "text/html"),
        (b"RIFF\x00\x00\x00\x00EVIL", None),
        (b"\x00\x01\x02", None),
        (b"   ", None),
        (b"text\x00with a null", None),
        (b"\xffrubbish", None),
    ],
)
def test_kinds_are_told_by_their_first_bytes(head: bytes, media_type: str | None) -> None:
    found = kind_of(head)
    assert (found.media_type if found else None) == media_type


def test_text_that_is_cut_within_a_character_is_text() -> None:
    found = kind_of(("x" + "ä" * 3000).encode()[:4096])
    assert found is not None
    assert found.media_type == "text/plain"


@pytest.mark.req("ST-082", "BX-028")
def test_a_mark_in_the_evidence_leads_to_its_output_for_who_may_know_and_nothing_found_claims_nothing(
    cast: Cast, tmp_path: Path
) -> None:
    from watermarking.services import embed_registered

    token, *_ = factories.make_live_token(cast.production, cast.talent)
    mark = register_mark(
        production_id=cast.production.pk,
        token_jtis=[token.pk],
        asset_id=None,
        visible_to=[cast.studio.organisation_id, cast.agent.organisation_id, cast.talent.organisation_id],
    )
    from PIL import Image

    noise = Image.effect_noise((512, 512), 60).convert("RGB")
    noise.save(tmp_path / "plain.png")
    embed_registered(registration_id=mark.pk, src=tmp_path / "plain.png", dst=tmp_path / "marked.png")
    desk = Desk(cast.agent)
    row = desk.post("incidents", body(cast)).json()["id"]
    marked = desk.upload(row, (tmp_path / "marked.png").read_bytes()).json()
    plain = desk.upload(row, acts.picture(size=(512, 512))).json()
    broken = desk.upload(row, b"\x89PNG\r\n\x1a\nnothing").json()
    twice = desk.post(f"incidents/{row}/evidence/{marked['id']}/read")
    assert (twice.status_code, twice.json()["code"]) == (409, "READING_OPEN")
    acts.read_what_waits()
    acts.read_what_waits()  # safe to repeat
    read = {
        one["body"]["evidence"]: one
        for one in desk.get(f"incidents/{row}").json()["entries"]
        if one["kind"] == "READING"
    }
    assert len(read) == 3
    found = read[marked["id"]]
    assert (found["body"]["mark"], found["body"]["watermark"]["status"]) == (mark.mark_id, "present")
    assert found["details"]["licences"][0]["jti"] == str(token.pk)
    assert read[plain["id"]]["body"]["watermark"]["status"] in {"absent", "uncertain"}
    assert (read[plain["id"]]["body"]["mark"], read[plain["id"]]["details"]) == (None, None)
    assert read[broken["id"]]["body"]["error"]
    assert read[broken["id"]]["body"]["watermark"]["status"] is None
    guild = [one for one in Desk(cast.auditor).get(f"incidents/{row}").json()["entries"] if one["withheld"]]
    assert found["number"] in {one["number"] for one in guild}
    letter = desk.upload(row, b"a plain letter", "letter.txt", kind="DOCUMENT").json()
    no = desk.post(f"incidents/{row}/evidence/{letter['id']}/read")
    assert (no.status_code, no.json()["code"]) == (422, "EVIDENCE_HAS_NO_MARK")


def test_what_was_written_down_cannot_be_changed_or_removed(cast: Cast, tmp_path: Path) -> None:
    row = acts.record(cast.agent, cast.talent)
    file = acts.add(cast.agent, row, tmp_path, acts.picture())
    reading = services.ask_reading(principal=cast.agent, incident_id=row.pk, evidence_id=file.pk)
    changes: list[Any] = [
        lambda: IncidentEntry.objects.filter(incident=row).update(body={}),
        lambda: IncidentEntry.objects.filter(incident=row, number=2).delete(),
        lambda: Evidence.objects.filter(pk=file.pk).update(sha256="0" * 64),
        lambda: Incident.objects.filter(pk=row.pk).update(description="Other"),
        lambda: type(reading).objects.filter(pk=reading.pk).update(detection_id=uuid4()),
    ]
    for change in changes:
        with pytest.raises(IntegrityError), transaction.atomic():
            change()
    with pytest.raises(IntegrityError), transaction.atomic():
        Incident.objects.filter(pk=row.pk)._raw_delete("default")
    row.refresh_from_db()
    assert row.description.startswith("Her face")


def test_two_who_write_at_once_number_their_entries_one_after_the_other(cast: Cast) -> None:
    row = acts.record(cast.agent, cast.talent)
    for text in ("one", "two", "three"):
        services.add_note(principal=cast.agent, incident_id=row.pk, text=text)
    hashes = list(row.entries.order_by("number").values_list("number", "hash"))
    assert [number for number, _ in hashes] == [1, 2, 3, 4, 5]
    lines = [json.loads(bytes(one.line)) for one in row.entries.order_by("number")]
    assert [one["previous"] for one in lines] == ["0" * 64, *(digest for _, digest in hashes[:-1])]


def test_a_file_has_bounds(cast: Cast, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = acts.record(cast.agent, cast.talent)
    monkeypatch.setattr("compliance.incidents.services.evidence.FILES_MOST", 1)
    acts.add(cast.agent, row, tmp_path, acts.picture("red"))
    with pytest.raises(Conflict) as refused:
        acts.add(cast.agent, row, tmp_path, acts.picture("blue"))
    assert refused.value.code == "EVIDENCE_TOO_MANY"
    monkeypatch.setattr("compliance.incidents.services.appending.ENTRIES_MOST", 2)
    with pytest.raises(DomainError) as full:
        services.add_note(principal=cast.agent, incident_id=row.pk, text="one more")
    assert full.value.code == "INCIDENT_FULL"
    before = row.entries.count()
    for _ in range(3):  # a full file is still taken along, and who asks for copies fills none
        services.request_package(principal=cast.colleague, incident_id=row.pk)
    assert row.entries.count() == before


def test_a_page_of_the_file_is_read_in_few_queries_however_long_it_is(
    cast: Cast, tmp_path: Path, django_assert_max_num_queries: Any
) -> None:
    row = acts.record(cast.agent, cast.talent)
    for number in range(12):
        services.add_note(principal=cast.agent, incident_id=row.pk, text=f"note {number}")
    acts.add(cast.agent, row, tmp_path, acts.picture())
    with django_assert_max_num_queries(9):
        selectors.incident_detail(cast.agent, row.pk)
