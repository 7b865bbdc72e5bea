"""A frame loop handed out by blocks, for engines that render a range and tell of its files when all are written.

A block is asked for, its files are reported, and the end of its leave can be looked at meanwhile. Unreal's executor
and the lines that Unity's editor speaks (:mod:`trustmark_client.lines`) stand on it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from types import TracebackType

from trustcore.older import Self
from trustmark_client.clock import now
from trustmark_client.errors import Denied
from trustmark_client.frames import FrameLoop
from trustmark_client.written import written_at

_NUMBER = re.compile(r"(\d+)\.\w+$")


class Blocks:
    """The frames of a :class:`FrameLoop`, ``block`` at a time.

    Args:
        frames: the loop, not yet entered; this has it for itself.
        last: its last frame.
        block: frames that one check asks for, as the loop was told.
    """

    def __init__(self, frames: FrameLoop, last: int, *, block: int) -> None:
        """Ask nothing yet."""
        self._frames, self._last, self._block = frames, last, block
        self._numbers: Iterator[int] = iter(())
        self.current = range(0)
        self._begun_at = 0.0

    def __enter__(self) -> Self:
        self._frames.__enter__()
        self._numbers = iter(self._frames)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._frames.__exit__(kind, error, trace)

    @property
    def ended(self) -> list[str]:
        """Reason codes once the leave for the block in hand is over: its rendering should be given up."""
        return self._frames.ended

    def begin(self) -> range:
        """Leave for the next block; empty when all frames are done.

        Raises:
            Denied: nothing may be rendered, or no longer.
        """
        first = next(self._numbers, None)
        if first is None:
            self.current = range(0)
        else:
            self.current = range(first, min(first + self._block - 1, self._last) + 1)
        self._begun_at = now()
        return self.current

    def wrote(self, paths: Iterable[Path], *, place: Path | None = None) -> None:
        """These files are what was written of the block in hand: each gets its receipt, and then its name.

        A file whose receipt says rendered keeps its name; any other has the outcome behind it, so that what was given
        up is not taken for a frame: ``frame.0007.png.discarded``.

        Args:
            place: the folder that they are moved to with their receipts; None: each stays where it is.

        Raises:
            Denied: the leave ended while they were rendered; each file was reported as discarded.
            ValueError: a frame has more than one file, or a file is of no frame of the block. What cannot be receipted
                gets a name that says so, ``frame.0007.png.unreceipted``.
        """
        paths = list(paths)
        try:
            files = by_frame(paths)
        except ValueError:
            _put_aside(paths)
            raise
        denied: Denied | None = None
        begun_at = self._begun_at
        for number in self.current:
            path = files.pop(number, None)
            if path is None:
                continue
            try:
                finished_at = written_at(path)
                named = path if place is None else place / path.name
                self._frames.wrote(number, path, begun_at=min(begun_at, finished_at), place=named)
                begun_at = finished_at  # an engine goes on with the next frame when one is written
                if denied is None and number != self.current[-1]:
                    next(self._numbers)
            except Denied as error:  # the others are reported all the same
                denied = denied or error
        _put_aside(files.values())
        if denied is not None:
            raise denied
        if files:
            raise ValueError(f"files of frames that nobody asked for: {', '.join(map(str, files.values()))}")

    def missing(self, paths: Iterable[Path]) -> list[int]:
        """Frames of the block in hand that have no file."""
        return sorted(set(self.current) - set(by_frame(paths)))


def by_frame(paths: Iterable[Path]) -> dict[int, Path]:
    """The file of each frame, by the number before its ending.

    Raises:
        ValueError: a name without a number, or two files of one frame.
    """
    found: dict[int, Path] = {}
    for path in paths:
        number = _NUMBER.search(path.name)
        if number is None:
            raise ValueError(f"{path.name} names no frame: put {{frame_number}} last in the file name format")
        if found.setdefault(int(number[1]), path) != path:
            raise ValueError(f"frame {int(number[1])} has two files: one render pass and one format, please")
    return found


def _put_aside(paths: Iterable[Path]) -> None:
    for path in paths:
        with suppress(OSError):
            path.replace(f"{path}.unreceipted")
