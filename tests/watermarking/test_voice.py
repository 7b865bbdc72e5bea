"""The sound mark: quiet enough, at any rate and number of channels, and silent in silence."""

from __future__ import annotations

import numpy as np
import pytest

from tests.watermarking import media
from watermarking.cards import load_sound_card
from watermarking.media.sound import in_blocks
from watermarking.signal.alignment import SoundReader
from watermarking.signal.spectrum import resample
from watermarking.signal.voice import BLOCK_SECONDS, MARGIN_SECONDS, SoundMarker

CARD = load_sound_card()
PAYLOAD = 0xFEDC_BA98_7654_3210


def _marked(samples: media.Samples, rate_hz: int, key: bytes) -> tuple[media.Samples, SoundMarker]:
    marker = SoundMarker(CARD, key, PAYLOAD)

    def work(block: media.Samples, first_second: int) -> media.Samples:
        return marker.mark(block, rate_hz=rate_hz, first_second=first_second)

    pieces = np.array_split(samples, 37, axis=1)
    blocks = in_blocks(pieces, rate_hz=rate_hz, block=BLOCK_SECONDS, margin=MARGIN_SECONDS, work=work)
    return np.concatenate(list(blocks), 1), marker


def _at_analysis_rate(samples: media.Samples, rate_hz: int) -> media.Samples:
    import torch

    length = round(samples.shape[1] / rate_hz * CARD.analysis.rate_hz)
    return resample(torch.from_numpy(samples), length).numpy()


@pytest.mark.parametrize(("rate_hz", "channels"), [(48_000, 1), (44_100, 2), (16_000, 6)])
def test_tones_carry_the_mark_at_any_rate_and_number_of_channels(
    rate_hz: int, channels: int, key: bytes
) -> None:
    plain = media.melody(20.5, rate_hz, seed=rate_hz, channels=channels)
    marked, marker = _marked(plain, rate_hz, key)
    assert marked.shape == plain.shape
    noise = np.square(marked - plain).mean()
    assert 10 * np.log10(np.square(plain).mean() / noise) >= 28.0
    assert marker.mean_snr_db >= 28.0
    reading = SoundReader(CARD, key).read(_at_analysis_rate(marked, rate_hz), search=False)
    assert (reading.status, reading.payload) == ("present", PAYLOAD)


def test_tempo_and_speed_are_found_by_the_search(key: bytes) -> None:
    marked, _ = _marked(media.melody(14.0, 16_000, seed=4), 16_000, key)
    faster = _at_analysis_rate(marked, round(16_000 * 1.03))
    assert SoundReader(CARD, key).read(faster, search=False).payload is None
    reading = SoundReader(CARD, key).read(faster)
    assert reading.payload == PAYLOAD
    assert reading.geometry.startswith("tempo 1.03")


def test_unmarked_tones_and_tones_of_another_key_make_no_claim(key: bytes, other_key: bytes) -> None:
    plain = media.melody(12.0, 16_000, seed=9)
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
