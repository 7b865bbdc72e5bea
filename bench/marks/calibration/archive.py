"""What trials are cut from: films as frames at canonical size, sounds at the analysis rate, in one folder.

Of films every third frame is kept (the mark's sampling of five seconds takes about as many). A folder can be carried to
a machine that has torch and numpy and nothing that decodes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

STEP = 3
_INDEX = "index.json"


@dataclass(frozen=True)
class Film:
    """``frames`` ``[n, 3, h, w]`` uint8 (Y, Cb, Cr), every third one."""

    name: str
    frames: Tensor


@dataclass(frozen=True)
class Sound:
    """``samples`` ``[n]`` float32, mono at the analysis rate."""

    name: str
    samples: Tensor


def write_film(folder: Path, name: str, frames: Sequence[np.ndarray]) -> None:
    """Keep a film's frames."""
    np.save(folder / f"film-{name}.npy", np.stack(frames))


def write_sound(folder: Path, name: str, samples: np.ndarray) -> None:
    """Keep a sound, 16 bit."""
    np.save(folder / f"sound-{name}.npy", (samples.clip(-1.0, 1.0) * 32767.0).round().astype(np.int16))


def read_films(folder: Path, device: str) -> list[Film]:
    """Load the films, in the order of their names."""
    paths = sorted(folder.glob("film-*.npy"))
    return [Film(path.stem[5:], torch.from_numpy(np.load(path)).to(device)) for path in paths]


def read_sounds(folder: Path, device: str) -> list[Sound]:
    """Load the sounds, in the order of their names."""
    found = []
    for path in sorted(folder.glob("sound-*.npy")):
        samples = torch.from_numpy(np.load(path)).to(device).to(torch.float32) / 32767.0
        found.append(Sound(path.stem[6:], samples))
    return found


def make_archive(media: Sequence[Path], folder: Path) -> None:
    """Decode ``media`` into ``folder``; what has pictures becomes a film, what has sound a sound."""
    # here alone: the machine that reads an archive need not have what decodes
    import av

    from watermarking.cards import load_pixel_card, load_sound_card
    from watermarking.media.containers import probe
    from watermarking.media.frames import SizeOf
    from watermarking.media.sound import read_sound

    folder.mkdir(parents=True, exist_ok=True)
    size_of = SizeOf(load_pixel_card().geometry.side)
    rate = load_sound_card().analysis.rate_hz
    for path in media:
        medium = probe(path)
        if medium.has_video and medium.kind != "still":
            with av.open(str(path)) as container:
                kept = []
                for number, frame in enumerate(container.decode(video=0)):
                    if number % STEP == 0:
                        width, height = size_of(frame.width, frame.height)
                        small = frame.reformat(width, height, "yuv444p", interpolation="BICUBIC")
                        kept.append(small.to_ndarray())
            write_film(folder, path.stem, kept)
        if medium.has_audio:
            write_sound(folder, path.stem, np.concatenate(list(read_sound(path, rate_hz=rate)), 1).mean(0))
    (folder / _INDEX).write_text(json.dumps([path.name for path in media]) + "\n")
