"""What a sound is known by: Chromaprint's numbers, one of 32 bits an eighth of a second, made here in NumPy.

The sound is brought to 11,025 Hz and one channel, cut into frames, and the energy of each frame folded into the twelve
notes of an octave. Sixteen filters, trained by Chromaprint's author on recordings that were coded again, look at 2 s of
that picture each and answer two bits. The numbers are those of ``fpcalc -raw`` (algorithm 2), so that they can be asked
of other registers and make ISO 24138 audio codes; the library itself is LGPL and comes in no wheel.

Source: Y. Ke, D. Hoiem, R. Sukthankar, "Computer Vision for Music Identification", 2005; L. Lalinsky, Chromaprint 1.5
(MIT), whose trained constants these are.
"""

from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, Final, cast

import numpy as np
from av.audio.resampler import AudioResampler
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

RATE_HZ: Final = 11_025
FRAME: Final = 4_096
HOP: Final = FRAME // 3
SECONDS_EACH: Final = HOP / RATE_HZ
_LOWEST_HZ, _HIGHEST_HZ, _TUNING_HZ = 28, 3_520, 27.5
_SMOOTHED: Final = np.array([0.25, 0.75, 1.0, 0.75, 0.25])
_SILENT: Final = 0.01
_BLOCK: Final = 512
WIDEST: Final = 16

# shape, first note, notes, frames, and the three limits between its four answers
_FILTERS: Final = (
    (0, 4, 3, 15, 1.98215, 2.35817, 2.63523),
    (4, 4, 6, 15, -1.03809, -0.651211, -0.282167),
    (1, 0, 4, 16, -0.298702, 0.119262, 0.558497),
    (3, 8, 2, 12, -0.105439, 0.0153946, 0.135898),
    (3, 4, 4, 8, -0.142891, 0.0258736, 0.200632),
    (4, 0, 3, 5, -0.826319, -0.590612, -0.368214),
    (1, 2, 2, 9, -0.557409, -0.233035, 0.0534525),
    (2, 7, 3, 4, -0.0646826, 0.00620476, 0.0784847),
    (2, 6, 2, 16, -0.192387, -0.029699, 0.215855),
    (2, 1, 3, 2, -0.0397818, -0.00568076, 0.0292026),
    (5, 10, 1, 15, -0.53823, -0.369934, -0.190235),
    (3, 6, 2, 10, -0.124877, 0.0296483, 0.139239),
    (2, 1, 1, 14, -0.101475, 0.0225617, 0.231971),
    (3, 5, 6, 4, -0.0799915, -0.00729616, 0.063262),
    (1, 9, 2, 12, -0.272556, 0.019424, 0.302559),
    (3, 4, 2, 14, -0.164292, -0.0321188, 0.08463),
)
_GRAY: Final = np.array([0, 1, 3, 2], np.uint32)

Samples = NDArray[np.float32]
Chroma = NDArray[np.float64]


def chromaprint(pieces: Iterable[Samples]) -> NDArray[np.uint32]:
    """The numbers of a sound; none for one shorter than three seconds.

    Args:
        pieces: one channel at :data:`RATE_HZ`, in pieces of any length, float32 in [-1, 1].
    """
    notes = list(_notes(pieces))
    picture = np.concatenate(notes) if notes else np.zeros((0, 12))
    if len(picture) < WIDEST + len(_SMOOTHED) - 1:
        return np.zeros(0, np.uint32)
    smooth = np.tensordot(sliding_window_view(picture, len(_SMOOTHED), axis=0), _SMOOTHED, axes=(2, 0))
    length = np.linalg.norm(smooth, axis=1, keepdims=True)
    even = np.where(length < _SILENT, 0.0, smooth / np.maximum(length, _SILENT))
    summed = np.pad(even.cumsum(axis=0).cumsum(axis=1), ((1, 0), (1, 0)))
    numbers = np.zeros(len(even) - WIDEST + 1, np.uint32)
    for shape, first, notes_high, wide, *limits in _FILTERS:
        answers = np.searchsorted(
            limits, _seen(summed, int(shape), int(first), int(notes_high), int(wide)), "right"
        )
        numbers = (numbers << np.uint32(2)) | _GRAY[answers]
    return numbers


