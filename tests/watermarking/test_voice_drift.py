"""The sound mark's pattern drifts: neither hours of one output nor many outputs give it away."""

from __future__ import annotations

import torch

from tests.watermarking import sounds
from tests.watermarking.sounds import CARD
from watermarking.signal.alignment import SoundReader
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.listening import QuadMap
from watermarking.signal.quads import Drift, quad_layout, signs_at

_HOURS_OF_COLUMNS = 3 * 3600 * 16_000 // (2 * CARD.grid.slot_frames * CARD.analysis.hop)


def _signs(key: bytes, payload: int, columns: torch.Tensor) -> torch.Tensor:
    code = code_for(CARD.nbits, CARD.code.constraint, CARD.code.outputs, CARD.code.seed)
    layout = quad_layout(CARD, key)
    chips = code.encode(payload_bits([payload], CARD.nbits))[0]
    cross = signs_at(layout, Drift(key, payload, layout.columns), chips, columns)
    return cross[0::2, 0::2]


def _likeness(one: torch.Tensor, other: torch.Tensor) -> float:
    return float((one * other).sum() / (one.norm() * other.norm()).clamp_min(1e-9))


def test_quads_cross_and_have_no_mean(key: bytes) -> None:
    layout = quad_layout(CARD, key)
    chips = torch.ones(CARD.nbits * CARD.code.outputs)
    cross = signs_at(layout, Drift(key, 1, layout.columns), chips, torch.arange(-3, 40))
    assert cross.shape == (2 * layout.rows, 86)
    assert torch.equal(cross.unfold(0, 2, 2).unfold(1, 2, 2).sum((-1, -2)), torch.zeros(layout.rows, 43))


def test_the_mean_over_hours_at_any_period_holds_next_to_nothing_of_the_pattern(key: bytes) -> None:
    signs = _signs(key, 7, torch.arange(_HOURS_OF_COLUMNS))
    lap = CARD.grid.quads * CARD.grid.periods
    for period in (CARD.grid.quads, 250, lap // 2, lap):
        folds = signs[:, : signs.shape[1] // period * period].reshape(len(signs), -1, period)
        if folds.shape[1] > 1:
            mean = folds.mean(1)
            kept = float(mean.square().mean())
            assert kept < 1.6 / folds.shape[1]


def test_outputs_of_one_key_with_many_ids_share_no_pattern(key: bytes) -> None:
    columns = torch.arange(250)
    all_signs = torch.stack(
        [_signs(key, n * 0x9E37_79B9_7F4A_7C15 & (1 << 64) - 1, columns) for n in range(50)]
    )
    mean = all_signs.mean(0)
    assert float(mean.square().mean()) < 1.3 / 50
    likeness = [_likeness(mean, one) for one in all_signs]
    assert max(likeness) < 0.3
    assert float(mean.norm() / all_signs[0].norm()) < 0.17


def test_an_attacker_who_averages_a_long_recording_learns_nothing_the_reader_needs(key: bytes) -> None:
    """Fold the map of two minutes at the code's period, as an attacker would: the mean quads do not follow the signs."""
    plain = sounds.tune(120.0, 16_000, seed=31)
    marked, _ = sounds.marked(plain, key, 7)
    scores = QuadMap(CARD, torch.from_numpy(marked.samples)).scores()
    step = 2 * CARD.grid.slot_frames
    quads = scores[:, : scores.shape[1] // step * step : step]
    signs = _signs(key, 7, torch.arange(quads.shape[1]))
    assert _likeness(quads, signs) > 0.3
    whole = quads.shape[1] // CARD.grid.quads * CARD.grid.quads
    folded = quads[:, :whole].reshape(len(quads), -1, CARD.grid.quads).mean(1)
    likeness = [
        abs(_likeness(folded, signs[:, first : first + CARD.grid.quads]))
        for first in range(0, whole, CARD.grid.quads)
    ]
    assert max(likeness) < 0.25


def test_the_reader_needs_no_time_base(key: bytes) -> None:
    plain = sounds.tune(40.0, 16_000, seed=32)
    marked, _ = sounds.marked(plain, key, 99)
    for start in (0.0, 13.377, 29.05):
        piece = sounds.cut(marked, start, 8.0)
        assert SoundReader(CARD, key).read(piece.samples, search=False).payload == 99
