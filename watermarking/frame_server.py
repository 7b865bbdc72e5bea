"""The frame server of a render node: frames in, marked frames out, until it is told to stop.

    trustmark watermark serve-frames --payload HEX16 --watch DIR --out DIR
    trustmark watermark serve-frames --payload HEX16 < requests > answers

With ``--watch`` a frame is taken once its size and time have not changed for a moment and it can be read whole;
what is half-written waits. Without it, each line on standard input is a request, a JSON object with ``in``, ``out``
and, where the name has no number, ``frame``; each gets one line of JSON in answer, in order. A marked frame appears
whole under its name or not at all. SIGTERM lets the frame in hand be finished; then the server ends with code 0.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import IO, Any, Protocol

from watermarking.errors import MediaError, MediaReason

SUFFIXES = frozenset({".exr", ".png", ".tif", ".tiff", ".dpx", ".jpg", ".jpeg", ".webp", ".bmp"})
_PASSED_OVER = (".partial", ".part", ".tmp", ".lock")
_LINE_MAX = 64 * 1024


class Marker(Protocol):
    """What marks one picture file."""

    def mark(self, source: Path, target: Path, number: int) -> bool:
        """Write ``target``; say whether it is light enough to carry a mark."""


@dataclass
class Stop:
    """Whether the server was told to stop."""

    _asked: bool = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        """Take a signal."""
        self._asked = True

    def is_asked(self) -> bool:
        """Whether a signal came."""
        return self._asked


@contextmanager
def stopping() -> Iterator[Stop]:
    """Let SIGTERM and SIGINT ask for the end instead of making it."""
    stop = Stop()
    before = {one: signal.signal(one, stop) for one in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield stop
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)


@dataclass
class FrameServer:
    """Marks frames and says one line of JSON about each."""

    marker: Marker
    number_of: Callable[[Path], int]
    say: Callable[[dict[str, Any]], None]
    frames: int = 0
    failed: int = 0
    seconds: float = 0.0

    def mark(self, source: Path, target: Path, number: int | None = None) -> bool:
        """Mark one frame and tell; False if it could not be."""
        begun = time.monotonic()
        try:
            place = self.number_of(source) if number is None else number
            if source.resolve() == target.resolve():
                raise MediaError(MediaReason.MEDIA_NOT_WRITTEN, "in and out are the same file", target.name)
            is_lit = self.marker.mark(source, target, place)
        except MediaError as error:
            self.failed += 1
            self.say({"in": str(source), "error": error.code, "detail": error.detail})
            return False
        except (ValueError, RuntimeError) as error:  # RecursionError is one; the next frame may well be sound
            self.failed += 1
            self.say({"in": str(source), "error": "FRAME_FAILED", "detail": type(error).__name__})
            return False
        taken = time.monotonic() - begun
        self.frames, self.seconds = self.frames + 1, self.seconds + taken
        answer: dict[str, Any] = {"in": str(source), "out": str(target), "frame": place}
        answer |= {"status": "embedded"} if is_lit else {"status": "not_markable", "reason": "DARK"}
        self.say(answer | {"seconds": round(taken, 4)})
        return True

    def summary(self) -> dict[str, Any]:
        """What was done: frames, failures, and frames a second while at work."""
        rate = self.frames / self.seconds if self.seconds else 0.0
        return {"frames": self.frames, "failed": self.failed, "frames_a_second": round(rate, 2)}


@dataclass
class Watch:
    """Frames that appear in a folder.

    ``settle_seconds``: how long size and time must stay as they are; ``give_up_seconds``: after how long without
    a change a file that cannot be read is told of, once.
    """

    folder: Path
    out: Path
    settle_seconds: float = 0.5
    give_up_seconds: float = 10.0
    _seen: dict[str, tuple[tuple[int, int], float]] = field(default_factory=dict)
    _done: dict[str, tuple[int, int]] = field(default_factory=dict)

    def serve(self, server: FrameServer, stop: Stop, *, once: bool = False) -> None:
        """Mark what is there and what comes, until told to stop; with ``once``, until nothing is left to do."""
        while not stop.is_asked():
            ready, waiting = self._look()
            for path, state in ready:
                if stop.is_asked():
                    return
                self._mark(server, path, state)
            if once and not ready and not waiting:
                return
            if not ready:
                time.sleep(min(0.1, self.settle_seconds))

    def _mark(self, server: FrameServer, path: Path, state: tuple[int, int]) -> None:
        age = time.time() - state[1] / 1e9
        quiet: list[dict[str, Any]] = []
        say = server.say
        server.say = quiet.append
        try:
            is_marked = server.mark(path, self.out / path.name)
        finally:
            server.say = say
        if not is_marked and age < self.give_up_seconds:
            # perhaps it is still being written by somebody slow: look again later
            server.failed -= 1
            self._seen[path.name] = (state, time.monotonic())
            return
        if is_marked and _state(path) != state:
            # it was written while it was read: what was marked is not what is there now
            server.frames -= 1
            (self.out / path.name).unlink(missing_ok=True)
            self._done[path.name] = state
            return
        if is_marked:
            # the marked frame has the time of its source, so that the next server knows what is done
            os.utime(self.out / path.name, ns=(state[1], state[1]))
        self._done[path.name] = state
        self._seen.pop(path.name, None)
        for line in quiet:
            say(line)

    def _look(self) -> tuple[list[tuple[Path, tuple[int, int]]], bool]:
        """Frames that have settled, by name, and whether others have not yet."""
        ready, waiting, now = [], False, time.monotonic()
        present: set[str] = set()
        for path in sorted(self.folder.iterdir()):
            name = path.name
            if name.startswith(".") or path.suffix.lower() not in SUFFIXES or _is_passed_over(name):
                continue
            state = _state(path)
            if state is None or self._is_done(path, state):
                continue
            present.add(name)
            known = self._seen.get(name)
            if known is None or known[0] != state:
                self._seen[name] = (state, now)
                waiting = True
            elif now - known[1] >= self.settle_seconds:
                ready.append((path, state))
            else:
                waiting = True
        for name in set(self._seen) - present:
            del self._seen[name]
        return ready, waiting

    def _is_done(self, path: Path, state: tuple[int, int]) -> bool:
        """Whether this very file is marked already, by us or by a server before us."""
        if path.name in self._done:
            return self._done[path.name] == state
        made = _state(self.out / path.name)
        return made is not None and made[1] == state[1]


def serve_lines(server: FrameServer, stop: Stop, source: IO[bytes]) -> None:
    """Answer requests line by line until the input ends or the server is told to stop."""
    with selectors.DefaultSelector() as selector:
        selector.register(source, selectors.EVENT_READ)
        held = b""
        while not stop.is_asked():
            if not selector.select(timeout=0.2):
                continue
            data = source.read1(_LINE_MAX) if hasattr(source, "read1") else source.readline()
            held += data
            while b"\n" in held and not stop.is_asked():
                line, held = held.split(b"\n", 1)
                _answer(server, line)
            if not data or len(held) > _LINE_MAX:
                break
    if held.strip() and not stop.is_asked():
        _answer(server, held[:_LINE_MAX])


def say_line(answer: dict[str, Any]) -> None:
    """Print one line of JSON, at once."""
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


def _answer(server: FrameServer, line: bytes) -> None:
    if not line.strip():
        return
    try:
        asked = json.loads(line)
        source, target, number = Path(asked["in"]), Path(asked["out"]), asked.get("frame")
        if not (number is None or (isinstance(number, int) and number >= 0)):
            raise ValueError("frame is a number from 0")
    except (ValueError, KeyError, TypeError, RecursionError) as error:
        server.failed += 1
        server.say({"error": "REQUEST_MALFORMED", "detail": f"{type(error).__name__}: {error}"})
        return
    server.mark(source, target, number)


def _state(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_size, found.st_mtime_ns


def _is_passed_over(name: str) -> bool:
    return any(part in name.lower() for part in _PASSED_OVER)
