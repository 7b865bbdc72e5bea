"""A revocation reaches a receiver and a listener at once, through real processes; without a broker it waits."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from licensing.services import emergency_stop, revoke_token
from notify.models import Delivery
from tests import factories
from tests.notify.conftest import Cast, Receiver, forget_waiting, happen, make_endpoint
from tests.notify.processes import Listener, Process, start_beat, start_events, start_worker
from trustmark.embedded.children import Child
from trustmark.embedded.valkey import Valkey

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timed]
HOW = {"kind": "PROSPECTIVE", "disposition": "QUARANTINE", "reason": "Ilse said so."}


class Broker:
    """A Valkey that can be taken away and brought back."""

    def __init__(self, folder: Path) -> None:
        self._valkey = Valkey(folder / "vk", folder / "valkey.log", password="a-password")
        self._child: Child | None = None
        self.start()

    @property
    def url(self) -> str:
        return self._valkey.url()

    def start(self) -> None:
        port = self._valkey.port
        self._child = self._valkey.start()
        assert self._valkey.port == port

    def stop(self) -> None:
        if self._child is not None:
            self._child.stop()
            self._child = None


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    broker = Broker(tmp_path)
    yield broker
    broker.stop()


@pytest.fixture
def house(db: None, broker: Broker, tmp_path: Path) -> Iterator[list[Process]]:
    """The event stream and a worker; no beat, so what arrives at once was not waited for."""
    running = [start_events(tmp_path, BROKER_URL=broker.url), start_worker(tmp_path, broker.url)]
    try:
        running[1].wait_saying(" ready.")
        yield running
    finally:
        for process in reversed(running):
            process.stop()


@pytest.mark.journey
def test_revocation_reaches_the_receiver_and_the_listener_within_a_second(
    house: list[Process], cast: Cast, receiver: Receiver
) -> None:
    token, credential, _ = factories.make_live_token(cast.production, cast.talent)
    made = make_endpoint(cast.producer, receiver.url("/studio"), "licence.revoked", "talent.*")
    make_endpoint(cast.other_studio, receiver.url("/stranger"))
    forget_waiting()
    Delivery.objects.all().delete()
    stream = Listener(house[0].url, factories.bearer(credential)).start()
    happen(cast.producer, "warm.up")  # the first connections to the broker are made here
    stream.next()
    revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    committed_at = time.monotonic()
    heard = stream.next()
    assert heard.at - committed_at < 1
    (call,) = receiver.wait_for(1, seconds=5)
    assert time.monotonic() - committed_at < 3, "without a beat: the stream's process asked for it"
    assert call.path == "/studio"
    body = Webhook(made.secret).verify(call.body, call.headers)
    assert body == heard.data, "both channels say the same"
    assert body["data"]["object"]["id"] == str(token.pk)
    assert call.headers["webhook-id"] == heard.id
    assert b"Ilse" not in call.body


@pytest.mark.journey
def test_emergency_stop_is_told_to_studio_and_talent(
    house: list[Process], cast: Cast, receiver: Receiver
) -> None:
    factories.make_live_token(cast.production, cast.talent)
    studio = make_endpoint(cast.producer, receiver.url("/studio"), "licence.revoked")
    talent = make_endpoint(cast.self, receiver.url("/talent"), "talent.emergency_stop")
    forget_waiting()
    emergency_stop(principal=cast.self, talent=cast.talent, reason="Everything at once.")
    calls = {call.path: call for call in receiver.wait_for(2)}
    revoked = Webhook(studio.secret).verify(calls["/studio"].body, calls["/studio"].headers)
    assert (revoked["type"], revoked["data"]["details"]["kind"]) == ("licence.revoked", "EMERGENCY_STOP")
    stopped = Webhook(talent.secret).verify(calls["/talent"].body, calls["/talent"].headers)
    assert stopped["type"] == "talent.emergency_stop"


def test_without_a_broker_streams_go_on_and_webhooks_follow_when_it_is_back(
    house: list[Process], broker: Broker, cast: Cast, receiver: Receiver, tmp_path: Path
) -> None:
    token, credential, _ = factories.make_live_token(cast.production, cast.talent)
    make_endpoint(cast.producer, receiver.url(), "licence.revoked")
    forget_waiting()
    stream = Listener(house[0].url, factories.bearer(credential)).start()
    house.append(start_beat(tmp_path, broker.url))
    house[2].wait_saying("beat: Starting")
    broker.stop()
    begun = time.monotonic()
    revoke_token(principal=cast.agent, jti=token.pk, **HOW)
    assert time.monotonic() - begun < 1, "a revocation does not wait for a broker"
    assert stream.next().at - begun < 2
    time.sleep(2)
    assert receiver.calls == []
    assert Delivery.objects.get().state == "PENDING"
    broker.start()
    receiver.wait_for(1, seconds=60)
    deadline = time.monotonic() + 10
    while Delivery.objects.get().state != "DELIVERED":
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_worker_that_is_killed_in_the_middle_of_a_delivery_loses_none(
    house: list[Process], broker: Broker, cast: Cast, receiver: Receiver, tmp_path: Path
) -> None:
    made = make_endpoint(cast.producer, receiver.url(), "thing.*")
    forget_waiting()
    for number in range(30):
        happen(cast.producer, f"thing.{'abcdefghijklmnopqrstuvwxyzABCD'[number]}")
        if number == 10:
            receiver.wait_for(1)
            house[1].kill()
    # claims of the dead worker end by themselves; the test does not wait for the minute and a half
    Delivery.objects.filter(endpoint=made.endpoint).update(claimed_until=None)
    house.extend([start_worker(tmp_path, broker.url), start_beat(tmp_path, broker.url)])
    deadline = time.monotonic() + 60
    while Delivery.objects.exclude(delivered_at=None).count() < 30:
        assert time.monotonic() < deadline
        time.sleep(0.2)
    heard = {call.headers["webhook-id"] for call in receiver.calls}
    assert len(heard) == 30
