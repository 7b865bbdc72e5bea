"""A medium in parts: marked part by part, made readable for a check, joined. Behind the engine's door.

Pictures of a film are marked in stretches; its sound, which costs a hundredth of that, is marked while they are
joined. What has no pictures that move is one part and is marked whole.
"""

from __future__ import annotations

import shutil
import wave
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np

from watermarking.embedding import MarkJob, PictureWork, Tally, join_stretches
from watermarking.media.codecs import Encoding, plan_pictures
from watermarking.media.containers import opened, video_stream
from watermarking.media.films import Stretch, survey_pictures
from watermarking.media.frames import Canvas, Moment, Plane
from watermarking.media.pieces import joined_packets
from watermarking.media.segments import write_stretch
from watermarking.media.sound import read_sound, windows
from watermarking.media.writing import FilmWriter, written
from watermarking.plans import StretchSpan
from watermarking.reports import EmbedReport
from watermarking.signal.threads import use_threads

OnFrames = Callable[[int], None]
_WINDOW_SECONDS, _LEAST_WINDOW_SECONDS = 32, 8

__all__ = ["Tally", "join_parts", "mark_part", "playable_part", "sound_windows"]


def mark_part(
    source: Path, part: Path, span: StretchSpan, job: MarkJob, encoding: Encoding, on_frames: OnFrames
) -> Tally:
    """Mark the pictures of one stretch into the file ``part``.

    Raises:
        MediaError: ``source`` cannot be read, or ``part`` cannot be written.
    """
    use_threads(1)
    marks = _TickingWork(job, label=str(span.begins), on_frames=on_frames)
    write_stretch(source, part, Stretch(span.start, span.end), marks, encoding, source)
    return marks.tally


class _TickingWork(PictureWork):
    """Tells how many pictures are marked."""

    def __init__(self, job: MarkJob, *, label: str, on_frames: OnFrames) -> None:
        super().__init__(job, label=label)
        self._done, self._on_frames = 0, on_frames

    def many(
        self, frames: Sequence[tuple[Plane, ...]], canvas: Canvas, moments: Sequence[Moment]
    ) -> list[tuple[Plane, ...]]:
        marked = super().many(frames, canvas, moments)
        self._done += len(marked)
        self._on_frames(self._done)
        return marked


def playable_part(source: Path, part: Path, target: Path, encoding: Encoding) -> None:
    """Write the packets of one stretch into a film of its own, so that a detector reads what will be released.

    Raises:
        MediaError: the part is broken.
    """
    look = survey_pictures(source)
    with opened(source) as reader, written(target, target, {}) as container:
        stream = video_stream(reader)
        assert stream is not None
        assert look is not None
        plan = plan_pictures(look.traits, encoding, container.supported_codecs)
        writer = FilmWriter(container, target)
        writer.mux(joined_packets([part], writer.add_pictures(stream, plan, look)))


def join_parts(
    source: Path, parts: Sequence[Path], target: Path, job: MarkJob, encoding: Encoding, tally: Tally
) -> EmbedReport:
    """Join marked stretches with the marked sound and all else that ``source`` holds.

    Raises:
        MediaError: a part is broken, or ``target`` cannot be written.
    """
    return join_stretches(list(parts), source, target, job, encoding, tally)


def sound_windows(path: Path, folder: Path) -> Iterator[tuple[float, float, Path]]:
    """Cut the first track of sound into WAV files of half a minute: begin, end (seconds) and file.

    Raises:
        MediaError: it cannot be read.
    """
    rate = 48_000
    begins = 0.0
    pieces = read_sound(path, rate_hz=rate)
    for number, window in enumerate(
        windows(pieces, length=_WINDOW_SECONDS * rate, least=_LEAST_WINDOW_SECONDS * rate)
    ):
        file = folder / f"window{number % 2}.wav"
        with wave.open(str(file), "wb") as out:
            out.setnchannels(window.shape[0])
            out.setsampwidth(2)
            out.setframerate(rate)
            out.writeframes((window.T.clip(-1.0, 1.0) * 32767.0).round().astype(np.int16).tobytes())
        ends = begins + window.shape[1] / rate
        yield begins, ends, file
        begins = ends


def take_whole(part: Path, target: Path) -> None:
    """Let the one part of a medium be the whole."""
    shutil.copyfile(part, target)
