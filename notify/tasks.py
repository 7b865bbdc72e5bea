"""Drive the deliveries. The rows keep what waits; a lost message, a broker that is gone or a killed worker
costs a moment, nothing else. All run on a queue of their own: a receiver that hangs holds up no other work.
"""

from uuid import UUID

from celery import shared_task

from common.locks import sole_worker
from notify import services
from notify.topics import OF_THE_ORGANISATION

QUEUE = "notify"
_MAIL = UUID("6d61696c-0000-4000-8000-000000000000")
BEAT = (
    ("notify.drain", 1.0),
    ("notify.write_security_letters", 2.0),
    ("notify.send_letters", 2.0),
    ("notify.forget_letters", 3600.0),
)


@shared_task(name="notify.drain", queue=QUEUE)
def drain() -> None:
    """Place what waits and hand out what is due."""
    services.place_waiting()
    hand_out()


@shared_task(name="notify.deliver", queue=QUEUE)
def deliver(delivery_id: str) -> None:
    """Make one attempt; the place it leaves goes to the next at once."""
    services.attempt(delivery_id=UUID(delivery_id))
    hand_out()


def hand_out() -> None:
    """Claim what may be sent now and give each delivery to a worker."""
    for delivery_id in services.claim_due():
        deliver.delay(str(delivery_id))


def nudge() -> None:
    """Ask a worker to look now instead of at the next beat. Fails at once where the broker is gone."""
    drain.apply_async(retry=False, expires=60)


@shared_task(name="notify.write_security_letters", queue=QUEUE)
def write_security_letters() -> int:
    """Write to who administers an organisation of changes of keys, webhooks and members."""
    return services.write_letters(OF_THE_ORGANISATION, services.told_of_security)


@shared_task(name="notify.send_letters", queue=QUEUE)
def send_letters() -> int:
    """Send the e-mail that is due; one worker at a time talks to the mail server."""
    with sole_worker(_MAIL) as is_mine:
        return services.send_due() if is_mine else 0


@shared_task(name="notify.forget_letters", queue=QUEUE)
def forget_letters() -> int:
    """Remove letters that are older than they are kept."""
    return services.forget_letters()
