"""One worker at a time: another session is told no, and a dead one holds nothing."""

from __future__ import annotations

import time
from uuid import uuid4

import psycopg
import pytest
from django.db import connection

from common.locks import sole_worker

pytestmark = pytest.mark.django_db


@pytest.fixture
def other():
    """Another session of the same database, as another worker has one."""
    with psycopg.connect(**connection.get_connection_params() | {"cursor_factory": None}) as session:
        yield session


def key_of(object_id) -> int:
    return int.from_bytes(object_id.bytes[8:], "big", signed=True)


def test_a_second_worker_is_told_no_until_the_first_is_done_or_dead(other):
    object_id = uuid4()
    other.execute("select pg_advisory_lock(%s)", [key_of(object_id)])
    with sole_worker(object_id) as is_mine:
        assert not is_mine
    other.close()  # as a killed worker's connection is
    assert within(5, object_id)


def within(seconds: float, object_id) -> bool:
    """Whether the lock is to be had before long: the server takes a moment to see a connection end."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with sole_worker(object_id) as is_mine:
            if is_mine:
                return True
        time.sleep(0.02)
    return False


def test_the_lock_is_given_back_even_after_a_failure(other):
    object_id, key = uuid4(), "select pg_try_advisory_lock(%s)"

    def fail_at_work() -> None:
        with sole_worker(object_id):
            assert other.execute(key, [key_of(object_id)]).fetchone() == (False,)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_at_work()
    assert other.execute(key, [key_of(object_id)]).fetchone() == (True,)


def test_two_objects_do_not_hinder_each_other(other):
    one, two = uuid4(), uuid4()
    other.execute("select pg_advisory_lock(%s)", [key_of(one)])
    with sole_worker(two) as is_mine:
        assert is_mine
