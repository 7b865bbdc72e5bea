"""The pixel mark: the tile's physics, how little is seen, and where nothing is hidden."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from tests.watermarking import media
from watermarking.cards import load_pixel_card
from watermarking.media.frames import SizeOf, planes_of
from watermarking.signal.code import code_for, payload_bits
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual, Stretch
from watermarking.signal.tile import analyse, canonical_axes, coefficients, synthesise, tile_layout

CARD = load_pixel_card()
FORM = PictureForm(1280, 720, (640, 360))


def _flat(luma: int) -> tuple[np.ndarray, ...]:
    chroma = np.full((360, 640), 128, np.uint8)
    return np.full((720, 1280), luma, np.uint8), chroma, chroma.copy()


def test_what_is_drawn_on_a_tile_is_measured_on_it(key: bytes) -> None:
    chips = code_for(64, 15, 12, CARD.code.seed).encode(payload_bits([99]))[0]
    for layout in tile_layout(CARD, key):
        values = coefficients(layout, chips, sync_gain=CARD.sync_gain)
        ys, xs = canonical_axes(960, 960, columns=480, rows=480, side=480)
        picture = synthesise(layout, values, ys, xs, CARD.geometry.tile)
        seen = analyse(layout, picture, ys, xs, CARD.geometry.tile)
        ratio = seen / values
        assert picture.std().item() == pytest.approx(1.0, abs=0.02)
        assert torch.allclose(ratio, ratio.mean().expand_as(ratio), atol=0.02 * float(ratio.abs().mean()))


def test_every_code_chip_is_carried_by_luma_and_by_chroma_apart(key: bytes) -> None:
    luma, blue, red = tile_layout(CARD, key)
    assert torch.bincount(luma.chips.flatten(), minlength=768).min() >= 3
    assert torch.bincount(torch.cat([blue.chips, red.chips], 1).flatten(), minlength=768).max() == 1


def test_marked_luma_stays_above_46_decibels_and_chroma_within_its_levels(
    demo_clip: Path, key: bytes
) -> None:
    marker = PictureMarker(CARD, key, 5, FORM)
    worst, chroma = 99.0, 0.0
    for index, frame in enumerate(media.pictures_of(demo_clip)):
        if index >= 1200:
            break
        if index % 60 != 30:
            continue
        planes = planes_of(frame)
        marked = marker.mark(planes)
        errors = [np.square(a.astype(float) - b).mean() for a, b in zip(planes, marked, strict=True)]
        worst = min(worst, 10 * np.log10(255**2 / max(errors[0], 1e-9)))
        chroma = max(chroma, errors[1] ** 0.5)
    assert worst >= 46.0
    assert chroma <= 1.8


def test_flat_grey_changes_by_less_than_a_level_on_average(key: bytes) -> None:
    planes = _flat(120)
    for before, after in zip(planes, PictureMarker(CARD, key, 5, FORM).mark(planes), strict=True):
        change = before.astype(int) - after
        assert 0.0 < np.square(change).mean() ** 0.5 < 1.0
        assert np.abs(change).max() <= 3


def test_black_pictures_are_counted_as_dark(key: bytes) -> None:
    marker = PictureMarker(CARD, key, 5, FORM)
    marker.mark(_flat(16))
    assert (marker.frames, marker.lit_frames) == (1, 0)
    marker.mark(_flat(120))
    assert marker.lit_frames == 1


def test_ten_bit_planes_keep_their_depth(key: bytes) -> None:
    form = PictureForm(640, 360, (320, 180), depth=10)
    planes = (np.full((360, 640), 480, np.uint16), *[np.full((180, 320), 512, np.uint16)] * 2)
    marked = PictureMarker(CARD, key, 5, form).mark(planes)
    change = marked[0].astype(int) - 480
    assert marked[0].dtype == np.uint16
    assert 1.5 < change.std() < 6.0
    assert len(np.unique(change)) > 8


def _stretches(path: Path) -> tuple[list[Stretch], FrameSize]:
    film = FilmResidual()
    size_of = SizeOf(CARD.geometry.side)
    for index, frame in enumerate(media.pictures_of(path)):
        if index % 8 == 0:
            width, height = size_of(frame.width, frame.height)
            small = frame.reformat(width=width, height=height, format="yuv444p")
            film.add_frame(small.to_ndarray().astype(np.uint8))
    return film.stretches(), FrameSize(1280, 720)


@pytest.mark.req("BX-016")
def test_unmarked_pictures_make_no_claim_under_sixty_keys(film: object, key: bytes) -> None:
    picture, size = _stretches(film.plain)  # type: ignore[attr-defined]
    scores = []
    for number in range(60):
        reader = PictureReader(CARD, number.to_bytes(32, "big"), registered=[123, 456, 789])
        reading = reader.read(picture, size, search=False)
        assert (reading.status, reading.payload) == ("absent", None)
        assert reading.p_value > 1e-3
        soft = reader.words.code.encode(payload_bits([123]))[0] @ reader.chips_at_rest(picture, size)
        scores.append(float(soft / reader.chips_at_rest(picture, size).norm()))
    # a fixed id's score over random keys has mean 0 and variance 1 (60 draws: five sigmas each)
    assert abs(np.mean(scores)) < 5 / 60**0.5
    assert 0.5 < np.std(scores) < 1.5
