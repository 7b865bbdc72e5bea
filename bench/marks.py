"""Measures what the marks survive, and prints the tables of docs/watermark.md.

    .venv/bin/python bench/marks.py CLIP... [--seconds 5] [--first 0 12 30] [--layers pixel,audio]

Each clip is cut, marked once, attacked, and read blind by the same engine that a release uses. No card, no
threshold and no attack is tuned here. Scores are ``z``; a blind claim in pixels needs 11.4.
"""

from __future__ import annotations

import argparse
import itertools
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import cast

import av
import numpy as np
import torch
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream
from numpy.typing import NDArray

from watermarking.engine import detect_file, embed_file
from watermarking.keys import mark_key

KEY, OTHER = mark_key(bytes(32)), mark_key(bytes(32), "2")
MARK_ID = 0x0123_4567_89AB_CDEF
Planes = NDArray[np.uint8]
Samples = NDArray[np.float32]


@dataclass(frozen=True)
class PixelAttack:
    """A name, what happens to each frame's planes ``[3, h, w]``, and how it is encoded after."""

    name: str
    work: Callable[[Planes], Planes] = lambda planes: planes
    scale: float = 1.0
    codec: str = "libx264"
    crf: int = 28


def crop(share: float) -> Callable[[Planes], Planes]:
    def work(planes: Planes) -> Planes:
        height, width = (int(side * share**0.5) // 2 * 2 for side in planes.shape[1:])
        top, left = (planes.shape[1] - height) // 3, (planes.shape[2] - width) // 4
        return planes[:, top : top + height, left : left + width]

    return work


def turn(degrees: float) -> Callable[[Planes], Planes]:
    def work(planes: Planes) -> Planes:
        height, width = planes.shape[1:]
        angle = np.radians(degrees)
        cos, sin = np.cos(angle), np.sin(angle)
        theta = torch.tensor([[[cos, -sin * height / width, 0], [sin * width / height, cos, 0]]]).float()
        size = [1, 3, height, width]
        grid = torch.nn.functional.affine_grid(theta, size, align_corners=False)
        source = torch.from_numpy(np.ascontiguousarray(planes)).float()[None]
        made = torch.nn.functional.grid_sample(
            source, grid, mode="bicubic", padding_mode="reflection", align_corners=False
        )
        return made[0].round().clamp(0, 255).byte().numpy()

    return work


def grey(planes: Planes) -> Planes:
    made = planes.copy()
    made[1:] = 128
    return made


def noisy(level: float) -> Callable[[Planes], Planes]:
    draw = np.random.default_rng(1)

    def work(planes: Planes) -> Planes:
        made = planes + draw.normal(0, level, planes.shape)
        return made.round().clip(0, 255).astype(np.uint8)

    return work


def brighter(planes: Planes) -> Planes:
    made = planes.astype(float)
    made[0] = 255 * (made[0] / 255) ** 0.8 * 1.05
    return made.round().clip(0, 255).astype(np.uint8)


PIXEL_ATTACKS = (
    PixelAttack("H.264 CRF 23", crf=23),
    PixelAttack("H.264 CRF 28"),
    PixelAttack("H.264 CRF 34", crf=34),
    PixelAttack("H.264 CRF 40", crf=40),
    PixelAttack("half size, CRF 28", scale=0.5),
    PixelAttack("1.3 x, CRF 28", scale=1.3),
    PixelAttack("crop to 80 % of the area, CRF 28", crop(0.8)),
    PixelAttack("crop to 50 %, CRF 28", crop(0.5)),
    PixelAttack("crop to 25 %, CRF 28", crop(0.25)),
    PixelAttack("crop to 80 %, half size, CRF 28", crop(0.8), scale=0.5),
    PixelAttack("mirrored, CRF 28", lambda planes: planes[:, :, ::-1]),
    PixelAttack("turned by 2 degrees, CRF 28", turn(2)),
    PixelAttack("turned by 5 degrees, CRF 28", turn(5)),
    PixelAttack("grey-scale, CRF 28", grey),
    PixelAttack("grey-scale, crop to 80 %, CRF 28", lambda planes: crop(0.8)(grey(planes))),
    PixelAttack("gamma 0.8 and brighter, CRF 28", brighter),
    PixelAttack("noise of 8 levels, CRF 28", noisy(8)),
    PixelAttack("H.265 CRF 28", codec="libx265"),
    PixelAttack("VP9 CRF 40", codec="libvpx-vp9", crf=40),
)


@dataclass(frozen=True)
class SoundAttack:
    """A name, what happens to ``[channels, n]`` at a rate, and the codec after (None: 16 bit PCM)."""

    name: str
    work: Callable[[Samples, int], Samples] = lambda samples, rate: samples
    codec: str | None = None
    bits: int = 0
    speed: float = 1.0


def sound_noise(decibels: float) -> Callable[[Samples, int], Samples]:
    def work(samples: Samples, rate: int) -> Samples:
        level = np.sqrt(np.square(samples).mean()) * 10 ** (-decibels / 20)
        return samples + np.random.default_rng(2).normal(0, level, samples.shape).astype(np.float32)

    return work


def five_seconds(samples: Samples, rate: int) -> Samples:
    start = min(int(3.21 * rate), max(0, samples.shape[1] - 5 * rate))
    return samples[:, start : start + 5 * rate]


def telephone(samples: Samples, rate: int) -> Samples:
    spectrum = np.fft.rfft(samples)
    hertz = np.fft.rfftfreq(samples.shape[1], 1 / rate)
    spectrum[:, (hertz < 300) | (hertz > 3400)] = 0
    return np.fft.irfft(spectrum, samples.shape[1]).astype(np.float32)


SOUND_ATTACKS = (
    SoundAttack("16 bit"),
    SoundAttack("AAC 128 kbit/s", codec="aac", bits=128_000),
    SoundAttack("AAC 64 kbit/s", codec="aac", bits=64_000),
    SoundAttack("MP3 64 kbit/s", codec="libmp3lame", bits=64_000),
    SoundAttack("Opus 48 kbit/s", codec="libopus", bits=48_000),
    SoundAttack("Opus 24 kbit/s", codec="libopus", bits=24_000),
    SoundAttack("noise at 20 dB", sound_noise(20)),
    SoundAttack("5 s out of the middle", five_seconds),
    SoundAttack(
        "5 s, noise at 20 dB", lambda samples, rate: sound_noise(20)(five_seconds(samples, rate), rate)
    ),
    SoundAttack("300 to 3,400 Hz", telephone),
    SoundAttack("speed 1.05", speed=1.05),
    SoundAttack("speed 0.96", speed=0.96),
    SoundAttack("volume - 12 dB, AAC 64", lambda samples, rate: samples * np.float32(0.25), "aac", 64_000),
)


def frames_of(path: Path, first: int, count: int | None) -> Iterator[Planes]:
    with av.open(str(path)) as container:
        container.streams.video[0].thread_type = "AUTO"
        stop = None if count is None else first + count
        for frame in itertools.islice(container.decode(video=0), first, stop):
            yield frame.to_ndarray(format="yuv444p").astype(np.uint8, copy=False)


def write_frames(path: Path, frames: Iterator[Planes], *, codec: str, crf: int, scale: float = 1.0) -> None:
    with av.open(str(path), "w") as container:
        stream: VideoStream | None = None
        for number, planes in enumerate(frames):
            height, width = (round(side * scale / 2) * 2 for side in planes.shape[1:])
            if stream is None:
                quiet = {"x265-params": "log-level=error"} if codec == "libx265" else {}
                options = quiet | {"crf": str(crf), "b": "0"} | ({"cpu-used": "5"} if "vpx" in codec else {})
                stream = cast("VideoStream", container.add_stream(codec, rate=24, options=options))
                stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
            whole = VideoFrame.from_ndarray(np.ascontiguousarray(planes), format="yuv444p")
            frame = whole.reformat(width=width, height=height, format="yuv420p", interpolation="BICUBIC")
            frame.pts, frame.time_base = number, Fraction(1, 24)
            container.mux(stream.encode(frame))
        if stream is not None:
            container.mux(stream.encode(None))


def read_samples(path: Path, first: float, seconds: float) -> tuple[Samples, int]:
    with av.open(str(path)) as container:
        stream = container.streams.audio[0]
        convert = AudioResampler(format="fltp", layout=stream.layout.name, rate=stream.rate)
        pieces = [
            piece.to_ndarray() for frame in container.decode(stream) for piece in convert.resample(frame)
        ]
    whole = np.concatenate(pieces, 1).astype(np.float32)
    return whole[:, int(first * stream.rate) : int((first + seconds) * stream.rate)], stream.rate


def write_samples(path: Path, samples: Samples, rate: int, codec: str | None, bits: int) -> None:
    with av.open(str(path), "w") as container:
        target = 48_000 if codec == "libopus" else rate
        layout = {1: "mono", 2: "stereo", 6: "5.1"}[len(samples)]
        stream = cast("AudioStream", container.add_stream(codec or "pcm_s16le", rate=target, layout=layout))
        if bits:
            stream.bit_rate = bits
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(samples), format="fltp", layout=layout)
        frame.rate, frame.pts = rate, 0
        for piece in frame, None:
            container.mux(stream.encode(piece))


