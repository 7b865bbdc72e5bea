"""Large originals are scanned in the background: isolated until then, decoded in a confined process, judged like others."""

from __future__ import annotations

import io
import json
import zipfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, transaction

from common import clock
from common.errors import Conflict
from common.storage import blobs, local_copy
from tests import factories
from tests.screenplays import scripts
from tests.training.contracts import GOOD, bound_source, contract_over
from tests.training.making import CLEAR, House, of_bytes, picture
from tests.training.test_scans import hand_in
from training.confined import look_confined
from training.models import Fingerprint, Review, ScanJob, TrainingAsset
from training.services import scans
from training.services.assets import receive_content
from training.services.reports import ReportAsk
from training.services.reviews import answer_review
from training.services.scans import ATTEMPTS_MOST, run_scan
from training.services.takedown_acts import call_off
from training.services.takedowns import TakedownAsk, open_takedown
from training.tasks import resume_scans, scan_material
from training.workflows import produce_report

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def everything_is_large(settings: Any) -> None:
    settings.TRAINING_SCAN_INLINE_BYTES = 0


def sent(house: House, data: bytes, source: Any = None, **changes: Any) -> tuple[TrainingAsset, ScanJob]:
    asset = house.admit(source, **of_bytes(data), **changes)
    answer = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert answer.scan is not None
    asset.refresh_from_db()
    return asset, answer.scan


def state_said(house: House, asset: TrainingAsset, until: Any = None) -> str:
    """How a signed report says that it stood."""
    report = produce_report(
        principal=house.counsel, ask=ReportAsk(scope="ASSET", about=str(asset.pk), until=until)
    )
    with local_copy(report.location) as path, zipfile.ZipFile(path) as archive:
        (row,) = archive.read("tables/originals.ndjson").splitlines()
    return str(json.loads(row)["state"])


