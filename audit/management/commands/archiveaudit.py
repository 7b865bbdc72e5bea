"""``manage.py archiveaudit``: write the audit log's archive, check it, hold it for a matter, or let expired files go."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from audit import archive
from common.errors import DomainError


class Command(BaseCommand):
    """Without an option: write what no segment has yet."""

    help = __doc__ or ""

    def add_arguments(self, parser: ArgumentParser) -> None:
        what = parser.add_mutually_exclusive_group()
        what.add_argument("--check", action="store_true", help="read every segment again")
        what.add_argument("--hold", metavar="MATTER", help="place a legal hold")
        what.add_argument("--lift", metavar="MATTER", help="lift a legal hold")
        what.add_argument("--remove-expired", action="store_true", help="files whose retention is over")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            self.stdout.write(_said(options))
        except DomainError as error:
            raise CommandError(f"{error.code}: {error}") from error


def _said(options: dict[str, Any]) -> str:
    if options["check"]:
        if broken := archive.check_archive():
            raise CommandError("; ".join(f"segment {one.segment}: {one.code}" for one in broken))
        return "the archive is whole"
    if options["hold"] is not None:
        return f"held for {archive.place_hold(options['hold'])}"
    if options["lift"] is not None:
        return f"lifted for {archive.lift_hold(options['lift'])}"
    if options["remove_expired"]:
        return f"{archive.remove_expired()} files removed"
    written = 0
    while archive.archive_events() is not None:
        written += 1
    return f"{written} segments written"
