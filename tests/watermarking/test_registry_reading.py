"""Reading among registered ids: a million rows are compared exactly as the few are, and all are paid for."""

from __future__ import annotations

import time

import numpy as np
import pytest
import torch

from watermarking.cards import load_pixel_card
from watermarking.signal.code import TailBitingCode, code_for, payload_bits
from watermarking.signal.evidence import tail_p_value
from watermarking.signal.roster import Roster, bits_of
from watermarking.signal.words import WordReader

EDGES = [0, 1, 1 << 63, (1 << 64) - 1, 0x0123_4567_89AB_CDEF, 0x3FFF, (1 << 64) - (1 << 50)]


def _code() -> TailBitingCode:
    card = load_pixel_card().code
    return code_for(64, card.constraint, card.outputs, card.seed)


def _ids(count: int, seed: int) -> np.ndarray:
    drawn = np.random.default_rng(seed).integers(0, 1 << 64, count, dtype=np.uint64, endpoint=False)
    return np.unique(np.concatenate([drawn, np.array(EDGES, dtype=np.uint64)]))


def _heard(payload: int, *, score: float, seed: int) -> torch.Tensor:
    """Soft chips on which ``payload`` has about this score."""
    draw = torch.Generator().manual_seed(seed)
    chips = _code().encode(payload_bits([payload]))[0]
    level = score / chips.numel() ** 0.5
    return level * chips + torch.randn(chips.numel(), generator=draw)


def test_looked_up_scores_are_those_of_the_encoded_words() -> None:
    ids = _ids(3_000, 1)
    softs = torch.randn(3, _code().length, generator=torch.Generator().manual_seed(1))
    looked_up = Roster(_code(), ids, few=0).scores(softs)
    by_hand = _code().encode(payload_bits([int(one) for one in ids])) @ softs.T
    torch.testing.assert_close(looked_up, by_hand, rtol=0.0, atol=1e-3)
    assert torch.equal(bits_of(ids), payload_bits([int(one) for one in ids]))


def test_both_ways_name_the_same_leader_with_the_same_numbers() -> None:
    ids = _ids(2_000, 2)
    softs = torch.stack([_heard(int(ids[n * 7]), score=8.0, seed=n) for n in range(11)])
    few, many = Roster(_code(), ids).leaders(softs), Roster(_code(), ids[::-1].copy(), few=0).leaders(softs)
    assert few == many
    assert [one.payload for one in few] == [int(ids[n * 7]) for n in range(11)]
    lone = Roster(_code(), ids[:1]).leaders(softs[:1])[0]
    assert lone.payload == int(ids[0])


def test_a_hit_pays_for_every_id_and_trial_and_an_unregistered_mark_is_not_named() -> None:
    ids = _ids(2_000, 3)
    target = int(ids[777])
    reader = WordReader(load_pixel_card(), ids)
    soft = _heard(target, score=9.0, seed=3)
    found = reader.best(soft, trials=50.0, geometry="identity")
    assert (found.method, found.payload) == ("registry", target)
    # two ways of reading, fifty places, every id
    assert found.p_value == pytest.approx(tail_p_value(found.score, trials=2 * 50 * len(ids)))
    others = WordReader(load_pixel_card(), [int(one) for one in ids if int(one) != target])
    missed = others.best(soft, trials=50.0, geometry="identity")
    assert missed.p_value > 1e-6


def test_several_vectors_are_read_as_each_alone() -> None:
    ids = _ids(500, 4)
    reader = WordReader(load_pixel_card(), ids)
    softs = [_heard(int(ids[n]), score=score, seed=n) for n, score in enumerate((7.0, 9.5, 20.0))]
    names = ["identity", "mirrored", "scale 1.010"]
    together = reader.best_of(softs, trials=4.0, geometries=names)
    alone = [reader.best(one, trials=4.0, geometry=name) for one, name in zip(softs, names, strict=True)]
    assert together == alone
    assert together[2].method == "blind"


def test_a_million_rows_and_eight_vectors_take_a_moment() -> None:
    """The bar is 1.5 s of CPU; a busy machine gets twice as much."""
    ids = _ids(1_000_000, 5)
    softs = torch.stack([_heard(int(ids[123_456 + n]), score=11.0, seed=n) for n in range(8)])
    roster = Roster(_code(), ids)
    begun = time.thread_time()
    leaders = roster.leaders(softs)
    spent = time.thread_time() - begun
    assert [one.payload for one in leaders] == [int(ids[123_456 + n]) for n in range(8)]
    assert spent < 3.0
