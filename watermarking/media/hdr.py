"""Static HDR metadata (SMPTE ST 2086 and CTA-861.3) from a decoded frame to an encoder.

libav hands it on with the frames; the encoders want it when they open, each in its own words.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from av.video.frame import VideoFrame

from watermarking.media.sidedata import SideDataType, side_data

# AVMasteringDisplayMetadata: 3 primaries, white point, least and most luminance, as AVRationals, two flags
_CONTENT = struct.Struct("<2I")
_MASTERING = struct.Struct("<20i2i")


@dataclass(frozen=True)
class LightLevels:
    """``mastering``: x and y of red, green, blue, white; least and most cd/m2. ``content``: MaxCLL, MaxFALL."""

    mastering: tuple[Fraction, ...] | None = None
    content: tuple[int, int] | None = None

    @classmethod
    def of(cls, frame: VideoFrame) -> LightLevels:
        """Read what a frame carries."""
        mastering = side_data(frame, SideDataType.MASTERING_DISPLAY_METADATA)
        content = side_data(frame, SideDataType.CONTENT_LIGHT_LEVEL)
        return cls(
            None if mastering is None else _rationals(mastering),
            None if content is None else _CONTENT.unpack_from(content),
        )

    def for_x265(self) -> list[str]:
        """Return ``x265-params``: chromaticities in 1/50000, luminances in 1/10000."""
        made = ["hdr10=1"] if self.mastering or self.content else []
        if self.mastering:
            made.append("master-display=" + self._integers())
        if self.content:
            made.append("max-cll={},{}".format(*self.content))
        return made

    def for_x264(self) -> list[str]:
        """Return ``x264-params``."""
        made = ["mastering-display=" + self._integers()] if self.mastering else []
        return made + (["cll={},{}".format(*self.content)] if self.content else [])

    def for_svt(self) -> list[str]:
        """Return ``svtav1-params``: plain numbers."""
        made = []
        if self.mastering:
            red, green, blue, white = (self.mastering[at : at + 2] for at in (0, 2, 4, 6))
            words = zip("GBR", (green, blue, red), strict=True)
            text = "".join(f"{name}({float(x):.5f},{float(y):.5f})" for name, (x, y) in words)
            least, most = self.mastering[8:]
            text += f"WP({float(white[0]):.5f},{float(white[1]):.5f})L({float(most):.4f},{float(least):.4f})"
            made.append("mastering-display=" + text)
        return made + (["content-light={},{}".format(*self.content)] if self.content else [])

    def _integers(self) -> str:
        assert self.mastering is not None
        places = [round(value * 50_000) for value in self.mastering[:8]]
        red, green, blue, white = (places[at : at + 2] for at in (0, 2, 4, 6))
        least, most = (round(value * 10_000) for value in self.mastering[8:])
        names: Mapping[str, list[int]] = {"G": green, "B": blue, "R": red, "WP": white}
        return "".join(f"{name}({x},{y})" for name, (x, y) in names.items()) + f"L({most},{least})"


def _rationals(data: bytes) -> tuple[Fraction, ...] | None:
    if len(data) < _MASTERING.size:
        return None
    *numbers, has_primaries, has_luminance = _MASTERING.unpack_from(data)
    pairs = list(zip(numbers[::2], numbers[1::2], strict=True))
    if not (has_primaries and has_luminance) or any(below == 0 for _, below in pairs):
        return None
    return tuple(Fraction(above, below) for above, below in pairs)
