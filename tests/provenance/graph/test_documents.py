"""Papers of the shoot: headers and edit lists are read by the field's libraries, what names people is sealed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
import OpenImageIO
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.subject_keys import destroy_key
from provenance.graph.inspection import inspect_graph
from provenance.graph.models import CustodyDocument, ProvenanceEvent
from provenance.graph.sealing import open_text, seal_text
from provenance.graph.services.documents import facts_told
from tests import factories
from tests.provenance.graph.conftest import Film

pytestmark = pytest.mark.django_db
EDL = b"""TITLE: Reel 4
FCM: NON-DROP FRAME

001  A045C012 V     C        01:00:00:00 01:00:04:00 00:00:00:00 00:00:04:00
* FROM CLIP NAME: A045_C012
"""
ALE = b"""Heading
FIELD_DELIM\tTABS
VIDEO_FORMAT\t1080
FPS\t24

Column
Name\tTape\tStart\tEnd\tScene\tTake

Data
A045_C012\tA045\t01:00:00:00\t01:00:04:00\t45\t3
"""


def attach(
    film: Film, kind: str, name: str, data: bytes, status: int = 201, version: UUID | None = None
) -> Any:
    answer = factories.signed_in(film.desk.person).post(
        f"/api/v1/assets/{version or film.version('plate')}/documents",
        {"kind": kind, "file": SimpleUploadedFile(name, data)},
    )
    assert answer.status_code == status, answer.content
    return answer.json()


def picture(path: Path, pixels: str, **fields: str) -> bytes:
    spec = OpenImageIO.ImageSpec(64, 48, 3, pixels)
    for name, value in fields.items():
        spec.attribute(name, value)
    out = OpenImageIO.ImageOutput.create(str(path))
    assert out.open(str(path), spec)
    out.write_image(np.zeros((48, 64, 3), "float32"))
    out.close()
    return path.read_bytes()


@pytest.mark.req("GP-008", "GP-017")
def test_headers_of_exr_and_dpx_are_read(film: Film, tmp_path: Path) -> None:
    exr = attach(
        film, "IMAGE_HEADER", "A045.exr", picture(tmp_path / "a.exr", "half", cameraModel="ALEXA 35")
    )
    assert (exr["facts"]["width"], exr["facts"]["pixel_type"], exr["facts"]["format"]) == (
        64,
        "half",
        "openexr",
    )
    assert exr["facts"]["fields"]["cameraModel"] == "ALEXA 35"
    dpx = attach(film, "IMAGE_HEADER", "A045.dpx", picture(tmp_path / "a.dpx", "uint16"))
    assert (dpx["facts"]["format"], dpx["facts"]["fields"]["dpx:Version"]) == ("dpx", "V2.0")
    assert inspect_graph(film.production.pk) == []


@pytest.mark.req("GP-008")
def test_edit_lists_logs_and_timelines_are_read(film: Film) -> None:
    edl = attach(film, "EDL", "reel 4.edl", EDL)["facts"]["clips"][0]
    assert (edl["name"], edl["first"], edl["frames"], edl["rate"]) == ("A045_C012", 86400, 96, 24.0)
    ale = attach(film, "ALE", "day 12.ale", ALE)["facts"]["clips"][0]
    assert (ale["name"], ale["fields"]["Scene"], ale["fields"]["Take"]) == ("A045_C012", "45", "3")
    import opentimelineio

    timeline = opentimelineio.adapters.read_from_string(EDL.decode(), "cmx_3600")
    otio = opentimelineio.adapters.write_to_string(timeline, "otio_json").encode()
    assert attach(film, "OTIO", "reel.otio", otio)["facts"]["clips"][0]["name"] == "A045_C012"


@pytest.mark.req("GP-008", "GP-033")
def test_a_call_sheet_is_sealed_hashed_told_by_an_event_and_shown_with_the_origin(film: Film) -> None:
    sheet = b"Crew call 07:00. Gaffer: Noor Haldane"
    told = attach(film, "CALL_SHEET", "day 12.txt", sheet)
    row = CustodyDocument.objects.select_related("text").get(pk=told["id"])
    assert row.text is not None
    assert open_text(row.text) == sheet.decode()
    event = ProvenanceEvent.objects.get(object_id=row.pk)
    assert "Noor" not in event.payload
    assert (told["facts"], row.person) == ({}, film.desk.person)
    assert attach(film, "CALL_SHEET", "again.txt", sheet)["id"] == told["id"]
    answer = factories.signed_in(film.desk.person).get(f"/api/v1/assets/{film.version('shot')}/origin").json()
    assert [(one["name"], one["sha256"]) for one in answer["documents"]] == [("day 12.txt", row.sha256)]


REPORT = b"""Scene,Take,Camera Roll,Clip Name,Lens,T-Stop,ISO,Filter,Operator
45,3,A045,A045C012,"Signature Prime 47, no 11",2.8,800,Ilse's veil,Noor Haldane
45,4,A045,A045C013,"Signature Prime 47, no 11",2.8,800,,Noor Haldane
,,,,,,,end of roll
"""
DAILIES = b"Slate\tTake\tCircled\tSound\tNotes\n45A\t3\tyes\tIlse lav\tIlse prefers this\n45A\t4\tno\tS12\t\n"


@pytest.mark.req("GP-008")
def test_camera_metadata_is_kept_take_by_take_and_dailies_are_logged_without_their_people(film: Film) -> None:
    report = attach(film, "CAMERA_METADATA", "A045.csv", REPORT)
    assert report["facts"]["takes_in_all"] == 2
    assert report["facts"]["takes"][0] == {
        "scene": "45", "take": "3", "roll": "A045", "clip": "A045C012", "lens": "Signature Prime 47, no 11",
        "stop": "2.8", "iso": "800", "filter": "Ilse's veil",
    }  # fmt: skip
    dailies = attach(film, "DAILIES", "day 12.tsv", DAILIES)
    assert dailies["facts"]["takes"] == [
        {"slate": "45A", "take": "3", "circled": "yes", "sound": "Ilse lav"},
        {"slate": "45A", "take": "4", "circled": "no", "sound": "S12"},
    ]
    # whole, and who is named in them, in a technical column too, under seal alone
    for told, data in ((report, REPORT), (dailies, DAILIES)):
        row = CustodyDocument.objects.select_related("text").get(pk=told["id"])
        assert row.text is not None
        assert row.facts == {"takes_in_all": 2}
        assert json.loads(open_text(row.text) or "")["paper"] == data.decode()
        payload = ProvenanceEvent.objects.get(object_id=row.pk).payload
        assert "Noor" not in payload
        assert "Ilse" not in payload
    answer = factories.signed_in(film.desk.person).get(f"/api/v1/assets/{film.version('shot')}/origin").json()
    assert {(one["kind"], one["version"]) for one in answer["documents"]} == {
        (kind, str(film.version("plate"))) for kind in ("CAMERA_METADATA", "DAILIES")
    }
    assert inspect_graph(film.production.pk) == []
    # a paper that is no table of takes is kept as a paper
    for name, data in (("notes.txt", b"Rain stopped play at four."), ("scan.pdf", b"%PDF-1.4 \xff\x00" * 40)):
        assert attach(film, "DAILIES", name, data)["facts"] == {}


def test_of_facts_that_were_kept_before_they_were_sealed_only_what_names_nobody_is_told(film: Film) -> None:
    clips = {"clips": [{"name": "Ilse at the window"}], "name": "Noor's reel", "clips_in_all": 1}
    for kind in ("EDL", "ALE", "OTIO"):
        assert facts_told(CustodyDocument(kind=kind, facts=clips, text=None)) == {"clips_in_all": 1}
    header = {"format": "dpx", "width": 64, "fields": {"Artist": "Noor Haldane"}}
    told = facts_told(CustodyDocument(kind="IMAGE_HEADER", facts=header, text=None))
    assert told == {"format": "dpx", "width": 64}
    # a table of takes beside its sealed paper: while that opens, and no longer
    takes = {"takes": [{"clip": "Ilse at the window"}], "takes_in_all": 1}
    paper = seal_text(film.production.pk, "Clip\nIlse at the window", subjects=[film.token.talent_id])
    document = CustodyDocument(kind="DAILIES", facts=takes, text=paper)
    assert facts_told(document) == takes
    destroy_key(film.token.talent_id)
    assert facts_told(document) == {"takes_in_all": 1}


@pytest.mark.parametrize(
    ("kind", "data", "code"),
    [
        ("IMAGE_HEADER", b"\x89PNG\r\n\x1a\n" + b"0" * 64, "DOCUMENT_UNREADABLE"),
        ("IMAGE_HEADER", b"v/1\x01" + b"\xff" * 400, "DOCUMENT_UNREADABLE"),
        ("EDL", b"\xff\xfe\x00nonsense", "DOCUMENT_UNREADABLE"),
        ("EDL", b"no edit in here", "DOCUMENT_UNREADABLE"),
        ("OTIO", b'{"OTIO_SCHEMA": "Nothing.1"}', "DOCUMENT_UNREADABLE"),
        ("OTIO", b"[" * 100_000, "DOCUMENT_UNREADABLE"),
        ("ALE", b"Heading\n", "DOCUMENT_UNREADABLE"),
    ],
)
def test_what_is_not_of_its_kind_is_refused_and_leaves_nothing(
    film: Film, kind: str, data: bytes, code: str
) -> None:
    before = ProvenanceEvent.objects.count()
    assert attach(film, kind, "x", data, status=422)["code"] == code
    assert ProvenanceEvent.objects.count() == before


def test_strangers_and_counsel_attach_nothing(film: Film) -> None:
    body = {"kind": "CALL_SHEET", "file": SimpleUploadedFile("a.txt", b"x")}
    address = f"/api/v1/assets/{film.version('plate')}/documents"
    stranger = factories.signed_in(factories.make_producer(factories.make_studio()).person)
    assert stranger.post(address, body).status_code == 404
    counsel = factories.signed_in(factories.make_desk(film.production.organisation, "LEGAL").person)
    refused = counsel.post(address, {"kind": "CALL_SHEET", "file": SimpleUploadedFile("a.txt", b"x")})
    assert (refused.status_code, refused.json()["code"]) == (403, "ROLE_MISSING")
    assert not CustodyDocument.objects.exists()
