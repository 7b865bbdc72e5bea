"""The code: what is sent is read, noise is survived, and a wrong word is known to be unsure."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from watermarking.cards import load_pixel_card
from watermarking.signal.code import TailBitingCode, code_for, payload_bits
from watermarking.signal.evidence import word_log_odds
from watermarking.signal.trellis import bit_leads


def _code() -> TailBitingCode:
    card = load_pixel_card().code
    return code_for(64, card.constraint, card.outputs, card.seed)


def _payloads(count: int, seed: int) -> list[int]:
    draw = torch.Generator().manual_seed(seed)
    halves = torch.randint(0, 1 << 32, (count, 2), generator=draw)
    return [int(high) << 32 | int(low) for high, low in halves]


def test_every_payload_is_read_back_from_its_own_chips() -> None:
    for payload in [0, (1 << 64) - 1, 1, 1 << 63, *_payloads(6, 1)]:
        chips = _code().encode(payload_bits([payload]))[0]
        assert _code().decode(chips).payload == payload


def test_bits_are_read_most_significant_first() -> None:
    assert payload_bits([1 << 63])[0].tolist() == [1] + [0] * 63


def test_words_survive_noise_three_times_as_strong_as_the_chips_power() -> None:
    draw = torch.Generator().manual_seed(2)
    for payload in _payloads(8, 3):
        chips = _code().encode(payload_bits([payload]))[0]
        heard = chips + 3.0**0.5 * torch.randn(chips.numel(), generator=draw)
        assert _code().decode(heard).payload == payload


def test_margin_is_the_lead_over_the_nearest_rival_word() -> None:
    """Without noise the nearest rival of a word differs in the code's least distance of chips."""
    payload = _payloads(1, 4)[0]
    chips = _code().encode(payload_bits([payload]))[0]
    rivals = _code().encode(payload_bits([payload ^ 1 << bit for bit in range(64)]))
    nearest = float((rivals @ chips).max())
    margin = _code().decode(chips).margin
    assert 0.0 < margin <= chips.numel() - nearest + 1e-3


def test_a_word_read_from_noise_alone_is_not_sure_of_itself() -> None:
    draw = torch.Generator().manual_seed(5)
    for _ in range(6):
        noise = torch.randn(_code().length, generator=draw)
        word = _code().decode(noise)
        sent = _code().encode(payload_bits([word.payload]))[0]
        energy = float(noise @ noise)
        score = float(sent @ noise) / energy**0.5
        odds = word_log_odds(score, word.margin, energy, noise.numel())
        assert odds < load_pixel_card().thresholds.word_log_odds


def test_the_processors_trellis_answers_float_for_float_as_the_accelerators_does() -> None:
    code = _code()
    torch.manual_seed(4)
    softs = torch.randn(3, code.length)
    softs[1] += code.encode(payload_bits([0x0123456789ABCDEF]))[0]
    _, low, high = code.tables(softs.device)
    weighed = high[:, None] * softs.view(3, 64, 1, code.outputs).transpose(0, 1)

    steps = (weighed @ low.transpose(1, 2)[:, None]).view(64, 3, 2, 1 << (code.memory - 1), 2)
    theirs = code._bit_leads(steps, code._forward(steps))
    ours = bit_leads(code._leaving(weighed, low))

    # sums of twelve products may be added in another order: nothing else may differ
    assert np.abs(theirs.numpy() - ours).max() < 1e-3
    assert np.array_equal(np.signbit(theirs.numpy()), np.signbit(ours))
    words = code.decode_all(softs)
    assert words[1].payload == 0x0123456789ABCDEF
    assert words[1].margin == pytest.approx(float(np.abs(ours[1]).min()), abs=1e-3)
