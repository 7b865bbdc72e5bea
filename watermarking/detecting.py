"""Detecting a mark in a file: a few frames of the film, a few windows of the sound.

Each layer is read on its own and reported on its own. The answer over both names a payload only
where a layer does and the other does not contradict it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.media.containers import Medium, probe
from watermarking.media.frames import SizeOf, sample_frames
from watermarking.media.sound import read_sound
from watermarking.media.stills import read_still
from watermarking.recordings import HeardSegment, SoundListener
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
    stretches: tuple[HeardSegment, ...] = ()


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
    card = load_sound_card(search.audio_card)
    reader = SoundReader(card, search.key, search.candidates)
    pieces = read_sound(path, rate_hz=card.analysis.rate_hz, damaged=True)
    heard = SoundListener(reader, search=search.geometry).listen(pieces)
    return _Found(heard.reading, heard.start, heard.end, search.audio_card, heard.segments)


def _report(found: dict[LayerName, _Found | None]) -> DetectReport:
    layers = {name: _layer(name, one) for name, one in found.items()}
    return combined(
        layers,
        [segment for name, one in found.items() if one is not None for segment in _segments(name, one)],
    )


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


def _segments(name: LayerName, found: _Found) -> Iterator[DetectedSegment]:
    one = found.reading
    whole = HeardSegment(found.start, found.end, one.status, one.p_value)
    for part in found.stretches or (whole,):
        named = part.status == "present" and one.payload is not None
        yield DetectedSegment(
            layer=name,
            start=round(part.start, 3),
            end=round(part.end, 3),
            status=part.status,
            payload=payload_hex(one.payload) if named and one.payload is not None else None,
            p_value=part.p_value,
            variants=(VariantReading("original", part.status, part.p_value),),
        )
