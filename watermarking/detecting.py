"""Detecting a mark in a file: a few frames of the film, a few windows of the sound.

Each layer is read on its own and reported on its own. The answer over both names a payload only
where a layer does and the other does not contradict it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from watermarking.cards import PixelCard, load_pixel_card, load_sound_card
from watermarking.errors import MediaError
from watermarking.features import FeatureStore, PixelFeatures
from watermarking.media.containers import Medium, probe
from watermarking.media.frames import Kept, SampledFrame, SizeOf, sample_frames
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
from watermarking.signal.batching import film_residuals
from watermarking.signal.evidence import LayerReading
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual, Stretch, cells_of, normalised_residual
from watermarking.signal.roster import Ids
from watermarking.signal.threads import LOOKING_THREADS, use_threads
from watermarking.verdict import combined, thresholds_of, transformation_of

FRAMES, MORE_FRAMES = 32, 120
# of the first look: as many as it has where a film's length divides badly
_KEPT_FRAMES = 2 * FRAMES


@dataclass(frozen=True)
class Search:
    """What to look for: key, registered ids, layers, cards, whether to search, and where features are kept."""

    key: bytes
    candidates: Ids | None
    layers: tuple[LayerName, ...]
    pixel_card: str
    audio_card: str
    geometry: bool = True
    features: FeatureStore | None = None


class _Looked:
    """Residuals of frames that were looked at: the same ones are met again where more of a film are."""

    def __init__(self) -> None:
        self._known: dict[float, tuple[NDArray[np.uint8], torch.Tensor, torch.Tensor]] = {}

    def residual_of(self, frame: SampledFrame) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the frame's residual and its cells, as ``FilmResidual.add_residuals`` takes them."""
        known = self._known.get(frame.seconds)
        # by its time, and by its pictures: a film may say what it likes of its times
        if known is not None and np.array_equal(known[0], frame.planes):
            return known[1:]
        planes = torch.from_numpy(frame.planes).to(torch.float32)[None]
        made = normalised_residual(planes), cells_of(planes)
        if known is None and len(self._known) < _KEPT_FRAMES:
            self._known[frame.seconds] = (frame.planes, *made)
        return made


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
    # neither layer needs the other's: the sound is heard while the pictures are looked at
    with ThreadPoolExecutor(1, initializer=use_threads, initargs=(1,)) as beside:
        listens = "audio" in search.layers and medium.has_audio
        heard = beside.submit(_sound, path, search) if listens else None
        looks = "pixel" in search.layers and medium.has_video
        seen = _pixels(path, medium, search) if looks else None
        return _report({"pixel": seen, "audio": heard.result() if heard is not None else None})


def prepare_features(
    paths: Sequence[Path], *, pixel_card: str, store: FeatureStore, device: str = "cpu"
) -> None:
    """Compute the pixel features of several media together and keep them; those that cannot be read are left out.

    Frames of equal size go through in one batch, whichever medium they are of. A detection of each then finds its
    features, and fails as it would have where there are none.
    """
    use_threads(1)
    card = load_pixel_card(pixel_card)
    size_of = SizeOf(card.geometry.side)
    found: list[tuple[str, Medium, list[SampledFrame]]] = []
    for path in paths:
        with suppress(MediaError, OSError):
            name = store.name_of(path, card, FRAMES)
            if store.load(name) is None and (medium := probe(path)).has_video:
                found.append((name, medium, _of_one_size(_frames(path, medium, size_of, FRAMES))))
    films = film_residuals([[frame.planes for frame in frames] for _, _, frames in found], device=device)
    for (name, medium, frames), film in zip(found, films, strict=True):
        store.save(name, _features(film, frames[:1], medium))


