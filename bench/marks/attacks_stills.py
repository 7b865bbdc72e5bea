"""What happens to a picture on its way: each attack takes a picture file and leaves another.

Rows of geometry, colour and overlay are saved as JPEG of quality 85 after the change; rows that name another
format or quality use that instead.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from bench.marks.attacks_pixels import (
    COMBINATION,
    GREY,
    SCREEN_CAPTURE,
    Attack,
    cropped,
    noisy,
    resized,
    turned,
    untouched,
)
from bench.marks.ffmpeg import convert


def still(source: Path, folder: Path, *, filters: str = "", kind: str = "JPEG", quality: int = 85) -> Path:
    """Filter and save as ``kind`` (JPEG, WEBP) of ``quality`` (Pillow's scale)."""
    changed = source
    if filters:
        changed = convert(
            source, folder / "changed.png", ("-vf", f"{filters},format=rgb24", "-frames:v", "1")
        )
    target = folder / f"attacked.{kind.lower()}"
    with Image.open(changed) as opened:
        opened.convert("RGB").save(target, kind, quality=quality)
    return target


def captioned(source: Path, folder: Path) -> Path:
    """A caption and a logo over the picture."""
    target = folder / "attacked.jpeg"
    with Image.open(source) as opened:
        picture = opened.convert("RGB")
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    font = ImageFont.load_default(max(12, width // 16))
    draw.text((width * 0.05, height * 0.8), "WATCH TO THE END", font=font, fill="yellow")
    draw.ellipse((width * 0.8, height * 0.05, width * 0.95, height * 0.05 + width * 0.15), fill=(220, 30, 30))
    picture.save(target, "JPEG", quality=85)
    return target


def _saved(name: str, filters: str = "", kind: str = "JPEG", quality: int = 85) -> Attack:
    return Attack(name, "stills", partial(still, filters=filters, kind=kind, quality=quality))


STILL_ATTACKS: tuple[Attack, ...] = (
    Attack("none", "stills", untouched),
    _saved("JPEG 75", quality=75),
    _saved("JPEG 50", quality=50),
    _saved("JPEG 30", quality=30),
    _saved("WebP 40", kind="WEBP", quality=40),
    _saved("half size", resized(0.5)),
    _saved("crop to 80 %", cropped(0.8)),
    _saved("crop to 50 %", cropped(0.5)),
    _saved("crop to 25 %", cropped(0.25)),
    _saved("rotation 2 deg", turned(2)),
    _saved("rotation 5 deg", turned(5)),
    _saved("brighter, more contrast", "eq=brightness=0.08:contrast=1.2"),
    _saved("hue 20 deg", "hue=h=20"),
    _saved("grey-scale", GREY),
    _saved("noise of 8 levels", noisy(8)),
    _saved("blur 1.5", "gblur=sigma=1.5"),
    Attack("caption and logo", "stills", captioned),
    _saved("screen capture, JPEG 75", SCREEN_CAPTURE, quality=75),
    _saved("0.75 x, crop to 90 %, JPEG 50", COMBINATION, quality=50),
)
