"""The database's structure as all migrations leave it, in one file, so that a new database need not replay them.

``structure.sql`` is a dump of an empty, migrated database (``scripts/structure.py`` makes it) and names the migrations
that it stands for by the hash of their files. The command ``migrate`` lays it down where nothing is yet, and only where
it fits: another set of migrations on disk, or another major version of PostgreSQL, and every migration runs as ever. A
test compares both ways, so neither can drift from the other.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

FILE = Path(__file__).with_name("structure.sql")
_MIGRATIONS = "-- migrations: sha256:"
_SERVER = "-- PostgreSQL: "
# what a dump sets for its whole session, and what only psql understands
_OF_THE_SESSION = re.compile(r"^(SET |SELECT pg_catalog\.set_config\(|\\)")


def hash_of_migrations() -> str:
    """SHA-256 (hex) over every migration on disk, of ours and of the libraries: application, name, bytes."""
    total = hashlib.sha256()
    for label, path in sorted(_files()):
        total.update(f"{label}/{path.name}\0".encode())
        total.update(hashlib.sha256(path.read_bytes()).digest())
    return total.hexdigest()


def _files() -> Iterator[tuple[str, Path]]:
    for app in apps.get_app_configs():
        module, _ = MigrationLoader.migrations_module(app.label)
        if module and find_spec(module):
            for folder in import_module(module).__path__:
                yield from ((app.label, path) for path in Path(folder).glob("[!_~]*.py"))


def written(dump: str, *, server: int) -> str:
    """The text of ``structure.sql`` for a dump by ``pg_dump`` of that major version: what is the session's, left out."""
    body = (line for line in dump.splitlines() if line and not line.startswith("--"))
    kept = [line for line in body if not _OF_THE_SESSION.match(line)]
    return "\n".join(
        [
            "-- Made by scripts/structure.py from an empty database that was migrated; do not edit.",
            _MIGRATIONS + hash_of_migrations(),
            f"{_SERVER}{server}",
            *kept,
            "",
        ]
    )


def fits(connection: BaseDatabaseWrapper) -> bool:
    """Whether the file stands for the migrations on disk and this server, and the database has no table yet.

    The dump names the schema ``public``: whose tables would go elsewhere, runs the migrations.
    """
    if connection.vendor != "postgresql" or not FILE.exists():
        return False
    with FILE.open(encoding="utf-8") as lines:
        said = [next(lines, "").strip() for _ in range(3)]
    with connection.cursor() as cursor:
        if connection.introspection.table_names(cursor):
            return False
        cursor.execute(
            "SELECT current_setting('server_version_num')::int / 10000, current_schema() = 'public'"
            " AND has_schema_privilege('public', 'CREATE')"
        )
        server, is_public = cursor.fetchone()
    return bool(is_public) and said[1:] == [_MIGRATIONS + hash_of_migrations(), f"{_SERVER}{server}"]


def lay_down(connection: BaseDatabaseWrapper) -> None:
    """Make every table, function and trigger, and note all migrations as run; all of it or nothing."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        # the dump names everything with its schema; whoever is connected keeps their own search path
        cursor.execute("SET LOCAL search_path = ''; SET LOCAL check_function_bodies = off")
        cursor.execute(FILE.read_text(encoding="utf-8"))
        cursor.execute("UPDATE public.django_migrations SET applied = now()")
