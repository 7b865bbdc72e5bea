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
from watermarking.signal.warp import WarpFitter, affine_warp


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
    warp, _ = fitter.fit(torch.randn(3, 48, 64), start, ((1, 2), (0, 1, 2)))
    assert len(fitter.fold(torch.randn(3, 48, 64), warp)) == 3
