"""Receipts that come late are judged by when frames were begun, how many there were, and what is left."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trustcore.policy.vocabulary import Quota
from trustcore.receipt.late import EXHAUSTED, LateFrame, LeaseEnd, judge_late, share_out

END = datetime(2026, 9, 1, 12, 5, tzinfo=UTC)
LEASE = LeaseEnd(expires_at=END, grace_seconds=600, window_ends_at=END + timedelta(days=30))
WEEK = 7 * 86_400


def seconds(number: float) -> datetime:
    """A moment that long after the lease's end."""
    return END + timedelta(seconds=number)


@pytest.mark.req("BX-011")
@pytest.mark.parametrize(
    ("begun", "finished", "received", "code"),
    [
        (-60, -30, -20, None),
        (-60, 30, 40, None),
        (599.999, 900, 1000, None),
        (600, 601, 602, "OFFLINE_GRACE_EXCEEDED"),
        (5000, 5001, 5002, "OFFLINE_GRACE_EXCEEDED"),
        (10, 20, 600 + WEEK, None),
        (10, 20, 601 + WEEK, "OFFLINE_GRACE_EXCEEDED"),
        (-60, -30, 601 + WEEK, "OFFLINE_GRACE_EXCEEDED"),
    ],
)
def test_frame_is_in_bounds_by_when_it_was_begun_not_by_when_its_receipt_came(
    begun, finished, received, code
):
    verdict = judge_late(
        LEASE,
        begun_at=seconds(begun),
        finished_at=seconds(finished),
        received_at=seconds(received),
        reconcile_seconds=WEEK,
    )
    assert verdict == code


@pytest.mark.parametrize(
    ("change", "begun", "finished", "code"),
    [
        ({"ended_at": seconds(-100)}, -200, -100, None),
        ({"ended_at": seconds(-100)}, -200, -99, "LEASE_ENDED"),
        ({"ended_at": seconds(100)}, 10, 99, None),
        ({"ended_at": seconds(-100), "grace_seconds": 599}, -200, -150, "OFFLINE_GRACE_EXCEEDED"),
        ({"given_back": True}, -200, -100, "LEASE_ENDED"),
        ({"window_ends_at": seconds(50)}, 49, 400, None),
        ({"window_ends_at": seconds(50)}, 50, 60, "OFFLINE_GRACE_EXCEEDED"),
        ({"grace_seconds": 0}, -1, 20, None),
        ({"grace_seconds": 0}, 0, 20, "OFFLINE_GRACE_EXCEEDED"),
    ],
)
def test_revocation_return_window_and_grace_each_draw_their_line(change, begun, finished, code):
    from dataclasses import replace

    verdict = judge_late(
        replace(LEASE, **change),
        begun_at=seconds(begun),
        finished_at=seconds(finished),
        received_at=seconds(600),
        reconcile_seconds=WEEK,
    )
    assert verdict == code


def frames(*specification):
    """``(unit, finished, after_end)`` each, numbered as given."""
    return [
        LateFrame(number, unit, seconds(done), after)
        for number, (unit, done, after) in enumerate(specification)
    ]


@pytest.mark.req("BX-011")
@pytest.mark.parametrize(
    ("given_frames", "grace_left", "room", "paid", "codes", "used", "debited"),
    [
        ([(1, 1, True), (2, 2, True), (3, 3, True)], 2, None, (), {2: "OFFLINE_GRACE_EXCEEDED"}, 2, 0),
        ([(3, 3, True), (2, 2, True), (1, 1, True)], 2, None, (), {0: "OFFLINE_GRACE_EXCEEDED"}, 2, 0),
        ([(1, -5, False), (2, 2, True)], 1, None, (), {}, 1, 0),
        ([(1, 1, True), (2, 2, True)], 9, 1, (), {1: "FRAMES_EXHAUSTED"}, 1, 1),
        ([(1, 1, True), (1, 2, True)], 9, 1, (), {}, 2, 1),
        ([(1, 1, True), (2, 2, True)], 9, 1, (1,), {}, 2, 1),
        ([(1, 1, True)], 9, 0, (), {0: "FRAMES_EXHAUSTED"}, 0, 0),
        ([(1, 1, True), (2, 2, True)], 0, 9, (), {0: "OFFLINE_GRACE_EXCEEDED", 1: "OFFLINE_GRACE_EXCEEDED"}, 0, 0),
        ([(1, -9, False), (2, -8, False)], 0, 1, (), {1: "FRAMES_EXHAUSTED"}, 0, 1),
        ([], 5, 5, (), {}, 0, 0),
    ],
)  # fmt: skip
def test_what_is_left_goes_to_the_frames_finished_first(
    given_frames, grace_left, room, paid, codes, used, debited
):
    answer = share_out(frames(*given_frames), grace_left=grace_left, room=room, paid=frozenset(paid))
    assert answer == (codes, used, debited)


@given(
    st.lists(st.tuples(st.integers(0, 9), st.integers(-50, 50), st.booleans()), max_size=30),
    st.integers(0, 10),
    st.none() | st.integers(0, 10),
    st.frozensets(st.integers(0, 9)),
)
def test_neither_grace_nor_quota_is_ever_passed_and_nothing_is_lost(rows, grace_left, room, paid):
    given_frames = frames(*rows)
    codes, used, debited = share_out(given_frames, grace_left=grace_left, room=room, paid=paid)
    allowed = [one for one in given_frames if one.number not in codes]
    assert sum(one.after_end for one in allowed) == used <= grace_left
    new = {one.unit for one in allowed} - paid
    assert debited == (0 if room is None else len(new))
    assert room is None or debited <= room
    if len(given_frames) <= grace_left and (room is None or len(given_frames) <= room):
        assert codes == {}


def test_every_counter_has_its_word():
    assert set(EXHAUSTED) == set(Quota)
    assert EXHAUSTED[Quota.LINES] == "LINES_EXHAUSTED"
