"""What is told of a derivative: measures of both sides, the steps between, and what was found in it (TP-034 to TP-038).

Members that are not named here are kept as they were told.
"""

from collections.abc import Mapping
from typing import Annotated, Any

import msgspec
from msgspec import Meta

Length = Annotated[int, Meta(ge=1)]
Count = Annotated[int, Meta(ge=0)]
Seconds = Annotated[float, Meta(ge=0)]
Word = Annotated[str, Meta(min_length=1, max_length=200)]
Rate = Annotated[str, Meta(pattern=r"^[1-9][0-9]*(/[1-9][0-9]*|\.[0-9]+)?$")]


class Side(msgspec.Struct):
    """An original or a derivative: pixels, codec, frames a second (``24000/1001``)."""

    width: Length | None = None
    height: Length | None = None
    codec: Word | None = None
    frame_rate: Rate | float | None = None


class ReadText(msgspec.Struct):
    """Text that was read in a picture, and where in the film (seconds)."""

    text: str
    at: Seconds = 0.0


class SeenFace(msgspec.Struct):
    """A face that was found: left, top, width and height in pixels, and how sure the detector was (0 to 1)."""

    box: tuple[Count, Count, Length, Length]
    at: Seconds = 0.0
    score: Annotated[float, Meta(ge=0, le=1)] | None = None


class Technical(msgspec.Struct):
    """Everything that is told of one derivative."""

    original: Side
    derivative: Side
    normalisation: list[dict[str, Any]]
    shots: list[Seconds] = []
    frames_sampled: Count | None = None
    ocr: list[ReadText] = []
    faces: list[SeenFace] = []


def fault_of(told: Mapping[str, Any]) -> str:
    """What is wrong with it, in words; empty where nothing is."""
    try:
        read = msgspec.convert(dict(told), Technical)
    except msgspec.ValidationError as error:
        return str(error)
    if read.shots != sorted(set(read.shots)):
        return "`shots` are seconds at which one begins, each later than the one before."
    return ""