def _pixels(path: Path, medium: Medium, search: Search) -> _Found:
    """Read some frames where the tile should be; if nothing is claimed, more of them, everywhere."""
    card = load_pixel_card(search.pixel_card)
    reader = PictureReader(card, search.key, search.candidates)
    best, looked, kept = reader.nothing(), _Looked(), Kept()
    for count in (FRAMES, MORE_FRAMES):
        features = _pixel_features(path, medium, card, search.features, count, (looked, kept))
        if not len(features.means):
            break
        size = FrameSize(features.width, features.height)
        everywhere = search.geometry and (count == MORE_FRAMES or medium.kind == "still")
        reading = reader.read(_stretches(features), size, search=everywhere)
        if reading.p_value <= best.p_value:
            best = reading
        if best.status == "present" or medium.kind == "still":
            break
    return _Found(best, 0.0, medium.seconds, search.pixel_card)


def _stretches(features: PixelFeatures) -> list[Stretch]:
    return [
        Stretch(torch.from_numpy(mean), int(frames), int(shot))
        for mean, frames, shot in zip(features.means, features.frames, features.shots, strict=True)
    ]


def _pixel_features(
    path: Path,
    medium: Medium,
    card: PixelCard,
    store: FeatureStore | None,
    count: int,
    before: tuple[_Looked, Kept],
) -> PixelFeatures:
    looked, walked = before
    name = store.name_of(path, card, count) if store is not None and path.is_file() else ""
    kept = store.load(name) if store is not None and name else None
    if kept is not None:
        return kept
    film = FilmResidual()
    first: list[SampledFrame] = []
    with ThreadPoolExecutor(LOOKING_THREADS, initializer=use_threads, initargs=(1,)) as lookers:
        waiting: deque[Future[tuple[torch.Tensor, torch.Tensor]]] = deque()
        for frame in _ahead(_frames(path, medium, SizeOf(card.geometry.side), count, walked)):
            first = first or [frame]
            if (frame.width, frame.height) == (first[0].width, first[0].height):
                waiting.append(lookers.submit(looked.residual_of, frame))
            if len(waiting) > LOOKING_THREADS:
                film.add_residuals(*waiting.popleft().result())
        for one in waiting:
            film.add_residuals(*one.result())
    features = _features(film, first, medium)
    if store is not None and name:
        store.save(name, features)
    return features


def _features(film: FilmResidual, first: Sequence[SampledFrame], medium: Medium) -> PixelFeatures:
    if not film.frames:
        none = np.zeros(0, np.int64)
        return PixelFeatures((), none, none, 0, 0, medium.seconds)
    stretches = film.stretches()
    return PixelFeatures(
        [one.mean.numpy() for one in stretches],
        np.array([one.frames for one in stretches]),
        np.array([one.shot for one in stretches]),
        first[0].width,
        first[0].height,
        medium.seconds,
    )


def _of_one_size(frames: Iterator[SampledFrame]) -> list[SampledFrame]:
    """The frames that are of the first one's size."""
    kept: list[SampledFrame] = []
    for frame in frames:
        if not kept or (frame.width, frame.height) == (kept[0].width, kept[0].height):
            kept.append(frame)
    return kept


def _frames(
    path: Path, medium: Medium, size_of: SizeOf, count: int, kept: Kept | None = None
) -> Iterator[SampledFrame]:
    if medium.sequence is not None:
        files = medium.sequence.files
        step = -(-len(files) // count)
        return (read_still(picture, size_of) for _, picture in files[step // 2 :: step])
    if medium.kind == "still":
        return iter([read_still(path, size_of)])
    offset = 0.5 if count == FRAMES else 0.25
    return sample_frames(path, count=count, size_of=size_of, offset=offset, kept=kept)


def _ahead(frames: Iterator[SampledFrame]) -> Iterator[SampledFrame]:
    """The same frames in the same order; the next one is decoded while this one is worked on."""
    with ThreadPoolExecutor(1) as decoder:
        waiting = decoder.submit(next, frames, None)
        while (frame := waiting.result()) is not None:
            waiting = decoder.submit(next, frames, None)
            yield frame


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
