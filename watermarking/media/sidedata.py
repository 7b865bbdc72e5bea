"""What travels beside a frame's pixels."""

from __future__ import annotations

from typing import Any, cast

from av.sidedata.sidedata import Type as SideDataType
from av.video.frame import VideoFrame

__all__ = ["SideDataType", "side_data"]


def side_data(frame: VideoFrame, kind: SideDataType) -> bytes | None:
    """Return the bytes of one kind that came with ``frame``."""
    for one in cast("Any", frame.side_data):
        if one.type is kind:
            return bytes(one)
    return None
