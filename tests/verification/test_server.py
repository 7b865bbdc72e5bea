"""Verifications on the server: asked, run, signed, kept, replayed, reviewed; each organisation alone with its own."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import InternalError, connection, transaction
from django.db.utils import DatabaseError
from django.test import Client

from audit.models import Event
from common.errors import Conflict, InvalidInput, NotFound, TooLarge, Unavailable
from common.keys import public_keys
from common.storage import blobs
from provenance.credentials import sign_file
from provenance.services.signing import signing_identity
from tests import factories
from tests.verification.conftest import FACTS
from tests.verification.making import asked, finished
from trustcore.verification.policy import policy_document, policy_named
from trustcore.verification.report import parse_report
from verification import selectors, services
from verification.models import VerificationRecord
from verification.services.signing import is_signed
from watermarking.models import MarkRegistration

pytestmark = pytest.mark.django_db


@pytest.fixture
def producer() -> Any:
    return factories.make_desk(factories.make_studio(), "PRODUCER")


@pytest.fixture
def stranger() -> Any:
    return factories.make_desk(factories.make_studio(), "PRODUCER")


@pytest.mark.req("LV-211")
def test_a_queue_lowers_the_sampling_of_what_matters_little_alone(
    producer: Any, plain: Path, settings: Any
) -> None:
    settings.VERIFICATION_BACKLOG = 0

    def asked(impact: str) -> Any:
        return services.request_verification(
            principal=producer, path=plain, file_name="a.mp4", impact=impact, layers=["provenance"]
        )

    asked("low")  # waits, and nobody takes it
    sampled = {}
    for impact in ("low", "high"):
        row = asked(impact)
        services.run_verification(verification_id=row.pk)
        row.refresh_from_db()
        sampled[impact] = parse_report(row.record.report).audit.sampling
    assert (sampled["low"].reduced, sampled["low"].reason) == (True, "backpressure")
    assert not sampled["high"].reduced
    assert sampled["low"].frames < sampled["high"].frames


@pytest.mark.req("LV-050")
@pytest.mark.req("LV-077")
@pytest.mark.req("LV-055")
@pytest.mark.req("LV-183")
@pytest.mark.req("LV-190")
@pytest.mark.req("LV-191")
@pytest.mark.req("LV-001")
@pytest.mark.req("LV-002")
def test_a_file_of_ours_is_verified_signed_and_kept(producer: Any, plain: Path, tmp_path: Path) -> None:
    film = tmp_path / "delivery.mp4"
    sign_file(plain, film, facts=FACTS, identity=signing_identity(), media_type="video/mp4")
    row = services.request_verification(
        principal=producer, path=film, file_name="delivery.mp4", layers=["provenance"]
    )
    services.run_verification(verification_id=row.pk)
    row.refresh_from_db()
    record = row.record
    report = parse_report(record.report)
    assert (row.state, record.action, record.headline) == ("DONE", "publish", "made_under_a_licence")
    assert report.sha256 == record.report_sha256
    assert is_signed(record.report_sha256, record.kid, bytes(record.signature))
    assert not is_signed("0" * 64, record.kid, bytes(record.signature))
    assert record.kid in public_keys("DECISION")
    assert report.audit.input_sha256 == f"sha256:{row.sha256}"
    assert report.provenance.manifests[0].signer
    assert record.policy == policy_document(policy_named("default@2"))
    assert [one["name"] for one in row.stages] == [str(run.name) for run in report.audit.stages]
    told = Event.objects.get(kind="verification.decided")
    assert told.details["report_sha256"] == record.report_sha256
    assert blobs().exists(row.blob)
    again = services.run_verification(verification_id=row.pk)
    assert again.state == "DONE"
    assert VerificationRecord.objects.count() == 1


@pytest.mark.req("LV-077")
@pytest.mark.parametrize(
    "statement", ["update {} set created_at = now()", "delete from {}", "truncate {} cascade"]
)
def test_what_was_said_is_never_changed(producer: Any, statement: str) -> None:
    finished(producer.organisation, producer.person)
    with pytest.raises((InternalError, DatabaseError)), transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement.format("verification_verificationrecord"))


@pytest.mark.req("LV-010")
@pytest.mark.req("LV-170")
@pytest.mark.req("LV-084")
def test_a_replay_leads_to_the_same_decision_and_names_what_was_tampered_with(
    producer: Any, stranger: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    row = finished(producer.organisation, producer.person)
    same = services.replay(principal=producer, verification_id=row.pk)
    assert same.differences == []
    assert same.decision["rationale_codes"] == row.record.report["decision"]["rationale_codes"]
    with pytest.raises(NotFound):
        services.replay(principal=stranger, verification_id=row.pk)
    with pytest.raises(Conflict, match="VERIFICATION_UNFINISHED"):
        services.replay(principal=producer, verification_id=asked(producer.organisation, producer.person).pk)
    report = json.loads(json.dumps(row.record.report))
    report["decision"]["action"] = "publish"
    report["audit"]["pipeline_versions"]["ingest"] = "trustmark.ingest/0@0.9"
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
        cursor.execute("alter table verification_verificationrecord disable trigger user")
        cursor.execute(
            "update verification_verificationrecord set report = %s where id = %s",
            [json.dumps(report), str(row.record.pk)],
        )
        cursor.execute("alter table verification_verificationrecord enable trigger user")
    found = services.replay(principal=producer, verification_id=row.pk).differences
    assert {"report_sha256", "decision.action", "version.ingest"} <= {one["what"] for one in found}


@pytest.mark.req("LV-231")
@pytest.mark.req("LV-232")
@pytest.mark.req("BX-023")
def test_a_policy_on_trial_is_compared_and_binds_its_share_alone(
    producer: Any, settings: Any, tmp_path: Path
) -> None:
    document = policy_document(policy_named("default@1")) | {"name": "strict", "version": 1}
    document["errors"] = document["errors"] | {"missing_provenance": {"low": "hold", "high": "hold"}}
    (tmp_path / "strict.json").write_text(json.dumps(document))
    plain = finished(producer.organisation, producer.person)
    settings.VERIFICATION_TRIAL_POLICY = str(tmp_path / "strict.json")
    shadow = finished(producer.organisation, producer.person)
    settings.VERIFICATION_TRIAL_SHARE = 100
    canary = finished(producer.organisation, producer.person)
    assert (plain.record.action, plain.record.trial) == ("label", None)
    assert (shadow.record.action, shadow.record.trial["trial"]["action"]) == ("label", "hold")
    assert (canary.record.action, canary.record.report["decision"]["policy"]) == ("hold", "strict@1")
    assert canary.record.report["decision"]["mode"] == "canary"
    rates = selectors.action_rates(producer)
    assert rates["trial"] == {
        "compared": 2, "bound": 1, "changed": 2, "baseline": {"label": 2}, "trial": {"hold": 2},
    }  # fmt: skip
    assert services.replay(principal=producer, verification_id=canary.pk).differences == []


def test_two_people_decide_on_what_was_held_and_no_one_alone(producer: Any, stranger: Any) -> None:
    row = finished(producer.organisation, producer.person, errors=("missing_provenance", "stream_corrupted"))
    calm = finished(producer.organisation, producer.person)
    second = factories.make_desk(producer.organisation, "ENGINEER")
    third = factories.make_desk(producer.organisation, "PRODUCER")
    assert list(selectors.review_queue(producer)) == [row]
    word = {"verification_id": row.pk, "verdict": "LET_GO", "reason": "Known feed, looked at whole."}
    services.give_word(principal=producer, **word)
    assert selectors.outcome_of(row.record) is None
    with pytest.raises(Conflict, match="REVIEW_GIVEN"):
        services.give_word(principal=producer, **word)
    services.give_word(principal=second, **(word | {"verdict": "KEEP_BACK"}))
    assert selectors.outcome_of(row.record) is None
    services.give_word(principal=third, **word)
    assert selectors.outcome_of(row.record) == "LET_GO"
    assert not selectors.review_queue(producer).exists()
    with pytest.raises(Conflict, match="NOTHING_TO_REVIEW"):
        services.give_word(principal=producer, **(word | {"verification_id": calm.pk}))
    with pytest.raises(NotFound):
        services.give_word(principal=stranger, **word)
    with pytest.raises(InvalidInput, match="REASON_MISSING"):
        services.give_word(principal=second, **(word | {"reason": " "}))


def test_what_ends_its_worker_again_and_again_is_given_up(producer: Any) -> None:
    row = asked(producer.organisation, producer.person, attempts=3)
    services.run_verification(verification_id=row.pk)
    row.refresh_from_db()
    assert (row.state, row.error_code) == ("FAILED", "WORKER_LOST")


@pytest.mark.req("LV-209")
def test_a_full_queue_and_an_oversized_file_are_refused(producer: Any, settings: Any, still: Path) -> None:
    settings.UPLOAD_BYTES_MAX = 10
    with pytest.raises(TooLarge, match="UPLOAD_TOO_LARGE"):
        services.request_verification(principal=producer, path=still, file_name="still.png")
    settings.UPLOAD_BYTES_MAX = 10**9
    settings.MEDIA_QUEUE_EACH_MAX = 1
    asked(producer.organisation, producer.person)
    with pytest.raises(Unavailable, match="MEDIA_QUEUE_FULL"):
        services.request_verification(principal=producer, path=still, file_name="still.png")
    with pytest.raises(InvalidInput, match="LAYER_UNKNOWN"):
        services.request_verification(principal=producer, path=still, file_name="a", layers=["tarot"])


def test_an_ingestion_copy_is_dropped_in_time_and_its_report_stays(producer: Any, still: Path) -> None:
    row = services.request_verification(
        principal=producer, path=still, file_name="still.png", layers=["provenance"]
    )
    services.run_verification(verification_id=row.pk)
    assert services.drop_copies(days=1) == 0
    assert services.drop_copies(days=-1) == 1
    assert not blobs().exists(row.blob)
    row.refresh_from_db()
    assert (row.blob, row.record.action) == ("", "label")


@pytest.mark.req("LV-041")
@pytest.mark.req("LV-042")
@pytest.mark.req("LV-237")
def test_a_marked_film_leads_back_to_its_record_for_who_may_be_told(
    producer: Any, stranger: Any, resolvable_film: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tests.provenance.resolving import MARK_ID

    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)

    MarkRegistration.objects.create(
        mark_id=f"{MARK_ID:016x}",
        production_id=UUID(int=7),
        token_jtis=[UUID(int=8)],
        key_id="1",
        card="pixel-1+audio-1",
        visible_to=[producer.organisation.pk],
    )
    for reader, leads, headline in (
        (producer, True, "made_under_a_licence"),
        (stranger, False, "partly_proved"),
    ):
        row = services.request_verification(
            principal=reader, path=resolvable_film, file_name="found.mp4", layers=["watermark"]
        )
        services.run_verification(verification_id=row.pk)
        row.refresh_from_db()
        report = parse_report(row.record.report)
        assert report.watermark.status == "present"
        assert (report.watermark.confidence or 0) > 0.8
        assert report.watermark.p_value is not None
        assert report.watermark.segments
        assert report.watermark.segments[0].variants
        assert (report.watermark.leads_to is not None) is leads
        assert report.decision.conclusion == "authenticated-with-watermark"
        assert (report.decision.headline == "made_under_a_licence") <= leads
        assert report.decision.headline in {headline, "partly_proved"}
        assert "single_layer_result" in report.decision.rationale_codes


# over HTTP


@pytest.mark.req("LV-239")
def test_over_http_a_file_is_handed_in_followed_and_replayed(
    producer: Any, stranger: Any, still: Path, django_capture_on_commit_callbacks: Any
) -> None:
    client = factories.signed_in(producer.person)
    other = factories.signed_in(stranger.person)
    upload = SimpleUploadedFile("still.png", still.read_bytes(), content_type="image/png")
    made = client.post("/api/v1/verifications", {"file": upload, "impact": "high", "layers": "provenance"})
    assert made.status_code == 202, made.content
    where = made.headers["Location"]
    assert client.get(where).json()["report"] is None
    services.run_verification(verification_id=UUID(made.json()["id"]))
    told = client.get(where).json()
    report = parse_report(told["report"])
    assert report.audit.transport == {"content_type": "image/png"}
    assert is_signed(
        told["report_sha256"], told["signature"]["kid"], base64.b64decode(told["signature"]["value"])
    )
    assert client.get("/api/v1/verifications").json()["results"][0]["id"] == told["id"]
    replayed = client.post(f"{where}/replays")
    assert (replayed.status_code, replayed.json()["is_same"]) == (201, True)
    assert client.get("/api/v1/verifications/rates").json()["verifications"] == 1
    for call in (other.get(where), other.post(f"{where}/replays"), other.post(f"{where}/reviews", {})):
        assert call.status_code in {404, 400, 415}
    assert other.get(where).status_code == 404
    assert other.get("/api/v1/verifications").json()["results"] == []
    assert Client().get(where).status_code == 401
    assert Client().get("/api/v1/verifications/schema").json()["$defs"]["Report"]
    bad = client.post("/api/v1/verifications", {"file": upload, "impact": "none"})
    assert bad.status_code in {400, 422}
