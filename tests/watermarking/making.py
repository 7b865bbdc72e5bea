"""Makes the files that the tests of media read: seeded pictures with something to hide in, in any codec."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
from av.audio.frame import AudioFrame
from av.packet import Packet
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from tests.watermarking.media import melody

SIZE = (320, 180)
RATE = 25


def scene(width: int, height: int, *, seed: int = 1) -> NDArray[np.uint8]:
    """Return a picture ``[h, w, 3]``: soft shapes, some grain, no black and no white."""
    draw = np.random.default_rng(seed)
    coarse = draw.uniform(40, 210, (height // 20 + 2, width // 20 + 2, 3))
    ys = np.linspace(0, coarse.shape[0] - 1.001, height)
    xs = np.linspace(0, coarse.shape[1] - 1.001, width)
    top, left = ys.astype(int), xs.astype(int)
    down, across = (ys - top)[:, None, None], (xs - left)[None, :, None]
    rows = coarse[top] * (1 - down) + coarse[top + 1] * down
    smooth = rows[:, left] * (1 - across) + rows[:, left + 1] * across
    grain = draw.normal(0.0, 4.0, (height, width, 1))
    return (smooth + grain).clip(16, 235).astype(np.uint8)


def frames(
    count: int, form: str = "yuv420p", size: tuple[int, int] = SIZE, *, seed: int = 1
) -> Iterator[VideoFrame]:
    """Yield ``count`` frames of a scene that drifts by two pixels a frame."""
    wide = scene(size[0] + 2 * count, size[1], seed=seed)
    for index in range(count):
        cut = np.ascontiguousarray(wide[:, 2 * index : 2 * index + size[0]])
        yield VideoFrame.from_ndarray(cut, format="rgb24").reformat(format=form)


def write(
    target: Path,
    *,
    codec: str = "libx264",
    form: str = "yuv420p",
    count: int = 12,
    size: tuple[int, int] = SIZE,
    options: dict[str, str] | None = None,
    times: list[int] | None = None,
    base: Fraction = Fraction(1, RATE),
    sounds: int = 0,
    seconds: float | None = None,
    sound_codec: str = "aac",
    dress: Callable[[Any, Any], Callable[[Any], None] | None] | None = None,
    change: Callable[[VideoFrame], None] | None = None,
) -> Path:
    """Write a film.

    Args:
        times: of the frames, in ``base``; one after the other without.
        sounds: tracks of sound of ``seconds`` seconds, each another melody.
        dress: gets the container and the stream of pictures before anything is written; what it returns is called
            with the container before the pictures.
        change: done to every frame.
    """
    with av.open(str(target), "w") as container:
        video = container.add_stream(codec, rate=RATE, options=options or {})
        video.width, video.height, video.pix_fmt = *size, form
        video.codec_context.time_base = base
        tracks = [container.add_stream(sound_codec, rate=48_000, layout="stereo") for _ in range(sounds)]
        before = dress(container, video) if dress else None
        if before:
            before(container)
        for index, frame in enumerate(frames(count, form, size)):
            frame.pts, frame.time_base = (times[index] if times else index), base
            if change:
                change(frame)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
        for seed, track in enumerate(tracks):
            sound = melody(seconds or count / RATE, 48_000, seed=seed, channels=2)
            heard = AudioFrame.from_ndarray(np.ascontiguousarray(sound), format="fltp", layout="stereo")
            heard.rate, heard.pts, heard.time_base = 48_000, 0, Fraction(1, 48_000)
            container.mux(track.encode(heard))
            container.mux(track.encode(None))
    return target


def packets(path: Path, kind: str) -> list[tuple[float, bytes]]:
    """Return time and bytes of the packets of the streams of one kind."""
    with av.open(str(path)) as container:
        wanted = [stream for stream in container.streams if stream.type == kind]
        return [
            (float(packet.pts * packet.time_base), bytes(packet))
            for packet in container.demux(wanted)
            if packet.pts is not None
        ]


def packet(data: bytes, stream: Any, pts: int, duration: int, base: Fraction) -> Packet:
    """Return a packet of other than pictures and sound."""
    made = Packet(data)
    made.stream, made.pts, made.dts, made.duration, made.time_base = stream, pts, pts, duration, base
    return made


def luma_psnr(first: Path, second: Path) -> float:
    """Peak signal-to-noise ratio of the first planes of two films, in dB."""
    errors = []
    for one, other in zip(decoded(first), decoded(second), strict=True):
        a, b = (np.asarray(frame.to_ndarray(format="gray")).astype(float) for frame in (one, other))
        errors.append(np.square(a - b).mean())
    return float(10 * np.log10(255.0**2 / max(np.mean(errors), 1e-9)))


def decoded(path: Path) -> Iterator[VideoFrame]:
    """Decode a film's frames."""
    with av.open(str(path)) as container:
        yield from container.decode(video=0)
