"""``manage.py requirepasskeys ORGANISATION [--off]``: ask for a passkey's signature on acts that bind."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import organisation_by_slug
from accounts.services import require_passkeys


class Command(BaseCommand):
    help = "Ask for a passkey on what an organisation signs; of a talent's own, on what is signed about them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="its slug")
        parser.add_argument("--off", action="store_true", help="ask no more")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError("ORGANISATION_UNKNOWN: no organisation of that slug")
        row = require_passkeys(organisation=organisation, required=not options["off"])
        self.stdout.write(
            f"{row.name}: a passkey is {'asked for' if row.passkey_required else 'not asked for'}"
        )
