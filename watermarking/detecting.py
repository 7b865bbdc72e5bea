"""Detecting a mark in a file: a few frames of the film, a few windows of the sound.

Each layer is read on its own and reported on its own. The answer over both names a payload only
where a layer does and the other does not contradict it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.media.containers import Medium, probe
from watermarking.media.frames import SizeOf, sample_frames
from watermarking.media.sound import Samples, read_sound, windows
from watermarking.media.stills import read_still
from watermarking.reports import (
    DetectedSegment,
    DetectReport,
    LayerDetection,
    LayerName,
    VariantReading,
    payload_hex,
)
from watermarking.signal.alignment import SoundReader
from watermarking.signal.evidence import LayerReading
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import ResidualMean
from watermarking.signal.roster import Ids
from watermarking.signal.threads import use_threads
from watermarking.verdict import combined, thresholds_of, transformation_of

FRAMES = 32
_BATCH = 8
_WINDOW_SECONDS = 32
_LEAST_WINDOW_SECONDS = 5


@dataclass(frozen=True)
class Search:
    """What to look for: key, ids that are registered, layers, cards, and whether to search."""

    key: bytes
    candidates: Ids | None
    layers: tuple[LayerName, ...]
    pixel_card: str
    audio_card: str
    geometry: bool = True


@dataclass(frozen=True)
class _Found:
    reading: LayerReading
    start: float
    end: float
    card: str


def detect_medium(path: Path, search: Search) -> DetectReport:
    """Read the layers of ``path``.

    Raises:
        MediaError: it is no medium, or broke while it was read.
    """
    use_threads(1)
    medium = probe(path)
    found: dict[LayerName, _Found | None] = {"pixel": None, "audio": None}
    if "pixel" in search.layers and medium.has_video:
        found["pixel"] = _pixels(path, medium, search)
    if "audio" in search.layers and medium.has_audio:
        found["audio"] = _sound(path, search)
    return _report(found)


def _pixels(path: Path, medium: Medium, search: Search) -> _Found:
    card = load_pixel_card(search.pixel_card)
    size_of = SizeOf(card.geometry.side)
    still = medium.kind == "still"
    frames = (
        iter([read_still(path, size_of)]) if still else sample_frames(path, count=FRAMES, size_of=size_of)
    )
    mean = ResidualMean()
    size: FrameSize | None = None
    end = medium.seconds
    for frame in frames:
        here = FrameSize(frame.width, frame.height)
        if size is None:
            size = here
        if here == size:
            mean.add_frame(frame.planes)
    reader = PictureReader(card, search.key, search.candidates)
    if size is None:
        return _Found(reader.nothing(), 0.0, end, search.pixel_card)
    reading = reader.read(mean.value(), size, search=search.geometry)
    return _Found(reading, 0.0, end, search.pixel_card)


def _sound(path: Path, search: Search) -> _Found:
    """Read windows as they come, plainly; if none claims, search the loudest one."""
    card = load_sound_card(search.audio_card)
    reader = SoundReader(card, search.key, search.candidates)
    rate = card.analysis.rate_hz
    pieces = read_sound(path, rate_hz=rate, damaged=True)
    loudest: tuple[float, float, Samples] | None = None
    best: _Found | None = None
    start = 0.0
    for window in windows(pieces, length=_WINDOW_SECONDS * rate, least=_LEAST_WINDOW_SECONDS * rate):
        end = start + window.shape[1] / rate
        reading = reader.read(window, search=False)
        if best is None or reading.p_value < best.reading.p_value:
            best = _Found(reading, start, end, search.audio_card)
        if reading.status == "present":
            return best
        power = float(np.square(window).mean())
        if loudest is None or power > loudest[0]:
            loudest = (power, start, window)
        start = end
        if reader.is_spent:
            break
    if loudest is not None and search.geometry:
        reading = reader.read(loudest[2])
        if best is None or reading.p_value < best.reading.p_value or reading.status == "present":
            start = loudest[1]
            return _Found(reading, start, start + loudest[2].shape[1] / rate, search.audio_card)
    return best or _Found(reader.nothing(), 0.0, 0.0, search.audio_card)


def _report(found: dict[LayerName, _Found | None]) -> DetectReport:
    layers = {name: _layer(name, one) for name, one in found.items()}
    return combined(layers, [_segment(name, one) for name, one in found.items() if one is not None])


def _layer(name: LayerName, found: _Found | None) -> LayerDetection | None:
    if found is None:
        return None
    one = found.reading
    return LayerDetection(
        status=one.status,
        payload=None if one.payload is None else payload_hex(one.payload),
        p_value=one.p_value,
        confidence=one.confidence,
        method=one.method,
        score=round(one.score, 3),
        geometry=one.geometry,
        card=found.card,
        transformation=transformation_of(one.geometry),
        thresholds=thresholds_of(
            (load_pixel_card if name == "pixel" else load_sound_card)(found.card).thresholds
        ),
    )


def _segment(name: LayerName, found: _Found) -> DetectedSegment:
    one = found.reading
    return DetectedSegment(
        layer=name,
        start=round(found.start, 3),
        end=round(found.end, 3),
        status=one.status,
        payload=None if one.payload is None else payload_hex(one.payload),
        p_value=one.p_value,
        variants=(VariantReading("original", one.status, one.p_value),),
    )