def test_a_large_original_is_isolated_until_it_is_scanned_and_stands_as_before_when_nothing_is_found(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    data = picture(201)
    asset, job = sent(house, data)
    aside = asset.location
    assert (job.state, job.was, asset.state, asset.held, asset.stored_at) == (
        "QUEUED",
        "ADMITTED",
        "ISOLATED",
        "HERE",
        None,
    )
    assert ("/isolated/" in aside, Fingerprint.objects.exists(), Review.objects.exists()) == (
        True,
        False,
        False,
    )
    assert state_said(house, asset) == "ISOLATED"
    waiting = clock.now()
    with pytest.raises(Conflict) as again:
        receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert again.value.code == "ASSET_HAS_CONTENT"
    with django_capture_on_commit_callbacks(execute=True):
        done = run_scan(job.pk)
    asset.refresh_from_db()
    assert (done.state, asset.state, asset.decision.outcome) == ("DONE", "ADMITTED", "ADMIT")
    assert ("/originals/" in asset.location, blobs().exists(asset.location), blobs().exists(aside)) == (
        True,
        True,
        False,
    )
    assert asset.stored_at is not None
    assert Fingerprint.objects.filter(asset_id=asset.pk).count() == 1
    assert (state_said(house, asset), state_said(house, asset, until=waiting)) == ("ADMITTED", "ISOLATED")
    assert run_scan(job.pk).finished_at == done.finished_at, "once more changes nothing"
    with pytest.raises(DatabaseError), transaction.atomic():
        ScanJob.objects.filter(pk=job.pk).update(state="QUEUED")


def test_what_a_scan_finds_isolates_or_refuses_and_a_person_answers_only_after_it(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    source = house.source()
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    asset, job = sent(house, picture(202, size=(40, 40)), source)
    first = Review.objects.get(asset=asset)
    answer = {"review_id": first.pk, "reason": "Fine."}
    with pytest.raises(Conflict) as early:
        answer_review(principal=house.counsel, answer="ADMIT", **answer)
    assert early.value.code == "SCAN_PENDING"
    with django_capture_on_commit_callbacks(execute=True):
        run_scan(job.pk)
    asset.refresh_from_db()
    assert (asset.state, "LOW_QUALITY" in asset.decision.codes) == ("ISOLATED", True)
    assert blobs().exists(asset.location)
    answer_review(principal=house.counsel, answer="ADMIT", **answer)
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"


def test_an_original_that_a_person_refuses_while_it_waits_is_not_scanned(house: House) -> None:
    source = house.source()
    house.rights(source, checks={**CLEAR, "robots": "UNKNOWN"})
    asset, job = sent(house, picture(203), source)
    answer_review(
        principal=house.counsel, review_id=Review.objects.get(asset=asset).pk, answer="REFUSE", reason="No."
    )
    ended = run_scan(job.pk)
    asset.refresh_from_db()
    assert (ended.state, ended.problem, asset.state) == ("FAILED", "ASSET_CLOSED", "REFUSED")


def test_under_another_contract_the_bytes_are_given_back_and_may_be_sent_again(
    house: House, django_capture_on_commit_callbacks: Any
) -> None:
    source, row = bound_source(house)
    data = picture(204)
    asset = house.admit(source, **GOOD, **of_bytes(data), location="s3://theirs/204")
    answer = receive_content(
        principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data), under=row.hash
    )
    assert answer.scan is not None
    asset.refresh_from_db()
    aside = asset.location
    contract_over(house, source.source_class, version="2.0.0")
    with django_capture_on_commit_callbacks(execute=True):
        ended = run_scan(answer.scan.pk)
    asset.refresh_from_db()
    assert (ended.state, ended.problem) == ("FAILED", "CONTRACT_CHANGED")
    assert (asset.state, asset.held, asset.location) == ("ADMITTED", "ELSEWHERE", "s3://theirs/204")
    assert not blobs().exists(aside)
    again = receive_content(principal=house.engineer, asset_id=asset.pk, stream=io.BytesIO(data))
    assert again.scan is not None
    assert run_scan(again.scan.pk).state == "DONE"


def test_what_a_takedown_holds_waits_and_is_scanned_once_it_is_called_off(house: House) -> None:
    asset, job = sent(house, picture(205))
    case = open_takedown(
        principal=house.engineer, ask=TakedownAsk(trigger="CLAIM", reason="A claim.", assets=(asset.pk,))
    )
    assert run_scan(job.pk).state == "QUEUED"
    call_off(principal=house.counsel, takedown_id=case.pk, reason="A mistake.")
    asset.refresh_from_db()
    assert asset.state == "ISOLATED", "nobody has scanned it yet"
    assert run_scan(job.pk).state == "DONE"
    asset.refresh_from_db()
    assert asset.state == "ADMITTED"


def test_a_scan_that_ends_its_worker_each_time_counts_as_unreadable(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    asset, job = sent(house, picture(206))

    def killed(*_args: Any, **_kwargs: Any) -> Any:
        raise KeyboardInterrupt

    honest = scans.look_confined
    monkeypatch.setattr(scans, "look_confined", killed)
    for _ in range(ATTEMPTS_MOST):
        with pytest.raises(KeyboardInterrupt):
            run_scan(job.pk)
    assert resume_scans() == 0, "somebody may be at it"
    ScanJob.objects.filter(pk=job.pk).update(moved_at=clock.now() - timedelta(minutes=2))
    asked: list[str] = []
    monkeypatch.setattr(scan_material, "delay", asked.append)
    assert (resume_scans(), asked) == (1, [str(job.pk)])
    scan_material(asked[0])
    job.refresh_from_db()
    asset.refresh_from_db()
    assert (job.state, job.attempts, asset.findings["unreadable"]) == (
        "DONE", ATTEMPTS_MOST + 1, "scanning it ended its worker each time",
    )  # fmt: skip
    assert asset.state != "ADMITTED"
    assert honest is look_confined


def test_the_confined_process_finds_the_same_holds_no_secret_and_its_bounds_hold(
    tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    film = tmp_path / "still.png"
    film.write_bytes(picture(207))
    found = look_confined(film, kind="IMAGE")
    assert (found.facts["low_quality"], len(found.prints), found.report["codec"]) == (False, 1, "PNG")
    settings.TRAINING_SCAN_MEMORY = 64 * 1024**2  # less than its own libraries take
    short = look_confined(film, kind="IMAGE")
    assert (short.facts["unreadable"], "ended its process" in short.report["unreadable"]) == (True, True)
    settings.TRAINING_SCAN_MEMORY = 4 * 1024**3
    settings.TRAINING_SCAN_SECONDS = 1
    told = tmp_path / "environment"
    spy = tmp_path / "python"
    spy.write_text(f"#!/bin/sh\nenv > {told}\nsleep 600 &\necho $! >> {told}\nsleep 600\n")
    spy.chmod(0o755)
    monkeypatch.setattr("common.confinement.sys.executable", str(spy))
    late = look_confined(film, kind="IMAGE")
    assert late.report["unreadable"] == "it took more time than is allowed"
    said = told.read_text()
    for secret in (settings.SECRET_KEY, str(settings.DATABASES["default"]["PASSWORD"])):
        assert not secret or secret not in said


def test_a_large_text_is_the_near_duplicate_of_a_small_one_and_of_no_other(
    house: House, settings: Any, tmp_path: Path
) -> None:
    text, said = scripts.long_fountain(20).encode(), {"kind": "TEXT", "media_type": "text/plain"}
    settings.TRAINING_SCAN_INLINE_BYTES = len(text) + 10
    hand_in(house, text, capture={"title": "Pages", "language": "en"}, **said)
    settings.TRAINING_SCAN_INLINE_BYTES = 0
    for name, data, codes in (
        ("like", text + b"\n\nThe end.", ["NEAR_DUPLICATE"]),
        ("other", scripts.long_fountain(20, seed=8).encode(), []),
    ):
        asset, job = sent(house, data, external_id=name, capture={"title": "Pages", "language": "en"}, **said)
        run_scan(job.pk)
        asset.refresh_from_db()
        assert list(asset.decision.codes) == codes


def test_a_large_file_is_answered_with_202_and_its_scan_is_read_by_the_house_alone(
    house: House,
    stranger: House,
    settings: Any,
    django_capture_on_commit_callbacks: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    client, asked, data = factories.signed_in(house.engineer.person), list[str](), picture(208)
    monkeypatch.setattr(scan_material, "delay", asked.append)
    asset = house.admit(**of_bytes(data))
    url = f"/api/v1/training-assets/{asset.pk}"
    assert client.get(f"{url}/scan").status_code == 404
    with django_capture_on_commit_callbacks(execute=True):
        answer = client.post(f"{url}/content", {"file": SimpleUploadedFile("still.png", data, "image/png")})
    assert (answer.status_code, answer.json()["state"], answer.json()["held"]) == (202, "ISOLATED", "HERE")
    job = ScanJob.objects.get()
    assert asked == [str(job.pk)]
    assert client.get(f"{url}/scan").json()["state"] == "QUEUED"
    run_scan(job.pk)
    assert client.get(f"{url}/scan").json()["state"] == "DONE"
    assert factories.signed_in(stranger.engineer.person).get(f"{url}/scan").status_code == 404
    settings.TRAINING_SCAN_INLINE_BYTES = 64 * 1024**2
    small = picture(209)
    other = house.admit(**of_bytes(small))
    now = client.post(
        f"/api/v1/training-assets/{other.pk}/content",
        {"file": SimpleUploadedFile("s.png", small, "image/png")},
    )
    assert (now.status_code, now.json()["state"]) == (200, "ADMITTED")
