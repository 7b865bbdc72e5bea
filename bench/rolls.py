"""A guild's roll of 160,000 members, read as a worker reads it, beside a raw COPY of the rows that it made.

    python bench/rolls.py [--rows 160000] [--json]

Starts a PostgreSQL of its own unless ``DATABASE_URL`` names one, and works in a database that is dropped at the end.
The other side of the ratio is PostgreSQL itself: the same rows of the same seven tables, copied in its binary format
into tables with the same indexes and checks. Both run on one connection, one after the other, in one process.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import secrets
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "clients" / "python"), str(ROOT / "trustcore")]

TABLES = (
    "accounts_organisation", "accounts_historicalorganisation", "licensing_talent", "licensing_historicaltalent",
    "licensing_visibilityrule", "licensing_historicalvisibilityrule", "licensing_guildmember",
)  # fmt: skip


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--rows", type=int, default=160_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    from trustmark.embedded.testing import TestServers

    servers = TestServers()
    servers.announce()
    try:
        servers.need(servers.postgres)
        figures = _in_a_database(options.rows, servers.folder)
    finally:
        servers.stop()
    if options.json:
        print(json.dumps(figures, indent=2))
    else:
        for name, value in figures.items():
            print(f"{name:<28}{value}")
    return 0


def _in_a_database(rows: int, folder: Path) -> dict[str, Any]:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
    os.environ["TRUSTMARK_DEBUG"] = "no"  # Django would keep every statement in memory
    os.environ["STORAGE_URL"] = f"file://{folder / 'storage'}"
    import django

    django.setup()
    from django.db import connection

    connection.settings_dict["TEST"]["NAME"] = f"bench_rolls_{os.getpid()}"
    name = connection.settings_dict["NAME"]
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        return _measure(rows)
    finally:
        connection.creation.destroy_test_db(name, verbosity=0)


def _measure(rows: int) -> dict[str, Any]:
    from accounts.models import Membership
    from accounts.principals import principal_of_person
    from accounts.services import add_member, create_user, register_organisation
    from licensing import services
    from licensing.models import GuildMember

    guild = register_organisation(name="Bench Guild", kind="GUILD")
    person = create_user(email="b@example.org", full_name="B", password=secrets.token_urlsafe(12))
    add_member(organisation=guild, user=person, role=Membership.Role.ADMIN)
    principal = principal_of_person(person)
    if principal is None:
        raise RuntimeError("the administrator was not made")
    with tempfile.TemporaryFile() as file:
        file.write(b"member_number,stage_name,majority_on\r\n")
        file.writelines(f"SAG-{n:07},Member Number {n},\r\n".encode() for n in range(rows))
        size = file.tell()
        file.seek(0)
        before = _peak()
        began = time.perf_counter()
        roll = services.hand_in_roll(principal=principal, stream=file, size=size, file_name="roll.csv")  # type: ignore[arg-type]
        handed_in = time.perf_counter() - began
        began = time.perf_counter()
        done = services.read_roll(roll.pk)
        read = time.perf_counter() - began
        grown = _peak() - before
        if (done.state, done.rows_made, GuildMember.objects.count()) != ("DONE", rows, rows):
            raise RuntimeError(f"the roll was not read: {done.state} {done.failure} {done.rows_made}")
        file.seek(0)
        again = services.hand_in_roll(principal=principal, stream=file, size=size, file_name="roll.csv")  # type: ignore[arg-type]
        began = time.perf_counter()
        same = services.read_roll(again.pk)
        repeated = time.perf_counter() - began
        if (same.rows_same, same.rows_made, same.rows_changed) != (rows, 0, 0):
            raise RuntimeError("reading it again changed something")
    copied = _copy()
    return {
        "rows": rows,
        "file_mib": round(size / 2**20, 1),
        "handed_in_seconds": round(handed_in, 2),
        "read_seconds": round(read, 1),
        "rows_a_second": round(rows / read),
        "copy_seconds": round(copied, 2),
        "times_a_raw_copy": round(read / copied, 1),
        "repeated_seconds": round(repeated, 1),
        "memory_grown_mib": round(grown / 2**20, 1),
    }


def _copy() -> float:
    """Seconds that PostgreSQL takes to write the same rows under the same indexes."""
    from django.db import connection

    seconds = 0.0
    with connection.cursor() as cursor:
        for table in TABLES:
            cursor.execute(f"create table bench_{table} (like {table} including all)")
            held = io.BytesIO()
            with cursor.cursor.copy(f"copy {table} to stdout (format binary)") as source:
                for piece in source:
                    held.write(piece)
            began = time.perf_counter()
            with cursor.cursor.copy(f"copy bench_{table} from stdin (format binary)") as target:
                target.write(held.getvalue())
            seconds += time.perf_counter() - began
    return seconds


def _peak() -> int:
    """The most memory (bytes) that this process has held so far."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


if __name__ == "__main__":
    raise SystemExit(main())
