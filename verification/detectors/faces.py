"""Where the faces of a picture are: local binary patterns in a cascade, as scikit-image carries it.

It finds faces that look more or less into the camera. What it does not find is not judged; the report says so.

Source: Ahonen, Hadid, Pietikäinen 2006; the trained cascade is OpenCV's ``lbpcascade_frontalface`` (BSD).
"""

from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_SIDE = 320
_LEAST = 40


@dataclass(frozen=True)
class Box:
    """A square of pixels."""

    left: float
    top: float
    side: float


def largest_face(picture: NDArray[np.uint8]) -> Box | None:
    """The largest face of ``[h, w, 3]``, as a square in its pixels; None where none is found."""
    height, width = picture.shape[:2]
    scale = min(1.0, _SIDE / max(height, width))
    small = np.asarray(
        Image.fromarray(picture).resize((max(1, round(width * scale)), max(1, round(height * scale))))
    )
    if min(small.shape[:2]) < _LEAST:
        return None
    found = _cascade().detect_multi_scale(
        img=small, scale_factor=1.2, step_ratio=1, min_size=(_LEAST, _LEAST), max_size=(_SIDE, _SIDE)
    )
    best = max(found, key=lambda one: one["width"], default=None)
    return Box(best["c"] / scale, best["r"] / scale, best["width"] / scale) if best else None


def load() -> None:
    """Load what finds them: what it is made with is loaded only as it is made."""
    _cascade()


@cache
def _cascade() -> Any:
    from skimage.feature import Cascade

    return Cascade(str(files("skimage") / "data" / "lbpcascade_frontalface_opencv.xml"))
