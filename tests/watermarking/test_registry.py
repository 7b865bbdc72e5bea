"""The registry: ids drawn before use, evidence that stays, and who is told where a mark leads."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from uuid import uuid4

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client

from audit import services as audit
from common.errors import NotFound
from tests import factories
from tests.watermarking.conftest import SECRET, MarkedFilm
from watermarking import selectors, services
from watermarking.engine import detect_file, embed_file
from watermarking.keys import ENVIRONMENT, mark_key
from watermarking.models import DetectionState, MarkDetection, MarkRegistration, MarkReport
from watermarking.tasks import detect, resume_detections

pytestmark = pytest.mark.django_db
MARKS, DETECT = "/api/v1/watermarks", "/api/v1/watermarks/detect"


@pytest.fixture(autouse=True)
def secret(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())


def register(*readers: object) -> MarkRegistration:
    return services.register_mark(
        production_id=uuid4(),
        token_jtis=[uuid4()],
        asset_id=uuid4(),
        visible_to=list(readers),  # type: ignore[arg-type]
    )


def test_ids_are_drawn_at_random_and_lead_to_what_was_registered() -> None:
    rows = [register() for _ in range(20)]
    assert len({row.mark_id for row in rows}) == 20
    assert selectors.lead_of(rows[3].mark_id.upper()) == rows[3]
    assert selectors.lead_of("0" * 16) is None
    assert list(selectors.registrations_of(rows[5].production_id)) == [rows[5]]


def test_registrations_and_reports_cannot_be_changed_or_removed() -> None:
    row = register()
    services.record_report(mark_id=row.mark_id, kind="VERIFIED", results={"status": "present"})
    # foreign keys are checked at the end of a transaction; TRUNCATE waits for no open check
    connection.cursor().execute("set constraints all immediate")
    for act in (
        lambda: MarkRegistration.objects.filter(pk=row.pk).update(segment="other"),
        lambda: MarkReport.objects.all().delete(),
        lambda: connection.cursor().execute("truncate watermarking_markreport"),
    ):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            act()
    assert row.reports.get().results == {"status": "present"}


def test_earlier_marks_are_given_to_who_was_written_down_and_stay_evidence() -> None:
    studio, agency = factories.make_studio(), factories.make_agency()
    drawn, nobodys = (
        services.register_mark(production_id=uuid4(), token_jtis=[], asset_id=None, visible_to=[agency.pk])
        for _ in range(2)
    )
    audit.record(
        kind="mark.registered", principal=factories.make_producer(studio), object_type="mark", object_id=drawn.pk
    )  # fmt: skip
    migration = import_module("watermarking.migrations.0006_registrar_of_earlier_marks")
    connection.cursor().execute(migration.BACKFILL)
    drawn.refresh_from_db()
    nobodys.refresh_from_db()
    assert (drawn.registered_by, nobodys.registered_by) == (studio, None)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        MarkRegistration.objects.filter(pk=drawn.pk).update(registered_by=agency)


def test_reports_of_unknown_marks_and_of_unknown_kinds_are_refused() -> None:
    with pytest.raises(NotFound):
        services.record_report(mark_id="0" * 16, kind="VERIFIED", results={})
    with pytest.raises(ValueError, match="GUESSED"):
        services.record_report(mark_id=register().mark_id, kind="GUESSED", results={})


@pytest.mark.req("ST-031")
def test_registered_output_carries_its_mark_and_an_unmarked_one_is_not_vouched_for(
    film: MarkedFilm, tmp_path: Path
) -> None:
    row = register()
    report = services.embed_registered(registration_id=row.pk, src=film.plain, dst=tmp_path / "out.mp4")
    assert report.results["payload"] == row.mark_id
    assert {name: one["verified"] for name, one in report.results["layers"].items()} == {
        "pixel": True,
        "audio": True,
    }
    found = services.detect_in(path=tmp_path / "out.mp4", candidates=[int(row.mark_id, 16)])
    assert found.payload == row.mark_id
    unmarked = detect_file(film.plain, key=mark_key(SECRET), search=False)
    assert unmarked.payload is None


def _ask(client: Client, headers: dict[str, str], path: Path, **fields: str) -> object:
    upload = SimpleUploadedFile(path.name, path.read_bytes(), "video/mp4")
    return client.post(DETECT, {"file": upload, **fields}, headers=headers)


@pytest.fixture
def still(film: MarkedFilm, tmp_path: Path) -> tuple[MarkRegistration, Path, object]:
    """A marked still of a studio's registration, and that studio's organisation."""
    from tests.watermarking import media

    studio = factories.make_studio()
    row = register(studio.pk)
    media.save_still(film.plain, tmp_path / "in.png")
    embed_file(tmp_path / "in.png", tmp_path / "out.png", mark_id=int(row.mark_id, 16), key=mark_key(SECRET))
    return row, tmp_path / "out.png", studio


def test_a_file_handed_in_is_read_by_a_worker_and_leads_its_owner_home(
    still: tuple[MarkRegistration, Path, object], client: Client
) -> None:
    row, path, studio = still
    headers = factories.bearer(factories.make_credential(studio)[0])  # type: ignore[arg-type]
    asked = _ask(client, headers, path)
    assert asked.status_code == 202  # type: ignore[attr-defined]
    where = asked.headers["Location"]  # type: ignore[attr-defined]
    assert client.get(where, headers=headers).json()["state"] == "QUEUED"
    detect(where.rsplit("/", 1)[1])
    answer = client.get(where, headers=headers).json()
    assert (answer["state"], answer["result"]["payload"]) == ("DONE", row.mark_id)
    assert answer["lead"]["production"] == str(row.production_id)
    assert answer["lead"]["tokens"] == [str(jti) for jti in row.token_jtis]
    assert MarkDetection.objects.get().blob == ""
    assert row.reports.get().kind == "DETECTED"
    led = client.get(f"{MARKS}?payload={row.mark_id}", headers=headers).json()["results"]
    assert [one["asset"] for one in led] == [str(row.asset_id)]


def test_strangers_learn_neither_where_a_mark_leads_nor_that_a_question_was_asked(
    still: tuple[MarkRegistration, Path, object], client: Client
) -> None:
    row, path, studio = still
    owner = factories.bearer(factories.make_credential(studio)[0])  # type: ignore[arg-type]
    where = _ask(client, owner, path).headers["Location"]  # type: ignore[attr-defined]
    stranger = factories.bearer(factories.make_credential(factories.make_studio())[0])
    assert client.get(where, headers=stranger).status_code == 404
    assert client.get(f"{MARKS}?payload={row.mark_id}", headers=stranger).json()["results"] == []
    theirs = _ask(client, stranger, path).headers["Location"]  # type: ignore[attr-defined]
    detect(theirs.rsplit("/", 1)[1])
    answer = client.get(theirs, headers=stranger).json()
    assert answer["state"] == "DONE"
    assert answer["lead"] is None


def test_questions_need_the_scope_a_known_layer_and_a_medium(
    client: Client, tmp_path: Path, film: MarkedFilm
) -> None:
    studio = factories.make_studio()
    reader = factories.bearer(factories.make_credential(studio, scopes=["licence:read"])[0])
    assert client.get(MARKS, headers=reader).status_code == 403
    headers = factories.bearer(factories.make_credential(studio)[0])
    assert client.get(f"{MARKS}?payload=12", headers=headers).json()["code"] == "PAYLOAD_MALFORMED"
    bad = tmp_path / "bad.mp4"
    bad.write_bytes(b"no film at all")
    assert _ask(client, headers, bad, layers="smell").json()["code"] == "LAYER_UNKNOWN"  # type: ignore[attr-defined]
    where = _ask(client, headers, bad).headers["Location"]  # type: ignore[attr-defined]
    detect(where.rsplit("/", 1)[1])
    answer = client.get(where, headers=headers).json()
    assert (answer["state"], answer["error_code"], answer["result"]) == ("FAILED", "MEDIA_UNREADABLE", None)


def test_a_detection_is_read_once_however_often_it_is_handed_out(
    still: tuple[MarkRegistration, Path, object], client: Client
) -> None:
    row, path, studio = still
    headers = factories.bearer(factories.make_credential(studio)[0])  # type: ignore[arg-type]
    where = _ask(client, headers, path).headers["Location"]  # type: ignore[attr-defined]
    for _ in range(2):
        detect(where.rsplit("/", 1)[1])
    assert MarkDetection.objects.get().state == DetectionState.DONE
    assert row.reports.count() == 1
    resume_detections()
    assert row.reports.count() == 1
