"""Still pictures through OpenImageIO: read whole, changed where the colours are, written as they came.

Depth, alpha, further channels and parts, metadata, colour profile, compression, tiles and windows pass through.
Floating-point pictures are taken as scene-linear and marked as they would be seen (``scenelight``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813 (its own documents call it so)
from numpy.typing import NDArray
from PIL import Image

from watermarking.errors import MediaError, MediaReason
from watermarking.media import scenelight
from watermarking.media.containers import PIXELS_MAX, check_size
from watermarking.media.frames import Canvas, Moment, Plane, PlaneWork, SampledFrame, SizeOf
from watermarking.media.orientation import Orientation
from watermarking.media.parts import colour_channels, light_top, marked_parts
from watermarking.media.staging import make_room, writing_to
from watermarking.media.ycbcr import mark_rgb, planes8

# Named by their first bytes, so that no other reader is tried on a file that only looks like one of these.
_SIGNATURES: tuple[tuple[bytes, str], ...] = (
    (b"\x89PNG\r\n\x1a\n", "png"),
    (b"\xff\xd8\xff", "jpeg"),
    (b"II*\x00", "tiff"),
    (b"MM\x00*", "tiff"),
    (b"II+\x00", "tiff"),
    (b"MM\x00+", "tiff"),
    (b"BM", "bmp"),
    (b"\x76\x2f\x31\x01", "openexr"),
    (b"SDPX", "dpx"),
    (b"XPDS", "dpx"),
)
_BY_SUFFIX = {
    ".png": "png",
    ".jpg": "jpeg",
    ".jpeg": "jpeg",
    ".tif": "tiff",
    ".tiff": "tiff",
    ".bmp": "bmp",
    ".exr": "openexr",
    ".dpx": "dpx",
    ".webp": "webp",
}
_NO_TEXT = "its header holds bytes that are no text"
_JPEG_SCAN, _JPEG_END = b"\xff\xda", b"\xff\xd9"
_LIGHT = {"openexr", "tiff"}
_EIGHT_BITS = {"jpeg", "webp", "bmp"}
_NO_ALPHA = {"jpeg", "bmp", "dpx"}
_EXIF_TURNS = {
    1: Orientation(),
    2: Orientation(flip_columns=True),
    3: Orientation(flip_rows=True, flip_columns=True),
    4: Orientation(flip_rows=True),
    5: Orientation(transposed=True),
    6: Orientation(transposed=True, flip_columns=True),
    7: Orientation(transposed=True, flip_rows=True, flip_columns=True),
    8: Orientation(transposed=True, flip_rows=True),
}


# over all parts and channels: eight channels of floats of the largest picture
BYTES_MAX = PIXELS_MAX * 32
_BYTES = {"uint8": 1, "uint16": 2, "float": 4, "double": 8}


@dataclass
class Part:
    """One picture of a file: its header and all its channels ``[h, w, c]``."""

    spec: Any
    pixels: NDArray[Any]

    @property
    def frame(self) -> tuple[int, int]:
        """(rows, columns) of the picture that is shown; the stored window may be smaller or larger."""
        return self.spec.full_height, self.spec.full_width

    @property
    def stored(self) -> tuple[slice, slice]:
        """What of the stored window is shown."""
        down, across = self._offset
        rows, columns = self.frame
        height, width = self.pixels.shape[:2]
        return slice(max(0, -down), min(height, rows - down)), slice(
            max(0, -across), min(width, columns - across)
        )

    @property
    def shown(self) -> tuple[slice, slice]:
        """Where in the shown picture that is."""
        return tuple(  # type: ignore[return-value]
            slice(one.start + offset, one.stop + offset)
            for one, offset in zip(self.stored, self._offset, strict=True)
        )

    @property
    def _offset(self) -> tuple[int, int]:
        return self.spec.y - self.spec.full_y, self.spec.x - self.spec.full_x


@dataclass
class Still:
    """A picture file: its format, its parts, and the numbers of those that carry the picture itself."""

    form: str
    parts: list[Part]
    pictured: tuple[int, ...]

    @property
    def is_light(self) -> bool:
        """Whether the numbers are scene-linear light."""
        return self.parts[self.pictured[0]].pixels.dtype.kind == "f"

    def turn_of(self, part: Part) -> Orientation:
        """Return the turn from the stored picture to the shown one."""
        return _EXIF_TURNS.get(part.spec.get_int_attribute("Orientation", 1), Orientation())

    def colours(self, part: Part) -> NDArray[np.float32]:
        """Return ``[h, w, 3]`` (grey: ``[h, w, 1]``) as seen and shown, in levels of 0 to 255."""
        chosen = part.pixels[..., colour_channels(part.spec)]
        values = chosen.astype(np.float32)
        seen = scenelight.seen(values) * 255.0 if self.is_light else values * (255.0 / _top(chosen.dtype))
        if seen.shape[:2] != part.frame:
            whole = np.zeros((*part.frame, seen.shape[-1]), np.float32)
            whole[part.shown] = seen[part.stored]
            seen = whole
        turn = self.turn_of(part)
        return np.stack([turn.upright(seen[..., index]) for index in range(seen.shape[-1])], -1)


def open_still(path: Path, *, damaged: bool = False) -> Still:
    """Read a picture, all of it.

    Args:
        damaged: take what can be decoded of a JPEG that was cut off.

    Raises:
        MediaError: it is not there, may not be read, is broken, has too few or too many pixels, or is of a kind
            that would not come back whole.
    """
    form = _form_of(path)
    if not damaged and not _is_whole(path, form):
        raise MediaError(MediaReason.MEDIA_UNREADABLE, "it ends before its time", path.name)
    try:
        with _opened(path, form) as source:
            numbers = _parts_of(source, path)
        # not every reader finds back from the end of the parts to the first
        with _opened(path, form) as source:
            parts = [_read_part(source, number, path) for number in numbers]
        pictured = marked_parts([part.spec for part in parts], form, path.name)
    except UnicodeDecodeError as error:  # names of channels and attributes are decoded as they are asked for
        raise MediaError(MediaReason.MEDIA_UNREADABLE, _NO_TEXT, path.name) from error
    return Still(form, parts, pictured)


def mark_still(still: Still, moment: Moment, work: PlaneWork) -> None:
    """Put ``work`` over the picture, in place."""
    for number in still.pictured:
        part = still.parts[number]
        _mark_part(still, part, moment, work)


def write_still(path: Path, still: Still, *, lossless: bool = False) -> None:
    """Write the picture in the format that ``path`` names.

    Raises:
        MediaError: that format cannot hold what the picture is, or it could not be written.
    """
    form = _BY_SUFFIX.get(path.suffix.lower())
    if form is None:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, f"no picture format {path.suffix}", path.name)
    parts = [_fitted(part, still, form, path, lossless=lossless) for part in still.parts]
    with writing_to(path):
        # OpenImageIO 3.2 crashes on a disk that fills up under a JPEG: ask for the room first
        make_room(path, sum(part.pixels.nbytes for part in parts))
    output: Any = oiio.ImageOutput.create(form)
    try:
        _write_parts(output, path, parts)
    finally:
        with suppress(RuntimeError):
            output.close()
    _check_written(path)


def read_still(path: Path, size_of: SizeOf) -> SampledFrame:
    """Return the picture as seen, at canonical size."""
    still = open_still(path, damaged=True)
    seen = still.colours(still.parts[still.pictured[0]])
    rgb = seen if seen.shape[-1] == 3 else np.repeat(seen, 3, -1)
    height, width = rgb.shape[:2]
    size = size_of(width, height)
    small = np.stack(
        [
            np.asarray(Image.fromarray(rgb[..., index]).resize(size, Image.Resampling.BICUBIC))
            for index in range(3)
        ],
        -1,
    )
    return SampledFrame(planes8(small), width, height, 0.0)


@contextmanager
def _opened(path: Path, form: str) -> Iterator[Any]:
    asked = oiio.ImageSpec()
    asked.attribute("oiio:UnassociatedAlpha", 1)
    source = oiio.ImageInput.open(str(path), asked)
    if source is None or source.format_name() != form:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, _trouble() or f"no {form} picture", path.name)
    try:
        yield source
    finally:
        source.close()


def _trouble(of: Any = oiio) -> str:
    """What the library says is wrong; it quotes a broken header's bytes, which need not be text: then that is wrong."""
    try:
        return str(of.geterror())
    except UnicodeDecodeError:
        return _NO_TEXT


