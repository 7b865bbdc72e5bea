"""Attacks on sound change what they say and nothing else; figures of quality say what was done."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from bench.marks.attacks_sound import SOUND_ATTACKS, SoundAttack
from bench.marks.ffmpeg import AttackFailed, convert
from bench.marks.noise_to_mask import noise_to_mask_db

RATE = 44_100
Samples = NDArray[np.float32]


@pytest.fixture(scope="module")
def tone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds of 1,000 Hz in stereo, 16 bit."""
    path = tmp_path_factory.mktemp("tone") / "tone.wav"
    time = np.arange(6 * RATE) / RATE
    soundfile.write(path, 0.4 * np.sin(2 * np.pi * 1000 * time)[:, None].repeat(2, 1), RATE, subtype="PCM_16")
    return path


def attack(name: str) -> SoundAttack:
    return next(one for one in SOUND_ATTACKS if one.name == name)


def heard(path: Path) -> tuple[float, float, float]:
    """Seconds, frequency of the strongest tone, root mean square."""
    wav = convert(path, path.with_name("heard.wav"), ("-ac", "1", "-c:a", "pcm_f32le"))
    samples, rate = soundfile.read(wav, dtype="float32")
    middle = samples[len(samples) // 4 : len(samples) * 3 // 4]
    spectrum = np.abs(np.fft.rfft(middle * np.hanning(len(middle))))
    peak = float(np.fft.rfftfreq(len(middle), 1 / rate)[spectrum.argmax()])
    return len(samples) / rate, peak, float(np.sqrt(np.square(middle).mean()))


@pytest.mark.parametrize(
    ("name", "seconds", "hertz"),
    [
        ("none", 6, 1000),
        ("MP3 64", 6, 1000),
        ("Opus 24", 6, 1000),
        ("8 kHz", 6, 1000),
        ("tempo 1.05", 6 / 1.05, 1000),
        ("tempo 0.95", 6 / 0.95, 1000),
        ("speed 1.05", 6 / 1.05, 1050),
        ("speed 0.95", 6 / 0.95, 950),
        ("pitch + 1 semitone", 6, 1059.5),
        ("pitch - 1 semitone", 6, 943.9),
        ("5 s of it", 5, 1000),
        ("any 5 s (61%), noise 20 dB", 5, 1000),
    ],
)
def test_time_and_pitch_change_as_the_name_says(
    tone: Path, tmp_path: Path, name: str, seconds: float, hertz: float
) -> None:
    length, peak, _ = heard(attack(name).make(tone, tmp_path))
    assert length == pytest.approx(seconds, abs=0.12)
    assert peak == pytest.approx(hertz, abs=5)


def test_levels_change_as_the_name_says(tone: Path, tmp_path: Path) -> None:
    level = heard(tone)[2]
    assert heard(attack("volume - 12 dB").make(tone, tmp_path))[2] == pytest.approx(
        level * 10**-0.6, rel=0.02
    )
    assert heard(attack("low-pass 4 kHz").make(tone, tmp_path))[2] == pytest.approx(level, rel=0.1)
    assert heard(attack("high-pass 500 Hz").make(tone, tmp_path))[2] == pytest.approx(level, rel=0.3)
    noisy = soundfile.read(attack("noise 20 dB").make(tone, tmp_path), dtype="float64")[0]
    plain = soundfile.read(tone, dtype="float64")[0]
    noise = 10 * np.log10(np.square(plain).sum() / np.square(noisy - plain).sum())
    assert noise == pytest.approx(20, abs=0.1)


def test_what_is_no_sound_is_refused(tmp_path: Path) -> None:
    broken = tmp_path / "broken.wav"
    broken.write_bytes(b"RIFF and nothing")
    with pytest.raises(AttackFailed):
        attack("MP3 64").make(broken, tmp_path)


def bands(seconds: int = 3) -> Samples:
    draw = np.random.default_rng(4)
    return (0.1 * draw.normal(0, 1, seconds * 48_000)).astype(np.float32)


def test_noise_to_mask_follows_the_level_of_the_noise() -> None:
    music, noise = bands(), np.random.default_rng(5).normal(0, 1, 3 * 48_000).astype(np.float32)
    loud, soft = (noise_to_mask_db(music, music + level * noise) for level in (0.01, 0.001))
    assert loud - soft == pytest.approx(20, abs=0.2)
    assert noise_to_mask_db(music, music) < -80


def test_noise_beside_a_tone_is_heard_sooner_than_noise_within_noise() -> None:
    time = np.arange(3 * 48_000) / 48_000
    tone = (0.1 * np.sqrt(2) * np.sin(2 * np.pi * 1000 * time)).astype(np.float32)
    far = (0.001 * np.sin(2 * np.pi * 6000 * time)).astype(np.float32)
    near = (0.001 * np.sin(2 * np.pi * 1020 * time)).astype(np.float32)
    assert noise_to_mask_db(tone, tone + far) > noise_to_mask_db(tone, tone + near) + 10
    assert noise_to_mask_db(tone, tone + far) > noise_to_mask_db(bands(), bands() + far) + 10


def test_figures_of_sound_quality_say_how_much_was_changed(tone: Path, tmp_path: Path) -> None:
    pytest.importorskip("pesq", reason="comes with requirements/marks.txt")
    pytest.importorskip("zimtohrli", reason="comes with requirements/marks.txt")
    from bench.marks.quality_sound import sound_quality

    noisy = attack("noise 20 dB").make(tone, tmp_path)
    told = sound_quality(tone, noisy)
    assert told.snr_db == pytest.approx(20, abs=0.1)
    assert told.segmental_snr_db == pytest.approx(20, abs=0.3)
    same = sound_quality(tone, tone)
    assert (same.snr_db, same.segmental_snr_db) == (99.0, 60.0)
    assert same.zimtohrli_mos > 4.99 > told.zimtohrli_mos
    with pytest.raises(ValueError, match="differ in rate"):
        sound_quality(tone, attack("8 kHz").make(tone, tmp_path))
