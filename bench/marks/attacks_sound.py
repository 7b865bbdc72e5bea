"""What happens to sound on its way: each attack takes a marked 16 bit WAV and leaves another file.

Codec rows are that codec; all other rows are 16 bit WAV of the source's rate after the change, as ffmpeg's
filters make it. Speed changes tempo and pitch together, tempo leaves the pitch, pitch leaves the tempo
(Rubber Band).
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
import soundfile
from numpy.typing import NDArray
from scipy.signal import fftconvolve, resample_poly

from bench.marks.ffmpeg import convert
from trustmark.demo.clip import CLIP

Grade = Literal["12 s", "12 s hard", "5 s", "5 s noise", "beyond"]
Make = Callable[[Path, Path], Path]
Samples = NDArray[np.float32]
_WAV = ("-c:a", "pcm_s16le")
_SEMITONE = 2 ** (1 / 12)


@dataclass(frozen=True)
class SoundAttack:
    """``make(source, folder)`` writes the attacked file into ``folder`` and returns its path.

    ``grade``: 12 s blind at 98 %, 12 s hard blind at 95 %, 5 s registry at 95 %, 5 s noise registry at 80 %,
    beyond: no bar.
    """

    name: str
    grade: Grade
    make: Make


def filtered(
    source: Path, folder: Path, *, filters: str = "", codec: Sequence[str] = _WAV, suffix: str = ".wav"
) -> Path:
    graph = ("-af", filters) if filters else ()
    return convert(source, folder / f"attacked{suffix}", ("-vn", *graph, *codec))


def untouched(source: Path, folder: Path) -> Path:
    return source


def worked(source: Path, folder: Path, *, work: Callable[[Samples, int], Samples]) -> Path:
    """Put ``work(samples [n, channels], rate)`` over the whole sound."""
    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    changed = np.clip(work(samples, rate), -1, 1)
    target = folder / "attacked.wav"
    soundfile.write(target, changed, rate, subtype="PCM_16")
    return target


def noisy(samples: Samples, rate: int, *, decibels: float) -> Samples:
    """White noise ``decibels`` below the sound's mean power."""
    level = np.sqrt(np.square(samples).mean()) * 10 ** (-decibels / 20)
    draw = np.random.default_rng(2)
    return samples + draw.normal(0, level, samples.shape).astype(np.float32)


def reverberant(samples: Samples, rate: int) -> Samples:
    """A room of 0.4 s (RT60), direct sound 3 dB above the reverberation."""
    draw = np.random.default_rng(3)
    time = np.arange(int(0.4 * rate)) / rate
    tail = draw.normal(0, 1, time.size) * 10 ** (-3 * time / 0.4)
    tail[: int(0.004 * rate)] = 0
    tail *= 10 ** (-3 / 20) / np.sqrt(np.square(tail).sum())
    tail[0] = 1
    wet = fftconvolve(samples, tail[:, None], axes=0)[: len(samples)]
    return (wet * min(1.0, 0.98 / max(1e-9, float(np.abs(wet).max())))).astype(np.float32)


def with_music(samples: Samples, rate: int) -> Samples:
    """The trailer's music from its 30th second on, at the same power."""
    music = trailer_sound(rate, first=30, count=len(samples))
    level = np.sqrt(np.square(samples).mean() / max(1e-12, float(np.square(music).mean())))
    mixed = samples + music[:, None] * level
    return (mixed * min(1.0, 0.98 / float(np.abs(mixed).max()))).astype(np.float32)


def trailer_sound(rate: int, *, first: float, count: int) -> Samples:
    """Mono sound of the demonstration's film; goes round at its end."""
    start = int(first * rate)
    return np.take(_trailer(rate), np.arange(start, start + count), mode="wrap")


@cache
def _trailer(rate: int) -> Samples:
    with tempfile.TemporaryDirectory() as folder:
        whole = convert(CLIP, Path(folder) / "sound.wav", ("-vn", "-ac", "1", "-ar", str(rate), *_WAV))
        samples: Samples = soundfile.read(whole, dtype="float32")[0]
    return samples


def any_five_seconds(samples: Samples, rate: int, *, place: float) -> Samples:
    """Five seconds beginning ``place`` (0 to 1) of the way."""
    start = int(place * max(0, len(samples) - 5 * rate))
    return samples[start : start + 5 * rate]


def five_noisy(samples: Samples, rate: int, *, place: float) -> Samples:
    return noisy(any_five_seconds(samples, rate, place=place), rate, decibels=20)


