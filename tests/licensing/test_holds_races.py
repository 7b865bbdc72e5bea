"""Holds that meet something else at the same moment, each on a connection of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest
from django.db import connection

from audit.models import Event
from common.errors import DomainError
from licensing import selectors, services
from licensing.models import Hold, LicenceToken
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)


def race(*calls: Callable[[], object]) -> list[str]:
    """Run calls at once; returns the codes that were refused."""
    refused: list[str] = []
    errors: list[Exception] = []
    start = threading.Barrier(len(calls))

    def one(call: Callable[[], object]) -> None:
        start.wait()
        try:
            call()
        except DomainError as error:
            refused.append(error.code)
        except Exception as error:  # noqa: BLE001 - the test reports it
            errors.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert errors == []
    return refused


def test_licence_issued_while_its_talent_is_held_is_covered_and_the_log_says_so_once() -> None:
    for _ in range(4):
        talent = factories.make_talent()
        desk = factories.desk_of_talent(talent)
        request = factories.make_submitted_request(None, talent)
        assert request.current is not None
        agreed = request.current.terms_hash

        def approve(desk=desk, request=request, agreed=agreed) -> object:  # type: ignore[no-untyped-def]
            return services.approve_request(principal=desk, request_id=request.pk, terms_hash=agreed)

        def hold(desk=desk, talent=talent) -> object:  # type: ignore[no-untyped-def]
            return services.place_hold(
                principal=desk, covers="talent", covered_id=talent.pk, reason="CONSENT_WITHDRAWN", why="No."
            )

        assert race(approve, hold) == []
        token = LicenceToken.objects.get(talent=talent)
        facts = selectors.licence_state_for(token.pk)
        assert facts is not None
        assert facts.holds == ("CONSENT_WITHDRAWN",)
        assert Event.objects.filter(kind="licence.suspended", object_id=str(token.pk)).count() == 1


def test_hold_placed_twice_at_once_is_one_and_the_second_is_told() -> None:
    token = factories.make_live_token()[0]
    desk = factories.decider_of(token.request)

    def hold() -> object:
        return services.place_hold(
            principal=desk, covers="token", covered_id=token.pk, reason="SUSPENDED", why="Twice."
        )

    assert race(hold, hold, hold) == ["HOLD_STANDS"] * 2
    assert Hold.objects.count() == 1


def test_stop_pressed_twice_at_once_is_one_stop() -> None:
    token = factories.make_live_token()[0]
    desk = factories.desk_of_talent(token.talent)

    def stop() -> object:
        return services.emergency_stop(principal=desk, talent=token.talent, reason="Stop.")

    assert race(stop, stop) == []
    assert Hold.objects.count() == 1
    token.refresh_from_db()
    assert (token.state, token.revocation_kind) == ("REVOKED", "EMERGENCY_STOP")


def test_hold_lifted_twice_at_once_is_lifted_once() -> None:
    token = factories.make_live_token()[0]
    desk = factories.decider_of(token.request)
    hold = services.place_hold(
        principal=desk, covers="token", covered_id=token.pk, reason="SUSPENDED", why="Once."
    )

    def lift() -> object:
        return services.lift_hold(principal=desk, hold_id=hold.pk)

    assert race(lift, lift) == ["HOLD_LIFTED"]
    assert Event.objects.filter(kind="licence.resumed").count() == 1
