"""Who is told of what: from the row of the trail to notices and deliveries, once, whoever is slow or killed."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection, transaction

from audit.models import Event
from notify import selectors, services
from notify.models import Delivery, Notice, WaitingEvent
from tests import factories
from tests.notify.conftest import Cast, forget_waiting, happen, make_endpoint

pytestmark = pytest.mark.django_db
URL = "https://hooks.example.test/{}"


def test_event_is_told_to_its_organisation_and_those_it_is_shared_with_and_to_nobody_else(cast: Cast) -> None:
    forget_waiting()
    event = happen(cast.producer, visible_to=[cast.agent.organisation_id])
    mine = make_endpoint(cast.producer, URL.format("studio")).endpoint
    theirs = make_endpoint(cast.agent, URL.format("agency")).endpoint
    strangers = make_endpoint(cast.other_studio, URL.format("other")).endpoint
    services.place_waiting()
    told = set(Notice.objects.filter(event=event).values_list("organisation_id", flat=True))
    assert told == {cast.producer.organisation_id, cast.agent.organisation_id}
    called = {row.endpoint_id for row in Delivery.objects.filter(event=event)}
    assert called == {mine.pk, theirs.pk}
    assert strangers.pk not in called
    assert not WaitingEvent.objects.exists()
    assert services.place_waiting() == 0, "nothing is told twice"


def test_event_of_the_deployment_itself_is_nobodys(cast: Cast) -> None:
    from audit.services import record

    forget_waiting()
    before = Notice.objects.count()
    record(kind="key.rotated", principal=None, object_type="key", object_id="k")
    assert WaitingEvent.objects.count() == 1
    services.place_waiting()
    assert (WaitingEvent.objects.count(), Notice.objects.count()) == (0, before)


def test_endpoint_hears_only_the_kinds_it_wants_and_a_disabled_one_nothing(cast: Cast) -> None:
    family = make_endpoint(cast.producer, URL.format("1"), "licence.*").endpoint
    exact = make_endpoint(cast.producer, URL.format("2"), "licence.revoked").endpoint
    off = make_endpoint(cast.producer, URL.format("3")).endpoint
    services.change_endpoint(principal=cast.producer, endpoint_id=off.pk, enabled=False)
    forget_waiting()
    Delivery.objects.all().delete()
    # a kind that nobody had heard of when this package was written
    for kind in ("licence.suspended", "licence.revoked", "talent.emergency_stop"):
        happen(cast.producer, kind)
    services.place_waiting()
    heard = {
        endpoint.pk: sorted(Delivery.objects.filter(endpoint=endpoint).values_list("event__kind", flat=True))
        for endpoint in (family, exact, off)
    }
    assert heard == {
        family.pk: ["licence.revoked", "licence.suspended"],
        exact.pk: ["licence.revoked"],
        off.pk: [],
    }


def test_row_of_the_trail_that_names_no_organisation_stops_nothing_behind_it(cast: Cast) -> None:
    forget_waiting()
    Event.objects.create(kind="odd.row", object_type="x", object_id="x", visible_to=["not an id"])
    good = happen(cast.producer)
    services.place_waiting()
    assert Notice.objects.filter(event=good).count() == 1
    assert not WaitingEvent.objects.exists()


def test_event_that_is_rolled_back_is_never_told(cast: Cast) -> None:
    forget_waiting()
    before = Notice.objects.count()
    with transaction.atomic():
        happen(cast.producer)
        assert WaitingEvent.objects.count() == 1
        transaction.set_rollback(True)
    services.place_waiting()
    assert Notice.objects.count() == before


@pytest.mark.django_db(transaction=True)
def test_event_that_commits_late_is_told_after_those_with_higher_numbers(cast: Cast) -> None:
    forget_waiting()
    head = selectors.head_position()
    begun, may_commit = threading.Event(), threading.Event()
    slow: list[Any] = []

    def late() -> None:
        try:
            with transaction.atomic():
                slow.append(happen(cast.producer, "slow.event"))
                begun.set()
                may_commit.wait(20)
        finally:
            connection.close()

    worker = threading.Thread(target=late)
    worker.start()
    assert begun.wait(20)
    fast = happen(cast.producer, "fast.event")
    services.place_waiting()
    first = selectors.notices_for(cast.producer.organisation_id, head, 10)
    may_commit.set()
    worker.join()
    services.place_waiting()
    assert slow[0].number < fast.number
    # whoever went on from the fast one's position still meets the slow one
    later = selectors.notices_for(cast.producer.organisation_id, first[-1].position, 10)
    assert [notice.event.kind for notice in first] == ["fast.event"]
    assert [notice.event.kind for notice in later] == ["slow.event"]


@pytest.mark.django_db(transaction=True)
def test_many_that_place_at_once_tell_each_event_once(cast: Cast) -> None:
    make_endpoint(cast.producer, URL.format("1"), "thing.*")
    forget_waiting()
    head = selectors.head_position()
    start = threading.Barrier(4)
    failures: list[BaseException] = []

    def place() -> None:
        try:
            start.wait(20)
            for _ in range(10):
                happen(cast.producer)
                services.place_waiting()
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=place) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    services.place_waiting()
    assert failures == []
    notices = selectors.notices_for(cast.producer.organisation_id, head, 100)
    assert len(notices) == len({notice.event_id for notice in notices}) == 40
    assert Delivery.objects.count() == 40


def test_queue_longer_than_one_batch_is_placed_whole(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    from notify.services import placing

    monkeypatch.setattr(placing, "_BATCH", 3)
    make_endpoint(cast.producer, URL.format("1"), "thing.*")
    forget_waiting()
    for _ in range(7):
        happen(cast.producer)
    assert services.place_waiting() == 7


def test_notices_of_one_organisation_are_not_anothers(cast: Cast) -> None:
    forget_waiting()
    event = happen(cast.producer)
    services.place_waiting()
    assert selectors.position_of(cast.producer.organisation_id, event.id) is not None
    assert selectors.position_of(cast.other_studio.organisation_id, event.id) is None
    assert selectors.position_of(factories.make_studio().pk, event.id) is None


@pytest.mark.django_db(transaction=True)
def test_endpoint_that_is_removed_while_events_are_placed_stops_nothing(cast: Cast) -> None:
    leaving = make_endpoint(cast.producer, URL.format("1"), "thing.*").endpoint
    staying = make_endpoint(cast.agent, URL.format("2"), "thing.*").endpoint
    forget_waiting()
    for _ in range(50):
        happen(cast.producer, visible_to=[cast.agent.organisation_id])
    start = threading.Barrier(2)
    failures: list[BaseException] = []

    def remove() -> None:
        try:
            start.wait(20)
            services.delete_endpoint(principal=cast.producer, endpoint_id=leaving.pk)
        except BaseException as error:  # noqa: BLE001
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=remove)
    thread.start()
    start.wait(20)
    services.place_waiting()
    thread.join()
    assert failures == []
    assert Delivery.objects.filter(endpoint=staying).count() == 50
    assert not Delivery.objects.exclude(endpoint=staying).exists()