def _is_whole(path: Path, form: str) -> bool:
    """Whether a file has its end, where its reader would not miss it."""
    if form == "jpeg":
        data = path.read_bytes()
        return data.find(_JPEG_END, data.rfind(_JPEG_SCAN)) >= 0
    if form == "bmp":
        with path.open("rb") as file:
            return int.from_bytes(file.read(6)[2:], "little") <= path.stat().st_size
    return True


def _check_written(path: Path) -> None:
    """Read back what was written: on a full disk not every writer says so."""
    try:
        open_still(path)
    except MediaError as error:
        raise MediaError(
            MediaReason.MEDIA_NOT_WRITTEN, f"cannot be read back: {error.detail}", path.name
        ) from error


def _form_of(path: Path) -> str:
    try:
        with path.open("rb") as file:
            head = file.read(12)
    except OSError as error:
        raise MediaError(
            MediaReason.MEDIA_UNREADABLE, error.strerror or "it may not be read", path.name
        ) from error
    if not head:
        raise MediaError(MediaReason.MEDIA_EMPTY, "the file is empty", path.name)
    if head[:4] == b"RIFF" and head[8:] == b"WEBP":
        return "webp"
    for first, form in _SIGNATURES:
        if head.startswith(first):
            return form
    raise MediaError(MediaReason.MEDIA_UNREADABLE, "not a picture of a kind that is read here", path.name)


