"""Make ``structure.sql`` from the migrations."""

from __future__ import annotations

import subprocess

from django.core.management import call_command
from django.db import connection

from trustmark.embedded.postgres import postgres_program
from trustmark.structure import written

# rows that the signal after a migration fills in, whichever way the tables came
_FILLED_IN = ("public.auth_permission*", "public.django_content_type*")


def structure_of_migrations(url: str) -> str:
    """Run every migration on the empty database behind Django's connection, and dump it.

    Args:
        url: the same database, as ``pg_dump`` is to reach it.

    Raises:
        subprocess.CalledProcessError: the dump failed.
    """
    call_command("migrate", interactive=False, verbosity=0, one_by_one=True)
    with connection.cursor() as cursor:  # so that one set of migrations makes one text
        cursor.execute("UPDATE django_migrations SET applied = timestamptz '2000-01-01 00:00+00'")
    return dumped(url)


def dumped(url: str) -> str:
    """The structure that stands in a database, in the words of ``structure.sql``."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    said = subprocess.run(
        [
            str(postgres_program("pg_dump")), "--no-owner", "--no-privileges", "--no-comments", "--inserts",
            "--rows-per-insert=500", *(f"--exclude-table-data={rows}" for rows in _FILLED_IN), url,
        ],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    return written(said.stdout, server=server)
