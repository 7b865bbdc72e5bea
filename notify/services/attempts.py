"""Make one attempt at a delivery and write down how it ended.

Nothing is locked while the network is waited for. Afterwards the endpoint is locked before the delivery, here
and wherever both are: two outcomes cannot wait on each other.
"""

import asyncio
import logging
import random
from datetime import datetime
from uuid import UUID

from django.db import transaction

from audit.services import record
from common import clock
from common.keys import KeyUnreadable
from notify import sending
from notify.models import OPEN, Delivery, WebhookEndpoint
from notify.payload import body_of
from notify.schedule import retry_delay
from notify.sending import Outcome
from notify.signing import signed_headers

logger = logging.getLogger(__name__)
_GONE = 410


def attempt(*, delivery_id: UUID) -> Outcome | None:
    """Send a claimed delivery; None when it is no longer to be sent or its claim has ended."""
    rows = Delivery.objects.select_related("endpoint", "event")
    delivery = rows.filter(OPEN, pk=delivery_id, endpoint__enabled=True).first()
    at = clock.now()
    if delivery is None or delivery.claimed_until is None or delivery.claimed_until <= at:
        return None
    body = body_of(delivery.event)
    try:
        headers = signed_headers(delivery.endpoint, delivery.event.id, body, at=at)
    except KeyUnreadable:
        outcome = Outcome(error="SECRET_UNREADABLE")
    else:
        outcome = _send(delivery.endpoint.url, body, headers)
    record_outcome(delivery_id=delivery_id, outcome=outcome)
    return outcome


def _send(url: str, body: bytes, headers: dict[str, str]) -> Outcome:
    try:
        return asyncio.run(sending.post(url, body, headers))
    except Exception:  # what we did not foresee counts as an attempt too: a delivery ends some day
        logger.exception("webhook: an attempt failed on our side")
        return Outcome(error="INTERNAL")


def record_outcome(*, delivery_id: UUID, outcome: Outcome) -> None:
    """Write how an attempt ended: delivered, to be tried again, or dead; 410 ends the endpoint."""
    with transaction.atomic():
        endpoint = (
            # no key: who places new deliveries for it need not wait
            WebhookEndpoint.objects.select_for_update(no_key=True).filter(deliveries=delivery_id).first()
        )  # none: it was removed meanwhile
        delivery = Delivery.objects.select_for_update().filter(OPEN, pk=delivery_id).first()
        if endpoint is None or delivery is None:
            return
        at = clock.now()
        delivery.attempts += 1
        delivery.claimed_until = None
        delivery.last_attempt_at = at
        delivery.last_status, delivery.last_error = outcome.status, outcome.error
        if outcome.is_delivered:
            delivery.delivered_at = endpoint.last_success_at = at
            endpoint.failing_since = None
        else:
            endpoint.failing_since = endpoint.failing_since or at
            _put_off(delivery, outcome, at)
        delivery.save()
        endpoint.save(update_fields=["last_success_at", "failing_since"])
        if endpoint.enabled and outcome.status == _GONE:
            disable(endpoint=endpoint, reason=WebhookEndpoint.Disabled.GONE)
        elif endpoint.enabled and delivery.dead_at is not None and _never_heard(endpoint, delivery):
            disable(endpoint=endpoint, reason=WebhookEndpoint.Disabled.FAILING)


def disable(*, endpoint: WebhookEndpoint, reason: str) -> None:
    """Stop calling an endpoint; what was under way for it is dead, and can be replayed.

    The row MUST be locked by the caller. The event is told to the organisation's other endpoints.
    """
    at = clock.now()
    endpoint.enabled, endpoint.disabled_reason, endpoint.disabled_at = False, reason, at
    endpoint.save(update_fields=["enabled", "disabled_reason", "disabled_at"])
    Delivery.objects.filter(OPEN, endpoint=endpoint).update(
        dead_at=at, claimed_until=None, last_error="ENDPOINT_DISABLED"
    )
    record(
        kind="webhook.disabled",
        principal=None,
        organisation_id=endpoint.organisation_id,
        object_type="webhook",
        object_id=endpoint.pk,
        details={"code": str(reason)},
    )


def _put_off(delivery: Delivery, outcome: Outcome, at: datetime) -> None:
    delay = retry_delay(
        delivery.attempts,
        luck=random.random(),  # noqa: S311 - spreads load, guards nothing
        retry_after=outcome.retry_after,
    )
    if delay is None or outcome.status == _GONE:
        delivery.dead_at = at
    else:
        delivery.next_attempt_at = at + delay


def _never_heard(endpoint: WebhookEndpoint, delivery: Delivery) -> bool:
    """Whether nothing at all reached the endpoint for as long as this delivery was tried."""
    return endpoint.last_success_at is None or endpoint.last_success_at < delivery.created_at
