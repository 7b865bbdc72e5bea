"""Trials of the pixel mark: 32 frames of a film from a drawn moment on, changed in a drawn way, under a drawn key.

The change: mirrored or not, cropped to between 60 and 100 per cent at a drawn place, gain, offset and gamma of luma, gain
of chroma, noise; then whole 8-bit levels again. A medium marked under another key was marked, with a key and an id of its own
and by the very marker of deliveries, before the change. All of it happens in batches on the device.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from bench.marks.calibration.archive import Film
from bench.marks.calibration.trials import Findings, Way, draw_of, foreign_of, grouped, key_of
from watermarking.cards import load_pixel_card
from watermarking.signal.code import payload_bits
from watermarking.signal.picture import PictureForm, PictureMarker
from watermarking.signal.reading import FrameSize, PictureReader
from watermarking.signal.residual import FilmResidual, Stretch
from watermarking.signal.tile import canonical_size
from watermarking.signal.together import read_pictures

FRAMES = 32
GROUP = 32
CONTROL_OF = 50
CARD = load_pixel_card()
Clip = list[Stretch]


def pixel_trials(
    films: Sequence[Film],
    way: Way,
    numbers: Sequence[int],
    device: str,
    more: Callable[[], bool],
    *,
    keys: int = 1,
) -> Findings:
    """Read every trial where the tile should be, plain and mirrored, while there is time for ``more``.

    Args:
        keys: how many trials, each under a key of its own, read one clip; its draws are those of the clip's number.
    """
    found = Findings()
    made: dict[int, tuple[Clip, FrameSize]] = {}
    for group in grouped(numbers, GROUP):
        if not more():
            break
        wanted = dict.fromkeys(number // keys for number in group)
        made = {one: made.get(one) or _clip(films, way, one, device, found) for one in wanted}
        clips = [made[number // keys] for number in group]
        readers = [PictureReader(CARD, key_of("pixel", way, number), device=device) for number in group]
        readings = read_pictures(readers, [clip for clip, _ in clips], [size for _, size in clips])
        for number, reader, clip, reading in zip(group, readers, clips, readings, strict=True):
            found.add(number, reading, _fixed(reader, clip, number, device))
    return found


def searched_pixels(
    films: Sequence[Film], way: Way, numbers: Sequence[int], device: str, more: Callable[[], bool]
) -> Findings:
    """Read trials again with the search of scale, rotation and shift."""
    found = Findings()
    for number in numbers:
        if not more():
            break
        stretches, size = _clip(films, way, number, device, Findings())
        reader = PictureReader(CARD, key_of("pixel", way, number), device=device)
        found.add_searched(number, reader.read(stretches, size))
    return found


def _fixed(reader: PictureReader, clip: tuple[Clip, FrameSize], number: int, device: str) -> float:
    drawn = int(np.random.default_rng(number).integers(1 << 63))
    soft = reader.chips_at_rest(*clip)
    chips = reader.words.code.encode(payload_bits([drawn]).to(device))[0]
    return float((chips @ soft) / soft.norm().clamp_min(1e-15))


def _clip(
    films: Sequence[Film], way: Way, number: int, device: str, found: Findings
) -> tuple[Clip, FrameSize]:
    draw = draw_of("pixel", way, number)
    planes = _cut(films, draw)
    if way == "another key":
        key, payload = foreign_of("pixel", number)
        planes = _marked(planes, key, payload, device)
        if number % CONTROL_OF == 0:
            height, width = planes.shape[-2:]
            reading = PictureReader(CARD, key, device=device).read(
                _stretches(planes), FrameSize(width, height), search=False
            )
            found.controls += 1
            found.found += reading.payload == payload
    changed, size = _changed(planes, draw)
    return _stretches(changed), size


def _cut(films: Sequence[Film], draw: np.random.Generator) -> Tensor:
    """``[32, 3, h, w]`` float32: frames that follow one another, or every second of them."""
    long = [film for film in films if len(film.frames) >= FRAMES]
    share = np.array([len(film.frames) for film in long], float)
    film = long[int(draw.choice(len(long), p=share / share.sum()))]
    step = 2 if len(film.frames) >= 2 * FRAMES and draw.random() < 0.5 else 1
    first = int(draw.integers(len(film.frames) - step * (FRAMES - 1)))
    return film.frames[first : first + step * FRAMES : step].to(torch.float32)


def _marked(planes: Tensor, key: bytes, payload: int, device: str) -> Tensor:
    height, width = planes.shape[-2:]
    form = PictureForm(width, height, (width, height), left_sited=False)
    marker = PictureMarker(CARD, key, payload, form, device=device)
    return torch.cat(marker.mark_tensors([planes[:, i : i + 1].clone() for i in range(3)]), 1)


def _changed(planes: Tensor, draw: np.random.Generator) -> tuple[Tensor, FrameSize]:
    """Change frames in the drawn way; also the size of what is left of them before it is brought to canonical size."""
    height, width = planes.shape[-2:]
    share = float(draw.uniform(0.6, 1.0))
    rows, columns = round(height * share), round(width * share)
    top, left = int(draw.integers(height - rows + 1)), int(draw.integers(width - columns + 1))
    part = planes[..., top : top + rows, left : left + columns]
    across, down = canonical_size(columns, rows, CARD.geometry.side)
    part = functional.interpolate(part, size=(down, across), mode="bilinear", align_corners=False)
    if draw.random() < 0.5:
        part = part.flip(-1)
    gain, offset, gamma = draw.uniform(0.7, 1.3), draw.uniform(-20, 20), draw.uniform(0.7, 1.4)
    luma = (((part[:, :1] - 16) / 219).clamp(0, 1) ** float(gamma) * float(219 * gain)) + float(16 + offset)
    chroma = (part[:, 1:] - 128) * float(draw.uniform(0.5, 1.3)) + 128
    noise = torch.Generator(planes.device).manual_seed(int(draw.integers(1 << 62)))
    whole = torch.cat([luma, chroma], 1)
    grain = torch.randn(whole.shape, generator=noise, device=whole.device) * float(draw.uniform(0, 4))
    return (whole + grain).round().clamp(0, 255), FrameSize(columns, rows)


def _stretches(planes: Tensor) -> list[Stretch]:
    film = FilmResidual()
    film.add(planes)
    return film.stretches()
