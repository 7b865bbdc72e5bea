"""No step of marking or reading makes a tensor where torch happens to make them: all follow the device that they were given.

There need be no accelerator here. Torch's own default device is set to one that holds no numbers: whatever is made without
saying where lands there, and the first step that uses it breaks.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch

from watermarking.cards import load_pixel_card, load_sound_card
from watermarking.signal.alignment import SoundReader
from watermarking.signal.extraction import joined, pilot_scores, whitened
from watermarking.signal.hearing import expected_gains
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual
from watermarking.signal.spectrum import band_edges, band_matrix, spectrogram
from watermarking.signal.tile import tile_layout
from watermarking.signal.together import hear_all, read_pictures, read_sounds
from watermarking.signal.voice import SoundMarker

PIXELS, SOUND = load_pixel_card(), load_sound_card()
RATE = SOUND.analysis.rate_hz
WIDTH, HEIGHT = 640, 360
FORM = PictureForm(WIDTH, HEIGHT, (WIDTH, HEIGHT), left_sited=False)


@pytest.fixture
def nowhere() -> Iterator[None]:
    """Tensors that are made without saying where hold no numbers."""
    with torch.device("meta"):
        assert torch.zeros(1).is_meta
        yield


def _frames(count: int, seed: int = 1) -> list[tuple[np.ndarray, ...]]:
    draw = np.random.default_rng(seed)
    calm = draw.normal(0, 20, (3, HEIGHT // 40, WIDTH // 40)).repeat(40, 1).repeat(40, 2)
    grain = draw.normal(0, 3, (count, 3, HEIGHT, WIDTH))
    levels = (np.array([120, 128, 128])[:, None, None] + calm + grain).round().clip(16, 235).astype(np.uint8)
    return [tuple(frame) for frame in levels]


def test_pictures_are_marked_and_read_wherever_they_are_told_to(nowhere: None, key: bytes) -> None:
    marker = PictureMarker(PIXELS, key, 77, FORM, device="cpu")
    marked = marker.mark_all(_frames(12))
    film = FilmResidual()
    for frame in marked:
        film.add_frame(np.stack(frame))
    reading = PictureReader(PIXELS, key, device="cpu").read(film.stretches(), FrameSize(WIDTH, HEIGHT))
    assert (reading.payload, marker.frames, marker.lit_frames) == (77, 12, 12)


def test_geometry_is_searched_wherever_the_residuals_lie(nowhere: None, key: bytes) -> None:
    marked = PictureMarker(PIXELS, key, 77, FORM, device="cpu").mark_all(_frames(12))
    film = FilmResidual()
    for frame in marked:
        film.add_frame(np.ascontiguousarray(np.stack(frame)[:, 20:332, 30:590]))
    reading = PictureReader(PIXELS, key, device="cpu").read(film.stretches(), FrameSize(560, 312))
    assert reading.payload == 77
    assert reading.geometry.startswith("scale")


def test_sound_is_marked_and_read_wherever_it_is_told_to(nowhere: None, key: bytes) -> None:
    plain = _sound(9)
    marked = SoundMarker(SOUND, key, 78, device="cpu").mark(plain, rate_hz=RATE, first_second=0)
    assert SoundReader(SOUND, key, device="cpu").read(marked, search=False).payload == 78
    faster = np.interp(np.arange(0, marked.shape[1] - 1, 1.03), np.arange(marked.shape[1]), marked[0])
    found = SoundReader(SOUND, key, device="cpu").read(faster[None].astype(np.float32))
    assert found.payload == 78
    assert found.geometry.startswith("tempo")


def _sound(seconds: int) -> np.ndarray:
    draw = np.random.default_rng(3)
    spectrum = np.fft.rfft(draw.standard_normal(seconds * RATE))
    wave = np.fft.irfft(spectrum / np.sqrt(np.arange(len(spectrum)) + 50.0), seconds * RATE)
    beat = 0.55 + 0.45 * np.sin(2 * np.pi * 2.7 * np.arange(seconds * RATE) / RATE)
    made: np.ndarray = (0.3 * wave * beat / np.abs(wave).max()).astype(np.float32)[None]
    return made


def test_frames_marked_together_are_those_marked_one_by_one_across_a_cut(key: bytes) -> None:
    frames = [*_frames(30), *[tuple(255 - plane for plane in frame) for frame in _frames(8, seed=2)]]
    one, all_ = (PictureMarker(PIXELS, key, 5, FORM) for _ in range(2))
    alone = [one.mark(frame) for frame in frames]
    together = [*all_.mark_all(frames[:7]), *all_.mark_all(frames[7:])]
    apart = [
        np.abs(a.astype(int) - b)
        for x, y in zip(alone, together, strict=True)
        for a, b in zip(x, y, strict=True)
    ]
    assert max(each.max() for each in apart) <= 1, "a sum in another order may round a sample the other way"
    assert np.mean([each.mean() for each in apart]) < 1e-5
    assert one.lit_frames == all_.lit_frames
    assert one.mean_psnr_db == pytest.approx(all_.mean_psnr_db, abs=1e-4)


def test_several_media_read_together_answer_as_each_alone(key: bytes, other_key: bytes) -> None:
    marked = PictureMarker(PIXELS, key, 77, FORM).mark_all(_frames(6))
    film = FilmResidual()
    for frame in marked:
        film.add_frame(np.stack(frame))
    clip, size = film.stretches(), FrameSize(WIDTH, HEIGHT)
    keys = (key, other_key)
    alone = [PictureReader(PIXELS, one).read(clip, size, search=False) for one in keys]
    both = read_pictures([PictureReader(PIXELS, one) for one in keys], [clip] * 2, [size] * 2)
    assert [one.payload for one in both] == [one.payload for one in alone] == [77, None]
    sound = SoundMarker(SOUND, key, 78).mark(_sound(7), rate_hz=RATE, first_second=0)
    windows = torch.from_numpy(np.stack([sound, _sound(7)]))
    heard = hear_all(SOUND, windows)
    told = read_sounds([SoundReader(SOUND, key) for _ in heard], heard)
    single = [SoundReader(SOUND, key).read(window.numpy(), search=False) for window in windows]
    assert [one.payload for one in told] == [one.payload for one in single] == [78, None]
    assert [one.score for one in told] == pytest.approx([one.score for one in single], abs=1e-3)


def test_media_with_registered_ids_are_not_read_together(key: bytes) -> None:
    with pytest.raises(ValueError, match="one medium at a time"):
        read_pictures([PictureReader(PIXELS, key, [1, 2])], [[]], [FrameSize(2, 2)])
    with pytest.raises(ValueError, match="one medium at a time"):
        read_sounds([SoundReader(SOUND, key, [1, 2])], [])


def test_each_sound_of_a_batch_is_given_the_gains_it_would_have_alone() -> None:
    edges = torch.tensor(band_edges(SOUND))
    centres, widths = (edges[:-1] + edges[1:]) / 2, edges[1:] - edges[:-1]
    loud, quiet = torch.from_numpy(_sound(4)), 0.02 * torch.from_numpy(_sound(4)).flip(-1)
    power = spectrogram(torch.stack([loud, quiet]), SOUND.analysis).abs().square().mean(1)
    both, _ = expected_gains(power, band_matrix(SOUND), centres, widths, SOUND.strength, lag=4)
    for place in range(2):
        one, _ = expected_gains(power[place], band_matrix(SOUND), centres, widths, SOUND.strength, lag=4)
        assert torch.allclose(one, both[place], rtol=1e-4)


def test_stretches_are_joined_by_the_score_of_each(key: bytes) -> None:
    layouts = tile_layout(PIXELS, key)
    draw = torch.Generator().manual_seed(4)
    parts = [
        whitened(layout, torch.complex(*torch.randn(2, 3, layout.ky.numel(), generator=draw)))
        for layout in layouts
    ]
    for layout, part in zip(layouts, parts, strict=True):
        part[1, layout.pilots] = -2.0 * layout.pilot_signs
    planes, scores = joined(layouts, parts, [1, 1, 1])
    assert scores == pytest.approx(pilot_scores(layouts, parts).tolist())
    assert scores[1] < -10 < abs(scores[0]), "the stretch that turned its sign counts by it"
    assert float(pilot_scores(layouts, [plane[None] for plane in planes])[0]) > 10
