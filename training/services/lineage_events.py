"""Keep OpenLineage events in the transaction that they tell of, and send them afterwards: the row is the queue (ADR 0006)."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Final
from uuid import UUID

from django.conf import settings
from django.db import transaction

from common import clock
from training.models import LineageEvent

TRIES: Final = 20
_MOST_WAIT: Final = timedelta(hours=6)
_BATCH: Final = 100


def tell_lineage(
    *,
    organisation_id: UUID,
    type_: str,
    run: UUID,
    job: str,
    tags: Mapping[str, str],
    inputs: Iterable[str] = (),
    outputs: Iterable[str] = (),
) -> None:
    """Keep one event, if anybody collects them; MUST be called inside the transaction that it tells of.

    Args:
        type_: START, COMPLETE, ABORT or OTHER, of the run ``run``.
        inputs, outputs: data sets by name, in this organisation's namespace.
    """
    if not settings.OPENLINEAGE_URL:
        return
    now = clock.now()
    body = {
        "type": type_, "time": clock.rfc3339(now), "run": str(run), "namespace": f"trustmark/{organisation_id}",
        "job": job, "tags": dict(tags), "inputs": sorted(set(inputs)), "outputs": sorted(set(outputs)),
    }  # fmt: skip
    LineageEvent.objects.create(organisation_id=organisation_id, body=body, due_at=now)


def send_lineage() -> int:
    """Send what is due, oldest first; how many were taken. What fails is tried again, ever later, twenty times;
    the others wait for the next turn.
    """
    if not settings.OPENLINEAGE_URL:
        return 0
    from training.openlineage import open_transport  # the client is heavy, and most houses collect nothing

    sent = 0
    transport = open_transport()
    try:
        for _turn in range(_BATCH):
            with transaction.atomic():
                waiting = LineageEvent.objects.filter(sent_at=None, given_up_at=None, due_at__lte=clock.now())
                row = waiting.order_by("due_at", "pk").select_for_update(skip_locked=True).first()
                if row is None:
                    break
                if not _send(transport, row):
                    break  # who does not answer once is not waited for a hundred times
                sent += 1
    finally:
        transport.close(1.0)
    return sent


def _send(transport: object, row: LineageEvent) -> bool:
    from training.openlineage import event_of

    try:
        transport.emit(event_of(row.body))  # type: ignore[attr-defined]
    except Exception as error:  # noqa: BLE001 - whatever went wrong on the way, the event waits
        row.tries += 1
        row.error = type(error).__name__[:40]
        row.due_at = clock.now() + min(timedelta(seconds=5) * 2**row.tries, _MOST_WAIT)
        if row.tries >= TRIES:
            row.given_up_at = clock.now()
    else:
        row.sent_at = clock.now()
    row.save(update_fields=["tries", "error", "due_at", "sent_at", "given_up_at"])
    return row.sent_at is not None
