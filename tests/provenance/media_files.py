"""Small media files of every format that outputs come in: noise and tones with a fixed seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import OpenImageIO as oiio  # noqa: N813 (its own documents call it so)
import soundfile

from provenance.formats import DPX, EXR, FLAC, JPEG, PNG, TIFF, WAV, Format

STILLS = (PNG, JPEG, TIFF, EXR, DPX)
SOUNDS = (WAV, FLAC)
_DEPTHS = {PNG: oiio.UINT8, JPEG: oiio.UINT8, TIFF: oiio.UINT16, EXR: oiio.HALF, DPX: oiio.UINT16}


def still_file(path: Path, form: Format, *, width: int = 640, height: int = 360) -> Path:
    """Write a soft picture with grain: enough for a mark."""
    rng = np.random.default_rng(7)
    across, down = np.meshgrid(np.linspace(0, 6, width), np.linspace(0, 4, height))
    waves = [np.sin(across * k + down / k) for k in (1.0, 1.7, 2.3)]
    levels = 0.45 + 0.2 * np.stack(waves, -1) + 0.06 * rng.standard_normal((height, width, 3))
    picture = oiio.ImageBuf(oiio.ImageSpec(width, height, 3, _DEPTHS[form]))
    picture.set_pixels(oiio.ROI(0, width, 0, height, 0, 1, 0, 3), levels.clip(0.02, 0.98).astype(np.float32))
    if not picture.write(str(path)):
        raise OSError(picture.geterror())
    return path


def sound_file(path: Path, form: Format, *, seconds: float = 2.0, rate_hz: int = 48_000) -> Path:
    """Write chords that change, with breath over them."""
    rng = np.random.default_rng(7)
    time = np.arange(int(seconds * rate_hz)) / rate_hz
    tones = sum(
        np.sin(2 * np.pi * f * time) * (0.6 + 0.4 * np.sin(time * k))
        for k, f in enumerate((220, 277, 330, 440), 1)
    )
    wave = 0.08 * tones + 0.03 * rng.standard_normal(time.size)
    soundfile.write(
        path, np.stack([wave, 0.8 * wave], -1), rate_hz, subtype="PCM_24", format=form.name.upper()
    )
    return path


def media_file(folder: Path, form: Format) -> Path:
    """A small file of a format that is not a film."""
    path = folder / f"plain{form.suffix}"
    return still_file(path, form) if form in STILLS else sound_file(path, form)
