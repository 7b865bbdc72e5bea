"""How fast marks are embedded and read on this machine's processor and, where there is one, on its accelerator.

    python -m bench.marks.speed [--seconds 1.0] [--threads N] [--sizes 720,1080,2160] [--out FILE]

Pictures go through in batches, at 720p, 1080p and 2160p; sound in blocks of 16 s. *From memory*: planes come from the
machine's memory and go back to it, as when files are marked; *on the device*: whole frames lie there already. Detection is
what the detector does per frame (to canonical size, and its residual) and once per clip of 32 frames (read at rest: tile, words,
judgement). Each number is the median of turns that together take ``--seconds``.

Agreement is stated with it: what both devices mark and read, compared.
"""

from __future__ import annotations

import argparse
import json
import math
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.signal.alignment import SoundReader
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual, cells_of, normalised_residual
from watermarking.signal.threads import device_for, use_threads
from watermarking.signal.tile import canonical_size
from watermarking.signal.together import read_pictures
from watermarking.signal.voice import SoundMarker

SIZES = {"720": (1280, 720), "1080": (1920, 1080), "2160": (3840, 2160)}
_KEY, _ID = bytes(range(32)), 0x0123_4567_89AB_CDEF
_FRAMES, _CLIPS = 32, 16
_BATCH = {"cpu": {"720": 4, "1080": 4, "2160": 2}, "cuda": {"720": 32, "1080": 16, "2160": 8}}
_RATE, _SOUND_SECONDS = 48_000, 16
Planes = tuple[np.ndarray, np.ndarray, np.ndarray]


def pictures(size: str, count: int) -> list[Planes]:
    """``count`` frames of clouds that drift over a gradient, with grain: 4:2:0, 8 bits, the same on every machine."""
    width, height = SIZES[size]
    draw = torch.Generator().manual_seed(1)
    clouds = torch.randn(1, 3, 24, 48, generator=draw)
    wide = functional.interpolate(clouds, size=(height, width + 4 * count), mode="bicubic")[0]
    ramp = torch.linspace(70, 180, height)[:, None]
    grain = torch.randn(height, width, generator=draw) * 3
    frames = []
    for number in range(count):
        part = wide[:, :, 4 * number : 4 * number + width]
        luma = (ramp + 25 * part[0] + grain).clamp(16, 235)
        cb, cr = (128 + 18 * functional.avg_pool2d(part[n : n + 1], 2)[0] for n in (1, 2))
        frames.append(tuple(one.round().to(torch.uint8).numpy() for one in (luma, cb, cr)))
    return frames


def speed(device: str, seconds: float, sizes: list[str]) -> dict[str, Any]:
    """Frames a second of embedding and of detection per size, and how many times real time sound goes."""
    found: dict[str, Any] = {size: picture_speed(device, size, seconds) for size in sizes}
    found["sound"] = sound_speed(device, seconds)
    return found


def agreement(size: str = "720", other: str = "cuda") -> dict[str, Any]:
    """What the processor and the accelerator (``other``) make of the same frames and the same sound."""
    frames = pictures(size, _FRAMES)
    on = {"cpu": "cpu", "cuda": other}
    marked = {one: _marker(size, device).mark_all(frames) for one, device in on.items()}
    apart = [
        np.abs(here.astype(int) - there.astype(int))
        for one, other in zip(marked["cpu"], marked["cuda"], strict=True)
        for here, there in zip(one, other, strict=True)
    ]
    films = {one: _film(size, marked[one], device) for one, device in on.items()}
    means = {one: torch.stack([part.mean.cpu() for part in film]) for one, film in films.items()}
    width, height = SIZES[size]
    card = load_pixel_card()
    readings = {
        one: PictureReader(card, _KEY, device=on[one]).read(film, FrameSize(width, height))
        for one, film in films.items()
    }
    searched = {
        one: PictureReader(card, _KEY, device=on[one]).read(
            [type(part)(part.mean[..., 30:330, 40:600], part.frames, part.shot) for part in film],
            FrameSize(round(width * 560 / 640), round(height * 300 / 360)),
        )
        for one, film in films.items()
    }
    sound = _noise()
    heard = {
        one: _sound_marker(device).mark(sound, rate_hz=_RATE, first_second=0) for one, device in on.items()
    }
    told = {
        one: SoundReader(load_sound_card(), _KEY, device=on[one]).read(_low(heard[one]), search=False)
        for one in heard
    }
    return {
        "samples_that_differ": float(np.mean([(one > 0).mean() for one in apart])),
        "largest_difference_in_levels": int(max(one.max() for one in apart)),
        "residual_difference": float((means["cpu"] - means["cuda"]).norm() / means["cpu"].norm()),
        "pixel_payload_and_z": {one: [f"{r.payload or 0:016x}", r.score] for one, r in readings.items()},
        "cropped_payload_and_z": {
            one: [f"{r.payload or 0:016x}", r.score, r.geometry] for one, r in searched.items()
        },
        "sound_change_difference_db": 20
        * math.log10(
            float(np.linalg.norm(heard["cuda"] - heard["cpu"]) / np.linalg.norm(heard["cpu"] - sound)) + 1e-12
        ),
        "sound_payload_and_z": {one: [f"{r.payload or 0:016x}", r.score] for one, r in told.items()},
    }


