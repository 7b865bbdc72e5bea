"""What a detector is, what it can be used on, and which are installed here."""

from typing import Any, Protocol

FRAMES_LEAST = 8
SIDE_LEAST = 64


class Detector(Protocol):
    """One architecture: ``spatial`` looks at frames, ``temporal`` at how they follow each other."""

    name: str
    version: str
    kind: str

    def scores(self, frames: Any, seconds: list[float]) -> list[float]:
        """Return a score from 0 to 1 for each window of ``frames`` ``[n, 3, h, w]`` uint8."""
        ...


def installed() -> tuple[Detector, ...]:
    """The detectors of this installation: none. Without one no score exists, and reports say so."""
    return ()


def out_of_contract(*, kind: str, width: int | None, height: int | None, frames: int) -> str:
    """Why no detector can be used on a medium, in words; empty where one can."""
    if kind != "film":
        return "detectors look at films alone"
    if min(width or 0, height or 0) < SIDE_LEAST:
        return f"a side under {SIDE_LEAST} pixels"
    if frames < FRAMES_LEAST:
        return f"fewer than {FRAMES_LEAST} frames could be sampled"
    return ""
