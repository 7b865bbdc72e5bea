"""Reading one medium under many keys: what does not depend on the key is worked out once.

``read`` goes through the engine's door; a film's features are kept in a folder, so that each further key costs its own
part alone. ``fixed_score`` is the score of one id drawn beforehand at one place that no reading chose (of pictures, where
the mark would lie if nothing had happened to them): on anything unmarked it should be a standard normal number, so its p-value is uniform.
This is the only file of the bench that looks behind the engine's door.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import soundfile

from bench.marks.ffmpeg import convert
from bench.marks.reading import Layer
from watermarking.cards import DEFAULT_AUDIO_CARD, DEFAULT_PIXEL_CARD, load_pixel_card, load_sound_card
from watermarking.engine import detect_file
from watermarking.features import FeatureStore
from watermarking.media.frames import SizeOf, sample_frames
from watermarking.media.sound import Samples
from watermarking.reports import LayerDetection
from watermarking.signal.alignment import SoundReader
from watermarking.signal.code import payload_bits
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual, Stretch

_FRAMES = 32
_STORE_BYTES = 1 << 30


class Instrument(Protocol):
    """A medium, folded."""

    def read(self, key: bytes, *, search: bool) -> LayerDetection:
        """Read as the engine does."""
        ...

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        """Return the score of ``mark_id`` where a copy of that id, untouched, would carry it."""
        ...


@dataclass(frozen=True)
class PixelInstrument:
    """A film: its file, the features that reading kept, and the stretches of its frames."""

    path: Path
    store: FeatureStore
    stretches: tuple[Stretch, ...]
    size: FrameSize

    def read(self, key: bytes, *, search: bool) -> LayerDetection:
        found = detect_file(self.path, key=key, layers=["pixel"], search=search, features=self.store)
        return _layer(found.layers, "pixel")

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        reader = PictureReader(load_pixel_card(DEFAULT_PIXEL_CARD), key)
        soft = reader.chips_at_rest(self.stretches, self.size)
        chips = reader.words.code.encode(payload_bits([mark_id]))[0]
        return float(chips @ soft) / max(float(soft @ soft), 1e-30) ** 0.5


@dataclass(frozen=True)
class SoundInstrument:
    """A sound: its file and its samples at the analysis rate."""

    path: Path
    samples: Samples

    def read(self, key: bytes, *, search: bool) -> LayerDetection:
        return _layer(detect_file(self.path, key=key, layers=["audio"], search=search).layers, "audio")

    def fixed_score(self, key: bytes, mark_id: int) -> float:
        return SoundReader(load_sound_card(DEFAULT_AUDIO_CARD), key).known_score(self.samples, mark_id)


def pixel_instrument(path: Path) -> PixelInstrument:
    """Fold a film."""
    residual = FilmResidual()
    size = FrameSize(2, 2)
    size_of = SizeOf(load_pixel_card(DEFAULT_PIXEL_CARD).geometry.side)
    for frame in sample_frames(path, count=_FRAMES, size_of=size_of):
        residual.add_frame(frame.planes)
        size = FrameSize(frame.width, frame.height)
    store = FeatureStore(path.parent / "features", _STORE_BYTES)
    return PixelInstrument(path, store, tuple(residual.stretches()), size)


def sound_instrument(path: Path) -> SoundInstrument:
    """Fold a sound."""
    rate = str(load_sound_card(DEFAULT_AUDIO_CARD).analysis.rate_hz)
    low = convert(path, path.with_name("analysis.wav"), ("-ar", rate, "-c:a", "pcm_f32le"))
    samples: Samples = soundfile.read(low, dtype="float32", always_2d=True)[0].T.copy()
    return SoundInstrument(path, samples)


def _layer(layers: dict[str, LayerDetection | None], name: Layer) -> LayerDetection:
    found = layers[name]
    if found is None:
        raise ValueError(f"there is no {name} layer")
    return found
