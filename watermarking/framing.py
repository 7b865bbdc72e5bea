"""Single frames of a film, marked as they are rendered. Behind the engine's door.

The number in a file's name is its place in time, so that frames of many nodes, in any order, or rendered again,
carry the one pattern of their film. It is drawn once per size and kept.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from pathlib import Path

from watermarking.embedding import MarkJob, PictureWork
from watermarking.errors import MediaError, MediaReason
from watermarking.media.frames import Canvas, Moment, Plane
from watermarking.media.staging import staged
from watermarking.media.stills import mark_still, open_still, write_still
from watermarking.signal.threads import use_threads

_NUMBER = re.compile(r"(\d+)(?=\.[^.]+$)")
_SIZES_KEPT = 4


def frame_number(path: Path) -> int:
    """Return the frame number that stands at the end of a file's name.

    Raises:
        MediaError: there is none.
    """
    found = _NUMBER.search(path.name)
    if found is None:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "no frame number at the end of its name", path.name)
    return int(found[1])


class FrameMarker:
    """Marks picture files one by one with one payload."""

    def __init__(self, job: MarkJob, *, frames_a_second: float, lossless: bool) -> None:
        use_threads(1)
        self._job, self._rate, self._lossless = job, frames_a_second, lossless
        self._works: OrderedDict[Canvas, PictureWork] = OrderedDict()
        self._lit = False

    def mark(self, source: Path, target: Path, number: int) -> bool:
        """Write ``target``: ``source`` with its mark. Returns whether it is light enough to carry one.

        Raises:
            MediaError: ``source`` cannot be read whole, or ``target`` cannot be written; ``target`` is untouched.
        """
        still = open_still(source)
        mark_still(still, Moment(number, number / self._rate), self._work)
        with staged(target) as partial:
            write_still(partial, still, lossless=self._lossless)
        return self._lit

    def _work(self, planes: tuple[Plane, ...], canvas: Canvas, moment: Moment) -> tuple[Plane, ...]:
        work = self._works.get(canvas)
        if work is None:
            work = self._works[canvas] = PictureWork(self._job)
            while len(self._works) > _SIZES_KEPT:
                self._works.popitem(last=False)
        self._works.move_to_end(canvas)
        lit_before = work.tally.lit_frames
        marked = work(planes, canvas, moment)
        self._lit = work.tally.lit_frames > lit_before
        return marked
