"""Drive the deliveries. The rows keep what waits; a lost message, a broker that is gone or a killed worker
costs a moment, nothing else. All run on a queue of their own: a receiver that hangs holds up no other work.
"""

from uuid import UUID

from celery import shared_task

from notify import services

QUEUE = "notify"
BEAT = (("notify.drain", 1.0),)


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
