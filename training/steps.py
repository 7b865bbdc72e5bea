"""The steps that a transformation job may name: each takes bytes and gives bytes, and says nothing of where they lie.

Further steps come as plug-ins (entry points ``trustmark.training_steps``): a callable of the bytes, the kind of the
material and the step's own options, which gives the bytes and raises ``ValueError`` for options that it does not know.
"""

import io
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import entry_points
from typing import Any, Final

import numpy as np
import soundfile
from PIL import Image

from training.vocabulary import MediaKind

PLUGINS: Final = "trustmark.training_steps"
MEDIA_TYPES: Final = {
    MediaKind.IMAGE: "image/png",
    MediaKind.AUDIO: "audio/flac",
    MediaKind.TEXT: "text/plain",
}
"""What the house's own steps write, by kind."""
SIDE_MOST: Final = 16_384
_PIXELS_MAX: Final = 400_000_000
Step = Callable[[bytes, str, Mapping[str, Any]], bytes]


class StepError(ValueError):
    """A step that is not known, or cannot be done with these options on this material."""


def known_steps() -> dict[str, Step]:
    """The house's steps and those of plug-ins, which may not take a name of the house."""
    return {point.name: point.load() for point in entry_points(group=PLUGINS)} | _OURS


def require_known(steps: Sequence[Mapping[str, Any]]) -> None:
    """Raises ``StepError`` for the first step whose name is not known."""
    names = known_steps()
    for one in steps:
        if one.get("step") not in names:
            raise StepError(f"no step {one.get('step')!r}")


def run_steps(data: bytes, kind: str, steps: Sequence[Mapping[str, Any]]) -> bytes:
    """Do the steps one after another.

    Raises:
        StepError: a step is not known or cannot be done.
    """
    names = known_steps()
    for one in steps:
        step = names.get(str(one.get("step")))
        if step is None:
            raise StepError(f"no step {one.get('step')!r}")
        options = {name: value for name, value in one.items() if name != "step"}
        try:
            data = step(data, kind, options)
        except Exception as error:
            raise StepError(f"{one['step']}: {type(error).__name__}: {error}"[:300]) from error
    return data


def _whole(options: Mapping[str, Any], *names: str) -> list[int]:
    """These options, whole and at least 0; every one must be there and no other."""
    if set(options) != set(names):
        raise ValueError(f"options are {', '.join(names)}")
    told = [options[name] for name in names]
    if any(type(value) is not int or value < 0 for value in told):
        raise ValueError(f"{', '.join(names)}: whole numbers from 0")
    return told


def _picture(data: bytes, kind: str) -> Image.Image:
    if kind != MediaKind.IMAGE:
        raise ValueError(f"works on pictures, not on {kind}")
    with Image.open(io.BytesIO(data)) as picture:
        if picture.width * picture.height > _PIXELS_MAX:
            raise ValueError("too many pixels")
        picture.load()
        return picture.convert("RGB")


def _png(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    picture.save(out, "PNG")
    return out.getvalue()


def _resize(data: bytes, kind: str, options: Mapping[str, Any]) -> bytes:
    """To ``width`` by ``height`` pixels."""
    width, height = _whole(options, "width", "height")
    if not (0 < width <= SIDE_MOST and 0 < height <= SIDE_MOST):
        raise ValueError(f"a side is 1 to {SIDE_MOST} pixels")
    return _png(_picture(data, kind).resize((width, height), Image.Resampling.LANCZOS))


def _crop(data: bytes, kind: str, options: Mapping[str, Any]) -> bytes:
    """``width`` by ``height`` pixels from ``left`` and ``top``, all of it inside."""
    left, top, width, height = _whole(options, "left", "top", "width", "height")
    picture = _picture(data, kind)
    if not width or not height or left + width > picture.width or top + height > picture.height:
        raise ValueError(f"outside of {picture.width} by {picture.height}")
    return _png(picture.crop((left, top, left + width, top + height)))


def _cut(data: bytes, kind: str, options: Mapping[str, Any]) -> bytes:
    """Sound from the frame ``first`` on, ``frames`` of it, as FLAC."""
    first, frames = _whole(options, "first", "frames")
    if kind != MediaKind.AUDIO:
        raise ValueError(f"works on sound, not on {kind}")
    with soundfile.SoundFile(io.BytesIO(data)) as sound:
        if not frames or first + frames > sound.frames:
            raise ValueError(f"outside of {sound.frames} frames")
        sound.seek(first)
        wave, rate = sound.read(frames, dtype="int32"), sound.samplerate
    out = io.BytesIO()
    soundfile.write(out, np.asarray(wave), rate, format="FLAC", subtype="PCM_24")
    return out.getvalue()


_OURS: Final[dict[str, Step]] = {"crop": _crop, "resize": _resize, "cut": _cut}
