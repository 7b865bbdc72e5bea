"""Programs that tests start beside themselves: on the same database, with the same secret."""

from __future__ import annotations

import os
import sys

from django.conf import settings
from django.db import connection


def environment_of_this_test() -> dict[str, str]:
    """The environment in which a second process serves this test's own deployment."""
    db = connection.settings_dict
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "trustmark.settings",
        "DATABASE_URL": f"postgresql://{db['USER']}:{db['PASSWORD']}@{db['HOST']}:{db['PORT']}/{db['NAME']}",
        "TRUSTMARK_SECRET": settings.TRUSTMARK_SECRET,
        "TRUSTMARK_BASE_URL": settings.BASE_URL,
        "PYTHONPATH": os.pathsep.join([str(settings.BASE_DIR), *sys.path]),
    }
