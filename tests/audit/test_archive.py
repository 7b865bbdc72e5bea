"""The archive of the audit log: written once, retained, chained, held, and refused by a clock that is adrift."""

from __future__ import annotations

import json
import secrets
from collections.abc import Iterator
from datetime import timedelta
from io import StringIO
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction

from audit.archive import archive_events, check_archive, is_held, lift_hold, place_hold, remove_expired
from audit.models import Event, Segment
from audit.services import record
from audit.tasks import archive_events as archive_hourly
from common import clock
from common.errors import Conflict, InvalidInput, NotFound, Unavailable
from common.ids import new_id
from common.storage import blobs
from trustmark.celery import app
from trustmark.databases import storages_from_url

pytestmark = pytest.mark.django_db
BUCKET = f"audit-{secrets.token_hex(4)}"


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch, settings: Any) -> Iterator[Any]:
    """A bucket with object lock, which is the storage of this deployment."""
    import boto3
    from moto.moto_api._internal import moto_random  # noqa: F401 - loads before the server's threads
    from moto.s3.models import s3_backends
    from moto.server import ThreadedMotoServer

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    s3_backends.reset()  # what it kept of another test: it lives in this process
    try:
        host, port = server.get_host_and_port()
        url = f"http://{host}:{port}"
        client = boto3.client("s3", endpoint_url=url, region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET, ObjectLockEnabledForBucket=True)
        told = storages_from_url(f"s3://{BUCKET}/tm?endpoint_url={url}&region_name=us-east-1")
        settings.STORAGES = {**settings.STORAGES, **told}
        yield client
    finally:
        server.stop()


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> None:
    """A folder of this test alone; what other tests told the log is archived already."""
    settings.STORAGES = {**settings.STORAGES, **storages_from_url(tmp_path.as_uri())}


def tell(number: int = 3) -> list[Event]:
    return [
        record(kind="training.asset_judged", principal=None, object_type="training_asset", object_id=new_id())
        for _ in range(number)
    ]


def written(**how: Any) -> Segment:
    segment = archive_events(**how)
    assert segment is not None
    return segment


def delete(s3: Any, segment: Segment) -> str:
    """Try to take an archived file away for good; the store's answer."""
    key = f"tm/blobs/{segment.name}"
    (version,) = s3.list_object_versions(Bucket=BUCKET, Prefix=key)["Versions"]
    try:
        s3.delete_object(
            Bucket=BUCKET, Key=key, VersionId=version["VersionId"], BypassGovernanceRetention=True
        )
    except ClientError as error:
        return str(error.response["Error"]["Code"])
    return "deleted"


@pytest.mark.req("TP-097", "TP-132")
def test_the_audit_log_is_archived_under_object_lock_that_nobody_shortens(s3: Any, settings: Any) -> None:
    settings.AUDIT_RETAIN_DAYS = 400
    events = tell()
    segment = written()
    kept = s3.head_object(Bucket=BUCKET, Key=f"tm/blobs/{segment.name}")
    assert kept["ObjectLockMode"] == "COMPLIANCE"
    assert abs(kept["ObjectLockRetainUntilDate"] - clock.now() - timedelta(days=400)) < timedelta(minutes=5)
    assert delete(s3, segment) == "AccessDenied"
    lines = [json.loads(line) for line in blobs().open(segment.name).read().decode().splitlines()]
    assert [one["id"] for one in lines][-3:] == [str(one.id) for one in events]
    assert lines[-1]["kind"] == "training.asset_judged"
    assert check_archive() == []


@pytest.mark.req("TP-132")
def test_the_log_and_its_archive_are_write_once_and_a_change_of_either_is_found() -> None:
    tell()
    first = written()
    tell(2)
    second = written()
    assert (second.events, second.first, second.previous_sha256) == (2, first.last + 1, first.sha256)
    assert archive_events() is None
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Event.objects.filter(number=first.last).update(kind="nothing.happened")
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Segment.objects.filter(pk=first.pk).update(sha256="0" * 64)
    with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
        Segment.objects.filter(pk=first.pk).delete()
    assert Path(blobs().path(first.name)).stat().st_mode & 0o222 == 0
    assert check_archive() == []


def test_a_file_that_was_changed_or_lost_and_a_row_that_was_forged_are_named() -> None:
    tell()
    first = written()
    tell()
    second = written()
    place = Path(blobs().path(first.name))
    place.chmod(0o600)
    data = place.read_bytes()
    place.write_bytes(data.replace(b"asset_judged", b"asset_loved!"))
    assert [(one.segment, one.code) for one in check_archive()] == [(first.pk, "ARCHIVE_CHANGED")]
    place.unlink()
    with pytest.raises(CommandError, match=f"segment {first.pk}: ARCHIVE_LOST"):
        call_command("archiveaudit", "--check")
    place.write_bytes(data)
    with connection.cursor() as cursor:  # as its own administrator would
        cursor.execute("alter table audit_event disable trigger user")
        cursor.execute("update audit_event set kind = 'x' where number = %s", [second.last])
        cursor.execute("alter table audit_event enable trigger user")
    assert [(one.segment, one.code) for one in check_archive()] == [(second.pk, "DATABASE_DIFFERS")]


