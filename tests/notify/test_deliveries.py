"""Deliveries from the claim to the end: signed, tried again, dead, replayed; one slow receiver harms no other."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from django.db import connection
from standardwebhooks import Webhook, WebhookVerificationError

from audit.models import Event
from common import clock
from common.errors import Conflict
from licensing.services import raise_expiry_alerts
from notify import selectors, services
from notify.models import Delivery, WebhookEndpoint
from notify.schedule import ATTEMPTS_MAX
from notify.sending import Outcome
from notify.services.admission import Candidate, admit
from tests import factories
from tests.notify.conftest import (
    Cast,
    Receiver,
    forget_waiting,
    happen,
    make_endpoint,
    only_delivery,
    send_due,
)

pytestmark = pytest.mark.django_db
KIND = "thing.happened"
Move = Callable[..., None]


def fail(delivery: Delivery, status: int = 500, **further: Any) -> Delivery:
    """An attempt that a receiver answers so."""
    services.record_outcome(
        delivery_id=delivery.pk, outcome=Outcome(status, "HTTP_STATUS", further.get("retry_after"))
    )
    delivery.refresh_from_db()
    return delivery


@pytest.fixture
def failing(cast: Cast, receiver: Receiver) -> Delivery:
    """A delivery that is due at a receiver that says 500."""
    receiver.status = 500
    made = make_endpoint(cast.producer, receiver.url(), KIND)
    happen(cast.producer)
    services.place_waiting()
    return only_delivery(made.endpoint)


def test_delivery_is_signed_as_the_standard_says(cast: Cast, receiver: Receiver) -> None:
    made = make_endpoint(cast.producer, receiver.url(), KIND)
    event = happen(cast.producer, details={"code": "OK", "name": "Ilse"})
    assert send_due() == 1
    (call,) = receiver.calls
    body = Webhook(made.secret).verify(call.body, call.headers)
    assert (body["type"], body["data"]["event"], body["data"]["details"]) == (
        KIND,
        str(event.id),
        {"code": "OK"},
    )
    assert call.headers["webhook-id"] == str(event.id)
    with pytest.raises(WebhookVerificationError):
        Webhook(make_endpoint(cast.producer, receiver.url("/2"), "x.y").secret).verify(
            call.body, call.headers
        )
    with pytest.raises(WebhookVerificationError):
        Webhook(made.secret).verify(call.body.replace(b"OK", b"NO"), call.headers)
    delivery = only_delivery(made.endpoint)
    assert (delivery.state, delivery.attempts, delivery.last_status) == ("DELIVERED", 1, 200)
    assert send_due() == 0, "what was delivered is not sent again"


def test_signature_is_fresh_by_real_time_even_where_the_house_clock_was_moved(
    cast: Cast, receiver: Receiver, move_clock: Move
) -> None:
    move_clock(days=61)
    made = make_endpoint(cast.producer, receiver.url(), KIND)
    happen(cast.producer)
    send_due()
    assert Webhook(made.secret).verify(receiver.calls[0].body, receiver.calls[0].headers)


def test_two_secrets_sign_while_a_rotation_lasts_and_then_only_the_new_one(
    cast: Cast, receiver: Receiver, move_clock: Move
) -> None:
    old = make_endpoint(cast.producer, receiver.url(), KIND)
    new = services.rotate_secret(principal=cast.producer, endpoint_id=old.endpoint.pk, overlap_hours=24)
    happen(cast.producer)
    send_due()
    move_clock(hours=25)
    happen(cast.producer)
    send_due()
    during, after = receiver.calls
    assert len(during.headers["webhook-signature"].split(" ")) == 2
    for secret in (old.secret, new.secret):
        Webhook(secret).verify(during.body, during.headers)
    Webhook(new.secret).verify(after.body, after.headers)
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(after.body, after.headers)


def test_compromised_secret_ends_at_once_without_an_overlap(cast: Cast, receiver: Receiver) -> None:
    old = make_endpoint(cast.producer, receiver.url(), KIND)
    services.rotate_secret(principal=cast.producer, endpoint_id=old.endpoint.pk, overlap_hours=0)
    happen(cast.producer)
    send_due()
    with pytest.raises(WebhookVerificationError):
        Webhook(old.secret).verify(receiver.calls[0].body, receiver.calls[0].headers)


def test_secrets_are_sealed_in_the_database(cast: Cast, receiver: Receiver) -> None:
    made = make_endpoint(cast.producer, receiver.url())
    row = WebhookEndpoint.objects.get(pk=made.endpoint.pk)
    assert made.secret.encode() not in bytes(row.sealed_secret)
    assert not Event.objects.filter(details__icontains="whsec").exists()
    assert not Event.objects.filter(details__icontains="127.0.0.1").exists()


def test_failure_is_tried_again_later_with_the_same_id(
    receiver: Receiver, failing: Delivery, move_clock: Move
) -> None:
    assert send_due() == 1
    assert send_due() == 0, "not before its time"
    failing.refresh_from_db()
    assert (failing.state, failing.attempts, failing.last_status) == ("PENDING", 1, 500)
    assert timedelta(seconds=3) < failing.next_attempt_at - clock.now() <= timedelta(seconds=6)
    receiver.status = 200
    move_clock(seconds=10)
    assert send_due() == 1
    failing.refresh_from_db()
    assert (failing.state, failing.attempts) == ("DELIVERED", 2)
    first, second = receiver.calls
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body


def test_last_failure_is_the_end_and_an_endpoint_that_nothing_reached_is_switched_off(
    cast: Cast, failing: Delivery
) -> None:
    for _ in range(ATTEMPTS_MAX - 1):
        assert fail(failing).state == "PENDING"
    assert fail(failing).state == "DEAD"
    endpoint = WebhookEndpoint.objects.get(pk=failing.endpoint_id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "FAILING")
    event = Event.objects.get(kind="webhook.disabled")
    assert (event.organisation_id, event.details) == (cast.producer.organisation_id, {"code": "FAILING"})


def test_endpoint_that_others_reached_meanwhile_stays_on(failing: Delivery) -> None:
    other = Delivery.objects.create(
        endpoint=failing.endpoint, event=Event.objects.first(), next_attempt_at=clock.now()
    )
    services.record_outcome(delivery_id=other.pk, outcome=Outcome(200))
    for _ in range(ATTEMPTS_MAX):
        fail(failing)
    assert failing.state == "DEAD"
    assert WebhookEndpoint.objects.get(pk=failing.endpoint_id).enabled


def test_410_switches_the_endpoint_off_and_ends_what_waits_for_it(
    cast: Cast, receiver: Receiver, failing: Delivery
) -> None:
    receiver.status = 410
    happen(cast.producer)
    services.place_waiting()
    assert send_due() == 2
    rows = Delivery.objects.filter(endpoint=failing.endpoint)
    assert {row.state for row in rows} == {"DEAD"}
    endpoint = WebhookEndpoint.objects.get(pk=failing.endpoint_id)
    assert (endpoint.enabled, endpoint.disabled_reason) == (False, "GONE")
    happen(cast.producer)
    assert send_due() == 0
    assert rows.count() == 2, "a disabled endpoint is told of nothing new"


def test_429_waits_as_long_as_the_receiver_asks(failing: Delivery) -> None:
    fail(failing, 429, retry_after=timedelta(hours=1))
    assert failing.next_attempt_at - clock.now() > timedelta(minutes=59)


def test_dead_delivery_is_replayed_with_its_id_and_one_that_waits_is_not(
    cast: Cast, receiver: Receiver, failing: Delivery
) -> None:
    ids = {"endpoint_id": failing.endpoint_id, "delivery_id": failing.pk}
    with pytest.raises(Conflict) as refusal:
        services.replay_delivery(principal=cast.producer, **ids)
    assert refusal.value.code == "DELIVERY_PENDING"
    for _ in range(ATTEMPTS_MAX):
        fail(failing)
    with pytest.raises(Conflict) as refusal:
        services.replay_delivery(principal=cast.producer, **ids)
    assert refusal.value.code == "WEBHOOK_DISABLED"
    services.change_endpoint(principal=cast.producer, endpoint_id=failing.endpoint_id, enabled=True)
    services.replay_delivery(principal=cast.producer, **ids)
    receiver.status = 200
    send_due()
    failing.refresh_from_db()
    assert (failing.state, failing.attempts) == ("DELIVERED", 1)
    assert receiver.calls[0].headers["webhook-id"] == str(failing.event.id)


def test_claim_of_a_worker_that_was_killed_ends_by_itself(
    receiver: Receiver, failing: Delivery, move_clock: Move
) -> None:
    assert services.claim_due() == [failing.pk]  # and the worker dies here
    assert services.claim_due() == []
    move_clock(seconds=120)
    assert services.attempt(delivery_id=failing.pk) is None, "a message that comes late does nothing"
    assert receiver.calls == []
    assert services.claim_due() == [failing.pk]
    assert services.attempt(delivery_id=failing.pk) == Outcome(500, "HTTP_STATUS")


def test_outcome_that_comes_after_the_end_changes_nothing(failing: Delivery) -> None:
    services.record_outcome(delivery_id=failing.pk, outcome=Outcome(200))
    fail(failing)
    assert (failing.state, failing.attempts) == ("DELIVERED", 1)
    services.record_outcome(delivery_id=uuid4(), outcome=Outcome(200))  # removed meanwhile


def test_secret_that_cannot_be_opened_is_a_failure_with_its_own_code(
    receiver: Receiver, failing: Delivery
) -> None:
    WebhookEndpoint.objects.update(sealed_secret=b"x" * 60)
    send_due()
    failing.refresh_from_db()
    assert (failing.state, failing.last_error) == ("PENDING", "SECRET_UNREADABLE")
    assert receiver.calls == []


def candidate(endpoint: UUID, *, is_failing: bool = False) -> Candidate:
    return Candidate(uuid4(), endpoint, is_failing)


def test_admission_is_bounded_altogether_for_each_endpoint_and_for_all_that_fail() -> None:
    endpoints = [uuid4() for _ in range(12)]
    many = [candidate(endpoints[0]) for _ in range(5)]
    assert admit(many, [], places=16) == [one.delivery_id for one in many[:2]]
    assert admit(many, many[:1], places=16) == [many[0].delivery_id]
    everyone = [candidate(endpoint) for endpoint in endpoints for _ in range(2)]
    assert len(admit(everyone, [], places=16)) == 16
    assert admit(everyone, everyone[:16], places=16) == []
    hanging = [candidate(endpoint, is_failing=True) for endpoint in endpoints for _ in range(2)]
    assert len(admit(hanging, [], places=16)) == 4
    healthy = candidate(uuid4())
    assert admit([*hanging, healthy], hanging[:4], places=16) == [healthy.delivery_id]


def test_long_queue_of_one_endpoint_hides_no_other(cast: Cast, receiver: Receiver) -> None:
    make_endpoint(cast.producer, receiver.url("/busy"), KIND)
    forget_waiting()
    for _ in range(30):
        happen(cast.producer)
    services.place_waiting()
    calm = make_endpoint(cast.agent, receiver.url("/calm"), KIND).endpoint
    happen(cast.agent)
    services.place_waiting()
    claimed = services.claim_due()
    assert len(claimed) == 3
    assert Delivery.objects.filter(pk__in=claimed, endpoint=calm).count() == 1


@pytest.mark.django_db(transaction=True)
def test_receiver_that_hangs_holds_up_no_other(
    cast: Cast, make_receiver: Callable[..., Receiver], closed_network: None
) -> None:
    hanging, prompt = make_receiver(delay=threading.Event()), make_receiver()
    make_endpoint(cast.producer, hanging.url(), KIND)
    make_endpoint(cast.producer, prompt.url(), KIND)
    for _ in range(3):
        happen(cast.producer)
    services.place_waiting()

    def work() -> None:
        try:
            while claimed := services.claim_due():
                for delivery_id in claimed:
                    threads.append(threading.Thread(target=one, args=(delivery_id,)))
                    threads[-1].start()
        finally:
            connection.close()

    def one(delivery_id: UUID) -> None:
        try:
            services.attempt(delivery_id=delivery_id)
            work()
        finally:
            connection.close()

    threads: list[threading.Thread] = []
    work()
    assert len(prompt.wait_for(3)) == 3, "all of the prompt one's, while the other still hangs"
    assert len(hanging.calls) <= 2
    assert hanging.delay is not None
    hanging.delay.set()
    for thread in threads:
        thread.join(30)


@pytest.mark.req("ST-092")
def test_studio_is_called_before_its_licence_ends_and_a_stranger_is_not(
    cast: Cast, receiver: Receiver, move_clock: Move
) -> None:
    token, _, _ = factories.make_live_token(cast.production, cast.talent)
    made = make_endpoint(cast.producer, receiver.url("/studio"), "licence.ends_soon")
    make_endpoint(cast.other_studio, receiver.url("/stranger"), "licence.ends_soon")
    raise_expiry_alerts()
    send_due()
    assert receiver.calls == [], "nothing before the agreed notice"
    move_clock(days=61)
    raise_expiry_alerts()
    send_due()
    (call,) = receiver.calls
    body = Webhook(made.secret).verify(call.body, call.headers)
    assert call.path == "/studio"
    assert body["data"]["object"] == {"type": "licence", "id": str(token.pk)}
    assert body["data"]["details"]["days_left"] in {28, 29}
    assert selectors.deliveries_of(made.endpoint, "DELIVERED").count() == 1
