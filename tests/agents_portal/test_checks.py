"""Anybody checks a file: off until an operator says so, at a pace, in bounds, and nothing of it is left."""

from __future__ import annotations

import base64
import json
import os
import re
import tempfile
from datetime import timedelta
from pathlib import Path
from typing import Any

import av
import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, connections, transaction
from django.test import Client

from accounts.operating import make_operator
from accounts.principals import Principal, principal_of_person
from audit.models import Event
from common import clock
from common.errors import Conflict, Forbidden, NotFound
from common.ids import new_id
from common.keys import signer_for
from common.storage import put_file
from provenance.credentials import sign_file
from provenance.services.signing import signing_identity
from tests import factories
from tests.agents_portal.conftest import Reader
from tests.verification.conftest import FACTS, plain, still  # noqa: F401
from trustcore.verification.report import parse_report
from trustmark.demo import media as shipped
from verification import selectors, services, tasks
from verification.models import PublicCheck, PublicSwitch, VerificationState
from verification.services import checking
from verification.services.signing import is_signed
from watermarking.services import embed_registered, register_mark

pytestmark = pytest.mark.django_db
ADDRESS = "203.0.113.77"


@pytest.fixture
def operator(db: None) -> Principal:
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    found = principal_of_person(member.user)
    assert found is not None
    return found


@pytest.fixture
def anybody() -> Client:
    cache.clear()
    return Client(REMOTE_ADDR=ADDRESS)


@pytest.fixture
def is_on(operator: Principal) -> None:
    services.switch_public_page(principal=operator, on=True)


def picture(still: Path, name: str = "still.png") -> dict[str, Any]:  # noqa: F811
    return {"file": SimpleUploadedFile(name, still.read_bytes(), content_type="image/png")}


def handed_in(anybody: Client, **files: Any) -> str:
    answer = anybody.post("/check/", files)
    assert answer.status_code == 302, answer.content
    return str(answer["Location"])


def read() -> None:
    """What a worker does with all that waits."""
    for row in selectors.checks_waiting():
        services.run_check(check_id=row.pk)


def rows() -> dict[str, int]:
    """How many rows each table of the database has."""
    with connection.cursor() as cursor:
        names = connection.introspection.table_names(cursor)
        return {name: _count(cursor, name) for name in names}


def _count(cursor: Any, name: str) -> int:
    cursor.execute(f'select count(*) from "{name}"')
    return int(cursor.fetchone()[0])


def test_it_is_not_there_until_an_operator_switches_it_on_and_gone_when_switched_off(
    operator: Principal, anybody: Client, still: Path  # noqa: F811
) -> None:  # fmt: skip
    nowhere = anybody.get("/check/")
    assert nowhere.status_code == 404
    assert anybody.post("/check/", picture(still)).status_code == 404
    assert anybody.get("/check/some-secret/").status_code == 404
    reader = Reader(operator)
    assert "Let anybody check a file here?" in reader.page("/public-page/")
    assert reader.post("/public-page/", {"on": "off"}).status_code == 409, "it is off already"
    assert reader.post("/public-page/", {"on": "on"}).status_code == 302
    assert anybody.get("/check/").status_code == 200
    assert "Ola Root" in reader.page("/public-page/")

    where = handed_in(anybody, **picture(still))
    assert anybody.get(where).status_code == 200
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(transaction, "on_commit", lambda work, **_more: work())
        assert reader.post("/public-page/", {"on": "off"}).status_code == 302
    assert anybody.get("/check/").status_code == 404
    assert anybody.get(where).status_code == 404
    assert not PublicCheck.objects.exists(), "what waited is deleted, unread"
    kinds = Event.objects.filter(kind__startswith="verification.public").values_list("kind", flat=True)
    assert sorted(kinds) == ["verification.public_off", "verification.public_on"]


def test_only_an_operator_switches_and_what_was_said_is_never_changed(operator: Principal) -> None:
    producer = factories.make_desk(factories.make_studio(), "PRODUCER")
    with pytest.raises(Forbidden, match="OPERATOR_ONLY"):
        services.switch_public_page(principal=producer, on=True)
    services.switch_public_page(principal=operator, on=True)
    with pytest.raises(Conflict, match="PUBLIC_PAGE_MOVED"):
        services.switch_public_page(principal=operator, on=True)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        PublicSwitch.objects.update(is_on=False)
    assert Reader(producer).get("/public-page/").status_code == 404


