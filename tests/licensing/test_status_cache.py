"""A status list is read once for each state of its tokens, and is never older than the database."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from common import clock
from common.keys import public_keys
from licensing import services
from licensing.models import LicenceToken
from licensing.selectors import status
from licensing.selectors.status import status_list_jwt, status_uri
from licensing.services import issue
from tests import factories
from trustcore.status import INVALID, SUSPENDED, VALID, decode_status_list

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_kept", status._Kept())


def state_of(token: LicenceToken) -> int:
    text = status_list_jwt(token.status_list)
    assert text is not None
    now = int(clock.now().timestamp())
    codes = decode_status_list(text, keys=public_keys("TOKEN"), uri=status_uri(token.status_list), now=now)
    return codes.state_at(token.status_index)


def reads_of_tokens(token: LicenceToken) -> int:
    """How many queries of one request read tokens of the list."""
    with CaptureQueriesContext(connection) as queries:
        assert status_list_jwt(token.status_list) is not None
    return sum('"status_index"' in query["sql"] for query in queries)


def is_kept(token: LicenceToken) -> bool:
    """Whether requests no longer read tokens; a transaction that ends in between costs one reading more."""
    return 0 in [reads_of_tokens(token) for _ in range(3)]


def revoke(token: LicenceToken) -> None:
    services.revoke_token(
        principal=factories.decider_of(token.request),
        jti=token.pk,
        kind="PROSPECTIVE",
        disposition="KEEP",
        reason="Over.",
    )


def test_unchanged_list_is_read_once_and_signed_once() -> None:
    token, _, _ = factories.make_live_token()
    assert reads_of_tokens(token) > 0
    assert is_kept(token)
    assert status_list_jwt(token.status_list) == status_list_jwt(token.status_list)
    revoke(token)
    assert state_of(token) == INVALID
    assert is_kept(token)


def test_last_change_is_the_one_with_the_greatest_number_not_the_greatest_text() -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from licensing_statuschange")
        cursor.execute(
            "insert into licensing_statuschange values (7, '99'), (7, '100'), (7, '101'), (8, '9')"
        )
    assert status._state_of(7) == ("101", ())
    assert status._state_of(9) == (None, ())


def test_change_committed_after_a_later_one_is_not_missed() -> None:
    """The slower of two transactions has the lower number: a cursor would lose it."""
    slow, fast = factories.make_live_token()[0], factories.make_live_token()[0]
    db = connection.settings_dict
    with psycopg.connect(
        host=db["HOST"], port=db["PORT"], user=db["USER"], password=db["PASSWORD"], dbname=db["NAME"]
    ) as other:
        change = "update licensing_licencetoken set state = 'SUSPENDED' where jti = %s"
        other.execute(change, [slow.pk])  # takes its number, and waits
        revoke(fast)
        assert (state_of(slow), state_of(fast)) == (VALID, INVALID)
        assert is_kept(slow)
        other.commit()
    assert state_of(slow) == SUSPENDED


def test_time_alone_changes_a_list_that_is_kept(settings: Any, tmp_path: Any) -> None:
    begins = clock.now() + timedelta(days=2)
    token = factories.approve(factories.make_submitted_request(not_before=begins))
    assert state_of(token) == SUSPENDED
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    for days, expected in ((1, SUSPENDED), (3, VALID), (93, INVALID), (1, SUSPENDED)):  # and back
        (tmp_path / "clock").write_text(str(days * 86_400), encoding="ascii")
        assert state_of(token) == expected


def test_licence_is_superseded_in_time_though_its_successor_is_on_another_list(
    settings: Any, tmp_path: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    token, _, _ = factories.make_live_token()
    assert state_of(token) == VALID
    monkeypatch.setattr(issue, "STATUS_LIST_SIZE", 2)  # the next licence opens a list
    begins = clock.now() + timedelta(days=1)
    successor = factories.approve(
        factories.make_submitted_request(token.production, token.talent, renews=token.pk, not_before=begins)
    )
    assert successor.status_list != token.status_list
    assert (state_of(token), state_of(successor)) == (VALID, SUSPENDED)
    settings.TEST_CLOCK_FILE = str(tmp_path / "clock")
    (tmp_path / "clock").write_text(str(2 * 86_400), encoding="ascii")
    assert (state_of(token), state_of(successor)) == (INVALID, VALID)


def test_notes_that_a_later_one_stands_for_are_dropped_and_the_list_stays_kept() -> None:
    first, second = factories.make_live_token()[0], factories.make_live_token()[0]
    revoke(first)
    assert state_of(first) == INVALID
    assert services.forget_status_changes() >= 2
    assert services.forget_status_changes() == 0
    assert is_kept(first)
    revoke(second)
    assert state_of(second) == INVALID


def test_lists_kept_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status, "_KEPT_LISTS", 2)
    for number in range(5):
        status._kept.keep_signed(number, "facts", "text")
    assert [status._kept.signed(number, "facts") for number in range(5)] == [None, None, None, "text", "text"]


def test_lists_are_read_by_many_threads_at_once() -> None:
    token, _, _ = factories.make_live_token()
    found: list[int] = []

    def read() -> None:
        try:
            found.append(state_of(token))
        finally:
            connection.close()

    threads = [threading.Thread(target=read) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert found == [VALID] * 6
