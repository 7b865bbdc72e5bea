"""Periodic work of the ledger. Each task may run anywhere and twice at once: the rows keep the order."""

from celery import shared_task

from receipts import services

# The publisher does this within a second; the beat heals what no publisher did.
BEAT = (
    ("receipts.drain_logs", 5.0),
    "receipts.expire_leases",
    ("receipts.forget_old", 60.0),
    ("receipts.alert_quotas", 60.0),
)


@shared_task(name="receipts.drain_logs")
def drain_logs() -> None:
    """Sequence what waits, then publish."""
    services.drain_waiting()


@shared_task(name="receipts.expire_leases")
def expire_leases() -> None:
    """End leases that nobody kept; their unused units return to the quota."""
    services.expire_leases()


@shared_task(name="receipts.forget_old")
def forget_old() -> None:
    """Drop used proofs and idempotency keys past their use."""
    services.forget_old()


@shared_task(name="receipts.alert_quotas")
def alert_quotas() -> None:
    """Tell licensees whose quotas run out."""
    services.alert_quotas()
