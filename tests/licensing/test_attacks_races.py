"""Two people act at the same moment: whoever waited for the other sees what the other did."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
from django.db import connection, transaction

from common.errors import DomainError
from licensing import services
from licensing.models import LicenceRequest
from tests import factories

FEWER_FRAMES = {"scope.frames_max": 10}


def while_it_commits(first: Callable[[], Any], second: Callable[[], Any]) -> Exception | None:
    """Run ``first`` in a transaction that stays open for a moment, and ``second`` meanwhile; what that raised."""
    done, raised = threading.Event(), []

    def slow() -> None:
        with transaction.atomic():
            first()
            done.set()
            time.sleep(0.7)
        connection.close()

    def waiting() -> None:
        done.wait(10)
        try:
            second()
        except Exception as error:  # noqa: BLE001  (the test judges it)
            raised.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one) for one in (slow, waiting)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return raised[0] if raised else None


@pytest.fixture
def request_and_counter(transactional_db: None) -> tuple[LicenceRequest, Callable[[], Any]]:
    request = factories.make_submitted_request()
    assert request.current is not None
    terms_hash = request.current.terms_hash

    def counter() -> Any:
        return services.counter_request(
            principal=factories.decider_of(request),
            request_id=request.pk,
            terms_hash=terms_hash,
            changes=FEWER_FRAMES,
        )

    return request, counter


def test_approval_that_waited_for_a_counter_is_told_the_new_terms(request_and_counter: Any) -> None:
    request, counter = request_and_counter
    agent, terms_hash = factories.decider_of(request), request.current.terms_hash
    error = while_it_commits(
        counter,
        lambda: services.approve_request(principal=agent, request_id=request.pk, terms_hash=terms_hash),
    )
    assert isinstance(error, DomainError)
    assert error.code == "REQUEST_STATE"


def test_withdrawal_that_waited_for_a_counter_holds(request_and_counter: Any) -> None:
    request, counter = request_and_counter
    producer = factories.make_producer(request.licensee)
    error = while_it_commits(
        counter, lambda: services.withdraw_request(principal=producer, request_id=request.pk)
    )
    assert error is None
    assert LicenceRequest.objects.get(pk=request.pk).state == "WITHDRAWN"


def test_emergency_stop_that_waited_for_a_counter_holds(request_and_counter: Any) -> None:
    request, counter = request_and_counter
    talent = factories.desk_of_talent(request.talent)
    error = while_it_commits(
        counter,
        lambda: services.emergency_stop(principal=talent, talent=request.talent, reason="Stop."),
    )
    assert error is None
    row = LicenceRequest.objects.get(pk=request.pk)
    assert row.state == "DECLINED"
    assert row.current is not None
    assert row.current.version == 2


def test_lapse_leaves_a_request_that_somebody_acts_on_and_closes_it_at_its_present_terms(
    request_and_counter: Any, move_clock: Callable[..., None]
) -> None:
    request, counter = request_and_counter
    lapsed: list[int] = []

    def counter_at_the_last_moment() -> None:
        counter()
        move_clock(days=15)

    error = while_it_commits(counter_at_the_last_moment, lambda: lapsed.append(services.lapse_requests()))
    assert (error, lapsed) == (None, [0])
    assert services.lapse_requests() == 1
    last = request.actions.order_by("at").last()
    assert last is not None
    assert (last.kind, last.version, last.state_after) == ("LAPSE", 2, "LAPSED")


def test_counter_that_waited_for_another_counter_writes_no_version(request_and_counter: Any) -> None:
    request, counter = request_and_counter
    error = while_it_commits(counter, counter)
    assert isinstance(error, DomainError)
    assert error.code == "REQUEST_STATE"
    assert request.versions.count() == 2
    assert list(request.actions.filter(kind="COUNTER").values_list("version", flat=True)) == [2]


def test_revision_and_acceptance_at_once_leave_one_version_on_the_table(request_and_counter: Any) -> None:
    request, counter = request_and_counter
    counter()
    request.refresh_from_db()
    producer, countered = factories.make_producer(request.licensee), request.current.terms_hash
    error = while_it_commits(
        lambda: services.revise_request(
            principal=producer, request_id=request.pk, terms_hash=countered, changes={"scope.frames_max": 20}
        ),
        lambda: services.accept_counter(principal=producer, request_id=request.pk, terms_hash=countered),
    )
    assert isinstance(error, DomainError)
    assert error.code == "REQUEST_STATE"
    request.refresh_from_db()
    assert (request.state, request.current.version) == ("SUBMITTED", 3)
