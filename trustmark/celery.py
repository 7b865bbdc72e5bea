"""The Celery application: queues ``default``, ``media.cpu`` and ``media.gpu``, and the beat."""

import os
import signal
import sys

from celery import Celery
from celery.signals import worker_process_init

from trustmark.embedded.launch import die_with_parent

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "trustmark.settings")

app = Celery("trustmark")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_finalize.connect
def schedule_beats(sender: Celery, **_kwargs: object) -> None:
    """Put each app's periodic tasks on the beat; an app names them in its ``tasks.BEAT``.

    A name alone runs every ``BEAT_SECONDS``; ``(name, seconds)`` at its own pace.
    """
    from importlib import import_module  # the apps are ready only now

    from django.conf import settings

    for package in (
        "common",
        "accounts",
        "audit",
        "notify",
        "licensing",
        "watermarking",
        "receipts",
        "training",
        "provenance",
        "verification",
        "compliance",
    ):
        for entry in getattr(import_module(f"{package}.tasks"), "BEAT", ()):
            name, seconds = (entry, settings.BEAT_SECONDS) if isinstance(entry, str) else entry
            sender.add_periodic_task(seconds, sender.signature(name), name=name, expires=60)


@worker_process_init.connect
def end_with_the_worker(**_kwargs: object) -> None:
    """A pool process whose worker was killed ends too: its task is unacknowledged and goes to another."""
    if sys.platform == "linux":
        die_with_parent(os.getppid(), signal.SIGKILL)