def pixel_rows(clip: Path, first: int, frames: int, folder: Path) -> Iterator[tuple[str, str]]:
    plain, marked, changed = (folder / name for name in ("plain.mkv", "marked.mp4", "changed.mkv"))
    write_frames(plain, frames_of(clip, first, frames), codec="libx264", crf=10)
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime
    report = embed_file(plain, marked, mark_id=MARK_ID, key=KEY)
    spent = resource.getrusage(resource.RUSAGE_SELF).ru_utime - spent
    yield "luma PSNR of the mark, dB", f"{report.layers['pixel'].level_db:.1f}"
    yield "embedding, CPU ms a frame (decode, mark, x264)", f"{1000 * spent / max(1, report.frames):.0f}"
    yield "none", reading(marked, "pixel")
    for attack in PIXEL_ATTACKS:
        if attack.codec not in av.codecs_available:
            continue
        made = (attack.work(planes) for planes in frames_of(marked, 0, None))
        write_frames(changed, made, codec=attack.codec, crf=attack.crf, scale=attack.scale)
        yield attack.name, reading(changed, "pixel")
    yield "unmarked", reading(plain, "pixel")
    yield "another key", reading(marked, "pixel", OTHER)


def sound_rows(clip: Path, first: float, seconds: float, folder: Path) -> Iterator[tuple[str, str]]:
    plain, marked = folder / "plain.wav", folder / "marked.wav"
    samples, rate = read_samples(clip, first, seconds)
    write_samples(plain, samples, rate, None, 0)
    report = embed_file(plain, marked, mark_id=MARK_ID, key=KEY)
    layer = report.layers["audio"]
    yield "SNR of the mark, dB", "-" if layer.level_db is None else f"{layer.level_db:.1f}"
    carried, _ = read_samples(marked, 0, 1e4)
    for attack in SOUND_ATTACKS:
        suffix = {"aac": ".m4a", "libopus": ".opus", "libmp3lame": ".mp3"}.get(attack.codec or "", ".wav")
        changed = folder / f"changed{suffix}"
        faster = round(rate * attack.speed)
        write_samples(changed, attack.work(carried, rate), faster, attack.codec, attack.bits)
        yield attack.name, reading(changed, "audio")
    yield "unmarked", reading(plain, "audio")
    yield "another key", reading(marked, "audio", OTHER)


