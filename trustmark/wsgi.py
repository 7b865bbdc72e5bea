"""WSGI entry point: ``granian --interface wsgi trustmark.wsgi:application``; render checks are answered before Django."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")

django = get_wsgi_application()

from receipts.edge import in_front_of  # noqa: E402 - models can be imported only now

application = in_front_of(django)
