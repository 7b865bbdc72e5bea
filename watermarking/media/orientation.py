"""The turn that a display matrix asks of a picture: one of the eight of a rectangle.

Phones record sideways and say so beside the pictures. The mark lies in the picture as it is seen, so
planes are turned upright before they are marked or read, and back before they are written.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Any

import numpy as np
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from watermarking.media.sidedata import SideDataType, side_data

_MATRIX = struct.Struct("<9i")
Matrix = tuple[int, ...]


@dataclass(frozen=True)
class Orientation:
    """How stored rows and columns become shown ones: transposed first, then flipped."""

    transposed: bool = False
    flip_rows: bool = False
    flip_columns: bool = False

    @classmethod
    def of_matrix(cls, matrix: Matrix | None) -> Orientation:
        """Read a display matrix (9 numbers, 16.16); what is no turn of a rectangle is left alone."""
        if matrix is None:
            return cls()
        a, b, c, d = matrix[0], matrix[1], matrix[3], matrix[4]
        if a and d and not b and not c:
            return cls(flip_rows=d < 0, flip_columns=a < 0)
        if b and c and not a and not d:
            return cls(transposed=True, flip_rows=b < 0, flip_columns=c < 0)
        return cls()

    @property
    def is_upright(self) -> bool:
        """Whether the stored picture is the shown one."""
        return self == Orientation()

    def upright(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Turn a stored plane ``[h, w]`` as it is shown."""
        if self.is_upright:
            return plane
        turned = plane.T if self.transposed else plane
        return np.ascontiguousarray(self._flipped(turned))

    def stored(self, plane: NDArray[Any]) -> NDArray[Any]:
        """Turn a shown plane back."""
        flipped = self._flipped(plane)
        return flipped.T if self.transposed else flipped

    def _flipped(self, plane: NDArray[Any]) -> NDArray[Any]:
        return plane[:: -1 if self.flip_rows else 1, :: -1 if self.flip_columns else 1]


def display_matrix(frame: VideoFrame) -> Matrix | None:
    """Return the matrix that came with a frame."""
    data = side_data(frame, SideDataType.DISPLAYMATRIX)
    return None if data is None or len(data) < _MATRIX.size else _MATRIX.unpack_from(data)
