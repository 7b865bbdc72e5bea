"""Makes the media that the tests mark, attack and read: short cuts, re-encodings, tones."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from numpy.typing import NDArray
from PIL import Image

Samples = NDArray[np.float32]
FrameWork = Callable[[VideoFrame], VideoFrame]
RATE = 24


def cut(source: Path, target: Path, *, first_frame: int, frames: int, crf: int = 16) -> Path:
    """Write ``frames`` frames from ``first_frame`` of a film with their sound."""
    pictures = itertools.islice(pictures_of(source), first_frame, first_frame + frames)
    sound, rate = sound_of(source)
    start, stop = (round(n / RATE * rate) for n in (first_frame, first_frame + frames))
    write_film(target, pictures, sound[:, start:stop], rate, crf=crf)
    return target


def recode(
    source: Path,
    target: Path,
    *,
    crf: int,
    size: tuple[int, int] | None = None,
    sound_bits: int = 96_000,
    work: FrameWork | None = None,
) -> Path:
    """Re-encode a film with x264 (preset medium) and AAC; metadata is gone, ``work`` changes each frame before."""

    def changed() -> Iterator[VideoFrame]:
        for frame in pictures_of(source):
            made = work(frame) if work else frame
            width, height = size or (made.width, made.height)
            yield made.reformat(width=width, height=height, format="yuv420p", interpolation="BICUBIC")

    sound, rate = sound_of(source)
    write_film(target, changed(), sound, rate, crf=crf, sound_bits=sound_bits, preset="medium")
    return target


def write_film(
    target: Path,
    pictures: Iterator[VideoFrame],
    sound: Samples,
    rate_hz: int,
    *,
    crf: int = 16,
    sound_bits: int = 192_000,
    preset: str = "veryfast",
) -> None:
    """Write frames at 24 fps and stereo sound."""
    with av.open(str(target), "w") as container:
        first = next(pictures)
        video = container.add_stream("libx264", rate=RATE, options={"crf": str(crf), "preset": preset})
        video.width, video.height, video.pix_fmt = first.width, first.height, "yuv420p"
        audio = container.add_stream("aac", rate=rate_hz, layout="stereo" if len(sound) == 2 else "mono")
        audio.bit_rate = sound_bits
        for index, frame in enumerate(itertools.chain([first], pictures)):
            plain = frame.reformat(format="yuv420p")
            plain.pts, plain.time_base, plain.pict_type = index, Fraction(1, RATE), 0
            container.mux(video.encode(plain))
        container.mux(video.encode(None))
        heard = AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout=audio.layout.name)
        heard.rate, heard.pts, heard.time_base = rate_hz, 0, Fraction(1, rate_hz)
        container.mux(audio.encode(heard))
        container.mux(audio.encode(None))


def pictures_of(source: Path) -> Iterator[VideoFrame]:
    """Decode a film's frames."""
    with av.open(str(source)) as container:
        container.streams.video[0].thread_type = "AUTO"
        yield from container.decode(video=0)


def sound_of(source: Path) -> tuple[Samples, int]:
    """Decode a film's sound: ``[channels, n]`` and its rate."""
    with av.open(str(source)) as container:
        rate = container.streams.audio[0].rate
        pieces = [frame.to_ndarray() for frame in container.decode(audio=0)]
    return np.concatenate(pieces, 1).astype(np.float32), rate


def save_still(source: Path, target: Path) -> None:
    """Save a film's first frame as a picture."""
    Image.fromarray(next(pictures_of(source)).to_ndarray(format="rgb24").astype(np.uint8)).save(target)


def cropped(share: float) -> FrameWork:
    """Keep ``share`` of the frame's area, off its middle."""

    def work(frame: VideoFrame) -> VideoFrame:
        planes = frame.to_ndarray(format="yuv444p")
        height, width = (int(side * share**0.5) // 2 * 2 for side in planes.shape[1:])
        top, left = (planes.shape[1] - height) // 3, (planes.shape[2] - width) // 4
        return _film_frame(planes[:, top : top + height, left : left + width])

    return work


def mirrored(frame: VideoFrame) -> VideoFrame:
    """Swap left and right."""
    return _film_frame(frame.to_ndarray(format="yuv444p")[:, :, ::-1])


def _film_frame(planes: NDArray[Any]) -> VideoFrame:
    return VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv444p")


def melody(seconds: float, rate_hz: int, *, seed: int, channels: int = 1) -> Samples:
    """Seeded notes with overtones and a little breath: something that can carry a mark."""
    draw = np.random.default_rng(seed)
    time = np.arange(round(seconds * rate_hz)) / rate_hz
    wave = 0.02 * draw.standard_normal(time.size)
    for start in np.arange(0.0, seconds, 0.25):
        pitch = 220.0 * 2.0 ** (draw.integers(0, 25) / 12.0)
        swell = np.exp(-4.0 * np.clip(time - start, 0.0, None)) * (time >= start)
        for overtone in range(1, 9):
            if overtone * pitch < rate_hz / 2:
                wave += 0.1 / overtone * swell * np.sin(2 * np.pi * overtone * pitch * time)
    wave *= 0.5 / np.abs(wave).max()
    return np.tile(wave.astype(np.float32), (channels, 1))
