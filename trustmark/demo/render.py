"""The demonstration's renderer: decodes frames of the clip, works on their pixels, writes one PNG for each.

    python -m trustmark.demo.render --first 1 --last 240 --output frames/

The work is a warm grade over the picture and a softened, relit ellipse where a face would be, wandering
slowly: a stand-in for the face render, honest in that every frame's pixels are computed. Each file appears
under its name only when it is whole.
"""

from __future__ import annotations

import argparse
import math
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from PIL import Image, ImageDraw, ImageEnhance, ImageFilter

from trustmark.demo.clip import CLIP, FPS, HEIGHT, WIDTH, frames_of

FACE = (300, 380)  # width and height of the ellipse, pixels
_WARM = [
    *(min(255, round(value * 1.05 + 2)) for value in range(256)),
    *range(256),
    *(round(value * 0.93) for value in range(256)),
]


def face_mask() -> Image.Image:
    """A soft-edged ellipse, 8-bit."""
    mask = Image.new("L", FACE, 0)
    ImageDraw.Draw(mask).ellipse((24, 24, FACE[0] - 24, FACE[1] - 24), fill=210)
    return mask.filter(ImageFilter.GaussianBlur(12))


def render(picture: Image.Image, number: int, mask: Image.Image) -> Image.Image:
    """Grade the picture and blend the softened, relit ellipse into it."""
    graded = picture.point(_WARM)
    left = round((WIDTH - FACE[0]) / 2 + 160 * math.sin(number / 97))
    top = round((HEIGHT - FACE[1]) / 2 + 40 * math.cos(number / 61))
    box = (left, top, left + FACE[0], top + FACE[1])
    face = graded.crop(box).filter(ImageFilter.BoxBlur(1))
    graded.paste(ImageEnhance.Brightness(face).enhance(1.08), box, mask)
    return graded


def write_png(picture: Image.Image, path: Path) -> None:
    """Write losslessly and fast (FFmpeg's encoder at level 1), whole or not at all."""
    encoder = av.CodecContext.create("png", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = picture.width, picture.height, "rgb24"
    encoder.time_base = Fraction(1, FPS)
    encoder.options = {"compression_level": "1", "pred": "up"}
    packets = [*encoder.encode(_frame(picture)), *encoder.encode(None)]
    draft = path.with_suffix(".tmp")
    draft.write_bytes(b"".join(bytes(packet) for packet in packets))
    draft.rename(path)


def _frame(picture: Image.Image) -> av.VideoFrame:
    return av.VideoFrame.from_ndarray(np.asarray(picture), format="rgb24")


def main() -> None:
    parser = argparse.ArgumentParser(prog="render")
    parser.add_argument("--clip", type=Path, default=CLIP)
    parser.add_argument("--first", type=int, required=True)
    parser.add_argument("--last", type=int, required=True)
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    mask = face_mask()
    for number, frame in frames_of(options.clip, options.first, options.last):
        picture = render(Image.fromarray(frame.to_ndarray(format="rgb24")), number, mask)
        write_png(picture, options.output / f"frame.{number:06d}.png")


if __name__ == "__main__":
    main()