def sound_of(film: Any) -> Iterator[Samples]:
    """The first sound of an opened container, as :func:`chromaprint` takes it; nothing where there is none."""
    if not film.streams.audio:
        return
    convert = AudioResampler(format="flt", layout="mono", rate=RATE_HZ)
    for frame in chain(film.decode(film.streams.audio[0]), (None,)):
        for piece in convert.resample(frame):
            # one plane of float32, as asked for; read where it lies
            yield np.frombuffer(cast("memoryview[int]", piece.planes[0]), np.float32, piece.samples)


def _notes(pieces: Iterable[Samples]) -> Iterator[Chroma]:
    """The energy of each frame in the twelve notes, ``[frames, 12]``, in blocks."""
    window = np.hamming(FRAME)
    fold = _fold()
    most = (_BLOCK - 1) * HOP + FRAME
    waiting, count = list[Samples](), 0
    for piece in chain(pieces, (None,)):
        if piece is not None:
            waiting.append(piece)
            count += len(piece)
        least = most if piece is not None else FRAME
        if count < least:
            continue
        # joined once for a block: to join it to what is held for each piece would cost more than all the rest
        held = np.concatenate(waiting)
        while len(held) >= least:
            frames = sliding_window_view(held[:most], FRAME)[::HOP] * 32_767.0
            energy = np.abs(np.fft.rfft(frames * window, axis=1)) ** 2
            yield energy @ fold
            held = held[len(frames) * HOP :]
        waiting, count = [held], len(held)


def _fold() -> NDArray[np.float64]:
    """Which bin of the spectrum counts for which note, ``[FRAME // 2 + 1, 12]``."""
    fold = np.zeros((FRAME // 2 + 1, 12))
    low, high = (max(1, round(FRAME * one / RATE_HZ)) for one in (_LOWEST_HZ, _HIGHEST_HZ))
    bins = np.arange(low, min(high, FRAME // 2))
    octave = np.log2(bins * RATE_HZ / FRAME / _TUNING_HZ)
    fold[bins, (12 * (octave - np.floor(octave))).astype(int)] = 1.0
    return fold


def _seen(summed: Chroma, shape: int, first: int, high: int, wide: int) -> NDArray[np.float64]:
    """What one filter sees at each place: the logarithm of how much louder one part of its window is than the other."""
    count = len(summed) - WIDEST

    def area(x0: int, y0: int, x1: int, y1: int) -> NDArray[np.float64]:
        rows = slice(x0, x0 + count), slice(x1, x1 + count)
        low, top = first + y0, first + y1
        seen: NDArray[np.float64] = (
            summed[rows[1], top] - summed[rows[0], top] - summed[rows[1], low] + summed[rows[0], low]
        )
        return seen

    whole = area(0, 0, wide, high)
    half_wide, half_high, third_wide, third_high = wide // 2, high // 2, wide // 3, high // 3
    if shape == 0:
        one = whole
        return np.log1p(one)
    if shape == 1:
        one = area(0, half_high, wide, high)
        other = area(0, 0, wide, half_high)
    elif shape == 2:
        one = area(half_wide, 0, wide, high)
        other = area(0, 0, half_wide, high)
    elif shape == 3:
        one = area(0, half_high, half_wide, high) + area(half_wide, 0, wide, half_high)
        other = area(0, 0, half_wide, half_high) + area(half_wide, half_high, wide, high)
    elif shape == 4:
        one = area(0, third_high, wide, 2 * third_high)
        other = area(0, 0, wide, third_high) + area(0, 2 * third_high, wide, high)
    else:
        one = area(third_wide, 0, 2 * third_wide, high)
        other = area(0, 0, third_wide, high) + area(2 * third_wide, 0, wide, high)
    return np.log1p(np.maximum(one, 0.0)) - np.log1p(np.maximum(other, 0.0))
