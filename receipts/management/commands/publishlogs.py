"""``manage.py publishlogs``: keep tiles and checkpoints up with the logs, until told to stop."""

import signal
from typing import Any

from django.core.management.base import BaseCommand

from receipts.services import Publisher


class Command(BaseCommand):
    help = "Publish every log within a second of what was acknowledged; runs until TERM or INT."
    requires_system_checks = ()  # it signs and writes files: it needs neither the mark key nor the portal

    def handle(self, *args: Any, **options: Any) -> None:
        publisher = Publisher()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: publisher.stop.set())
        self.stdout.write("publishing")
        self.stdout.flush()
        publisher.run()
