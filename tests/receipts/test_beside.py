"""Words of lines and time on screen: bounded by the terms, counted beside the units, never overspent."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connections

from receipts.models import Lease, Quota
from receipts.selectors import counts_for_token
from tests.receipts.conftest import Farm, make_farm
from tests.receipts.test_check import denied


def lines(farm: Farm, words: int | None, number: int = 1) -> Any:
    units = {"lines": number} | ({} if words is None else {"words": words})
    return farm.check(use_type="VOICE_RENDER", construct="VOICE_SPEAKING", frame_range=None, units=units)


def frames(farm: Farm, first: int, last: int, **changes: Any) -> Any:
    return farm.check(frame_range={"first": first, "last": last}, **changes)


def give_back(farm: Farm, answer: Any) -> None:
    address = f"/api/v1/render/leases/{answer.json()['lease']['id']}/end"
    assert farm.client.post(address, headers=farm.headers).status_code == 200


def test_words_of_all_lines_stay_within_the_terms_and_return_with_an_unused_lease(db: None) -> None:
    farm = make_farm(lines_max=20, terms={"scope": {"words_max": 30}})
    assert denied(lines(farm, None)) == ["LINES_EXHAUSTED"]  # words that are not named cannot be counted
    assert denied(lines(farm, 31)) == ["LINES_EXHAUSTED"]
    first = lines(farm, 20, 3)
    assert first.json()["decision"].startswith("ALLOW")
    assert denied(lines(farm, 11)) == ["LINES_EXHAUSTED"]  # a running lease counts
    give_back(farm, first)
    assert lines(farm, 30).json()["decision"].startswith("ALLOW")
    counts = counts_for_token(farm.token.pk)
    assert (counts.words_used, counts.words_max, counts.lines_used) == (30, 30, 1)


def test_time_on_screen_counts_each_frame_of_a_shot_once_and_refuses_the_first_beyond(db: None) -> None:
    farm = make_farm(frames_max=1000, terms={"scope": {"max_screen_seconds": 2}})  # 48 frames
    assert denied(frames(farm, 0, 48)) == ["SECONDS_EXHAUSTED"]
    assert frames(farm, 0, 39).json()["decision"].startswith("ALLOW")
    assert frames(farm, 10, 44).json()["decision"].startswith("ALLOW")  # five more: the rest is a retake
    assert denied(frames(farm, 0, 3, shot="0410_0030")) == ["SECONDS_EXHAUSTED"]
    other = frames(farm, 0, 2, shot="0410_0030")
    assert counts_for_token(farm.token.pk).screen_used == 48
    assert denied(frames(farm, 45, 45)) == ["SECONDS_EXHAUSTED"]
    give_back(farm, other)
    assert frames(farm, 45, 47).json()["decision"].startswith("ALLOW")
    assert "SHOT_OUT_OF_SCOPE" in denied(frames(farm, 0, 1, shot=""))


def test_shots_of_one_name_in_two_sequences_are_two_shots_on_screen(db: None) -> None:
    farm = make_farm(frames_max=1000, terms={"scope": {"max_screen_seconds": 2}})  # 48 frames
    first = frames(farm, 0, 23, sequence="SQ10")
    assert frames(farm, 0, 19, sequence="SQ20").json()["decision"].startswith("ALLOW")
    assert frames(farm, 0, 19, sequence="SQ20").json()["decision"].startswith("ALLOW")  # a retake
    assert counts_for_token(farm.token.pk).screen_used == 44
    assert denied(frames(farm, 0, 4, sequence="SQ30")) == ["SECONDS_EXHAUSTED"]
    give_back(farm, first)
    assert counts_for_token(farm.token.pk).screen_used == 20


@pytest.mark.django_db(transaction=True)
def test_concurrent_checks_never_overspend_words_or_screen() -> None:
    farm = make_farm(
        frames_max=1000, lines_max=100, terms={"scope": {"max_screen_seconds": 1, "words_max": 24}}
    )
    outcomes: list[str] = []

    def ask(at: int) -> None:
        try:
            for answer in (frames(farm, 5 * at, 5 * at + 4), lines(farm, 5)):
                outcomes.append(answer.json()["decision"])
        finally:
            connections.close_all()

    threads = [threading.Thread(target=ask, args=(at,)) for at in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join()
    assert len(outcomes) == 16
    granted = dict(Quota.objects.filter(token_jti=farm.token.pk).values_list("counter", "granted"))
    assert (granted["screen"], granted["words"]) == (20, 20)
    assert Lease.objects.filter(token_jti=farm.token.pk).count() == 8
