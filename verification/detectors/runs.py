"""Runs of pictures in a row, with the face in them, from a few places of a film.

Long films are visited by seeking; short ones are decoded through. A run is cut out of all its pictures by the box of
the middle one, so that what changes from picture to picture is the face and not the box. Films of a higher rate than
the nets know are thinned to it: whatever a film's size and rate, a net sees faces of one size at about one rate.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from verification.detectors.contract import FACE_LEAST, RUN_FRAMES, step_of
from verification.detectors.faces import largest_face
from verification.detectors.features import cut_out
from watermarking.media.containers import only, opened, readable_frames, video_stream
from watermarking.media.orientation import Orientation, display_matrix

_SEEK_AFTER_SECONDS = 20.0


@dataclass(frozen=True)
class FaceRun:
    """``crops``: ``[RUN_FRAMES, CROP, CROP, 3]``; times in seconds."""

    start: float
    end: float
    crops: NDArray[np.uint8]


@dataclass(frozen=True)
class Seen:
    """What was looked at: ``small`` counts faces under the least size."""

    windows: int
    small: int
    runs: tuple[FaceRun, ...]


def face_runs(path: Path, *, windows: int) -> Seen:
    """Look at up to ``windows`` places of a film, and keep those with a face that is large enough."""
    looked, small, kept = 0, 0, []
    for frames in _runs(path, windows):
        looked += 1
        shown = _picture(frames[RUN_FRAMES // 2])
        box = largest_face(shown)
        if box is None:
            continue
        if box.side < FACE_LEAST:
            small += 1
            continue
        crops = np.stack([cut_out(_picture(frame), box) for frame in frames])
        kept.append(FaceRun(float(frames[0].time or 0.0), float(frames[-1].time or 0.0), crops))
    return Seen(looked, small, tuple(kept))


def _runs(path: Path, windows: int) -> Iterator[list[VideoFrame]]:
    with opened(path) as container:
        stream = video_stream(container)
        if stream is None:
            return
        only(container, [stream])
        seconds = float(container.duration or 0) / 1_000_000
        rate = float(stream.average_rate or 24)
        step = step_of(rate)
        if seconds < _SEEK_AFTER_SECONDS:
            stream.thread_type = "AUTO"
            thinned = islice(_frames(container, stream), 0, None, step)
            yield from _through(thinned, seconds * rate / step, windows)
            return
        stream.thread_type = "SLICE"
        visited: set[int | None] = set()
        for place in range(windows):
            container.seek(round((place + 0.5) / windows * seconds * 1_000_000))
            run = _next(islice(_frames(container, stream), 0, None, step))
            if len(run) == RUN_FRAMES and run[0].pts not in visited:
                visited.add(run[0].pts)
                yield run


def _through(frames: Iterator[VideoFrame], total: float, windows: int) -> Iterator[list[VideoFrame]]:
    step = max(RUN_FRAMES, int(total / windows))
    begins, run = (step - RUN_FRAMES) // 2, list[VideoFrame]()
    for number, frame in enumerate(frames):
        place = number % step - begins
        if 0 <= place < RUN_FRAMES:
            run.append(frame)
            if len(run) == RUN_FRAMES:
                yield run
                run = []


def _next(frames: Iterator[VideoFrame]) -> list[VideoFrame]:
    run = []
    for frame in frames:
        run.append(frame)
        if len(run) == RUN_FRAMES:
            break
    return run


def _frames(container: Any, stream: Any) -> Iterator[VideoFrame]:
    return (frame for frame in readable_frames(container, stream) if isinstance(frame, VideoFrame))


def _picture(frame: VideoFrame) -> NDArray[np.uint8]:
    """``[h, w, 3]``, upright."""
    turn = Orientation.of_matrix(display_matrix(frame))
    stored = np.asarray(frame.to_ndarray(format="rgb24"), np.uint8)
    if turn.is_upright:
        return stored
    return np.ascontiguousarray(np.stack([turn.upright(stored[..., c]) for c in range(3)], -1))
