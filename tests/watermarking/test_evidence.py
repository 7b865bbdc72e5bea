"""Claims: every trial is counted, and below the bound nothing is named."""

from __future__ import annotations

import math

import pytest
import torch

from watermarking.cards import Thresholds
from watermarking.signal.evidence import Candidate, blind_p_value, judge, tail_p_value
from watermarking.signal.keying import keyed_signs

BOUNDS = Thresholds(claim_p=1e-9, hint_p=1e-6, word_log_odds=10.0)


def candidate(p_value: float, *, log_odds: float = 30.0, method: str = "blind") -> Candidate:
    return Candidate(payload=7, score=12.0, log_odds=log_odds, method=method, p_value=p_value)  # type: ignore[arg-type]


def test_blind_p_value_pays_for_every_word_and_every_trial() -> None:
    assert blind_p_value(13.0, trials=100) == pytest.approx(100 * 2.0**64 * tail_p_value(13.0, trials=1))
    assert blind_p_value(9.0, trials=1) == 1.0


def test_scores_that_are_no_numbers_are_worth_nothing() -> None:
    assert tail_p_value(float("nan"), trials=1) == 1.0
    assert tail_p_value(-3.0, trials=1) == 1.0


def test_tail_bound_is_tight_where_it_is_met() -> None:
    """Two equal signs agree once in four: the worst case of the bound, at the square root of two."""
    assert tail_p_value(2.0**0.5, trials=1) == pytest.approx(0.25, rel=1e-3)
    assert tail_p_value(11.0, trials=1) < math.exp(-60.5)


def test_tail_bound_holds_for_keyed_signs_on_a_hard_vector() -> None:
    """A few large values among many small ones: worse than Gaussian, still within the bound."""
    values = torch.cat([torch.full((4,), 10.0), torch.full((60,), 0.3)])
    signs = keyed_signs(b"k" * 32, "tail", 64 * 20_000).view(20_000, 64)
    scores = signs @ values / values.norm()
    for limit in (1.0, 1.5, 2.0):
        assert float((scores >= limit).float().mean()) <= tail_p_value(limit, trials=1)


def test_payload_is_named_at_the_bound_and_not_below_it() -> None:
    assert judge(candidate(1e-9), hint=1.0, bounds=BOUNDS).payload == 7
    below = judge(candidate(1.1e-9), hint=1.0, bounds=BOUNDS)
    assert (below.status, below.payload, below.confidence) == ("uncertain", None, 0.0)


def test_nothing_is_said_to_be_there_without_evidence() -> None:
    assert judge(candidate(1e-3), hint=1e-3, bounds=BOUNDS).status == "absent"
    assert judge(None, hint=1e-30, bounds=BOUNDS).status == "absent"


def test_a_word_with_a_close_rival_is_not_named_but_the_mark_is_hinted() -> None:
    reading = judge(candidate(1e-30, log_odds=4.0), hint=1.0, bounds=BOUNDS)
    assert (reading.status, reading.payload) == ("uncertain", None)


def test_pilots_alone_make_the_answer_uncertain_and_never_present() -> None:
    reading = judge(candidate(1.0), hint=1e-20, bounds=BOUNDS)
    assert (reading.status, reading.payload) == ("uncertain", None)
