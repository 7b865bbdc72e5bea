"""What detectors may be used on. None is shipped yet: a report says so, and holds no score."""

from typing import Final

FRAMES_LEAST: Final = 8
SIDE_LEAST: Final = 64


def out_of_contract(*, kind: str, width: int | None, height: int | None, frames: int) -> str:
    """Why no detector can be used on a medium, in words; empty where one can."""
    if kind != "film":
        return "detectors look at films alone"
    if min(width or 0, height or 0) < SIDE_LEAST:
        return f"a side under {SIDE_LEAST} pixels"
    if frames < FRAMES_LEAST:
        return f"fewer than {FRAMES_LEAST} frames could be sampled"
    return ""
