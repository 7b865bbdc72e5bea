"""The film of the demonstration: 1,323 frames at 24 fps, looped to 2,847, with its sound looped along."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

Samples = NDArray[np.float32]

CLIP = Path(__file__).parent / "media" / "big_buck_bunny_trailer_720p.mp4"
CLIP_FRAMES = 1323
FRAMES = 2847
FPS = 24
WIDTH, HEIGHT = 1280, 720
SAMPLE_RATE_HZ = 44_100
CHANNELS = 2


def frames_of(clip: Path, first: int, last: int) -> Iterator[tuple[int, av.VideoFrame]]:
    """Frames ``first`` to ``last`` (counted from 1) of the looped clip, decoded from the nearest key frame."""
    number = first
    while number <= last:
        start = (number - 1) % CLIP_FRAMES
        with av.open(str(clip)) as container:
            stream = container.streams.video[0]
            stream.thread_type = "AUTO"
            ticks = int(1 / (FPS * (stream.time_base or 1)))
            container.seek(start * ticks, stream=stream, backward=True)
            for frame in container.decode(stream):
                if (frame.pts or 0) < start * ticks:
                    continue
                yield number, frame
                number += 1
                if number > last:
                    return


def looped_sound(clip: Path, *, seconds: float) -> Samples:
    """The clip's sound, padded to the length of its picture and looped.

    Returns:
        ``[channels, samples]``, float32 in [-1, 1], at 44.1 kHz.
    """
    with av.open(str(clip)) as container:
        resampler = av.AudioResampler(format="fltp", layout="stereo", rate=SAMPLE_RATE_HZ)
        pieces = [
            piece.to_ndarray() for frame in container.decode(audio=0) for piece in resampler.resample(frame)
        ]
    once = np.concatenate(pieces, axis=1)
    period = round(CLIP_FRAMES / FPS * SAMPLE_RATE_HZ)
    padded = np.zeros((CHANNELS, period), dtype=np.float32)
    padded[:, : min(period, once.shape[1])] = once[:, :period]
    wanted = round(seconds * SAMPLE_RATE_HZ)
    return np.tile(padded, (1, -(-wanted // period)))[:, :wanted]


def chunks(samples: Samples, size: int = 1024) -> Iterator[tuple[int, Samples]]:
    """Blocks of ``size`` samples with the index of their first sample."""
    for index in count():
        block = samples[:, index * size : (index + 1) * size]
        if block.shape[1] == 0:
            return
        yield index * size, block
