"""``manage.py startover EMAIL``: send somebody who lost every device a link to set everything anew."""

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from accounts.models import User
from accounts.services import start_over


class Command(BaseCommand):
    help = "Send a link that works once and removes passkeys, codes and sessions when it is used."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("email")

    def handle(self, *args: Any, **options: Any) -> None:
        user = User.objects.filter(email__iexact=options["email"], is_active=True).first()
        if user is None:
            raise CommandError("USER_UNKNOWN: nobody has that address")
        link, address = start_over(user=user, made_by=None)
        self.stdout.write(f"sent to {link.email}, good until {link.expires_at:%Y-%m-%d %H:%M} UTC: {address}")
