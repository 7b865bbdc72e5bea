"""The small rooms of ``common``: ids, clock, storage, settings' readers."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from common import clock, storage
from common.ids import new_id
from trustmark import env
from trustmark.databases import database_from_url, storages_from_url


def test_ids_are_version_seven_and_ordered_by_time() -> None:
    first = new_id()
    assert first.version == 7
    assert first.variant == "specified in RFC 4122"
    moment = datetime.fromtimestamp((first.int >> 80) / 1000, tz=UTC)
    assert abs(datetime.now(tz=UTC) - moment) < timedelta(seconds=5)


def test_test_clock_moves_now(settings: object, tmp_path: Path) -> None:
    file = tmp_path / "clock"
    file.write_text("7776000")
    settings.TEST_CLOCK_FILE = str(file)  # type: ignore[attr-defined]
    ahead = clock.now() - datetime.now(tz=UTC)
    assert timedelta(days=90) - timedelta(seconds=5) < ahead <= timedelta(days=90)
    settings.TEST_CLOCK_FILE = ""  # type: ignore[attr-defined]
    assert abs(clock.now() - datetime.now(tz=UTC)) < timedelta(seconds=5)


def test_blob_is_read_back_whole(tmp_path: Path) -> None:
    source = tmp_path / "film.bin"
    source.write_bytes(bytes(range(256)) * 100)
    name = storage.put_file("films/a/film.bin", source)
    with storage.local_copy(name) as path:
        assert path.read_bytes() == source.read_bytes()


def test_secret_is_read_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "secret").write_text("deep\n")
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "secret"))
    assert env.text("SOME_SECRET") == "deep"
    monkeypatch.setenv("SOME_SECRET_FILE", str(tmp_path / "missing"))
    with pytest.raises(env.EnvironmentInvalid, match="SOME_SECRET_FILE"):
        env.text("SOME_SECRET")


@pytest.mark.parametrize(("name", "value"), [("N", "many"), ("N", "-1"), ("N", "11")])
def test_number_outside_its_bounds_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(name, value)
    with pytest.raises(env.EnvironmentInvalid, match=name):
        env.integer(name, 5, least=0, most=10)


def test_database_url_with_socket_and_password() -> None:
    entry = database_from_url("postgresql://app:p%40ss@/ledger?host=/tmp/sock&sslmode=disable")
    assert (entry["USER"], entry["PASSWORD"], entry["NAME"], entry["HOST"]) == (
        "app",
        "p@ss",
        "ledger",
        "/tmp/sock",
    )
    assert entry["OPTIONS"] == {"sslmode": "disable"}
    with pytest.raises(env.EnvironmentInvalid, match="only PostgreSQL"):
        database_from_url("sqlite:///x.db")


def test_storage_url_names_a_folder_or_a_bucket() -> None:
    assert storages_from_url("file:///srv/tm")["blobs"]["OPTIONS"]["location"] == "/srv/tm/blobs"
    bucket = storages_from_url("s3://rights/prod?region_name=eu-west-1")["log"]["OPTIONS"]
    assert (bucket["bucket_name"], bucket["location"], bucket["region_name"]) == (
        "rights",
        "prod/log",
        "eu-west-1",
    )
    with pytest.raises(env.EnvironmentInvalid, match="STORAGE_URL"):
        storages_from_url("ftp://nowhere")
