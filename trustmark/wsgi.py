"""WSGI entry point: ``granian --interface wsgi trustmark.wsgi:application``."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")

application = get_wsgi_application()
