"""How a medium is to be cut, from a look at it: no torch here, so that a web process can refuse what is no medium."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

from watermarking.media.containers import probe
from watermarking.media.films import Stretch, survey_pictures
from watermarking.media.segments import plan_segments
from watermarking.plans import MediaPlan, StretchSpan


def plan_medium(source: Path, stretch_seconds: float) -> MediaPlan:
    """Look at ``source`` and cut it into stretches of about ``stretch_seconds``.

    Raises:
        MediaError: it is no medium.
    """
    medium = probe(source)
    pictures = survey_pictures(source) if medium.kind == "stream" else None
    if pictures is None:
        span = StretchSpan(None, None, 0.0, round(medium.seconds, 3), 0 if medium.has_audio else 1)
        return MediaPlan("whole", medium.seconds, 0, 0, span.frames, medium.has_audio, (span,))
    cuts = plan_segments(source, stretch_seconds)
    spans = tuple(
        _span(cut, first=pictures.first_pts, base=pictures.time_base, rate=pictures.rate, end=medium.seconds)
        for cut in cuts
    )
    frames = sum(span.frames for span in spans)
    return MediaPlan("film", medium.seconds, pictures.width, pictures.height, frames, medium.has_audio, spans)


def _span(cut: Stretch, *, first: int, base: Fraction, rate: Fraction, end: float) -> StretchSpan:
    begins = 0.0 if cut.start is None else float((cut.start - first) * base)
    ends = end if cut.end is None else float((cut.end - first) * base)
    return StretchSpan(
        cut.start, cut.end, round(begins, 3), round(ends, 3), max(1, round((ends - begins) * float(rate)))
    )
