"""``migrate``, which lays the whole structure down at once where a database is empty."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser
from django.core.management.commands import migrate
from django.db import connections

from trustmark.structure import fits, lay_down


class Command(migrate.Command):
    """Django's own; a new database gets ``structure.sql`` first if that stands for the migrations on disk."""

    def add_arguments(self, parser: CommandParser) -> None:
        """Django's own, and ``--one-by-one``."""
        super().add_arguments(parser)
        parser.add_argument(
            "--one-by-one", action="store_true", help="Run every migration, also where the database is empty."
        )

    def handle(self, *args: Any, **options: Any) -> None:
        """Lay down, then run what is left: nothing, and the signals that fill in permissions and content types."""
        narrower = ("app_label", "plan", "check_unapplied", "fake", "one_by_one")
        connection = connections[options["database"]]
        if not any(options[name] for name in narrower) and fits(connection):
            lay_down(connection)
            if options["verbosity"] >= 1:
                self.stdout.write("Laid down the structure of all migrations.")
        super().handle(*args, **options)
