"""Sound as float arrays: a stream of blocks with margins, and windows at an analysis rate."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from numpy.typing import NDArray

from watermarking.errors import MediaError, MediaReason
from watermarking.media.containers import audio_streams, only, opened, readable_frames

Samples = NDArray[np.float32]
BlockWork = Callable[[Samples, int], Samples]
_HOLE_SECONDS, _HOLE_SECONDS_MAX = 0.1, 3600


def read_sound(
    path: Path, *, rate_hz: int | None = None, damaged: bool = False, track: int = 0
) -> Iterator[Samples]:
    """Yield ``[channels, n]`` float32 pieces of a sound stream, resampled if asked.

    Holes in its time are filled with silence, so that what comes after stays in step.

    Args:
        damaged: pass over what cannot be decoded instead of stopping there.
        track: which of the sound streams.
    """
    with opened(path) as container:
        streams = audio_streams(container)
        if track >= len(streams):
            return
        stream = streams[track]
        only(container, [stream])
        rate = rate_hz or stream.rate
        frames = readable_frames(container, stream) if damaged else container.decode(stream)
        convert = _converter(stream, rate)
        for hole, frame in _with_holes(cast("Iterator[AudioFrame]", frames), stream.rate):
            if hole:
                yield from (_samples(piece) for piece in convert.resample(None))
                yield from _silence(stream.channels, round(hole * rate / stream.rate), rate)
                convert = _converter(stream, rate)
            yield from (_samples(piece) for piece in convert.resample(frame))
        yield from (_samples(piece) for piece in convert.resample(None))


def _converter(stream: AudioStream, rate_hz: int) -> AudioResampler:
    # interleaved: PyAV 18 reads past the end of the planes of eight and more channels
    return AudioResampler(format="flt", layout=stream.layout.name, rate=rate_hz)


def _samples(piece: AudioFrame) -> Samples:
    values: NDArray[Any] = piece.to_ndarray()
    return values.reshape(-1, len(piece.layout.channels)).T.astype(np.float32)


def sound_frame(block: Samples, rate_hz: int, layout: str) -> AudioFrame:
    """Return a frame of ``[channels, n]`` samples for an encoder."""
    flat = np.ascontiguousarray(block.T).reshape(1, -1)
    frame = AudioFrame.from_ndarray(flat, format="flt", layout=layout)
    frame.rate, frame.time_base = rate_hz, Fraction(1, rate_hz)
    return frame


def _with_holes(frames: Iterator[AudioFrame], rate_hz: int) -> Iterator[tuple[int, AudioFrame]]:
    """Yield frames with the samples missing before each; the samples are numbered through."""
    first: float | None = None
    count, each = 0, Fraction(1, rate_hz)
    for frame in frames:
        time = frame.time
        first = (time or 0.0) if first is None else first
        hole = 0 if time is None else round((time - first) * rate_hz) - count
        hole = hole if hole > _HOLE_SECONDS * rate_hz else 0
        if hole > _HOLE_SECONDS_MAX * rate_hz:
            raise MediaError(MediaReason.MEDIA_UNREADABLE, "a hole of more than an hour in its sound")
        frame.pts, frame.time_base = count + hole, each
        count += hole + frame.samples
        yield hole, frame


def _silence(channels: int, samples: int, most: int) -> Iterator[Samples]:
    while samples > 0:
        yield np.zeros((channels, min(samples, most)), np.float32)
        samples -= most


def in_blocks(
    pieces: Iterable[Samples], *, rate_hz: int, block: int, margin: int, work: BlockWork
) -> Iterator[Samples]:
    """Put ``work`` over a stream in blocks of ``block`` seconds with ``margin`` seconds around.

    ``work(samples, first_second)`` gets a block with its margins and returns as many samples; the
    margins of what it returns are dropped. What comes out is as long as what went in.
    """
    edge, body = margin * rate_hz, block * rate_hz
    whole = body + 2 * edge
    held: list[Samples] = []
    count, left, second = edge, 0, 0
    for piece in regrouped(pieces, rate_hz):
        held = held or [np.zeros((piece.shape[0], edge), np.float32)]
        held.append(piece)
        count, left = count + piece.shape[1], left + piece.shape[1]
        if count >= whole:
            joined = np.concatenate(held, 1)
            yield work(joined[:, :whole], second - margin)[:, edge : edge + body]
            held, count = [joined[:, body:]], count - body
            left, second = left - body, second + block
    rest = np.concatenate(held, 1) if held else None
    while rest is not None and left > 0:
        full = np.pad(rest, ((0, 0), (0, max(0, whole - rest.shape[1]))))[:, :whole]
        yield work(full, second - margin)[:, edge : edge + min(body, left)]
        rest, left, second = rest[:, body:], left - body, second + block


def windows(pieces: Iterable[Samples], *, length: int, least: int) -> Iterator[Samples]:
    """Cut a stream into ``[channels, length]`` windows; a rest shorter than ``least`` is dropped.

    A sound shorter than ``least`` altogether is still yielded, whole.
    """
    for count, window in enumerate(regrouped(pieces, length)):
        if window.shape[1] >= least or not count:
            yield window


def regrouped(pieces: Iterable[Samples], length: int) -> Iterator[Samples]:
    """Yield the same stream in pieces of ``length`` samples, the last one shorter."""
    held: list[Samples] = []
    count = 0
    for piece in pieces:
        held.append(piece)
        count += piece.shape[1]
        if count < length:
            continue
        joined = np.concatenate(held, 1)
        whole = count - count % length
        for start in range(0, whole, length):
            yield joined[:, start : start + length]
        held, count = [joined[:, whole:]], count - whole
    if count:
        yield np.concatenate(held, 1)


def over_any_range(work: BlockWork) -> BlockWork:
    """Let ``work``, made for numbers in [-1, 1], take what float files hold.

    Louder blocks go through at a power of two of their level; what is no number comes back as it was.
    """

    def wider(samples: Samples, first_second: int) -> Samples:
        peak = _peak(samples)
        whole = math.isfinite(peak)  # what is no number makes the peak none
        finite = np.isfinite(samples) if not whole else None
        plain: Samples = samples if finite is None else np.where(finite, samples, 0.0).astype(np.float32)
        peak = peak if whole else _peak(plain)
        scale = np.float32(2.0 ** math.ceil(math.log2(peak))) if peak > 1.0 else np.float32(1.0)
        made = work(plain if scale == 1.0 else plain / scale, first_second)
        louder: Samples = made if scale == 1.0 else made * scale
        return louder if finite is None else np.where(finite, louder, samples).astype(np.float32)

    return wider


def _peak(samples: Samples) -> float:
    return max(float(samples.max(initial=0.0)), -float(samples.min(initial=0.0)))
