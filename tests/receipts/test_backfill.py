"""Leases older than the counters of words and of time on screen are counted once, within what the terms grant."""

from __future__ import annotations

from io import StringIO

import pytest
from django.core.management import call_command
from django.db import connection

from receipts.backfill import Counted, count_what_was_leased
from receipts.models import Lease, Quota, ScreenTime
from receipts.selectors import counts_for_token
from tests.receipts.conftest import Farm, make_farm
from tests.receipts.test_beside import frames, give_back, lines
from tests.receipts.test_check import denied

pytestmark = pytest.mark.django_db


def as_before(farm: Farm) -> None:
    """Leave what a server without the counters would have left."""
    Lease.objects.filter(token_jti=farm.token.pk).update(beside="", beside_units=0, sequence="")
    Quota.objects.filter(token_jti=farm.token.pk, counter__in=["words", "screen"]).delete()
    ScreenTime.objects.filter(token_jti=farm.token.pk).delete()


def test_time_on_screen_of_leases_before_is_what_it_would_have_been() -> None:
    farm = make_farm(frames_max=1000, terms={"scope": {"max_screen_seconds": 3}})  # 72 frames
    running = frames(farm, 0, 9)
    frames(farm, 5, 19)  # a retake of some
    returned = frames(farm, 0, 23, shot="0410_0030")
    lease = returned.json()["lease"]["id"]
    assert farm.send([farm.row(lease, frame) for frame in range(4)]).status_code == 200
    give_back(farm, returned)
    give_back(farm, frames(farm, 30, 39))  # nothing of it was rendered
    before = counts_for_token(farm.token.pk).screen_used
    assert before == 24
    as_before(farm)
    assert counts_for_token(farm.token.pk).screen_used == 0
    assert count_what_was_leased(connection) == Counted(1, 4)
    assert counts_for_token(farm.token.pk).screen_used == before
    assert count_what_was_leased(connection) == Counted()  # a second time: nothing
    assert denied(frames(farm, 0, 48, shot="0410_0040")) == ["SECONDS_EXHAUSTED"]
    give_back(farm, running)  # what it took is given back as if it had always been counted
    assert counts_for_token(farm.token.pk).screen_used == 19


def test_what_was_leased_since_the_counters_came_is_not_counted_twice() -> None:
    farm = make_farm(frames_max=1000, terms={"scope": {"max_screen_seconds": 3}})
    frames(farm, 0, 9)
    as_before(farm)
    frames(farm, 5, 19)
    assert counts_for_token(farm.token.pk).screen_used == 15
    assert count_what_was_leased(connection, batch=1) == Counted(1, 1)
    assert counts_for_token(farm.token.pk).screen_used == 20


def test_a_licence_that_showed_more_than_it_grants_shows_nothing_new_and_what_it_showed_again() -> None:
    farm = make_farm(frames_max=1000, terms={"scope": {"max_screen_seconds": 1}})  # 24 frames
    lease = frames(farm, 0, 9)
    as_before(farm)
    Lease.objects.filter(token_jti=farm.token.pk).update(last=39)
    count_what_was_leased(connection)
    counts = counts_for_token(farm.token.pk)
    assert (counts.screen_used, counts.screen_max) == (24, 24)
    assert denied(frames(farm, 40, 40)) == ["SECONDS_EXHAUSTED"]
    assert frames(farm, 20, 29).json()["decision"].startswith("ALLOW")
    give_back(farm, lease)
    assert counts_for_token(farm.token.pk).screen_used == 10


def test_the_sequence_is_the_one_that_the_terms_name_alone() -> None:
    one = make_farm(frames_max=99, terms={"scope": {"max_screen_seconds": 1, "sequences": ["SQ10"]}})
    two = make_farm(frames_max=99, terms={"scope": {"max_screen_seconds": 1, "sequences": ["SQ10", "SQ20"]}})
    for farm in (one, two):
        frames(farm, 0, 9, sequence="SQ10")
        as_before(farm)
    count_what_was_leased(connection)
    for farm, sequence, after in ((one, "SQ10", 10), (two, "", 20)):
        assert ScreenTime.objects.get(token_jti=farm.token.pk).sequence == sequence
        frames(farm, 0, 9, sequence="SQ10")
        assert counts_for_token(farm.token.pk).screen_used == after


def test_words_of_lines_before_are_their_share_of_what_is_granted() -> None:
    farm = make_farm(lines_max=20, terms={"scope": {"words_max": 90}})  # 4.5 words a line
    lines(farm, 3, 2)
    give_back(farm, lines(farm, 3, 2))
    as_before(farm)
    out = StringIO()
    call_command("countbeside", "--batch", "1", stdout=out)
    assert "1 licences, 2 leases counted" in out.getvalue()
    assert counts_for_token(farm.token.pk).words_used == 10
    call_command("countbeside", stdout=out)
    assert "every lease is counted" in out.getvalue()
    assert counts_for_token(farm.token.pk).words_used == 10
    assert denied(lines(farm, 81)) == ["LINES_EXHAUSTED"]


def test_more_lines_than_words_never_go_beyond_what_is_granted() -> None:
    farm = make_farm(lines_max=20, terms={"scope": {"words_max": 3}})
    lease = lines(farm, 1, 1)
    as_before(farm)
    Lease.objects.filter(token_jti=farm.token.pk).update(last=8)
    count_what_was_leased(connection)
    assert counts_for_token(farm.token.pk).words_used == 3
    give_back(farm, lease)
    assert counts_for_token(farm.token.pk).words_used == 0


def test_licences_that_bound_neither_are_left_alone() -> None:
    farm = make_farm(frames_max=99)
    frames(farm, 0, 9)
    assert count_what_was_leased(connection) == Counted()
    assert not ScreenTime.objects.filter(token_jti=farm.token.pk).exists()
