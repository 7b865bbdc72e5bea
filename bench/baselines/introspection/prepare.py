"""Make a resource server's token and ``N`` access tokens; prints them as JSON.

DJANGO_SETTINGS_MODULE=bench.baselines.introspection.settings python -m bench.baselines.introspection.prepare N
"""

from __future__ import annotations

import json
import secrets
import sys
from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from oauth2_provider.models import AccessToken, Application  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    user = User.objects.create_user("studio")
    application = Application.objects.create(
        name="farm",
        user=user,
        client_type="confidential",
        authorization_grant_type="client-credentials",
    )
    ends = timezone.now() + timedelta(days=1)

    def token(scope: str) -> str:
        made = AccessToken.objects.create(
            user=user, application=application, token=secrets.token_urlsafe(32), expires=ends, scope=scope
        )
        return made.token

    print(
        json.dumps(
            {"server": token("introspection"), "tokens": [token("render") for _ in range(int(sys.argv[1]))]}
        )
    )


main()