def flat(figures: dict[str, Any]) -> dict[str, Any]:
    """Nested figures as rows of a table: lists become words."""
    return {name: json.dumps(value) if isinstance(value, dict) else value for name, value in figures.items()}


def picture_speed(device: str, size: str, seconds: float) -> dict[str, Any]:
    """Frames a second of embedding and of detection at one size."""
    batch = _BATCH[device][size]
    frames = pictures(size, batch)
    marker = _marker(size, device)
    there = [torch.from_numpy(np.stack(planes)).to(device) for planes in zip(*frames, strict=True)]

    def on_device() -> None:
        values = [planes[:, None].to(torch.float32) for planes in there]
        for plane in marker.mark_tensors(values):
            plane.to(torch.uint8)

    def residuals() -> None:
        small = _canonical(size, [planes[:, None].to(torch.float32) for planes in there])
        normalised_residual(small)
        cells_of(small)

    clip = _film(size, pictures(size, 4) * (_FRAMES // 4), device)
    readers = [PictureReader(load_pixel_card(), _KEY, device=device) for _ in range(_CLIPS)]
    width, height = SIZES[size]
    clips = _CLIPS if device == "cuda" else 2

    def read() -> None:
        read_pictures(readers[:clips], [clip] * clips, [FrameSize(width, height)] * clips)

    return {
        "batch": batch,
        "embed_from_memory_fps": batch / _turn(lambda: marker.mark_all(frames), device, seconds),
        "embed_on_device_fps": batch / _turn(on_device, device, seconds),
        "detect_frames_fps": batch / _turn(residuals, device, seconds),
        "read_at_rest_clips_a_second": clips / _turn(read, device, seconds),
    }


def sound_speed(device: str, seconds: float) -> dict[str, Any]:
    """How many times real time stereo at 48 kHz is marked and read."""
    sound, marker = _noise(), _sound_marker(device)
    low = _low(sound)

    def read() -> None:
        SoundReader(load_sound_card(), _KEY, device=device).read(low, search=False)

    embed = _turn(lambda: marker.mark(sound, rate_hz=_RATE, first_second=0), device, seconds)
    return {
        "embed_times_real_time": _SOUND_SECONDS / embed,
        "detect_times_real_time": _SOUND_SECONDS / _turn(read, device, seconds),
    }


def _marker(size: str, device: str) -> PictureMarker:
    width, height = SIZES[size]
    form = PictureForm(width, height, (width // 2, height // 2))
    return PictureMarker(load_pixel_card(), _KEY, _ID, form, device=device)


def _sound_marker(device: str) -> SoundMarker:
    return SoundMarker(load_sound_card(), _KEY, _ID, device=device)


def _canonical(size: str, planes: list[Tensor]) -> Tensor:
    across, down = canonical_size(*SIZES[size], load_pixel_card().geometry.side)
    small = (functional.interpolate(one, size=(down, across), mode="area") for one in planes)
    return torch.cat(list(small), 1).round()


def _film(size: str, frames: list[Planes], device: str) -> list[Any]:
    film = FilmResidual()
    for begin in range(0, len(frames), 8):
        some = frames[begin : begin + 8]
        planes = [torch.from_numpy(np.stack(one)).to(device)[:, None] for one in zip(*some, strict=True)]
        film.add(_canonical(size, [one.to(torch.float32) for one in planes]))
    return film.stretches()


def _noise() -> np.ndarray:
    """Sixteen seconds of stereo: noise that falls with frequency, in bursts of a few a second."""
    draw = np.random.default_rng(2)
    count = _RATE * _SOUND_SECONDS
    spectrum = np.fft.rfft(draw.standard_normal((2, count)))
    spectrum /= np.sqrt(np.arange(spectrum.shape[1]) + 50.0)
    beat = 0.55 + 0.45 * np.sin(2 * np.pi * 2.7 * np.arange(count) / _RATE)
    wave = np.fft.irfft(spectrum, count) * beat
    return (0.3 * wave / np.abs(wave).max()).astype(np.float32)


def _low(sound: np.ndarray) -> np.ndarray:
    rate = load_sound_card().analysis.rate_hz
    spectrum = np.fft.rfft(sound.mean(0, keepdims=True))[:, : rate * _SOUND_SECONDS // 2 + 1]
    return (np.fft.irfft(spectrum, rate * _SOUND_SECONDS) * rate / _RATE).astype(np.float32)


def _turn(work: Callable[[], Any], device: str, seconds: float) -> float:
    """Median wall-clock seconds of one turn, after one to warm up."""
    times: list[float] = []
    while not times or sum(times[1:]) < seconds or len(times) < 4:
        began = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        times.append(time.perf_counter() - began)
    return statistics.median(times[1:])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--seconds", type=float, default=1.0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--sizes", default=",".join(SIZES))
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    use_threads(given.threads)
    sizes = given.sizes.split(",")
    found: dict[str, Any] = {"threads": given.threads, "torch": torch.__version__}
    with torch.inference_mode():
        found["cpu"] = speed("cpu", given.seconds, sizes)
        if device_for("gpu") == "cuda":
            found["accelerator"] = torch.cuda.get_device_name()
            found["agreement"] = agreement(sizes[0])
            found["cuda"] = speed("cuda", given.seconds, sizes)
    text = json.dumps(found, indent=1)
    if given.out:
        given.out.write_text(text + "\n", "utf-8")
    print(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
