"""How a medium is cut into stretches that workers mark one by one. Plain values, kept as JSON with a job.

A stretch is a half-open span of presentation time, so that it means the same whoever decodes it, and pictures of
any rate fall into exactly one. Stills and sound files are one piece: ``kind`` is ``whole``.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from watermarking.reports import LayerEmbedding


class StretchSpan(msgspec.Struct, frozen=True):
    """Pictures from ``start`` to before ``end``, in ticks of the stream's time base; None: no limit.

    ``begins``, ``ends``: the same in seconds. ``frames``: how many are expected.
    """

    start: int | None
    end: int | None
    begins: float
    ends: float
    frames: int

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


class MediaPlan(msgspec.Struct, frozen=True):
    """What is in a medium, and its stretches in order of time: one of everything where ``kind`` is ``whole``."""

    kind: Literal["film", "whole"]
    seconds: float
    width: int
    height: int
    frames: int
    has_audio: bool
    stretches: tuple[StretchSpan, ...]


class StretchTally(msgspec.Struct, frozen=True):
    """What the marker did in one stretch: pictures, those light enough, squared change of luma; its layer; where."""

    frames: int
    lit_frames: int
    error: float
    layer: LayerEmbedding
    device: str


class StretchReport(msgspec.Struct, frozen=True):
    """What happened to one stretch, how often it was marked, and how strongly at last.

    A layer's ``verified`` is True only where a blind, plain detection of the marked part named the id. ``boost``
    is the strength of the last try, the card's own being 1.0. ``tally`` is None for a medium that is one part.
    """

    begins: float
    ends: float
    layers: dict[str, LayerEmbedding]
    p_values: dict[str, float]
    tries: int
    boost: float
    device: str
    tally: StretchTally | None = None

    @property
    def frames(self) -> int:
        """How many pictures were marked."""
        return self.tally.frames if self.tally else 0

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def span_from(plain: dict[str, Any]) -> StretchSpan:
    """Read a span as it was kept."""
    return msgspec.convert(plain, StretchSpan)


def stretch_report_from(plain: dict[str, Any]) -> StretchReport:
    """Read a stretch's report as it was kept."""
    return msgspec.convert(plain, StretchReport)
