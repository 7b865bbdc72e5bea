"""The two nets, in torch; training makes them, and they are shipped as ONNX. Nothing on the way of a verification
imports this.
"""

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional

from verification.detectors.features import BINS

_WIDTH = 16


class Spatial(nn.Module):
    """One picture: what fixed high-pass filters leave, through a few convolutions, beside its residual's spectrum."""

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("high_pass", _high_pass())
        self.body = nn.Sequential(*_block(9, 24), *_block(24, 32), *_block(32, 48), *_block(48, 64))
        self.ring = nn.Sequential(nn.Linear(BINS, 32), nn.ReLU(), nn.Linear(32, 16), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(64 + 16, 1))

    def forward(self, picture: Tensor, spectrum: Tensor) -> Tensor:
        """``[b, 3, h, w]`` and ``[b, BINS]`` to a logit ``[b]``."""
        left = functional.conv2d(picture, cast("Tensor", self.high_pass), padding=2, groups=3)
        seen = self.body(torch.clamp(left * 8.0, -2.0, 2.0)).mean((2, 3))
        return cast("Tensor", self.head(torch.cat([seen, self.ring(spectrum)], 1)).squeeze(1))


class Temporal(nn.Module):
    """A run of changes: each through the same convolutions, then along time."""

    def __init__(self) -> None:
        super().__init__()
        self.each = nn.Sequential(*_block(1, _WIDTH), *_block(_WIDTH, 24), *_block(24, 32), *_block(32, 48))
        self.along = nn.Sequential(
            nn.Conv1d(96, 48, 3, padding=1), nn.ReLU(), nn.Conv1d(48, 48, 3, padding=1), nn.ReLU()
        )
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(96, 1))

    def forward(self, changes: Tensor) -> Tensor:
        """``[b, t, h, w]`` to a logit ``[b]``."""
        batch, times = changes.shape[0], changes.shape[1]
        seen = self.each(changes.flatten(0, 1).unsqueeze(1))
        told = torch.cat([seen.mean((2, 3)), seen.amax((2, 3))], 1).reshape(batch, times, -1).transpose(1, 2)
        later = self.along(told)
        return cast("Tensor", self.head(torch.cat([later.mean(2), later.amax(2)], 1)).squeeze(1))


def _block(taken: int, given: int) -> list[nn.Module]:
    return [
        nn.Conv2d(taken, given, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(given), nn.ReLU()
    ]  # fmt: skip


def _high_pass() -> Tensor:
    """Three residual filters of steganalysis for each colour, ``[9, 1, 5, 5]``."""
    square = torch.tensor(
        [
            [-1, 2, -2, 2, -1],
            [2, -6, 8, -6, 2],
            [-2, 8, -12, 8, -2],
            [2, -6, 8, -6, 2],
            [-1, 2, -2, 2, -1],
        ],
        dtype=torch.float32,
    )
    cross, line = torch.zeros(5, 5), torch.zeros(5, 5)
    cross[1:4, 1:4] = torch.tensor([[-1.0, 2, -1], [2, -4, 2], [-1, 2, -1]])
    line[2, 1:4] = torch.tensor([1.0, -2, 1])
    three = torch.stack([square / 12, cross / 4, line / 2])
    return three.repeat(3, 1, 1).unsqueeze(1)
