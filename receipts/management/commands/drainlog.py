"""``manage.py drainlog``: sequence what waits and publish every log, as the beat does."""

from typing import Any

from django.core.management.base import BaseCommand

from receipts.services import drain_waiting


class Command(BaseCommand):
    help = "Give every waiting check and event its place in its log, and publish."

    def handle(self, *args: Any, **options: Any) -> None:
        self.stdout.write(f"{drain_waiting()} entries sequenced")
