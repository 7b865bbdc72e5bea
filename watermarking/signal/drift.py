"""Drift: the pattern's sign turns at cuts, so that frames of many shots average it away.

Whoever averages the frames of one output, or the same frame of many outputs, would otherwise be
left with the pattern. At a cut the whole pattern may change its sign; the first sign is keyed by
the output's id, the following keep the balance of both. A reader finds the sign of each stretch from
the pilots (``residual`` splits a film at its cuts), so neither a time base nor the cuts of the
original are needed, and turning at a cut is seen by nobody.

A still, or a frame that a render node marks by itself, takes its sign from the id and a label.
"""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from watermarking.signal.keying import keyed_bytes

_LEAST_FRAMES = 24
_CUT_LEVELS, _CUT_RATIO = 9.0, 3.0
_MEMORY = 0.8


def keyed_sign(key: bytes, payload: int, label: str = "") -> float:
    """Return the sign of the stretch ``label`` of an output."""
    return 1.0 if keyed_bytes(key, f"pixel/sign/{payload:016x}/{label}", 1)[0] & 1 else -1.0


class CutWatch:
    """Tells cuts from motion in a stream of small pictures."""

    def __init__(self) -> None:
        self._before: Tensor | None = None
        self._usual = 0.0

    def cuts(self, levels: Tensor) -> list[bool]:
        """Whether each of ``levels`` ``[b, 1, h, w]`` (mean luma per cell, 8-bit levels) begins a new shot.

        The small pictures come to the processor together: one wait for the device.
        """
        small = functional.adaptive_avg_pool2d(levels, (9, 16)).cpu()
        return [self._sees_cut(one[None]) for one in small]

    def _sees_cut(self, small: Tensor) -> bool:
        before, self._before = self._before, small
        if before is None:
            return False
        change = float((small - before).abs().mean())
        cut = change > _CUT_LEVELS and change > _CUT_RATIO * self._usual
        self._usual = 0.0 if cut else max(change, _MEMORY * self._usual)
        return cut


class Drift:
    """The sign of each frame of one output, frames in order."""

    def __init__(self, key: bytes, payload: int, label: str = "") -> None:
        self._watch = CutWatch()
        self.sign = keyed_sign(key, payload, label)
        self._balance = 0.0
        self._held = 0

    def steps(self, levels: Tensor) -> tuple[list[bool], list[float]]:
        """Take the next frames' cells ``[b, 1, h, w]``; tell for each whether a new shot began, and its sign."""
        cuts = self._watch.cuts(levels)
        return cuts, [self._turned(cut) for cut in cuts]

    def _turned(self, cut: bool) -> float:
        if cut and self._held >= _LEAST_FRAMES and self._balance * self.sign > 0:
            self.sign, self._held = -self.sign, 0
        self._balance += self.sign
        self._held += 1
        return self.sign