def reading(path: Path, layer: str, key: bytes = KEY) -> str:
    """``B`` blind, ``R`` among 1,000 ids, ``?`` uncertain, ``-`` nothing, ``WRONG`` another id; then z."""
    found = detect_file(path, key=key, layers=[layer]).layers[layer]
    if found is None:
        return "no layer"
    if found.status == "present":
        right = found.payload == f"{MARK_ID:016x}" and key == KEY
        return f"{'B' if right else 'WRONG'} {found.score:.1f}"
    listed = [MARK_ID, *np.random.default_rng(3).integers(1 << 62, size=999).tolist()]
    known = detect_file(path, key=key, layers=[layer], candidates=listed).layers[layer]
    if known is not None and known.payload is not None:
        right = known.payload == f"{MARK_ID:016x}" and key == KEY
        return f"{'R' if right else 'WRONG'} {known.score:.1f}"
    return f"{'?' if found.status == 'uncertain' else '-'} {found.score:.1f}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clips", nargs="+", type=Path)
    parser.add_argument("--first", nargs="+", type=float, default=[0.0], help="starts of the cuts, seconds")
    parser.add_argument("--seconds", type=float, default=5.0)
    parser.add_argument("--layers", default="pixel,audio")
    given = parser.parse_args()
    torch.set_num_threads(1)
    columns: dict[str, dict[str, str]] = {}
    began = time.monotonic()
    for clip, first in itertools.product(given.clips, given.first):
        with tempfile.TemporaryDirectory() as name:
            rows = columns.setdefault(f"{clip.stem[:18]} @{first:g}", {})
            if "pixel" in given.layers:
                rows.update(pixel_rows(clip, round(first * 24), round(given.seconds * 24), Path(name)))
            if "audio" in given.layers:
                rows.update(sound_rows(clip, first, given.seconds, Path(name)))
            print(f"{clip.name} @{first:g}: {time.monotonic() - began:.0f} s", file=sys.stderr)
    names = list(dict.fromkeys(name for rows in columns.values() for name in rows))
    print("| |", " | ".join(columns), "|")
    print("| --- |", " | ".join("---" for _ in columns), "|")
    for name in names:
        print(f"| {name} |", " | ".join(rows.get(name, "") for rows in columns.values()), "|")
    return 0


if __name__ == "__main__":
    sys.exit(main())
