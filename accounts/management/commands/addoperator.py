"""``manage.py addoperator EMAIL "FULL NAME"``: somebody who runs this server, and is a member of no party."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.operating import make_operator
from common.errors import DomainError


class Command(BaseCommand):
    help = "Make somebody an administrator of this server; a new person's password is printed once."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")
        parser.add_argument("full_name")
        parser.add_argument("--house", default="Operator", help="name of the operator's organisation")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            member, password = make_operator(
                email=options["email"], full_name=options["full_name"], house=options["house"]
            )
        except DomainError as error:
            raise CommandError(f"{error.code}: {error.title}") from error
        said = f", password {password}" if password else ""
        self.stdout.write(f"{member.user.email} runs this server as {member.organisation.name}{said}")
