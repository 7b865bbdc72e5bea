"""``manage.py countbeside``: count words and time on screen of leases older than their counters; safe to repeat."""

from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from receipts.backfill import Counted, count_what_was_leased


class Command(BaseCommand):
    help = "Count words and time on screen of leases that were made before there were counters of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--batch", type=int, default=500, help="licences looked up at once (default 500)")

    def handle(self, *args: Any, **options: Any) -> None:
        def told(far: Counted) -> None:
            self.stdout.write(f"{far.licences} licences, {far.leases} leases counted")

        far = count_what_was_leased(connection, batch=options["batch"], told=told)
        if not far.licences:
            self.stdout.write("every lease is counted")
