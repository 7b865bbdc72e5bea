"""What the house forgets by itself: sessions that ended, those of strangers among them."""

from importlib import import_module

from celery import shared_task
from django.conf import settings

BEAT = (("accounts.forget_ended_sessions", 3600),)


@shared_task(name="accounts.forget_ended_sessions")
def forget_ended_sessions() -> None:
    """Remove the rows of sessions whose time is over; nothing reads them any more."""
    import_module(settings.SESSION_ENGINE).SessionStore.clear_expired()