def _codec(name: str, suffix: str, codec: str, kbit: int, grade: Grade = "12 s") -> SoundAttack:
    options = ("-c:a", codec, "-b:a", f"{kbit}k")
    return SoundAttack(name, grade, partial(filtered, codec=options, suffix=suffix))


def _filter(name: str, filters: str, grade: Grade = "12 s") -> SoundAttack:
    return SoundAttack(name, grade, partial(filtered, filters=filters))


def _work(name: str, grade: Grade, work: Callable[[Samples, int], Samples]) -> SoundAttack:
    return SoundAttack(name, grade, partial(worked, work=work))


def faster(samples: Samples, rate: int, *, speed: float) -> Samples:
    """Play faster, pitch rising along."""
    down, up = round(1000 * speed), 1000
    return resample_poly(samples, up, down, axis=0).astype(np.float32)


def _speed(speed: float) -> Callable[[Samples, int], Samples]:
    return partial(faster, speed=speed)


def _at_rate(rate: int) -> SoundAttack:
    made = partial(filtered, codec=("-ar", str(rate), *_WAV))
    return SoundAttack(f"{rate // 1000} kHz", "12 s", made)


SOUND_ATTACKS: tuple[SoundAttack, ...] = (
    SoundAttack("none", "12 s", untouched),
    *(_codec(f"MP3 {kbit}", ".mp3", "libmp3lame", kbit) for kbit in (128, 64, 32)),
    *(_codec(f"AAC {kbit}", ".m4a", "aac", kbit) for kbit in (128, 64, 32)),
    *(_codec(f"Opus {kbit}", ".opus", "libopus", kbit) for kbit in (48, 24)),
    _at_rate(16_000),
    _at_rate(8_000),
    _filter("low-pass 4 kHz", "lowpass=f=4000,lowpass=f=4000"),
    _filter("high-pass 500 Hz", "highpass=f=500,highpass=f=500"),
    _filter("telephone, 300 to 3,400 Hz", "highpass=f=300,highpass=f=300,lowpass=f=3400,lowpass=f=3400"),
    _filter("tempo 1.05", "rubberband=tempo=1.05"),
    _filter("tempo 0.95", "rubberband=tempo=0.95"),
    _filter("tempo 1.05, WSOLA", "atempo=1.05"),
    _work("speed 1.05", "12 s", _speed(1.05)),
    _work("speed 0.95", "12 s", _speed(0.95)),
    _filter("pitch + 1 semitone", f"rubberband=pitch={_SEMITONE:.6f}"),
    _filter("pitch - 1 semitone", f"rubberband=pitch={1 / _SEMITONE:.6f}"),
    _filter("tempo 1.05, pitch - 1/2 semitone", f"rubberband=tempo=1.05:pitch={_SEMITONE**-0.5:.6f}"),
    _filter("tempo 0.95, pitch + 1/2 semitone", f"rubberband=tempo=0.95:pitch={_SEMITONE**0.5:.6f}"),
    _work("reverb 0.4 s", "12 s", reverberant),
    _filter(
        "equaliser",
        "equalizer=f=200:t=o:w=1.5:g=6,equalizer=f=1000:t=o:w=1.5:g=-6,equalizer=f=4000:t=o:w=1.5:g=6,volume=-6dB",
    ),
    _filter("compressor", "acompressor=threshold=-26dB:ratio=6:attack=5:release=80:makeup=2"),
    _filter("denoiser", "afftdn=nr=12:nf=-45:tn=1"),
    _filter("volume - 12 dB", "volume=-12dB"),
    _work("5 s of it", "12 s", partial(any_five_seconds, place=0.37)),
    _work("noise 20 dB", "12 s hard", partial(noisy, decibels=20)),
    _work("music at 0 dB", "12 s hard", with_music),
    *(
        _work(f"any 5 s ({place:.0%})", "5 s", partial(any_five_seconds, place=place))
        for place in (0, 0.23, 0.61, 1)
    ),
    *(
        _work(f"any 5 s ({place:.0%}), noise 20 dB", "5 s noise", partial(five_noisy, place=place))
        for place in (0, 0.23, 0.61, 1)
    ),
    _work("noise 15 dB", "beyond", partial(noisy, decibels=15)),
    _codec("Opus 12", ".opus", "libopus", 12, "beyond"),
    SoundAttack(
        "speed 1.02, AAC 48",
        "beyond",
        partial(
            filtered,
            filters="aresample=48000,asetrate=48960,aresample=48000",
            codec=("-c:a", "aac", "-b:a", "48k"),
            suffix=".m4a",
        ),
    ),
    _filter("gated loudness, limiter", "dynaudnorm=f=200:g=15,alimiter=limit=0.5", "beyond"),
)
