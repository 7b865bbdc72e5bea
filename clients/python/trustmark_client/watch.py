"""Watching a folder in which a renderer leaves one file per frame."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import field
from pathlib import Path

from trustcore.older import dataclass
from trustmark_client.asks import FrameReceipt
from trustmark_client.clock import now, rfc3339
from trustmark_client.hashing import Hashes, hashed
from trustmark_client.names import give_up

SETTLE_SECONDS = 0.2
_LAST_NUMBER = re.compile(r"(\d+)(?=\.[^.]+$)")
_HIDDEN = (".", "~")
_DRAFTS = (".tmp", ".part", ".partial")


def frame_number(name: str) -> int | None:
    """The last number before the suffix: ``sh010_beauty.1001.exr`` is frame 1001."""
    if name.startswith(_HIDDEN) or name.endswith(_DRAFTS):
        return None
    found = _LAST_NUMBER.search(name)
    return int(found[1]) if found else None


def _has_settled(written_ns: int) -> bool:
    return time.time() - written_ns / 1e9 > SETTLE_SECONDS


@dataclass(slots=True)
class FrameWatch:
    """The frames ``first`` to ``last`` of one lease as they appear in ``folder``.

    In a folder that is the command's ``alone`` every frame gets its receipt, also one outside the lease, which
    the server will record as unauthorised; a folder shared with other workers shows their frames too.

    A frame counts as written when its file has not changed for a moment and can be decoded; when the renderer
    has ended there is nothing to wait for, and a file that cannot be decoded then is reported as ``FAILED``.
    """

    folder: Path
    lease: str
    first: int
    last: int
    take: int = 1
    alone: bool = False
    started_at: float = field(default_factory=now)
    seen: set[int] = field(default_factory=set)
    stuck: dict[Path, str] = field(default_factory=dict)
    """Files that were given up and keep a frame's name all the same, and why."""
    _hashed: dict[int, tuple[Path, int]] = field(default_factory=dict)
    _before: dict[Path, int] = field(default_factory=dict)
    _at: str = ""

    def __post_init__(self) -> None:
        # what lay here before the renderer started is not its work
        self._before = {path: self._written_ns(path) for _, path in self._unseen()}
        self._at = os.path.realpath(self.folder)

    @property
    def wanted(self) -> range:
        """The frames of the lease."""
        return range(self.first, self.last + 1)

    @property
    def missing(self) -> list[int]:
        """Frames of the lease that have not appeared."""
        return [frame for frame in self.wanted if frame not in self.seen]

    def poll(self, *, ended: bool = False) -> Iterator[FrameReceipt]:
        """Receipts of the frames that were finished since the last look, in frame order."""
        ready = [
            (frame, path, written_ns)
            for frame, path in self._unseen()
            if (written_ns := self._written_ns(path)) and (ended or _has_settled(written_ns))
        ]
        for (frame, path, written_ns), hashes in zip(ready, hashed(path for _, path, _ in ready)):
            if frame in self.seen or (hashes.unreadable and not ended):
                continue
            self.seen.add(frame)
            self._hashed[frame] = path, written_ns
            yield self._receipt(frame, hashes)

    def give_up(self, frame: int, outcome: str) -> None:
        """Take its name from every file of ``frame`` that was written since the command started.

        A renderer may write several for one frame, and none of a frame that was given up may look finished. One that
        cannot lose its name is put down as ``stuck``, and the others lose theirs. A folder that became a link to
        elsewhere holds somebody else's frames: they keep their names.
        """
        for number, path in self._files():
            if number == frame and self._written_ns(path):
                try:
                    self._give_up(path, outcome)
                except OSError as error:
                    self.stuck[path] = error.strerror or str(error)
                else:
                    self.stuck.pop(path, None)

    def remains(self) -> Iterator[tuple[int, FrameReceipt | None]]:
        """Each frame without a receipt, now that nobody writes any more, and its receipt; none if it cannot be read."""
        for frame, path in self._unseen():
            if frame not in self.seen and self._written_ns(path):
                self.seen.add(frame)
                yield frame, self._receipt_if_readable(frame, path)

    def rewritten(self) -> list[int]:
        """Frames whose file was written again after its receipt was made: what lies there is not what was receipted."""
        found = []
        for frame, (path, written_ns) in self._hashed.items():
            if self._written_ns(path) not in (0, written_ns):
                found.append(frame)
        return found

    def _unseen(self) -> list[tuple[int, Path]]:
        """Files of frames that have no receipt yet, by frame."""
        return [(number, path) for number, path in self._files() if number not in self.seen]

    def _files(self) -> list[tuple[int, Path]]:
        """Files of frames that are ours to report, by frame."""
        if not self.folder.is_dir():
            return []
        found = []
        with os.scandir(self.folder) as entries:
            for entry in entries:
                number = frame_number(entry.name)
                if number is not None and (self.alone or number in self.wanted):
                    found.append((number, Path(entry.path)))
        return sorted(found)

    def _written_ns(self, path: Path) -> int:
        """When a file was last written; 0 if that was before the command started, or the file is gone."""
        with suppress(FileNotFoundError):
            written_ns = path.stat().st_mtime_ns
            return 0 if self._before.get(path) == written_ns else written_ns
        return 0

    def _give_up(self, path: Path, outcome: str) -> None:
        if os.path.realpath(self.folder) != self._at:
            raise OSError(f"{self.folder} leads elsewhere than when the command started")
        give_up(path, outcome)

    def _receipt_if_readable(self, frame: int, path: Path) -> FrameReceipt | None:
        try:
            (hashes,) = hashed([path])
            return self._receipt(frame, hashes)
        except Exception:  # noqa: BLE001 - whatever it is: the frame after it has its name to lose
            return None

    def _receipt(self, frame: int, hashes: Hashes) -> FrameReceipt:
        # the file's own time moved onto our clock; frames start when the one before was finished
        finished_at = max(self.started_at, min(now(), now() - (time.time() - hashes.path.stat().st_mtime)))
        receipt = FrameReceipt(
            lease=self.lease,
            frame=frame,
            file_sha256=hashes.file,
            pixel_sha256=hashes.pixels,
            outcome="FAILED" if hashes.unreadable else "RENDERED",
            take=self.take,
            started_at=rfc3339(self.started_at),
            finished_at=rfc3339(finished_at),
        )
        self.started_at = finished_at
        return receipt
