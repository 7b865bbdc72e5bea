"""What is made of real runs: blends of a picture with itself, and re-synthesis. Each maker has a name.

Makers of the training are ``BLEND``, ``SHRINK`` and ``TRANSPOSED``; those of the hold-out, which training never sees,
are ``SWAP`` (another run's middle, its colours matched), ``SHUFFLED`` (a second autoencoder of another build) and
``WARP`` (the picture itself, bent along time as animation from a still does).

Source: Shiohara, Yamasaki, "Detecting Deepfakes with Self-Blended Images", 2022.
"""

from collections.abc import Callable

import numpy as np
import torch
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter, map_coordinates, zoom

from verification.detectors.training.autoencoders import Autoencoder
from verification.detectors.training.sources import Run

Floats = NDArray[np.float32]
Maker = Callable[[Run, np.random.Generator], Run]


def mask_of(side: int, draw: np.random.Generator) -> Floats:
    """A soft ellipse in the middle, a little off it and bent."""
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32) / side - 0.5
    middle, radii = draw.normal(0, 0.03, 2), draw.uniform(0.22, 0.4, 2)
    wave = 1 + 0.08 * np.sin(np.arctan2(rows, columns) * draw.integers(2, 5) + draw.uniform(0, 6.3))
    inside = ((rows - middle[0]) / radii[0]) ** 2 + ((columns - middle[1]) / radii[1]) ** 2 < wave
    soft = gaussian_filter(inside.astype(np.float32), side * draw.uniform(0.01, 0.05))
    return np.asarray(soft * draw.choice([1.0, 1.0, 0.85, 0.7]), np.float32)


def blend(run: Run, draw: np.random.Generator) -> Run:
    """Self-blended: colours, sharpness and place of a copy differ a little, and not the same in every picture."""
    side, mask = run.shape[1], mask_of(run.shape[1], draw)
    gain, lift = draw.normal(1, 0.06, 3), draw.normal(0, 5, 3)
    blurred, sharp = draw.uniform(0, 1.2), draw.uniform(-0.4, 0.8)
    place, flicker = draw.normal(0, 0.012 * side, 2), draw.uniform(0, 0.006)
    made = []
    for picture in run:
        other: Floats = (picture * (gain + draw.normal(0, flicker, 3)) + lift).astype(np.float32)
        if blurred > 0.3:
            soft: Floats = np.stack([gaussian_filter(other[..., c], blurred) for c in range(3)], -1)
            other = soft if sharp < 0 else (other + sharp * (other - soft)).astype(np.float32)
        shift = place + draw.normal(0, flicker * side, 2)
        other = _moved(other, shift[0], shift[1])
        made.append(_laid(picture, other, mask))
    return np.stack(made)


def shrink(run: Run, draw: np.random.Generator) -> Run:
    """The middle at a fraction of its size and back, as of a generator that draws small faces."""
    mask, factor, order = mask_of(run.shape[1], draw), draw.uniform(1.5, 4.0), int(draw.integers(1, 4))
    made = []
    for picture in run:
        small = zoom(picture.astype(np.float32), (1 / factor, 1 / factor, 1), order=1)
        back = zoom(small, (run.shape[1] / small.shape[0], run.shape[2] / small.shape[1], 1), order=order)
        made.append(_laid(picture, back[: run.shape[1], : run.shape[2]] + draw.normal(0, 1.0), mask))
    return np.stack(made)


def through(net: Autoencoder) -> Maker:
    """The middle as an autoencoder draws it again."""

    def made(run: Run, draw: np.random.Generator) -> Run:
        mask = mask_of(run.shape[1], draw)
        side = run.shape[1] // 4 * 4
        with torch.inference_mode():
            shown = torch.from_numpy(run[:, :side, :side].astype(np.float32) / 127.5 - 1).permute(0, 3, 1, 2)
            drawn = ((net(shown).permute(0, 2, 3, 1).numpy() + 1) * 127.5).clip(0, 255)
        whole = run.astype(np.float32)
        whole[:, :side, :side] = drawn
        return np.stack([_laid(one, two, mask) for one, two in zip(run, whole, strict=True)])

    return made


def swap_with(others: list[Run]) -> Maker:
    """The middle of another run, with this one's mean and spread of colours."""

    def made(run: Run, draw: np.random.Generator) -> Run:
        side, mask = run.shape[1], mask_of(run.shape[1], draw)
        other = others[int(draw.integers(len(others)))]
        scale = side / other.shape[1]
        foreign = np.stack([zoom(one, (scale, scale, 1), order=1)[:side, :side] for one in other]).astype(
            np.float32
        )
        mine, theirs = run.reshape(-1, 3).astype(np.float32), foreign.reshape(-1, 3)
        foreign = (foreign - theirs.mean(0)) / (theirs.std(0) + 1e-3) * mine.std(0) + mine.mean(0)
        return np.stack([_laid(one, two, mask) for one, two in zip(run, foreign, strict=True)])

    return made


def warp(run: Run, draw: np.random.Generator) -> Run:
    """One picture of the run bent along time, its middle laid over the others: animation from a still."""
    side, mask = run.shape[1], mask_of(run.shape[1], draw)
    bend = np.stack([gaussian_filter(draw.normal(0, 1, (side, side)), side / 10) for _ in range(2)])
    bend *= draw.uniform(1.0, 3.0) / np.abs(bend).max()
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    phase, made = draw.uniform(0, 6.3), []
    for time, picture in enumerate(run):
        amount = np.sin(phase + 0.6 * time)
        places = np.stack([rows + amount * bend[0], columns + amount * bend[1]])
        still = run[len(run) // 2]
        bent = np.stack([map_coordinates(still[..., c].astype(np.float32), places, order=3, mode="nearest") for c in range(3)], -1)  # fmt: skip
        made.append(_laid(picture, bent, mask))
    return np.stack(made)


def _moved(picture: Floats, down: float, across: float) -> Floats:
    side = picture.shape[0]
    rows, columns = np.mgrid[0:side, 0:side].astype(np.float32)
    places = np.stack([rows + down, columns + across])
    return np.stack(
        [map_coordinates(picture[..., c], places, order=1, mode="nearest") for c in range(3)], -1
    ).astype(np.float32)


def _laid(under: Run, over: Floats, mask: Floats) -> Run:
    soft = mask[..., None]
    return np.clip(under * (1 - soft) + over * soft, 0, 255).astype(np.uint8)
