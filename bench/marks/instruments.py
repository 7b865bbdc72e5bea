"""Reading one medium under many keys: what does not depend on the key is worked out once.

A medium is folded to features (the mean residual of its frames, the samples of its window); each key then reads them
as the engine would. ``fixed_score`` is the score of one id drawn beforehand where the mark would lie if nothing had
happened to the medium: on anything unmarked it should be a standard normal number, so its p-value is uniform.
This is the only file of the bench that looks behind the engine's door.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import torch
from torch import Tensor

from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD, load_pixel_card, load_sound_card
from watermarking.detecting import FRAMES
from watermarking.media.frames import SizeOf, sample_frames
from watermarking.media.sound import Samples, read_sound, windows
from watermarking.signal.alignment import SoundReader
from watermarking.signal.code import payload_bits
from watermarking.signal.evidence import LayerReading
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import ResidualMean
from watermarking.signal.words import WordReader


class Instrument(Protocol):
    """A medium, folded."""

    def read(self, key: bytes, *, search: bool) -> LayerReading:
        """Read as the engine does."""
        ...

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        """Return the score of ``mark_id`` at the one place where nothing was changed."""
        ...


@dataclass(frozen=True)
class PixelInstrument:
    mean: Tensor
    size: FrameSize

    def read(self, key: bytes, *, search: bool) -> LayerReading:
        return PictureReader(load_pixel_card(DEFAULT_PIXEL_CARD), key).read(
            self.mean, self.size, search=search
        )

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        reader = PictureReader(load_pixel_card(DEFAULT_PIXEL_CARD), key)
        return _score(reader.words, reader.chips_at_rest(self.mean, self.size), mark_id)


@dataclass(frozen=True)
class SoundInstrument:
    window: Samples

    def read(self, key: bytes, *, search: bool) -> LayerReading:
        return SoundReader(load_sound_card(DEFAULT_AUDIO_CARD), key).read(self.window, search=search)

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        reader = SoundReader(load_sound_card(DEFAULT_AUDIO_CARD), key)
        scores = reader._map.scores(torch.from_numpy(self.window), pitches=1)[0]
        folded = reader._fold(scores, 1.0, torch.zeros(1))[0] * reader.layout.signs
        soft = torch.zeros(reader.words.code.length)
        soft.index_add_(0, reader.layout.chips, folded[reader.layout.data])
        return _score(reader.words, soft, mark_id)


def pixel_instrument(path: Path) -> PixelInstrument:
    """Fold a film."""
    mean = ResidualMean()
    size = FrameSize(2, 2)
    for frame in sample_frames(
        path, count=FRAMES, size_of=SizeOf(load_pixel_card(DEFAULT_PIXEL_CARD).geometry.side)
    ):
        mean.add_frame(frame.planes)
        size = FrameSize(frame.width, frame.height)
    return PixelInstrument(mean.value(), size)


def sound_instrument(path: Path, *, seconds: int = 12) -> SoundInstrument:
    """Fold the first window of a sound."""
    rate = load_sound_card(DEFAULT_AUDIO_CARD).analysis.rate_hz
    pieces = read_sound(path, rate_hz=rate)
    return SoundInstrument(next(iter(windows(pieces, length=seconds * rate, least=rate))))


def _score(words: WordReader, soft: Tensor, mark_id: int) -> float:
    chips = words.code.encode(payload_bits([mark_id]))[0]
    return float(chips @ soft) / max(float(soft @ soft), 1e-30) ** 0.5
