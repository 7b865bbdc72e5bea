"""``manage.py addidentityprovider ORGANISATION SLUG ...``: let members sign in at their organisation's own service."""

from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import organisation_by_slug
from accounts.services import add_identity_provider
from common.errors import DomainError


class Command(BaseCommand):
    help = "Register an organisation's OpenID Connect service."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="its slug")
        parser.add_argument("slug", help="last part of the address that members sign in at")
        parser.add_argument("--name", default="", help="what members read (the organisation's name)")
        parser.add_argument("--issuer", required=True)
        parser.add_argument("--client-id", required=True)
        parser.add_argument(
            "--secret-file", type=Path, required=True, help="file that holds the client's secret"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError("ORGANISATION_UNKNOWN: no organisation of that slug")
        try:
            row = add_identity_provider(
                organisation=organisation,
                slug=options["slug"],
                name=options["name"],
                issuer=options["issuer"],
                client_id=options["client_id"],
                secret=options["secret_file"].read_text("utf-8").strip(),
            )
        except (DomainError, OSError) as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"members sign in at {settings.BASE_URL}/sign-in/with/{row.slug}/")
        self.stdout.write(f"redirect URI: {settings.BASE_URL}/sign-in/with/{row.slug}/callback/")
