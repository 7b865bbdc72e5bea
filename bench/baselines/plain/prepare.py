"""Make the tables, an API token and ``N`` licences; prints them as JSON."""

from __future__ import annotations

import json
import sys
from datetime import timedelta

import django

django.setup()

from django.contrib.auth.models import User  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.utils import timezone  # noqa: E402
from rest_framework.authtoken.models import Token  # noqa: E402

from bench.baselines.plain.models import Licence  # noqa: E402


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("migrate", run_syncdb=True, verbosity=0)  # our own tables, which point to Django's
    key = Token.objects.create(user=User.objects.create_user("farm")).key
    now = timezone.now()
    codes = [f"licence-{n}" for n in range(int(sys.argv[1]))]
    for code in codes:
        Licence.objects.create(
            code=code,
            talent="t",
            use_types=["FACE_RENDER"],
            not_before=now,
            not_after=now + timedelta(days=90),
            frames_max=1_000_000,
        )
    print(json.dumps({"key": key, "licences": codes}))


main()
