"""Marks sounds, attacks them as the world does, and brings them to the rate at which marks are read."""

from __future__ import annotations

import io
import itertools
from dataclasses import dataclass
from typing import cast

import av
import numpy as np
import torch
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream

from tests.watermarking.media import Samples
from watermarking.cards import load_sound_card
from watermarking.media.sound import in_blocks
from watermarking.signal.spectrum import resample
from watermarking.signal.voice import BLOCK_SECONDS, MARGIN_SECONDS, SoundMarker

CARD = load_sound_card()


@dataclass(frozen=True)
class Sound:
    """``[channels, n]`` at a rate."""

    samples: Samples
    rate_hz: int


def tune(seconds: float, rate_hz: int, *, seed: int, channels: int = 1) -> Sound:
    """Seeded notes of a second with overtones, and a little breath: cheap to make at any length."""
    draw = np.random.default_rng(seed)
    wave = 0.02 * draw.standard_normal(round(seconds * rate_hz))
    time = np.arange(rate_hz) / rate_hz
    swell = np.exp(-4.0 * time)
    for start in range(0, wave.size, rate_hz // 4):
        pitch = 220.0 * 2.0 ** (draw.integers(0, 25) / 12.0)
        turn = 2 * np.pi * pitch * time
        tones = [np.sin(n * turn) / n for n in range(1, 9) if n * pitch < rate_hz / 2]
        note = 0.1 * swell * np.sum(tones, 0)
        wave[start : start + rate_hz] += note[: wave.size - start]
    wave *= 0.5 / np.abs(wave).max()
    return Sound(np.tile(wave.astype(np.float32), (channels, 1)), rate_hz)


def marked(sound: Sound, key: bytes, payload: int) -> tuple[Sound, SoundMarker]:
    """Mark in blocks, as a file is marked."""
    marker = SoundMarker(CARD, key, payload)

    def work(block: Samples, first_second: int) -> Samples:
        return marker.mark(block, rate_hz=sound.rate_hz, first_second=first_second)

    pieces = np.array_split(sound.samples, 37, axis=1)
    blocks = in_blocks(pieces, rate_hz=sound.rate_hz, block=BLOCK_SECONDS, margin=MARGIN_SECONDS, work=work)
    return Sound(np.concatenate(list(blocks), 1), sound.rate_hz), marker


def for_reading(sound: Sound) -> Samples:
    """Bring a sound to the analysis rate."""
    length = round(sound.samples.shape[1] / sound.rate_hz * CARD.analysis.rate_hz)
    return resample(torch.from_numpy(np.ascontiguousarray(sound.samples)), length).numpy()


def coded(sound: Sound, container: str, codec: str, bits: int) -> Sound:
    """Encode and decode."""
    layout = {1: "mono", 2: "stereo"}[len(sound.samples)]
    rate = 48_000 if codec == "libopus" else sound.rate_hz
    held = io.BytesIO()
    with av.open(held, "w", format=container) as target:
        stream = cast("AudioStream", target.add_stream(codec, rate=rate, layout=layout))
        stream.bit_rate = bits
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(sound.samples), format="fltp", layout=layout)
        frame.rate, frame.pts = sound.rate_hz, 0
        for piece in (frame, None):
            target.mux(stream.encode(piece))
    held.seek(0)
    with av.open(held, "r") as source:
        pieces = [frame.to_ndarray().astype(np.float32) for frame in source.decode(audio=0)]
    return Sound(np.concatenate(pieces, 1).reshape(len(sound.samples), -1), rate)


def filtered(sound: Sound, *steps: tuple[str, str]) -> Sound:
    """Put libav's filters over a sound: ``(name, arguments)`` each."""
    layout = {1: "mono", 2: "stereo"}[len(sound.samples)]
    graph = av.filter.Graph()
    source = graph.add_abuffer(sample_rate=sound.rate_hz, format="fltp", layout=layout)
    chain = [source, *(graph.add(name, given) for name, given in steps)]
    chain += [graph.add("aformat", "sample_fmts=fltp"), graph.add("abuffersink")]
    for before, after in itertools.pairwise(chain):
        before.link_to(after)
    graph.configure()
    frame = AudioFrame.from_ndarray(np.ascontiguousarray(sound.samples), format="fltp", layout=layout)
    frame.rate, frame.pts = sound.rate_hz, 0
    pieces: list[Samples] = []
    for given in (frame, None):
        graph.push(given)
        while True:
            try:
                made = cast("AudioFrame", graph.pull())
            except (av.error.BlockingIOError, av.error.EOFError):
                break
            pieces.append(made.to_ndarray().astype(np.float32))
    return Sound(np.concatenate(pieces, 1), sound.rate_hz)


def noisy(sound: Sound, decibels: float) -> Sound:
    """Add white noise ``decibels`` below the sound."""
    level = np.sqrt(np.square(sound.samples).mean()) * 10 ** (-decibels / 20)
    drawn = np.random.default_rng(2).normal(0, level, sound.samples.shape).astype(np.float32)
    return Sound(sound.samples + drawn, sound.rate_hz)


def cut(sound: Sound, start: float, seconds: float) -> Sound:
    """Take a piece."""
    first = round(start * sound.rate_hz)
    return Sound(sound.samples[:, first : first + round(seconds * sound.rate_hz)], sound.rate_hz)


def faster(sound: Sound, speed: float) -> Sound:
    """Play faster, pitch and all."""
    return Sound(sound.samples, round(sound.rate_hz * speed))
