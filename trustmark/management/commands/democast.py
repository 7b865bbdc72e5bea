"""``manage.py democast``: make the demonstration's cast; its logins go to ``var/run/logins.json``."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from trustmark.demo.cast import make_cast


class Command(BaseCommand):
    help = "Make the demonstration's organisations and people."

    def handle(self, *args: Any, **options: Any) -> None:
        path = Path(settings.VAR_DIR) / "run" / "logins.json"
        self.stdout.write(f"{len(make_cast(logins_file=path))} people; they sign in by {path}")
