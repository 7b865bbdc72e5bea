"""What is worked on once, or by halves, is what it was when it was worked on twice and in whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from watermarking.cards import DEFAULT_PIXEL_CARD, load_pixel_card
from watermarking.detecting import _Looked
from watermarking.media.frames import SampledFrame
from watermarking.signal.lattice import _rings, _sample, _whitened_spectrum
from watermarking.signal.reading import FrameSize, PictureReader, _shots
from watermarking.signal.residual import FilmResidual, normalised_residual
from watermarking.signal.tile import tile_layout
from watermarking.signal.warp import BENT, COARSE, STRAIGHT, Warp, WarpFitter, _basis, affine_warp


def frame(seed: int, seconds: float) -> SampledFrame:
    planes = np.random.default_rng(seed).integers(0, 256, (3, 48, 64), np.uint8)
    return SampledFrame(planes, 640, 480, seconds)


def test_a_frame_that_is_met_again_is_known_by_its_time_and_by_its_pictures() -> None:
    looked, first = _Looked(), frame(1, 2.0)
    residual, cells = looked.residual_of(first)
    again, _ = looked.residual_of(replace(first, planes=first.planes.copy()))
    assert again is residual
    assert torch.equal(residual, normalised_residual(torch.from_numpy(first.planes).float()[None]))
    # all frames of a film may say the same time
    other, _ = looked.residual_of(frame(2, 2.0))
    assert not torch.equal(other, residual)
    film = FilmResidual()
    for one in (first, first, frame(3, 3.0)):
        film.add_residuals(*looked.residual_of(one))
    assert torch.equal(looked.residual_of(first)[0], residual), "what was added up is not what was kept"
    assert torch.equal(looked.residual_of(first)[1], cells)


def _clip(cuts: int) -> FilmResidual:
    """Three shots of one frame, then shots of three."""
    torch.manual_seed(cuts)
    film = FilmResidual()
    for shot in range(cuts):
        for index in range(1 if shot < 3 else 3):
            film.add(torch.rand(1, 3, 48, 64) * 60.0 + 10.0 * shot, new_shot=not index)
    return film


def test_stretches_that_are_measured_by_fours_are_what_each_is_alone(key: bytes) -> None:
    stretches = _clip(9).stretches()
    assert [one.shot for one in stretches] == list(range(9))
    assert [one.frames for one in stretches] == [1, 1, 1, *[3] * 6]
    size, reader = FrameSize(640, 480), PictureReader(load_pixel_card(DEFAULT_PIXEL_CARD), key)
    for mirrored in (False, True):
        _, together = reader.at_rest(stretches, size, mirrored=mirrored)
        alone = [reader.at_rest([one], size, mirrored=mirrored)[1][0] for one in stretches]
        assert together == pytest.approx(alone, abs=1e-3)


def test_only_the_longest_shots_are_added_up() -> None:
    stretches = _clip(9).stretches()
    shots = _shots(stretches, 4)
    # of equals the earlier; the three short shots before them are left
    for shot, one in zip(shots, stretches[3:7], strict=True):
        assert torch.allclose(shot, one.mean * 3**0.5, atol=1e-5)
    assert len(_shots(stretches, 20)) == 9


def test_half_a_spectrum_holds_the_whole_one() -> None:
    torch.manual_seed(1)
    picture = torch.randn(2, 90, 160)
    half = _whitened_spectrum(picture)
    rows, columns = half.shape[-2], 2 * (half.shape[-1] - 1)
    padded = torch.zeros(2, rows, columns)
    padded[:, :90, :160] = picture
    whole = torch.fft.fft2(padded.roll((-45, -80), (1, 2)))
    frequencies = torch.rand(2, 40, 500) - 0.5
    plane = torch.randint(2, (500,))
    seen = _sample(half, plane, frequencies[0], frequencies[1])
    iy = (frequencies[0] * rows).round().long() % rows
    ix = (frequencies[1] * columns).round().long() % columns
    expected = whole[plane.expand(40, -1), iy, ix]
    # whitening changes sizes and no phase
    turned = (seen * expected.conj()).angle().abs()
    assert float(turned[expected.abs() > 1].max()) < 1e-3
    assert int(_rings(rows, columns, picture.device)[1].sum()) == half[0].numel()


@pytest.mark.parametrize("wild", [1e30, float("nan"), float("inf")])
def test_a_warp_that_goes_astray_breaks_nothing(wild: float, key: bytes) -> None:
    card = load_pixel_card(DEFAULT_PIXEL_CARD)
    fitter = WarpFitter(tile_layout(card, key), tile=card.geometry.tile)
    start = affine_warp(torch.eye(2) * wild, torch.zeros(2))
    warp, _ = fitter.fit(torch.randn(3, 48, 64), start, ((1, 2), (0, 1, 2)), BENT)
    assert len(fitter.fold(torch.randn(3, 48, 64), warp)) == 3


def _faint(key: bytes, level: float, *, bend: float) -> tuple[WarpFitter, torch.Tensor, Warp]:
    """Pilots at 1.05 times their size in noise of one, ``level`` strong; ``bend``: tile pixels at the corners."""
    torch.manual_seed(4)
    card = load_pixel_card(DEFAULT_PIXEL_CARD)
    layouts = tile_layout(card, key)
    fitter = WarpFitter(layouts, tile=card.geometry.tile)
    true = affine_warp(torch.eye(2) / 1.05, torch.tensor([7.0, -3.0]))
    # the term of x y, which is one at 256 pixels from the middle either way
    true.terms[4] = bend / (_SIDES[0] * _SIDES[1] / 4 / 256**2)
    cells = fitter._cells(true.terms, _basis(*_SIDES, torch.device("cpu")))
    drawn = torch.stack([one[0].index_select(0, cells).view(_SIDES) for one in fitter._drawn])
    drawn /= drawn.square().mean((1, 2), keepdim=True).sqrt()
    return fitter, level * drawn + torch.randn(3, *_SIDES), true


def _astray(warp: Warp, true: Warp) -> float:
    """Root mean square of how far a warp lies from the true one, in tile pixels, up to whole tiles."""
    away = (warp.terms - true.terms).T @ _basis(*_SIDES, torch.device("cpu"))
    return float(away.square().sum(0).mean().sqrt())


_SIDES = (240, 426)


@pytest.mark.parametrize(("level", "bend", "straight_is_nearer"), [(0.05, 0.0, True), (0.3, 6.0, False)])
def test_a_faint_pattern_is_placed_by_six_numbers_and_a_bent_one_by_twelve(
    level: float, bend: float, straight_is_nearer: bool, key: bytes
) -> None:
    fitter, mean, true = _faint(key, level, bend=bend)
    start = affine_warp(torch.eye(2) / 1.053, torch.tensor([6.0, -2.5]))
    planes = ((1, 2), (0, 1, 2))
    coarse, _ = fitter.fit(mean, start, planes, COARSE)
    straight, bent = (fitter.fit(mean, coarse, planes, stages)[0] for stages in (STRAIGHT, BENT))
    assert not straight.terms[3:].any()
    near, far = _astray(straight, true), _astray(bent, true)
    assert (near < far) is straight_is_nearer, (near, far)
    assert min(near, far) < 0.5