def test_a_file_is_read_shown_once_and_nothing_of_it_is_left(
    is_on: None, anybody: Client, plain: Path, tmp_path: Path, settings: Any, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    blob_folder, spool = tmp_path / "blobs", tmp_path / "spool"
    spool.mkdir()
    settings.STORAGES = {**settings.STORAGES, "blobs": _folder(blob_folder)}
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    monkeypatch.setenv("TMPDIR", str(spool))
    signed = tmp_path / "signed.mp4"
    sign_file(plain, signed, facts=FACTS, identity=signing_identity(), media_type="video/mp4")
    signer_for("DECISION")  # made at first use, whoever asks
    before = rows()
    upload = SimpleUploadedFile("a secret name.mp4", signed.read_bytes(), content_type="video/mp4")
    where = handed_in(anybody, file=upload)
    assert len(_files(blob_folder)) == 1, "it waits for a worker"
    waiting = anybody.get(where).content.decode()
    assert 'hx-trigger="every 2s"' in waiting
    assert PublicCheck.objects.count() == 1, "looking while it waits takes nothing"
    read()
    assert _files(blob_folder) == [], "the file is gone before the answer is seen"
    followed = anybody.get(f"{where}?seen=QUEUED-0", headers={"HX-Request": "true"})
    assert (followed["HX-Refresh"], PublicCheck.objects.count()) == ("true", 1), "following takes nothing"

    shown = anybody.get(where)
    page = shown.content.decode()
    assert shown.status_code == 200
    assert "Signed by an authority that this server trusts, and every part of it is whole." in page
    assert "What it does not mean" in page
    assert "Detectors" not in page, "no score in shadow is shown to strangers"
    assert (shown["Cache-Control"], shown["X-Robots-Tag"]) == (
        "max-age=0, no-cache, no-store, must-revalidate, private",
        "noindex",
    )
    taken = re.search(r'href="data:application/json;base64,([^"]+)"', page)
    assert taken is not None
    told = json.loads(base64.b64decode(taken[1]))
    assert parse_report(told["report"]).sha256 == told["report_sha256"]
    signature = told["signature"]
    assert is_signed(told["report_sha256"], signature["kid"], base64.b64decode(signature["value"]))

    assert _files(blob_folder) == []
    assert _files(spool) == []
    after = rows()
    counted = after.pop("shared_cache") - before.pop("shared_cache")
    assert after == before, "no table has a row more"
    assert counted <= 1
    with connection.cursor() as cursor:
        cursor.execute("select cache_key || value from shared_cache")
        assert ADDRESS not in str(cursor.fetchall()), "what is counted names no address"
    again = anybody.get(where)
    assert again.status_code == 404
    assert "shown once" in again.content.decode()


def test_a_mark_leads_a_stranger_to_no_licence(is_on: None, anybody: Client, still: Path) -> None:  # noqa: F811
    handed_in(anybody, **picture(still))
    row = PublicCheck.objects.get()
    read()
    row.refresh_from_db()
    assert row.answer is not None
    report = parse_report(row.answer["report"])
    assert report.watermark.leads_to is None
    assert report.provenance.nearest_original is None
    assert report.deepfake.state == "detector_disabled"


def test_a_stranger_reads_that_there_is_a_mark_and_never_its_id(
    is_on: None, anybody: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTMARK_MARK_KEY", "5a" * 32)
    source, marked = tmp_path / "source.png", tmp_path / "marked.png"
    with av.open(str(Path(shipped.__path__[0]) / "big_buck_bunny_trailer_720p.mp4")) as film:
        next(frame for frame in film.decode(video=0) if (frame.time or 0) >= 12).to_image().save(source)
    mark = register_mark(production_id=new_id(), token_jtis=[], asset_id=None)
    embed_registered(registration_id=mark.pk, src=source, dst=marked)
    where = handed_in(anybody, **picture(marked, "marked.png"))
    read()
    answer = PublicCheck.objects.get().answer
    assert answer is not None
    report = parse_report(answer["report"])
    assert (str(report.watermark.status), report.watermark.payload) == ("present", None)
    signature = answer["signature"]
    assert is_signed(answer["report_sha256"], signature["kid"], base64.b64decode(signature["value"]))
    shown = anybody.get(where).content.decode().lower()
    assert mark.mark_id not in shown
    assert mark.mark_id not in json.dumps(answer).lower()
    assert base64.b64encode(mark.mark_id.encode()).decode() not in shown


def test_too_many_in_a_minute_are_told_how_long_to_wait(
    is_on: None, anybody: Client, still: Path, settings: Any  # noqa: F811
) -> None:  # fmt: skip
    settings.PUBLIC_CHECKS_PER_MINUTE = 2
    for _ in range(2):
        handed_in(anybody, **picture(still))
    refused = anybody.post("/check/", picture(still))
    assert refused.status_code == 429
    assert 1 <= int(refused["Retry-After"]) <= 60
    assert PublicCheck.objects.count() == 2, "nothing was taken in"
    assert anybody.get("/check/").status_code == 200, "reading the page costs nothing"
    assert Client(REMOTE_ADDR="198.51.100.4").post("/check/", picture(still)).status_code == 302


def test_a_file_that_is_too_large_or_empty_or_one_too_many_is_refused(
    is_on: None, anybody: Client, still: Path, settings: Any  # noqa: F811
) -> None:  # fmt: skip
    settings.PUBLIC_CHECK_BYTES_MAX = 100
    large = SimpleUploadedFile("a.png", bytes(100_000), content_type="image/png")
    assert anybody.post("/check/", {"file": large}).status_code == 413, "by its declared length"
    assert anybody.post("/check/", picture(still)).status_code == 413, "by what came"
    settings.PUBLIC_CHECK_BYTES_MAX = 1_000_000
    cache.clear()
    empty = anybody.post("/check/", {"file": SimpleUploadedFile("a.png", b"")})
    assert (empty.status_code, "This file is empty." in empty.content.decode()) == (422, True)
    assert anybody.post("/check/").status_code == 422
    cache.clear()
    settings.PUBLIC_CHECKS_WAITING_MAX = 1
    handed_in(anybody, **picture(still))
    busy = anybody.post("/check/", picture(still))
    assert (busy.status_code, busy["Retry-After"]) == (503, "60")
    assert PublicCheck.objects.count() == 1


def test_what_is_no_medium_is_said_to_be_unreadable(is_on: None, anybody: Client) -> None:
    where = handed_in(anybody, file=SimpleUploadedFile("a.mp4", b"no film at all" * 50))
    read()
    answer = anybody.get(where)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "We could not read this file." in page
    assert "ingestion_failed" in page
    assert not PublicCheck.objects.exists()


def test_what_ends_its_worker_is_given_up_and_what_nobody_fetches_is_deleted(
    is_on: None, anybody: Client, still: Path, settings: Any, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    settings.STORAGES = {**settings.STORAGES, "blobs": _folder(tmp_path)}
    where = handed_in(anybody, **picture(still))
    PublicCheck.objects.update(attempts=3, state=VerificationState.RUNNING)
    read()
    given_up = anybody.get(where)
    assert (given_up.status_code, "WORKER_LOST" in given_up.content.decode()) == (422, True)
    handed_in(anybody, **picture(still))
    assert tasks.drop_checks() == 0, "it is not forgotten yet"
    PublicCheck.objects.update(created_at=clock.now() - timedelta(minutes=settings.PUBLIC_CHECK_MINUTES + 1))
    assert tasks.drop_checks() == 1
    assert not PublicCheck.objects.exists()
    assert _files(tmp_path) == []


def _folder(path: Path) -> dict[str, Any]:
    return {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"location": str(path), "base_url": None},
    }


def _files(folder: Path) -> list[Path]:
    return [one for one in folder.rglob("*") if one.is_file()]


@pytest.mark.django_db(transaction=True)
def test_what_a_process_that_was_killed_had_written_is_found_by_its_row_and_deleted(
    still: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    settings.STORAGES = {**settings.STORAGES, "blobs": _folder(tmp_path)}
    member, _ = make_operator(email="root@example.org", full_name="Ola Root", house="Operator")
    person = principal_of_person(member.user)
    assert person is not None
    services.switch_public_page(principal=person, on=True)

    def killed(name: str, path: Path) -> str:
        put_file(name, path)
        os._exit(9)

    connections.close_all()  # a socket that both had would be closed for both
    child = os.fork()
    if child == 0:
        try:
            monkeypatch.setattr(checking, "put_file", killed)
            services.take_check(path=still, file_name="still.png")
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    (left,) = _files(tmp_path)
    assert PublicCheck.objects.get().blob == str(left.relative_to(tmp_path))
    assert services.drop_checks(minutes=0) == 1
    assert (_files(tmp_path), PublicCheck.objects.count()) == ([], 0)


def test_a_file_that_comes_in_while_the_page_is_switched_off_or_cannot_be_stored_is_not_kept(
    is_on: None, still: Path, settings: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch  # noqa: F811
) -> None:  # fmt: skip
    settings.STORAGES = {**settings.STORAGES, "blobs": _folder(tmp_path)}

    def overtaken(name: str, path: Path) -> str:
        assert services.drop_checks(minutes=0) == 1, "the row is there before the file"
        return put_file(name, path)

    monkeypatch.setattr(checking, "put_file", overtaken)
    with pytest.raises(NotFound):
        services.take_check(path=still, file_name="still.png")
    assert (_files(tmp_path), PublicCheck.objects.count()) == ([], 0)

    def full(name: str, path: Path) -> str:
        put_file(name, path)
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checking, "put_file", full)
    with pytest.raises(OSError, match="No space"):
        services.take_check(path=still, file_name="still.png")
    assert (_files(tmp_path), PublicCheck.objects.count()) == ([], 0)
