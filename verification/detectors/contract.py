"""What detectors may be used on, and the sizes that they and their training agree on."""

from typing import Final

# frames that were sampled of the whole film; fewer cannot be judged
FRAMES_LEAST: Final = 8
SIDE_LEAST: Final = 64
# pixels of the picture as it is shown; a smaller face was resized beyond what its residual tells
FACE_LEAST: Final = 64
RATE_LEAST: Final = 10.0
# pictures a second that the nets were trained on; faster films are thinned to about it
RATE: Final = 25.0
# a window is so many pictures in a row
RUN_FRAMES: Final = 9
WINDOWS: Final = 8
CROP: Final = 128
# how much of its surroundings a face is cut out with
MARGIN: Final = 1.25


def step_of(frame_rate: float | None) -> int:
    """Every so many-th picture of a film is shown to the nets, so that a change from one to the next means the same.

    >>> [step_of(rate) for rate in (23.976, 30, 50, 59.94, 120, None)]
    [1, 1, 2, 2, 5, 1]
    """
    return max(1, round((frame_rate or RATE) / RATE))


def out_of_contract(
    *, kind: str, width: int | None, height: int | None, frames: int, frame_rate: float | None = None
) -> str:
    """Why no detector can be used on a medium, in words; empty where one can."""
    if kind != "film":
        return "detectors look at films alone"
    if min(width or 0, height or 0) < SIDE_LEAST:
        return f"a side under {SIDE_LEAST} pixels"
    if frames < FRAMES_LEAST:
        return f"fewer than {FRAMES_LEAST} frames could be sampled"
    if frame_rate is not None and frame_rate < RATE_LEAST:
        return f"fewer than {RATE_LEAST:g} frames a second"
    return ""
