"""What rests on a consent is read as it stood at one moment: it waits for no writer, and no writer waits for it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest
from django.db import connection, connections, transaction

from common.onestate import one_state
from compliance.reaching import reach_of_licence
from licensing import services
from tests import factories
from tests.training.making import House
from training.lineage.writing import lock_head
from training.models import LineageEdge
from training.services.radius import radius_below
from training.services.takedowns import TakedownAsk, counted_reach

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def told() -> dict[str, Any]:
    """A house that trains by a talent's licence, with one original on it."""
    render = factories.make_submitted_request()
    factories.approve(render)
    house = House(render.production.organisation)
    asked = services.submit_training_request(
        principal=house.producer, ask=factories.make_training_ask(render)
    )
    token = services.approve_training(
        principal=factories.desk_of_talent(render.talent), request_id=asked.pk, terms_hash=asked.terms_hash
    )
    source = house.source()
    house.rights(source, licence_class="TALENT_TRAINING_LICENCE", training_token=token.pk)
    return {"house": house, "token": token, "source": source, "asset": house.admit(source)}


def elsewhere(act: Callable[[], object]) -> object:
    """Do it over a connection of its own, to its end; nothing is waited for longer than three seconds."""

    def over_there() -> object:
        try:
            impatient()
            return act()
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(over_there).result(60)


def impatient() -> None:
    with connection.cursor() as cursor:
        cursor.execute("set lock_timeout = '3s'")


def test_a_reach_waits_for_no_writer_and_tells_of_nothing_that_is_not_committed(told: dict[str, Any]) -> None:
    house, asked = told["house"], TakedownAsk(trigger="CLAIM", reason="Is it?", sources=(told["source"].pk,))
    before, counted = (
        reach_of_licence(house.counsel, told["token"].pk),
        counted_reach(principal=house.counsel, ask=asked),
    )
    holds, is_read = Event(), Event()

    def write() -> None:
        with transaction.atomic():
            lock_head(house.organisation.pk)
            house.derive(told["asset"])
            holds.set()
            assert is_read.wait(60)

    with ThreadPoolExecutor(1) as pool:
        writing = pool.submit(write)
        assert holds.wait(60)
        impatient()
        try:
            during = reach_of_licence(house.counsel, told["token"].pk)
            assert counted_reach(principal=house.counsel, ask=asked) == counted
        finally:
            is_read.set()
        writing.result(60)
        pool.submit(connections.close_all).result(60)
    assert (during.root, during.as_of_edge) == (before.root, before.as_of_edge)
    after = reach_of_licence(house.counsel, told["token"].pk)
    assert after.counts == {**before.counts, "DERIVATIVE": 1}
    assert after.as_of_edge > before.as_of_edge


def test_a_writer_does_not_wait_for_a_reach_and_what_it_writes_is_left_for_the_next(
    told: dict[str, Any],
) -> None:
    house, node = told["house"], told["asset"].node_id
    with one_state():
        reached, edge = radius_below(house.organisation.pk, lambda: [node])
        elsewhere(lambda: house.derive(told["asset"]))
        assert LineageEdge.objects.order_by("-pk")[0].pk == edge
        again, same_edge = radius_below(house.organisation.pk, lambda: [node])
        assert (again.size, same_edge) == (reached.size, edge)
    with transaction.atomic():
        later, later_edge = radius_below(house.organisation.pk, lambda: [node])
    assert (later.size, later_edge > edge) == (reached.size + 1, True)
