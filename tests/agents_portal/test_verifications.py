"""The verifier's pages: a file handed in, the verdict in words, layers with evidence, two people's word, replay."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import msgspec
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from agents_portal.verdict_words import chance_words
from agents_portal.views import verifications
from common.keyset import cursor_of
from tests import factories
from tests.verification.conftest import still  # noqa: F401
from tests.verification.making import ABSENT, PRESENT, asked, finished, with_lead
from trustcore.verification.report import Deepfake, ModelVersions, Provenance, RiskWindow, Seal, SealedRegion
from trustcore.verification.words import (
    Binding,
    DetectionState,
    ProvenanceReason,
    ProvenanceStatus,
    RiskStatus,
    SignerTrust,
)
from verification import selectors
from verification.models import Review, Verification

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk() -> Any:
    return factories.make_desk(factories.make_studio(), "PRODUCER")


@pytest.fixture
def reader(desk: Any) -> Client:
    return factories.signed_in(desk.person)


def test_a_file_handed_in_has_its_page_at_once(reader: Client, still: Path) -> None:  # noqa: F811
    upload = SimpleUploadedFile("still.png", still.read_bytes(), content_type="image/png")
    made = reader.post("/verify/", {"file": upload, "impact": "high"})
    row = Verification.objects.get()
    assert (made.status_code, made.headers["Location"]) == (302, f"/verify/{row.pk}/")
    page = reader.get(made.headers["Location"]).content.decode()
    assert 'hx-trigger="every 2s"' in page
    assert page.count("Not yet") >= 6
    assert "still.png" in reader.get("/verify/").content.decode()
    assert reader.post("/verify/", {"impact": "high"}).status_code == 422
    assert Verification.objects.count() == 1


@pytest.mark.req("LV-236")
@pytest.mark.req("LV-237")
def test_the_verdict_stands_in_words_with_every_layers_evidence(desk: Any, reader: Client) -> None:
    stranger = Provenance(
        status=ProvenanceStatus.INVALID, reason=ProvenanceReason.SIGNER_UNKNOWN, binding=Binding.MATCH,
        binding_score=1.0, signer_trust=SignerTrust.UNKNOWN, asserted_by="Pale Orbit VFX", source="embedded",
    )  # fmt: skip
    row = finished(
        desk.organisation,
        desk.person,
        provenance=stranger,
        watermark=with_lead(PRESENT.payload or "", "p"),
        errors=(),
    )
    page = reader.get(f"/verify/{row.pk}/").content.decode()
    for told in (
        "Part of where this file comes from is proved.",
        "Trust unknown",
        "Pale Orbit VFX",
        "100\u00a0%" if "100\u00a0%" in page else "100 %",
        "3 in 10¹⁹",
        "00E1D2C3B4A59687",
        "No detector is installed here",
        "What it does not mean",
        "watermark_present_confident",
    ):
        assert told in page, told


@pytest.mark.req("LV-238")
def test_a_score_stands_with_its_decisive_stretches_and_versions_and_says_that_it_is_in_shadow(
    desk: Any, reader: Client
) -> None:
    scored = Deepfake(
        state=DetectionState.SCORED, status=RiskStatus.HIGH, risk_score=0.81, confidence=0.9, acting=False,
        model_versions=ModelVersions(spatial="spatial-1@1.0.0", temporal="temporal-1@1.0.0", ensemble="mean-1+abc"),
        scores={"spatial": 0.9, "temporal": 0.7}, windows=(RiskWindow(start=1.5, end=1.9, score=0.93),),
        calibration_set="of the tests",
    )  # fmt: skip
    row = finished(desk.organisation, desk.person, deepfake=scored)
    assert row.record.action == "label"
    page = reader.get(f"/verify/{row.pk}/").content.decode()
    for told in (
        "Decisive from 1.5 to 1.9 seconds: 0.93",
        "spatial-1@1.0.0, temporal-1@1.0.0",
        "in shadow",
        "0.81",
    ):
        assert told in page, told
    acting = finished(desk.organisation, desk.person, deepfake=msgspec.structs.replace(scored, acting=True))
    assert "in shadow" not in reader.get(f"/verify/{acting.pk}/").content.decode()
    without = reader.get(f"/verify/{finished(desk.organisation, desk.person).pk}/").content.decode()
    assert "Decisive" not in without


@pytest.mark.req("LV-162")
def test_a_seal_is_told_with_the_places_that_were_edited(desk: Any, reader: Client) -> None:
    def page(seal: Seal | None) -> str:
        mark = msgspec.structs.replace(PRESENT, seal=seal)
        return reader.get(
            f"/verify/{finished(desk.organisation, desk.person, watermark=mark).pk}/"
        ).content.decode()

    whole = Seal(status="intact", frames=1, blocks=30, whole=30, order=True)
    assert "every block is as it was sealed" in page(whole)
    region = SealedRegion(frame=0, x=64, y=96, width=32, height=32)
    edited = page(msgspec.structs.replace(whole, status="edited", whole=29, regions=(region,)))
    assert "Seal: edited in 1 place (0: 64, 96)" in edited
    assert "Seal:" not in page(None)


def test_no_verdict_ever_says_fake_or_real(desk: Any, reader: Client) -> None:
    changed = Provenance(
        status=ProvenanceStatus.INVALID, reason=ProvenanceReason.BINDING_MISMATCH, binding=Binding.MISMATCH
    )
    valid = Provenance(
        status=ProvenanceStatus.VALID, reason=ProvenanceReason.TRUSTED, binding=Binding.MATCH, licensed=True
    )
    rows = [
        finished(desk.organisation, desk.person),
        finished(desk.organisation, desk.person, errors=("missing_provenance", "stream_corrupted")),
        finished(desk.organisation, desk.person, provenance=changed, errors=("binding_mismatch",)),
        finished(desk.organisation, desk.person, provenance=valid, errors=()),
        finished(desk.organisation, desk.person, watermark=PRESENT),
    ]
    headlines = {row.record.headline for row in rows}
    assert headlines == {"nothing_found", "cannot_tell", "changed", "made_under_a_licence", "partly_proved"}
    for row in rows:
        page = reader.get(f"/verify/{row.pk}/").content.decode().lower()
        words = set(page.replace("<", " ").replace(">", " ").replace(".", " ").split())
        assert not words & {"fake", "real", "genuine", "forged"}
        assert "what it does not mean" in page
    assert "breaks off" in reader.get(f"/verify/{rows[1].pk}/").content.decode()


def test_two_people_decide_and_strangers_find_nothing(desk: Any, reader: Client) -> None:
    row = finished(desk.organisation, desk.person, errors=("missing_provenance", "stream_corrupted"))
    second = factories.signed_in(factories.make_desk(desk.organisation, "ENGINEER").person)
    stranger = factories.signed_in(factories.make_desk(factories.make_studio(), "PRODUCER").person)
    waiting = reader.get("/verify/held/").content.decode()
    assert "clip-from-feed.mp4" in waiting
    assert "Nobody yet" in waiting
    assert "Somebody would be harmed" not in waiting
    finished(
        desk.organisation, desk.person, errors=("stream_corrupted",), impact="high", file_name="urgent.mp4"
    )
    waiting = reader.get("/verify/held/").content.decode()
    assert waiting.count("Somebody would be harmed") == 1
    assert waiting.index("urgent.mp4") < waiting.index("clip-from-feed.mp4"), "a person looks sooner"
    word = {"verdict": "KEEP_BACK", "reason": "It breaks off in the middle."}
    assert reader.post(f"/verify/{row.pk}/review/", {"verdict": "KEEP_BACK"}).status_code == 422
    assert reader.post(f"/verify/{row.pk}/review/", word).status_code == 302
    waiting = reader.get("/verify/held/").content.decode()
    assert desk.person.full_name in waiting
    assert "keep it back" in waiting
    assert "Another person decides with you" in reader.get(f"/verify/{row.pk}/").content.decode()
    assert second.post(f"/verify/{row.pk}/review/", word).status_code == 302
    assert "Two people agreed: keep it back." in reader.get(f"/verify/{row.pk}/").content.decode()
    assert "clip-from-feed.mp4" not in reader.get("/verify/held/").content.decode()
    assert reader.post(f"/verify/{row.pk}/replay/").status_code == 302
    assert "The last time it was the same." in reader.get(f"/verify/{row.pk}/").content.decode()
    for answer in (
        stranger.get(f"/verify/{row.pk}/"),
        stranger.post(f"/verify/{row.pk}/review/", word),
        stranger.post(f"/verify/{row.pk}/replay/"),
    ):
        assert answer.status_code == 404
    assert "clip-from-feed.mp4" not in stranger.get("/verify/").content.decode()
    assert Review.objects.count() == 2


def test_a_page_that_follows_is_replaced_only_when_something_changed(desk: Any, reader: Client) -> None:
    row = asked(desk.organisation, desk.person)
    page = reader.get(f"/verify/{row.pk}/").content.decode()
    assert f'hx-get="/verify/{row.pk}/?seen=QUEUED-0"' in page
    polls = {"headers": {"HX-Request": "true"}}
    assert reader.get(f"/verify/{row.pk}/?seen=QUEUED-0", **polls).status_code == 204
    row.state, row.stages = "RUNNING", [{"name": "ingest", "state": "done", "milliseconds": 812.0}]
    row.save()
    moved = reader.get(f"/verify/{row.pk}/?seen=QUEUED-0", **polls)
    assert (moved.status_code, "?seen=RUNNING-1" in moved.content.decode()) == (200, True)
    row.state, row.error_code = "FAILED", "WORKER_LOST"
    row.save()
    ended = reader.get(f"/verify/{row.pk}/?seen=RUNNING-1", **polls)
    assert (ended.headers["HX-Refresh"], ended.content) == ("true", b"")
    page = reader.get(f"/verify/{row.pk}/?seen=RUNNING-1").content.decode()
    assert page.count("Not done") == 5
    assert "Not yet" not in page
    assert "Not yet" not in reader.get("/verify/").content.decode()


def test_pages_ask_at_most_twelve_questions_however_many_rows(desk: Any, reader: Client) -> None:
    for number in range(60):
        finished(desk.organisation, desk.person, watermark=ABSENT, file_name=f"{number}.mp4")
    held = finished(desk.organisation, desk.person, errors=("missing_provenance", "stream_corrupted"))
    asked(desk.organisation, desk.person)
    for address in ("/verify/", "/verify/held/", f"/verify/{held.pk}/"):
        with CaptureQueriesContext(connection) as told:
            assert reader.get(address).status_code == 200
        assert len(told) <= 12, [one["sql"][:80] for one in told.captured_queries]
    assert "Earlier ones" in reader.get("/verify/").content.decode()


def test_chances_are_written_as_people_read_them() -> None:
    assert [chance_words(p) for p in (0.5, 1 / 240, 3e-19, 0.0)] == [
        "1 in 2", "1 in 240", "3 in 10¹⁹", "less than can be written",
    ]  # fmt: skip


def test_what_waits_for_people_is_shown_page_by_page_each_file_once(
    desk: Any, reader: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(verifications, "PAGE", 2)
    held = ("missing_provenance", "stream_corrupted")
    low = [finished(desk.organisation, desk.person, errors=held, file_name=f"low-{n}.mp4") for n in range(4)]
    high = finished(desk.organisation, desk.person, errors=held, file_name="high.mp4", impact="high")
    calm = finished(desk.organisation, desk.person, file_name="calm.mp4")
    seen: list[str] = []
    address = "/verify/held/"
    while address:
        with CaptureQueriesContext(connection) as asked_of:
            page = reader.get(address).content.decode()
        assert len(asked_of) <= 12
        seen += re.findall(r"/verify/([0-9a-f-]{36})/\"", page)
        onward = re.search(r'href="(\?after=[^"]+)"', page)
        assert ("From the beginning" in page) == (address != "/verify/held/")
        address = f"/verify/held/{onward[1]}" if onward else ""
    assert seen == [str(high.pk), *(str(one.pk) for one in low)]
    assert str(calm.pk) not in seen

    behind = selectors.review_queue(desk)[1:2].get()
    last = f"/verify/held/?after={cursor_of(low[-1], selectors.QUEUE_ORDER)}"
    assert "Nothing more" in reader.get(last).content.decode(), "what stood behind it has been decided since"
    wrong = reader.get("/verify/held/?after=%00nonsense").content.decode()
    assert str(high.pk) in wrong
    assert str(behind.pk) in wrong
