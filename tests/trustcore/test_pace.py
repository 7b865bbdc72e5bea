"""How often somebody may ask: a burst, a rate, one caller apart from another, bounded memory."""

import threading

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustcore.pace import Pace


def test_burst_is_spent_and_refills_at_the_rate():
    pace = Pace(per_second=2, burst=4)
    assert [pace.admits("a", now=10.0) for _ in range(5)] == [True] * 4 + [False]
    assert pace.admits("a", now=10.4) is False
    assert pace.admits("a", now=10.5) is True
    assert [pace.admits("a", now=1000.0) for _ in range(5)] == [True] * 4 + [False], "never above the burst"


def test_one_caller_does_not_slow_another():
    pace = Pace(per_second=1, burst=1)
    assert pace.admits("a", now=0) is True
    assert pace.admits("a", now=0) is False
    assert pace.admits("b", now=0) is True


def test_clock_that_steps_back_gives_nothing_and_takes_nothing():
    pace = Pace(per_second=1, burst=1)
    assert pace.admits("a", now=100.0) is True
    assert pace.admits("a", now=50.0) is False
    assert pace.admits("a", now=100.5) is False
    assert pace.admits("a", now=101.0) is True


def test_rate_of_zero_admits_everybody():
    pace = Pace(per_second=0, burst=1)
    assert all(pace.admits("a", now=0) for _ in range(1000))


def test_only_the_latest_callers_are_remembered():
    pace = Pace(per_second=0.001, burst=1, callers_max=2)
    for caller in "abc":
        assert pace.admits(caller, now=0) is True
    assert [pace.admits(caller, now=1) for caller in "cb"] == [False, False]
    assert pace.admits("a", now=1) is True, "forgotten: a full bucket again"
    assert len(pace._buckets) == 2


@pytest.mark.parametrize("wrong", [{"per_second": -1, "burst": 1}, {"per_second": 1, "burst": 0.5}])
def test_bucket_that_never_admits_is_misuse(wrong):
    with pytest.raises(ValueError, match="at least one permit"):
        Pace(**wrong)


@given(st.lists(st.floats(0, 0.3), max_size=200))
def test_admitted_never_exceed_burst_and_rate(pauses):
    pace, now, admitted = Pace(per_second=3, burst=5), 0.0, 0
    for pause in pauses:
        now += pause
        admitted += pace.admits("a", now=now)
        assert admitted <= 5 + 3 * now + 1e-6


def test_threads_share_one_bucket_exactly():
    pace, admitted = Pace(per_second=0.001, burst=500), []

    def ask():
        admitted.append(sum(pace.admits("a", now=0.0) for _ in range(400)))

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(admitted) == 500
