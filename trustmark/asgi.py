"""ASGI entry point of the event stream alone: ``granian --interface asgi trustmark.asgi:application``.

Everything else is served by :mod:`trustmark.wsgi`. A proxy hands ``/api/v1/events/stream`` to this process.
"""

import os

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")
django.setup()

from notify.stream.app import StreamApp  # noqa: E402  (the apps are ready only now)
from notify.tasks import nudge  # noqa: E402

application = StreamApp(nudge)
