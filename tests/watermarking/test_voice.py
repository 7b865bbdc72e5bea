"""The sound mark: quiet enough, at any rate and number of channels, and silent in silence."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from tests.watermarking import media, sounds
from tests.watermarking.sounds import CARD, Sound
from watermarking.media.sound import in_blocks
from watermarking.signal.alignment import SoundReader
from watermarking.signal.hearing import gain_caps
from watermarking.signal.spectrum import band_edges, band_matrix, spectrogram
from watermarking.signal.voice import SoundMarker

PAYLOAD = 0xFEDC_BA98_7654_3210


def _marked(samples: media.Samples, rate_hz: int, key: bytes) -> tuple[media.Samples, SoundMarker]:
    made, marker = sounds.marked(Sound(samples, rate_hz), key, PAYLOAD)
    return made.samples, marker


def _at_analysis_rate(samples: media.Samples, rate_hz: int) -> media.Samples:
    return sounds.for_reading(Sound(samples, rate_hz))


@pytest.mark.parametrize(
    ("rate_hz", "channels"), [(8_000, 1), (11_025, 2), (44_100, 2), (48_000, 8), (96_000, 1), (16_000, 24)]
)
def test_tones_carry_the_mark_at_any_rate_and_number_of_channels(
    rate_hz: int, channels: int, key: bytes
) -> None:
    plain = sounds.tune(10.5, rate_hz, seed=rate_hz, channels=channels).samples
    marked, marker = _marked(plain, rate_hz, key)
    assert marked.shape == plain.shape
    noise = np.square(marked - plain).mean()
    assert 10 * np.log10(np.square(plain).mean() / noise) >= 28.0
    assert marker.mean_snr_db >= 28.0
    assert np.array_equal(marked[0], marked[-1])
    reading = SoundReader(CARD, key).read(_at_analysis_rate(marked, rate_hz), search=False)
    assert (reading.status, reading.payload) == ("present", PAYLOAD)


def test_tempo_and_speed_are_found_by_the_search(key: bytes) -> None:
    marked, _ = _marked(sounds.tune(14.0, 16_000, seed=4).samples, 16_000, key)
    faster = _at_analysis_rate(marked, round(16_000 * 1.03))
    assert SoundReader(CARD, key).read(faster, search=False).payload is None
    reading = SoundReader(CARD, key).read(faster)
    assert reading.payload == PAYLOAD
    assert reading.geometry.startswith("tempo 1.03")


def test_unmarked_tones_and_tones_of_another_key_make_no_claim(key: bytes, other_key: bytes) -> None:
    plain = sounds.tune(12.0, 16_000, seed=9).samples
    marked, _ = _marked(plain, 16_000, key)
    for samples, reader_key in ((plain, key), (marked, other_key)):
        reading = SoundReader(CARD, reader_key, registered=[1, PAYLOAD]).read(samples)
        assert (reading.status, reading.payload) == ("absent", None)
        assert reading.p_value > 1e-4


def test_silence_is_left_as_it_is_and_counted_as_not_markable(key: bytes) -> None:
    marked, marker = _marked(np.zeros((2, 48_000 * 5), np.float32), 48_000, key)
    assert not marked.any()
    assert marker.markable_blocks == 0
    assert SoundReader(CARD, key).read(np.zeros((1, 16_000 * 5), np.float32)).status == "absent"


def test_sound_that_is_no_number_is_left_alone_and_not_claimed(key: bytes) -> None:
    broken = np.full((1, 16_000 * 6), np.nan, np.float32)
    marked, marker = _marked(broken, 16_000, key)
    assert np.isnan(marked).all()
    assert marker.markable_blocks == 0
    assert SoundReader(CARD, key).read(broken).status == "absent"


def test_a_few_samples_that_are_no_numbers_do_not_cost_the_block_its_mark(key: bytes) -> None:
    holed = sounds.tune(10.0, 16_000, seed=5).samples
    holed[0, [7, 70_000]] = np.nan
    holed[0, 90_000] = np.inf
    marked, _ = _marked(holed, 16_000, key)
    assert np.flatnonzero(~np.isfinite(marked[0])).tolist() == [7, 70_000]
    assert SoundReader(CARD, key).read(marked, search=False).payload == PAYLOAD


@pytest.mark.parametrize("count", [1, 100, 15_999])
def test_very_short_sound_keeps_its_length_and_is_not_read(count: int, key: bytes) -> None:
    tiny = sounds.tune(1.0, 16_000, seed=6).samples[:, :count]
    marked, _ = _marked(tiny, 16_000, key)
    assert marked.shape == tiny.shape
    assert np.isfinite(marked).all()
    assert SoundReader(CARD, key).read(marked).status == "absent"


def test_gains_stay_below_the_masking_threshold_by_the_cards_ratio(key: bytes) -> None:
    """Band for band and frame for frame; overlapping windows may carry little over."""
    plain = sounds.tune(10.0, 16_000, seed=8).samples
    marked, _ = _marked(plain, 16_000, key)
    bands, edges = band_matrix(CARD), torch.tensor(band_edges(CARD))
    hidden, change = (
        spectrogram(torch.from_numpy(one), CARD.analysis).abs().square().mean(0)
        for one in (plain, marked - plain)
    )
    lag = CARD.analysis.window // CARD.analysis.hop
    caps, energy = gain_caps(hidden, bands, (edges[:-1] + edges[1:]) / 2, noise_to_mask_db=0.0, lag=lag)
    mask = energy * (10 ** (caps / 20) - 1).square()
    heard = energy > 1e-6 * energy.mean()
    ratio = ((bands @ change) / mask)[heard]
    assert 10 * float(torch.log10(ratio.mean())) <= -3.0


def test_one_channel_alone_and_channels_in_opposition_are_read(key: bytes) -> None:
    one = sounds.tune(10.0, 16_000, seed=11).samples[0]
    pair = np.stack([one, -one])
    marked, _ = _marked(pair, 16_000, key)
    for heard in (marked, marked[:1], marked[1:]):
        assert SoundReader(CARD, key).read(heard, search=False).payload == PAYLOAD


def test_a_pure_tone_neither_fails_nor_claims(key: bytes) -> None:
    time = np.arange(16_000 * 6) / 16_000
    tone = (0.3 * np.sin(2 * np.pi * 440 * time)).astype(np.float32)[None]
    marked, _ = _marked(tone, 16_000, key)
    assert np.isfinite(marked).all()
    assert SoundReader(CARD, key).read(tone).payload is None


def test_blocks_join_without_losing_or_adding_a_sample() -> None:
    samples = np.arange(1000 * 41 + 17, dtype=np.float32)[None] / 1e5
    pieces = np.array_split(samples, 13, axis=1)
    blocks = list(in_blocks(pieces, rate_hz=1000, block=16, margin=1, work=lambda block, _: block))
    assert np.array_equal(np.concatenate(blocks, 1), samples)
    assert [block.shape[1] for block in blocks] == [16_000, 16_000, 9_017]
