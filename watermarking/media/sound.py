"""Sound as float arrays: a stream of blocks with margins, and windows at an analysis rate."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from numpy.typing import NDArray

from watermarking.media.containers import audio_stream, opened, readable_frames

Samples = NDArray[np.float32]
BlockWork = Callable[[Samples, int], Samples]


def read_sound(path: Path, *, rate_hz: int | None = None, damaged: bool = False) -> Iterator[Samples]:
    """Yield ``[channels, n]`` float32 pieces of the first sound stream, resampled if asked.

    Args:
        damaged: pass over what cannot be decoded instead of stopping there.
    """
    with opened(path) as container:
        stream = audio_stream(container)
        if stream is None:
            return
        convert = AudioResampler(format="fltp", layout=stream.layout.name, rate=rate_hz or stream.rate)
        frames = readable_frames(container, stream) if damaged else container.decode(stream)
        for frame in frames:
            for piece in convert.resample(cast("AudioFrame", frame)):
                yield piece.to_ndarray().astype(np.float32, copy=False)
        for piece in convert.resample(None):
            yield piece.to_ndarray().astype(np.float32, copy=False)


def in_blocks(
    pieces: Iterable[Samples], *, rate_hz: int, block: int, margin: int, work: BlockWork
) -> Iterator[Samples]:
    """Put ``work`` over a stream in blocks of ``block`` seconds with ``margin`` seconds around.

    ``work(samples, first_second)`` gets a block with its margins and returns as many samples; the
    margins of what it returns are dropped. What comes out is as long as what went in.
    """
    edge, body = margin * rate_hz, block * rate_hz
    whole = body + 2 * edge
    held: Samples | None = None
    left, second = 0, 0
    for piece in regrouped(pieces, rate_hz):
        held = np.zeros((piece.shape[0], edge), np.float32) if held is None else held
        held = np.concatenate([held, piece], 1)
        left += piece.shape[1]
        if held.shape[1] >= whole:
            yield work(held[:, :whole], second - margin)[:, edge : edge + body]
            held, left, second = held[:, body:], left - body, second + block
    while held is not None and left > 0:
        full = np.pad(held, ((0, 0), (0, max(0, whole - held.shape[1]))))[:, :whole]
        yield work(full, second - margin)[:, edge : edge + min(body, left)]
        held, left, second = held[:, body:], left - body, second + block


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
