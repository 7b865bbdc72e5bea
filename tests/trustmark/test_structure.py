"""The structure in one file: it stands for the migrations on disk, and is laid down only where it fits."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from django.conf import settings
from django.core.management import call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

from trustmark import structure
from trustmark.structure.making import dumped

# when a migration was noted, and how the server writes a list of words back once it has read its own words
_NO_MATTER = re.compile(r"'\d{4}-\d\d-\d\d [^']*'|::character varying|::text(\[\])?|[()]")


@pytest.fixture
def empty(
    django_db_setup: None, django_db_blocker: Any, monkeypatch: pytest.MonkeyPatch
) -> Iterator[BaseDatabaseWrapper]:
    """A database of its own with nothing in it."""
    name = f"structure_{uuid4().hex[:12]}"
    said = connections.settings["default"]
    monkeypatch.setitem(connections.settings, name, {**said, "NAME": name})
    with psycopg.connect(url_of(connection), autocommit=True) as maker:
        maker.execute(f"CREATE DATABASE {name}")
    try:
        with django_db_blocker.unblock():
            yield connections[name]
    finally:
        connections[name].close()
        del connections[name]
        with psycopg.connect(url_of(connection), autocommit=True) as maker:
            maker.execute(f"DROP DATABASE {name}")


def url_of(one: BaseDatabaseWrapper) -> str:
    said = one.settings_dict
    return f"postgresql://{said['USER']}:{said['PASSWORD']}@{said['HOST']}:{said['PORT']}/{said['NAME']}"


def test_the_file_names_every_migration_on_disk_and_their_hash() -> None:
    text = structure.FILE.read_text()
    assert f"sha256:{structure.hash_of_migrations()}\n" in text, "run scripts/structure.py"
    rows = set(re.findall(r"^\t\(\d+, '(\w+)', '(\w+)', '", text, re.MULTILINE))
    assert rows == set(MigrationLoader(None).disk_migrations)


def test_an_empty_database_gets_all_of_it_and_a_second_time_nothing(empty: BaseDatabaseWrapper) -> None:
    assert structure.fits(empty)
    structure.lay_down(empty)
    assert _NO_MATTER.sub("", dumped(url_of(empty))) == _NO_MATTER.sub("", structure.FILE.read_text())
    assert not structure.fits(empty)
    with empty.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM django_migrations WHERE applied > now() - interval '5 minutes'")
        assert cursor.fetchone() == (len(MigrationLoader(None).disk_migrations),)


@pytest.mark.parametrize(
    ("said", "instead"),
    [("-- migrations: sha256:", "-- migrations: sha256:0"), ("-- PostgreSQL: 1", "-- PostgreSQL: 9")],
    ids=["another set of migrations", "another server"],
)
def test_where_it_does_not_fit_it_is_not_laid_down(
    empty: BaseDatabaseWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, said: str, instead: str
) -> None:
    other = tmp_path / "structure.sql"
    other.write_text(structure.FILE.read_text().replace(said, instead, 1))
    monkeypatch.setattr(structure, "FILE", other)
    assert not structure.fits(empty)
    monkeypatch.setattr(structure, "FILE", tmp_path / "none.sql")
    assert not structure.fits(empty)


def test_whose_tables_stand_in_another_schema_runs_the_migrations(empty: BaseDatabaseWrapper) -> None:
    with empty.cursor() as cursor:
        cursor.execute("CREATE SCHEMA ours; SET search_path = ours, public")
    assert not structure.fits(empty)
    with empty.cursor() as cursor:
        cursor.execute("SET search_path = public")
    assert structure.fits(empty)


def test_a_file_that_breaks_off_leaves_nothing(
    empty: BaseDatabaseWrapper, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "structure.sql"
    text = structure.FILE.read_text()
    broken.write_text(text[: len(text) // 2].rpartition("\nCREATE ")[0] + "\nCREATE TABLE broken (;\n")
    monkeypatch.setattr(structure, "FILE", broken)
    with pytest.raises(Exception, match="syntax error"):
        structure.lay_down(empty)
    with empty.cursor() as cursor:
        assert empty.introspection.table_names(cursor) == []


@pytest.mark.django_db
def test_a_database_with_tables_is_left_to_its_migrations(capsys: pytest.CaptureFixture[str]) -> None:
    call_command("migrate", interactive=False, verbosity=1)
    assert "Laid down" not in capsys.readouterr().out
    assert settings.DATABASES["default"]["ENGINE"].endswith("postgresql")