def _parts_of(source: Any, path: Path) -> range:
    """Check the headers of every part before a pixel is read."""
    count, total = 0, 0
    while source.seek_subimage(count, 0):
        spec = source.spec()
        # as they will be held: all channels of a part in one type that holds each
        total += spec.width * spec.height * spec.nchannels * _BYTES[_exact_type(spec)]
        if total > BYTES_MAX:
            raise MediaError(MediaReason.MEDIA_TOO_LARGE, f"its parts hold over {BYTES_MAX} bytes", path.name)
        if spec.deep:
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "deep pixels", path.name)
        if (spec.width, spec.height) != (spec.full_width, spec.full_height):
            check_size(spec.full_width, spec.full_height)
            if spec.width * spec.height > PIXELS_MAX:
                raise MediaError(MediaReason.MEDIA_TOO_LARGE, "a window of too many pixels", path.name)
            _check_overlap(spec, path)
        else:
            check_size(spec.width, spec.height)
        if source.seek_subimage(count, 1):
            raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "a texture of several sizes", path.name)
        count += 1
    _trouble(source)  # of the part that is none: it would stand in the way of what is read next
    return range(count)


def _check_overlap(spec: Any, path: Path) -> None:
    down, across = spec.y - spec.full_y, spec.x - spec.full_x
    inside = -spec.height < down < spec.full_height and -spec.width < across < spec.full_width
    if not inside:
        raise MediaError(MediaReason.MEDIA_EMPTY, "nothing of it is shown", path.name)


def _read_part(source: Any, number: int, path: Path) -> Part:
    source.seek_subimage(number, 0)
    spec = oiio.ImageSpec(source.spec())
    pixels = source.read_image(number, 0, 0, spec.nchannels, _exact_type(spec))
    trouble = _trouble(source)
    if pixels is None or trouble:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, trouble or "no pixels", path.name)
    return Part(spec, pixels.reshape(spec.height, spec.width, spec.nchannels))


def _exact_type(spec: Any) -> str:
    """A type that holds every channel without loss."""
    kinds = {str(kind) for kind in (spec.channelformats or (spec.format,))}
    if kinds <= {"uint8", "int8"}:
        return "uint8"
    if kinds <= {"uint8", "uint16"}:
        return "uint16"
    return "float" if kinds <= {"half", "float"} else "double"


