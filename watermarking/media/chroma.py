"""Where a stream's chroma samples lie, as its own headers say.

PyAV does not tell, so the headers are traced by libav's ``trace_headers`` filter and the line is read from its log.
"""

from __future__ import annotations

import re

import av.error
import av.logging
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

# ITU-T H.264 and H.265, chroma_sample_loc_type_top_field; AV1, chroma_sample_position
_NAMES = {"0": "left", "1": "center", "2": "topleft", "3": "top", "4": "bottomleft", "5": "bottom"}
_NAMES_AV1 = {"1": "left", "2": "topleft"}
_TRACED = {"h264", "hevc", "libdav1d", "av1"}
_LINE = re.compile(r"(chroma_sample_loc_type_top_field|chroma_sample_position)\s+\d+ = (\d)")


def chroma_location(stream: VideoStream) -> str | None:
    """Return libav's name for the place of the chroma samples; None where the headers do not say."""
    if stream.codec_context.name not in _TRACED:
        return None
    before = av.logging.get_level()
    av.logging.set_level(av.logging.INFO)
    try:
        with av.logging.Capture() as lines:
            BitStreamFilterContext("trace_headers", stream)
    except (ValueError, av.error.FFmpegError):
        return None
    finally:
        av.logging.set_level(before)
    for _, _, text in lines:
        found = _LINE.search(text)
        if found:
            names = _NAMES_AV1 if found[1] == "chroma_sample_position" else _NAMES
            return names.get(found[2])
    return None
