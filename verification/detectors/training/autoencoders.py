"""Two small autoencoders of different build, that draw pictures again: one for training, one for the hold-out."""

from collections.abc import Sequence
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional

from verification.detectors.training.sources import Run

_PATCH = 64
_STEPS = 250


class Autoencoder(nn.Module):
    """``shuffled``: grows back by shuffling channels into pixels after an average pool; otherwise by transposed steps."""

    def __init__(self, *, shuffled: bool) -> None:
        super().__init__()
        if shuffled:
            self.net = nn.Sequential(
                nn.Conv2d(3, 24, 5, padding=2), nn.SiLU(), nn.AvgPool2d(2),
                nn.Conv2d(24, 40, 3, padding=1), nn.SiLU(), nn.AvgPool2d(2),
                nn.Conv2d(40, 96, 3, padding=1), nn.PixelShuffle(2), nn.SiLU(),
                nn.Conv2d(24, 12, 3, padding=1), nn.PixelShuffle(2),
            )  # fmt: skip
        else:
            self.net = nn.Sequential(
                nn.Conv2d(3, 24, 4, 2, 1), nn.ReLU(), nn.Conv2d(24, 48, 4, 2, 1), nn.ReLU(),
                nn.ConvTranspose2d(48, 24, 4, 2, 1), nn.ReLU(), nn.ConvTranspose2d(24, 3, 4, 2, 1),
            )  # fmt: skip

    def forward(self, pictures: Tensor) -> Tensor:
        """``[b, 3, h, w]`` around 0, h and w multiples of 4, to the same."""
        return cast("Tensor", self.net(pictures))


def trained(runs: Sequence[Run], *, shuffled: bool, seed: int) -> Autoencoder:
    """An autoencoder that has seen patches of these runs."""
    torch.manual_seed(seed)
    draw, net = np.random.default_rng(seed), Autoencoder(shuffled=shuffled)
    steps = torch.optim.Adam(net.parameters(), 2e-3)
    for _ in range(_STEPS):
        patches = []
        for _ in range(12):
            run = runs[int(draw.integers(len(runs)))]
            top, left = (int(one) for one in draw.integers(0, run.shape[1] - _PATCH, 2))
            patches.append(run[int(draw.integers(len(run))), top : top + _PATCH, left : left + _PATCH])
        shown = torch.from_numpy(np.stack(patches).astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)
        loss = functional.l1_loss(net(shown), shown)
        steps.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        steps.step()
    return net.eval()