@pytest.mark.req("TP-132")
def test_a_clock_that_is_adrift_archives_nothing_and_the_difference_is_kept(
    settings: Any, tmp_path: Path
) -> None:
    tell()
    assert abs(written().clock_ms) <= settings.AUDIT_CLOCK_MS_MAX
    tell()
    before = Segment.objects.count()
    moved = tmp_path / "clock"
    settings.TEST_CLOCK_FILE = str(moved)
    for seconds in ("30", "-30"):
        moved.write_text(seconds)
        with pytest.raises(Unavailable) as refused:
            archive_events()
        assert refused.value.code == "CLOCK_ADRIFT"
    assert Segment.objects.count() == before
    moved.write_text("0.9")
    assert 500 < written().clock_ms < 2000


@pytest.mark.req("TP-133")
def test_a_legal_hold_keeps_the_archive_beyond_its_retention_until_the_last_matter_is_over(
    s3: Any, settings: Any
) -> None:
    tell()
    first = written()
    assert place_hold("Example v. Studio").matter == "Example v. Studio"
    place_hold("Second matter")
    tell()
    second = written()  # what comes later is held, too
    for segment in (first, second):
        status = s3.get_object_legal_hold(Bucket=BUCKET, Key=f"tm/blobs/{segment.name}")
        assert status["LegalHold"]["Status"] == "ON"
    far = clock.now() + timedelta(days=settings.AUDIT_RETAIN_DAYS + 1)
    with pytest.raises(Conflict) as refused:
        remove_expired(at=far)
    assert refused.value.code == "LEGAL_HOLD"
    lift_hold("Example v. Studio")
    assert is_held()
    assert (
        s3.get_object_legal_hold(Bucket=BUCKET, Key=f"tm/blobs/{first.name}")["LegalHold"]["Status"] == "ON"
    )
    lift_hold("Second matter")
    assert (
        s3.get_object_legal_hold(Bucket=BUCKET, Key=f"tm/blobs/{first.name}")["LegalHold"]["Status"] == "OFF"
    )
    assert remove_expired() == 0  # their retention is not over
    assert delete(s3, first) == "AccessDenied"


@pytest.mark.req("TP-133")
def test_without_a_hold_expired_files_go_and_their_rows_stay(settings: Any) -> None:
    tell()
    segment = written()
    out = StringIO()
    call_command("archiveaudit", "--hold", "Matter 12", stdout=out)
    with pytest.raises(CommandError, match="LEGAL_HOLD"):
        call_command("archiveaudit", "--remove-expired")
    call_command("archiveaudit", "--lift", "Matter 12", stdout=out)
    assert out.getvalue().split("\n")[:2] == ["held for Matter 12", "lifted for Matter 12"]
    far = clock.now() + timedelta(days=settings.AUDIT_RETAIN_DAYS + 1)
    assert remove_expired(at=far) >= 1
    assert not blobs().exists(segment.name)
    assert Segment.objects.filter(pk=segment.pk).exists()
    assert "ARCHIVE_LOST" in {one.code for one in check_archive()}
    assert check_archive(at=far) == []


def test_while_somebody_is_writing_to_the_log_nothing_is_archived() -> None:
    tell()
    told = connection.settings_dict
    where = {"host": told["HOST"], "port": told["PORT"], "user": told["USER"], "password": told["PASSWORD"]}
    with psycopg.connect(dbname=told["NAME"], **where) as other:
        other.execute("lock table audit_event in row exclusive mode")
        with pytest.raises(Unavailable) as refused:
            archive_events()
    assert refused.value.code == "LOG_BUSY"
    assert written().events >= 3


def test_the_beat_archives_every_hour_and_leaves_a_busy_log_for_the_next(
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert app.conf.beat_schedule["audit.archive_events"]["schedule"] == 3600.0
    tell()
    archive_hourly()
    assert Segment.objects.latest("number").last == Event.objects.latest("number").number
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("audit.archive._settled", _busy)
        archive_hourly()
    assert "LOG_BUSY" in caplog.text


def _busy() -> int:
    raise Unavailable("LOG_BUSY", "A transaction is still writing to the log.")


def test_a_hold_has_a_name_and_is_placed_and_lifted_once() -> None:
    with pytest.raises(InvalidInput, match="names its matter"):
        place_hold(" ")
    row = place_hold("Matter")
    with pytest.raises(Conflict):
        place_hold("Matter")
    lift_hold("Matter")
    with pytest.raises(NotFound):
        lift_hold("Matter")
    with connection.cursor() as cursor:
        cursor.execute("set constraints all immediate")
    with pytest.raises(DatabaseError, match="lifted once"), transaction.atomic():
        type(row).objects.filter(pk=row.pk).update(lifted_at=None)
