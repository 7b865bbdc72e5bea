"""Periodic work of licensing; each task is one call, safe to repeat and to run twice at once."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from common import clock
from common.locks import sole_worker
from licensing import services
from licensing.models import RollImport
from licensing.services.letters import KINDS as LETTER_KINDS
from notify import services as notices

_DEADLINES = UUID("64656164-0000-4000-8000-000000000000")
_LEFT_HOURS = 24

# Names that the beat sends every ``BEAT_SECONDS``, or so many seconds.
BEAT = (
    "licensing.tasks.raise_expiry_alerts",
    "licensing.tasks.settle_states",
    "licensing.tasks.lapse_requests",
    "licensing.tasks.end_notices",
    "licensing.tasks.note_overdue_duties",
    "licensing.tasks.note_deadlines",
    "licensing.tasks.resume_rolls",
    ("licensing.tasks.write_letters", 2.0),
    ("licensing.tasks.forget_status_changes", 3600.0),
    ("licensing.tasks.end_expired_authorities", 3600.0),
    ("licensing.tasks.drop_leftovers", 86_400.0),
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
    return services.lapse_requests() + services.lapse_training_requests()


@shared_task(ignore_result=True)
def end_notices() -> int:
    """Move on requests whose notice is over."""
    return services.end_notices()


@shared_task(ignore_result=True)
def note_overdue_duties() -> int:
    """Tell of revocations that somebody has not acknowledged in time."""
    return services.note_overdue_duties()


@shared_task(ignore_result=True)
def note_deadlines() -> int:
    """Tell who must answer that a request ends within a day."""
    with sole_worker(_DEADLINES) as is_mine:
        return services.note_deadlines() if is_mine else 0


@shared_task(ignore_result=True)
def write_letters() -> int:
    """Write to the people whom events of requests and licences concern."""
    return notices.write_letters(LETTER_KINDS, services.told_of)


@shared_task(ignore_result=True)
def forget_status_changes() -> int:
    """Drop notes of status changes that a later one stands for."""
    return services.forget_status_changes()


@shared_task(ignore_result=True)
def end_expired_authorities() -> int:
    """End guardians' and executors' documents that ran out."""
    return services.end_expired_authorities()


@shared_task(ignore_result=True, acks_late=True)
def read_roll(roll_id: str) -> None:
    """Read a guild's roll; one of a guild at a time, another waits for the beat."""
    roll = RollImport.objects.only("pk", "guild_id").get(pk=UUID(roll_id))
    with sole_worker(roll.guild_id) as is_mine:
        if is_mine:
            services.read_roll(roll.pk)


@shared_task(ignore_result=True, acks_late=True)
def reissue_grants(kid: str) -> int:
    """Sign anew what a revoked key granted; broken off, it goes on where it stopped."""
    return services.reissue_grants(kid=kid)


@shared_task(ignore_result=True)
def resume_rolls() -> int:
    """Go on with rolls that nobody reads: never started, or cut off after some chunk."""
    quiet = clock.now() - timedelta(seconds=60)
    waiting = RollImport.objects.filter(finished_at=None, moved_at__lt=quiet).values_list("pk", flat=True)
    found = list(waiting[:100])
    for roll_id in found:
        read_roll.delay(str(roll_id))
    return len(found)


@shared_task(ignore_result=True)
def drop_leftovers() -> int:
    """Delete files of rolls that never came to be."""
    return services.drop_leftovers(hours=_LEFT_HOURS)
