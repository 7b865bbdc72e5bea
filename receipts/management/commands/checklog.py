"""``manage.py checklog``: the same as ``trustmark log check``."""

import sys
from typing import Any
from uuid import UUID

from django.core.management.base import BaseCommand, CommandParser

from receipts.cli import check_logs


class Command(BaseCommand):
    help = "Re-read rows, files and checkpoints of the logs, and name what does not fit."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--production", type=UUID)
        parser.add_argument("--jobs", type=int, default=1)

    def handle(self, *args: Any, **options: Any) -> None:
        if code := check_logs(options["production"], jobs=options["jobs"]):
            sys.exit(code)
