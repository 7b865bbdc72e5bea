"""Trials of the sound mark: six seconds of a sound from a drawn moment on, changed in a drawn way, under a drawn key.

The change: gain, a tilt of the spectrum of up to 6 dB an octave either way, a stretch of another sound mixed in at between
no and half its power, noise at 20 to 60 dB below. A sound marked under another key was marked before the change, with a key
and an id of its own and by the very marker of deliveries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor

from bench.marks.calibration.archive import Sound
from bench.marks.calibration.trials import Findings, Way, draw_of, foreign_of, grouped, key_of
from watermarking.cards import load_sound_card
from watermarking.signal.alignment import SoundReader
from watermarking.signal.together import hear_all, read_sounds
from watermarking.signal.voice import SoundMarker

SECONDS = 6
GROUP = 64
CONTROL_OF = 50
CARD = load_sound_card()
_RATE = CARD.analysis.rate_hz
_LEAST_POWER = 1e-6


def sound_trials(
    sounds: Sequence[Sound], way: Way, numbers: Sequence[int], device: str, more: Callable[[], bool]
) -> Findings:
    """Read every trial at the plain tempo and pitch, wherever in the lap it may lie, while there is time for ``more``."""
    found = Findings()
    for group in grouped(numbers, GROUP):
        if not more():
            break
        windows = torch.stack([_window(sounds, way, number, device, found) for number in group])
        heard = hear_all(CARD, windows[:, None])
        readers = [SoundReader(CARD, key_of("sound", way, number), device=device) for number in group]
        readings = read_sounds(readers, heard)
        for number, reader, window, reading in zip(group, readers, heard, readings, strict=True):
            drawn = int(np.random.default_rng(number).integers(1 << 63))
            found.add(number, reading, reader.known_agreement(window, drawn))
    return found


def searched_sounds(
    sounds: Sequence[Sound], way: Way, numbers: Sequence[int], device: str, more: Callable[[], bool]
) -> Findings:
    """Read trials again with the search of tempo and pitch."""
    found = Findings()
    for number in numbers:
        if not more():
            break
        window = _window(sounds, way, number, device, Findings())
        reader = SoundReader(CARD, key_of("sound", way, number), device=device)
        found.add_searched(number, reader.read(window[None].cpu().numpy()))
    return found


def _window(sounds: Sequence[Sound], way: Way, number: int, device: str, found: Findings) -> Tensor:
    draw = draw_of("sound", way, number)
    window = _cut(sounds, draw)
    if way == "another key":
        key, payload = foreign_of("sound", number)
        marker = SoundMarker(CARD, key, payload, device=device)
        # only whole seconds are marked; the first second counts from where an output begins
        marked = marker.mark(window[None].cpu().numpy(), rate_hz=_RATE, first_second=0)
        if number % CONTROL_OF == 0:
            found.controls += 1
            reader = SoundReader(CARD, key, device=device)
            found.found += reader.read(marked, search=False).payload == payload
        window = torch.from_numpy(marked[0]).to(device)
    return _changed(window, _cut(sounds, draw), draw)


def _cut(sounds: Sequence[Sound], draw: np.random.Generator) -> Tensor:
    length = SECONDS * _RATE
    long = [sound for sound in sounds if len(sound.samples) >= length]
    share = np.array([len(sound.samples) for sound in long], float)
    while True:
        sound = long[int(draw.choice(len(long), p=share / share.sum()))]
        first = int(draw.integers(len(sound.samples) - length + 1))
        window = sound.samples[first : first + length]
        if float(window.square().mean()) > _LEAST_POWER:
            return window


def _changed(window: Tensor, other: Tensor, draw: np.random.Generator) -> Tensor:
    power = window.square().mean()
    mixed = window + other * (power / other.square().mean()).sqrt() * float(draw.uniform(0, 0.7))
    spectrum = torch.fft.rfft(mixed)
    bins = torch.arange(len(spectrum), device=window.device).clamp_min(1) / len(spectrum)
    tilted = torch.fft.irfft(spectrum * (bins / 0.1) ** float(draw.uniform(-1, 1)), n=len(window))
    levelled = tilted * (power / tilted.square().mean()).sqrt()
    noise = torch.Generator(window.device).manual_seed(int(draw.integers(1 << 62)))
    hiss = torch.randn(window.shape, generator=noise, device=window.device)
    hissing = levelled + hiss * power.sqrt() * float(10 ** (-draw.uniform(20, 60) / 20))
    return (hissing * float(10 ** (draw.uniform(-20, 6) / 20))).clamp(-1, 1)
