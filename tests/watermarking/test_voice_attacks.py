"""The sound mark survives what happens to sound, and nothing else is ever taken for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from tests.watermarking import media, sounds
from tests.watermarking.sounds import CARD, Sound
from watermarking.signal.alignment import SoundReader

PAYLOAD = 0x0FED_CBA9_8765_4321
_SEMITONE = 2 ** (1 / 12)
Attack = Callable[[Sound], Sound]


def _pitched(sound: Sound, by: float) -> Sound:
    quick = sounds.faster(sound, by)
    level = Sound(sounds.for_reading(quick), CARD.analysis.rate_hz)
    return sounds.filtered(level, ("atempo", f"{1 / by:.6f}"))


AT_REST: dict[str, Attack] = {
    "MP3 64": lambda one: sounds.coded(one, "mp3", "libmp3lame", 64_000),
    "AAC 64": lambda one: sounds.coded(one, "adts", "aac", 64_000),
    "Opus 24": lambda one: sounds.coded(one, "ogg", "libopus", 24_000),
    "noise 20 dB": lambda one: sounds.noisy(one, 20),
    "telephone": lambda one: sounds.filtered(one, ("highpass", "f=300"), ("lowpass", "f=3400")),
    "echo": lambda one: sounds.filtered(one, ("aecho", "0.8:0.7:60|113:0.4|0.25")),
    "equaliser": lambda one: sounds.filtered(one, ("equalizer", "f=1000:t=o:w=1.5:g=-8")),
    "compressor": lambda one: sounds.filtered(one, ("acompressor", "threshold=0.05:ratio=6")),
    "denoiser": lambda one: sounds.filtered(one, ("afftdn", "nr=12:nf=-45")),
    "volume - 12 dB": lambda one: Sound(one.samples * np.float32(0.25), one.rate_hz),
    "5 s of it": lambda one: sounds.cut(one, 3.21, 5.0),
}
MOVED: dict[str, Attack] = {
    "tempo 1.05": lambda one: sounds.filtered(one, ("atempo", "1.05")),
    "speed 0.95": lambda one: sounds.faster(one, 0.95),
    "pitch + 1 semitone": lambda one: _pitched(one, _SEMITONE),
}


@pytest.fixture(scope="module")
def plain(demo_clip: Path) -> Sound:
    """Twelve seconds of the film's sound, stereo at 44.1 kHz."""
    samples, rate = media.sound_of(demo_clip)
    return sounds.cut(Sound(samples, rate), 2.0, 12.0)


@pytest.fixture(scope="module")
def carried(plain: Sound, key: bytes) -> Sound:
    return sounds.marked(plain, key, PAYLOAD)[0]


@pytest.mark.parametrize("name", AT_REST)
def test_the_mark_is_read_blind_after(name: str, carried: Sound, key: bytes, other_key: bytes) -> None:
    heard = sounds.for_reading(AT_REST[name](carried))
    assert SoundReader(CARD, key).read(heard, search=False).payload == PAYLOAD
    other = SoundReader(CARD, other_key).read(heard, search=False)
    assert (other.status, other.payload) == ("absent", None)


@pytest.mark.parametrize("name", MOVED)
def test_the_search_finds_the_mark_after(name: str, carried: Sound, key: bytes) -> None:
    heard = sounds.for_reading(MOVED[name](carried))
    reading = SoundReader(CARD, key).read_searched(heard)
    assert reading.payload == PAYLOAD
    assert reading.geometry.startswith("tempo")


def test_nothing_is_claimed_of_unmarked_sound_under_any_way_of_reading(plain: Sound, key: bytes) -> None:
    heard = sounds.for_reading(plain)
    listed = [PAYLOAD, *range(1, 2000)]
    reading = SoundReader(CARD, key, listed).read(heard)
    assert (reading.status, reading.payload) == ("absent", None)
    assert reading.p_value > 1e-3


def test_five_seconds_in_noise_are_read_among_registered_ids(carried: Sound, key: bytes) -> None:
    heard = sounds.for_reading(sounds.noisy(sounds.cut(carried, 5.5, 5.0), 20))
    listed = np.random.default_rng(5).integers(1 << 62, size=1000, dtype=np.uint64)
    found = SoundReader(CARD, key, np.append(listed, np.uint64(PAYLOAD))).read(heard, search=False)
    assert found.payload == PAYLOAD
    strangers = SoundReader(CARD, key, listed).read(heard, search=False)
    assert strangers.payload in (None, PAYLOAD)


@pytest.mark.req("BX-016")
def test_scores_of_fixed_ids_on_unmarked_sound_are_standard_normal(plain: Sound) -> None:
    heard = sounds.for_reading(sounds.cut(plain, 0.0, 6.0))
    scores = np.array([SoundReader(CARD, bytes([n]) * 32).known_score(heard, n * 7919) for n in range(60)])
    assert abs(scores.mean()) < 0.5
    assert 0.7 < scores.std() < 1.3
