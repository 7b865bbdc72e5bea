"""Reading the sound of a file: window by window as it comes, then windows together, then a search.

1. Each window of 16 s is read where the mark should be; what claims is the answer.
2. If none claims, windows that follow one another are read together, from a whole lap down to a
   minute: a mark too faint for one window adds up, and one in the middle is not drowned by the rest.
3. If that claims nothing, the two loudest windows are searched over tempo and pitch.

Once an id is named, every window of the lap is scored for it, so that the answer tells where it is;
a stretch that only says so as a whole is told as a whole. Memory does not grow beyond one lap.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np

from watermarking.media.sound import Samples, windows
from watermarking.signal.alignment import WINDOW_SECONDS, Fit, Heard, SoundReader
from watermarking.signal.evidence import LayerReading, Status, tail_p_value

_LEAST_SECONDS = 3
_SEARCHED = 2
# windows read together, besides all of a lap
_GROUPS = (16, 4)


@dataclass(frozen=True)
class HeardSegment:
    """What one window holds of the id that was named, in seconds of the file."""

    start: float
    end: float
    status: Status
    p_value: float


@dataclass(frozen=True)
class SoundFinding:
    """The best reading, the stretch it was made of, and the windows around it."""

    reading: LayerReading
    start: float
    end: float
    segments: tuple[HeardSegment, ...]


@dataclass
class _Lap:
    """The windows of the lap at hand."""

    start: float
    heard: list[Heard | None] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)

    def begin_of(self, number: int) -> float:
        return self.ends[number - 1] if number else self.start


@dataclass(frozen=True)
class _Claim:
    reading: LayerReading
    fit: Fit | None
    first: int
    last: int


class SoundListener:
    """Reads one file's sound."""

    def __init__(self, reader: SoundReader, *, search: bool) -> None:
        self._reader, self._search = reader, search
        self._best: tuple[LayerReading, float, float] = (reader.nothing(), 0.0, 0.0)
        self._loudest: list[tuple[float, float, Samples]] = []

    def listen(self, pieces: Iterable[Samples]) -> SoundFinding:
        """Read a stream of ``[channels, n]`` pieces at the analysis rate."""
        rate = self._reader.card.analysis.rate_hz
        lap = _Lap(0.0)
        claim: _Claim | None = None
        for window in windows(pieces, length=WINDOW_SECONDS * rate, least=_LEAST_SECONDS * rate):
            claim = self._take(lap, window, claim)
            if len(lap.heard) < self._reader.windows_of_a_lap:
                continue
            claim = claim or self._together(lap)
            if claim is not None:
                return self._found(lap, claim)
            lap = _Lap(lap.ends[-1])
        claim = claim or self._together(lap)
        if claim is not None:
            return self._found(lap, claim)
        for _, start, window in self._loudest if self._search else ():
            reading = self._reader.read_searched(window)
            self._note(reading, start, start + window.shape[1] / rate)
            if reading.status == "present":
                break
        reading, start, end = self._best
        segment = HeardSegment(start, end, reading.status, reading.p_value)
        return SoundFinding(reading, start, end, (segment,))

    def _take(self, lap: _Lap, window: Samples, claim: _Claim | None) -> _Claim | None:
        """Hear one window more; read it unless there is a claim."""
        number = len(lap.heard)
        start = lap.ends[-1] if lap.ends else lap.start
        end = start + window.shape[1] / self._reader.card.analysis.rate_hz
        lap.ends.append(end)
        if claim is not None and claim.fit is not None:
            heard = self._reader.hear(window, [claim.fit.trust])
            lap.heard.append(heard and heard.halved())
            return claim
        heard = self._reader.hear(window)
        lap.heard.append(heard and heard.halved())
        if heard is None:
            return None
        self._keep_loud(start, window)
        return self._read(lap, number, number + 1)

    def _keep_loud(self, start: float, window: Samples) -> None:
        self._loudest.append((float(np.square(window).mean()), start, window))
        self._loudest = sorted(self._loudest, key=lambda one: -one[0])[:_SEARCHED]

    def _together(self, lap: _Lap) -> _Claim | None:
        """Read groups of windows, the largest first."""
        count = len(lap.heard)
        if count < 2:
            return None
        for first, last in _groups(count):
            claim = self._read(lap, first, last)
            if claim is not None:
                return claim
        return None

    def _read(self, lap: _Lap, first: int, last: int) -> _Claim | None:
        reading = self._reader.read_plain(lap.heard[first:last])
        self._note(reading, lap.begin_of(first), lap.ends[last - 1])
        if reading.status != "present":
            return None
        return _Claim(reading, self._reader.fit, first, last)

    def _note(self, reading: LayerReading, start: float, end: float) -> None:
        if reading.status == "present" or reading.p_value < self._best[0].p_value or not self._best[2]:
            self._best = (reading, start, end)

    def _found(self, lap: _Lap, claim: _Claim) -> SoundFinding:
        start, end = lap.begin_of(claim.first), lap.ends[claim.last - 1]
        segments = tuple(self._segments(lap, claim))
        if not any(one.status == "present" for one in segments):
            whole = HeardSegment(start, end, claim.reading.status, claim.reading.p_value)
            segments = (whole, *segments)
        return SoundFinding(claim.reading, start, end, segments)

    def _segments(self, lap: _Lap, claim: _Claim) -> Iterator[HeardSegment]:
        fit, payload = claim.fit, claim.reading.payload
        assert fit is not None
        assert payload is not None
        bounds = self._reader.card.thresholds
        for number, heard in enumerate(lap.heard):
            score = self._reader.agreement([heard], fit, payload, number - claim.first)
            p_value = tail_p_value(score, trials=float(len(lap.heard)))
            if claim.first <= number < claim.last:
                # the id was chosen by these very windows: alone they say no more than they did together
                p_value = max(p_value, claim.reading.p_value)
            status: Status = "absent"
            if p_value <= bounds.claim_p:
                status = "present"
            elif p_value <= bounds.hint_p:
                status = "uncertain"
            yield HeardSegment(lap.begin_of(number), lap.ends[number], status, p_value)


def _groups(count: int) -> Iterator[tuple[int, int]]:
    """Runs of windows to read together: all, then shorter ones that overlap by half."""
    yield 0, count
    for size in _GROUPS:
        if size < count:
            for first in range(0, count - size // 2, size // 2):
                yield first, min(count, first + size)