def _top(dtype: np.dtype[Any]) -> float:
    return float(np.iinfo(dtype).max)


def _mark_part(still: Still, part: Part, moment: Moment, work: PlaneWork) -> None:
    channels = colour_channels(part.spec)
    turn = still.turn_of(part)
    levels = still.colours(part)
    change = _change_of(levels, lambda planes, canvas: work(planes, canvas, moment))
    for index, channel in enumerate(channels):
        place = (*part.stored, channel)
        before = part.pixels[place]
        step = np.ascontiguousarray(turn.stored(change[..., index])[part.shown])
        if still.is_light:
            bound = light_top(part.spec, channel)
            part.pixels[place] = scenelight.brought_back(before, step * np.float32(1.0 / 255.0), bound)
        else:
            top = _top(before.dtype)
            made = before.astype(np.float32) + step * np.float32(top / 255.0)
            part.pixels[place] = made.round().clip(0, top).astype(before.dtype)


def _change_of(
    levels: NDArray[np.float32], work: Callable[[tuple[Plane, ...], Canvas], tuple[Plane, ...]]
) -> NDArray[np.float32]:
    """Return what the mark adds to ``levels`` ``[h, w, 3 or 1]``."""
    height, width, count = levels.shape
    chroma = (width, height) if count == 3 else None
    canvas = Canvas(width, height, chroma, 16, left_sited=False)
    if count == 3:
        return mark_rgb(levels, lambda planes: work(planes, canvas))
    plane = np.ascontiguousarray((levels[..., 0] * 256.0).round().clip(0, 65_535).astype(np.uint16))
    (after,) = work((plane,), canvas)
    return ((after.astype(np.float32) - plane) / 256.0)[..., None]


def _fitted(part: Part, still: Still, form: str, path: Path, *, lossless: bool) -> Part:
    """Return a part that ``form`` can hold; refuses what would lose depth or light."""
    if form == still.form and not (lossless and form == "jpeg"):
        spec = oiio.ImageSpec(part.spec)
    else:
        spec, part = _moved(part, still, form, path, lossless=lossless)
    if form == "jpeg":
        spec.attribute("Compression", "jpeg:95")
        spec.attribute("jpeg:subsampling", "4:4:4")
    elif form == "webp":
        spec.attribute("Compression", "lossless" if lossless else "webp:95")
    elif form == "png" or (form == "tiff" and not still.is_light):
        spec.attribute("oiio:UnassociatedAlpha", 1)
    return Part(spec, part.pixels)


def _moved(part: Part, still: Still, form: str, path: Path, *, lossless: bool) -> tuple[Any, Part]:
    deep = part.pixels.dtype.itemsize > 1
    if (
        (still.is_light and form not in _LIGHT)
        or (deep and form in _EIGHT_BITS)
        or (lossless and form == "jpeg")
        or (len(still.parts) > 1 and form not in _LIGHT)
    ):
        raise MediaError(
            MediaReason.MEDIA_UNSUPPORTED, f"{form} would not hold this picture whole", path.name
        )
    spec = oiio.ImageSpec(part.spec)
    spec.erase_attribute("compression")
    if form in _NO_ALPHA and spec.alpha_channel >= 0:
        kept = [index for index in range(spec.nchannels) if index != spec.alpha_channel]
        names = [spec.channelnames[index] for index in kept]
        spec.nchannels, spec.channelnames, spec.alpha_channel = len(kept), names, -1
        part = Part(spec, np.ascontiguousarray(part.pixels[..., kept]))
    return spec, part


def _write_parts(output: Any, path: Path, parts: list[Part]) -> None:
    specs = [part.spec for part in parts]
    opened = output.open(str(path), specs[0] if len(specs) == 1 else tuple(specs))
    for number, part in enumerate(parts):
        if number and opened:
            opened = output.open(str(path), part.spec, "AppendSubimage")
        if not opened or not output.write_image(part.pixels):
            raise MediaError(MediaReason.MEDIA_NOT_WRITTEN, _trouble(output), path.name)
    if not output.close():
        raise MediaError(MediaReason.MEDIA_NOT_WRITTEN, _trouble(output), path.name)
