"""Whatever receivers answer and workers do, in whatever order: no delivery is lost, none is sent again after it was
acknowledged, and a replay keeps its id.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from common.errors import Conflict
from notify import services
from notify.models import Delivery, WebhookEndpoint
from notify.schedule import ATTEMPTS_MAX
from tests import factories
from tests.notify.conftest import Receiver, happen, make_endpoint, send_due

KIND = "thing.happened"
A_DAY_AND_MORE = 30  # hours: longer than any wait between two attempts


class Deliveries(RuleBasedStateMachine):
    """One endpoint at a receiver that runs, and everything that befalls its deliveries."""

    receiver: Receiver
    move_clock: Callable[..., None]

    @initialize()
    def begin(self) -> None:
        self.sid = transaction.savepoint()
        self.hours, self.heard = 0, len(self.receiver.calls)
        self.move_clock(hours=0)
        self.receiver.status = 200
        self.desk = factories.make_producer(factories.make_studio())
        services.place_waiting()
        self.endpoint = make_endpoint(self.desk, self.receiver.url(), KIND).endpoint
        self.promised: set[str] = set()  # what happened while the endpoint listened
        self.acknowledged: set[str] = set()

    def teardown(self) -> None:
        if hasattr(self, "sid"):
            try:
                self.deliver_the_rest()
            finally:
                transaction.savepoint_rollback(self.sid)

    def listen(self) -> None:
        """Judge what arrived since: each call is of a promise that was not acknowledged yet."""
        calls = self.receiver.calls[self.heard :]
        self.heard += len(calls)
        for call in calls:
            event = call.headers["webhook-id"]
            assert event in self.promised
            assert event not in self.acknowledged, "sent again after it was acknowledged"
            if self.receiver.status == 200:
                self.acknowledged.add(event)

    @rule()
    def event(self) -> None:
        happened = happen(self.desk, KIND)
        if self.is_enabled():
            self.promised.add(str(happened.id))
        services.place_waiting()

    @rule(status=st.sampled_from([200, 200, 500, 503, 404, 410]))
    def work(self, status: int) -> None:
        self.receiver.status = status
        send_due()
        self.listen()

    @rule()
    def worker_is_killed(self) -> None:
        services.place_waiting()
        services.claim_due()

    @rule()
    def late_message(self) -> None:
        """A queue hands every delivery out once more: only one that is claimed is sent."""
        for delivery in self.deliveries():
            services.attempt(delivery_id=delivery.pk)
            self.listen()

    @rule(hours=st.sampled_from([1, A_DAY_AND_MORE]))
    def time_passes(self, hours: int) -> None:
        self.hours += hours
        self.move_clock(hours=self.hours)

    @rule()
    def nobody_answers_for_days(self) -> None:
        for _ in range(ATTEMPTS_MAX):
            self.time_passes(A_DAY_AND_MORE)
            self.work(500)

    @rule()
    def enable(self) -> None:
        services.change_endpoint(principal=self.desk, endpoint_id=self.endpoint.pk, enabled=True)

    @rule(which=st.integers(0, 3))
    def replay(self, which: int) -> None:
        deliveries = self.deliveries()
        if deliveries:
            self.replay_one(deliveries[which % len(deliveries)])

    def replay_one(self, delivery: Delivery) -> None:
        allowed = self.is_enabled() and delivery.state != "PENDING"
        ids = {"endpoint_id": self.endpoint.pk, "delivery_id": delivery.pk}
        if allowed:
            services.replay_delivery(principal=self.desk, **ids)
            self.acknowledged.discard(str(delivery.event.id))
            return
        with pytest.raises(Conflict) as refused:
            services.replay_delivery(principal=self.desk, **ids)
        assert refused.value.code in {"WEBHOOK_DISABLED", "DELIVERY_PENDING"}

    @invariant()
    def every_promise_has_one_delivery_and_only_an_answer_ends_it_well(self) -> None:
        if not hasattr(self, "promised"):
            return
        deliveries = self.deliveries()
        assert sorted(str(one.event.id) for one in deliveries) == sorted(self.promised)
        for one in deliveries:
            assert (one.state == "DELIVERED") is (str(one.event.id) in self.acknowledged)
            assert one.state != "PENDING" or one.attempts < ATTEMPTS_MAX
            if one.state == "DEAD":
                given_up = one.attempts == ATTEMPTS_MAX or one.last_status == 410
                assert given_up or one.last_error == "ENDPOINT_DISABLED"

    def deliver_the_rest(self) -> None:
        """The receiver is well again: whatever was promised arrives, under its own id, and once."""
        self.enable()
        for one in self.deliveries():
            if one.state == "DEAD":
                self.replay_one(one)
        for _ in range(len(self.promised) + 2):
            self.time_passes(A_DAY_AND_MORE)
            self.work(200)
        assert self.acknowledged == self.promised

    def deliveries(self) -> list[Delivery]:
        rows: Any = Delivery.objects.filter(endpoint=self.endpoint).select_related("event")
        return list(rows.order_by("created_at", "pk"))

    def is_enabled(self) -> bool:
        return WebhookEndpoint.objects.get(pk=self.endpoint.pk).enabled


@pytest.mark.django_db
def test_nothing_is_lost_nor_sent_after_it_was_acknowledged(
    receiver: Receiver, move_clock: Callable[..., None]
) -> None:
    machine = type(
        "Deliveries", (Deliveries,), {"receiver": receiver, "move_clock": staticmethod(move_clock)}
    )
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=10,
            stateful_step_count=12,
            deadline=None,
            derandomize=True,
            suppress_health_check=list(HealthCheck),
        ),
    )
