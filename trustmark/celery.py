"""The Celery application: queues ``default``, ``media.cpu`` and ``media.gpu``, and the beat."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")

app = Celery("trustmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_beats(sender: Celery, **_kwargs: object) -> None:
    """Put each app's periodic tasks on the beat; an app names them in its ``tasks.BEAT``."""
    from importlib import import_module  # the apps are ready only now

    from django.conf import settings

    for package in ("licensing", "watermarking", "receipts", "provenance", "compliance"):
        for name in getattr(import_module(f"{package}.tasks"), "BEAT", ()):
            sender.add_periodic_task(settings.BEAT_SECONDS, sender.signature(name), name=name, expires=60)
