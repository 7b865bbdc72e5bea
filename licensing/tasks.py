"""Periodic work of licensing; each task is one call, safe to repeat and to run twice at once."""

from celery import shared_task

from licensing import services

# Names that the beat sends every ``BEAT_SECONDS``, or so many seconds.
BEAT = (
    "licensing.tasks.raise_expiry_alerts",
    "licensing.tasks.settle_states",
    "licensing.tasks.lapse_requests",
    "licensing.tasks.end_notices",
    ("licensing.tasks.forget_status_changes", 3600.0),
)


@shared_task(ignore_result=True)
def raise_expiry_alerts() -> int:
    """Alert licensees whose licences near their end."""
    return services.raise_expiry_alerts()


@shared_task(ignore_result=True)
def settle_states() -> int:
    """Store what time has done to licences."""
    return services.settle_states()


@shared_task(ignore_result=True)
def lapse_requests() -> int:
    """Close requests that nobody answered in time."""
    return services.lapse_requests()


@shared_task(ignore_result=True)
def end_notices() -> int:
    """Move on requests whose notice is over."""
    return services.end_notices()


@shared_task(ignore_result=True)
def forget_status_changes() -> int:
    """Drop notes of status changes that a later one stands for."""
    return services.forget_status_changes()
