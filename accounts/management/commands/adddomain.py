"""``manage.py adddomain ORGANISATION DOMAIN``: note that a domain is an organisation's own."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.selectors import organisation_by_slug
from accounts.services import add_domain
from common.errors import DomainError


class Command(BaseCommand):
    help = "Note that a domain is an organisation's own; make sure of it before."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("organisation", help="its slug")
        parser.add_argument("domain")

    def handle(self, *args: Any, **options: Any) -> None:
        organisation = organisation_by_slug(options["organisation"])
        if organisation is None:
            raise CommandError("ORGANISATION_UNKNOWN: no organisation of that slug")
        try:
            row = add_domain(organisation=organisation, domain=options["domain"])
        except DomainError as error:
            raise CommandError(str(error)) from error
        self.stdout.write(f"{row.domain} is {organisation.name}'s")
