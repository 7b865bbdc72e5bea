r"""The two hashes of a frame: of the file as it lies there, and of the picture in it.

Renderers write times and host names into metadata, so two equal renders differ as files and agree as pixels.
``pixel_sha256`` is SHA-256 over one header line and the decoded samples, row by row, interleaved, samples of
more than one byte little-endian:

    trustmark-pixels/1 <height> <width> <channels> <uint8|uint16|float32>\n

Nothing else enters: no profile, no gamma, no metadata.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from trustmark_client.errors import PixelsUnreadable

if TYPE_CHECKING:
    from av import VideoFrame

# Pillow's modes whose bytes are what the header says they are; others are refused rather than converted
_MODES: Final = {
    "L": (1, "uint8"),
    "LA": (2, "uint8"),
    "RGB": (3, "uint8"),
    "RGBA": (4, "uint8"),
    "F": (1, "float32"),
}
# FFmpeg's formats that reach memory as the samples that were stored: nothing is converted
_STORED: Final = frozenset(
    {"gray", "rgb24", "rgba"}
    | {f"{name}{end}" for name in ("gray16", "rgb48", "rgba64") for end in ("le", "be")}
    | {f"{name}{end}" for name in ("gbrp10", "gbrp12", "gbrp14", "gbrp16") for end in ("le", "be")}
    | {f"{name}{end}" for name in ("gbrpf32", "gbrapf32", "grayf32") for end in ("le", "be")}
)
# of these the rows in memory are the samples already: no array is made of them, and numpy is not loaded for them
_PACKED: Final = {"gray": 1, "rgb24": 3, "rgba": 4}
# read by FFmpeg: deeper than Pillow goes, or (PNG) at half the time
_BY_FFMPEG: Final = {".png": "png", ".exr": "exr", ".dpx": "dpx"}
_STRICTNESS = Lock()
_ROOM: Final = 1 << 18
# of a frame that has no picture
NO_PIXELS: Final = "0" * 64


def both_sha256(path: Path) -> tuple[str, str]:
    """:func:`file_sha256` and :func:`pixel_sha256` of the same bytes: the file is read once.

    Raises:
        PixelsUnreadable: as ``pixel_sha256``.
        OSError: the file cannot be read.
    """
    codec = _BY_FFMPEG.get(path.suffix.lower())
    if codec is None:
        return file_sha256(path), _by_pillow(path)
    content = path.read_bytes()
    return hashlib.sha256(content).hexdigest(), _by_ffmpeg(path.name, content, codec)


def file_sha256(path: Path) -> str:
    """SHA-256 of the file's bytes, hex."""
    digest, room = hashlib.sha256(), bytearray(_ROOM)
    view = memoryview(room)
    with path.open("rb", buffering=0) as stream:
        while read := stream.readinto(view):
            digest.update(view[:read])
    return digest.hexdigest()


def pixel_sha256(path: Path) -> str:
    """SHA-256 of the decoded picture, hex.

    Raises:
        PixelsUnreadable: no picture, cut short, or of a kind that no decoder here reads without loss.
    """
    codec = _BY_FFMPEG.get(path.suffix.lower())
    return _by_ffmpeg(path.name, path.read_bytes(), codec) if codec else _by_pillow(path)


def load_decoders() -> None:
    """Load what decodes pictures now, and not while the first frame waits for its hash; nothing where it is not installed."""
    with suppress(ImportError):
        import av  # noqa: F401


def samples_sha256(samples: bytes | memoryview, *, shape: tuple[int, int, int], dtype: str) -> str:
    """The pixel hash of samples in memory: ``shape`` is (height, width, channels)."""
    height, width, channels = shape
    digest = hashlib.sha256(f"trustmark-pixels/1 {height} {width} {channels} {dtype}\n".encode())
    digest.update(samples)
    return digest.hexdigest()


def _by_pillow(path: Path) -> str:
    from PIL import Image, UnidentifiedImageError

    try:
        with _whole_files_only(), Image.open(path) as image:
            image.load()
            if image.mode not in _MODES:
                raise PixelsUnreadable(f"{path.name}: pixels of mode {image.mode} are not hashed")
            channels, dtype = _MODES[image.mode]
            shape = (image.height, image.width, channels)
            return samples_sha256(image.tobytes(), shape=shape, dtype=dtype)
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise PixelsUnreadable(f"{path.name}: {error}") from error


@contextmanager
def _whole_files_only() -> Iterator[None]:
    """Have Pillow refuse files cut short, whatever another library of this process told it.

    Its switch belongs to the whole process, and some libraries (WeasyPrint is one) open it when they are imported.
    """
    from PIL import ImageFile

    with _STRICTNESS:
        found, ImageFile.LOAD_TRUNCATED_IMAGES = ImageFile.LOAD_TRUNCATED_IMAGES, False
        try:
            yield
        finally:
            ImageFile.LOAD_TRUNCATED_IMAGES = found


def _by_ffmpeg(name: str, content: bytes, codec: str) -> str:
    try:
        import av
    except ImportError as error:
        raise PixelsUnreadable(f"{name}: reading it needs PyAV (trustmark-client[pixels])") from error
    decoder = av.CodecContext.create(codec, "r")
    assert isinstance(decoder, av.VideoCodecContext)
    # strict: a file cut short is an error, not a picture that is grey below
    decoder.options = {"err_detect": "explode"}
    decoder.thread_count = 1
    try:
        frames = [*decoder.decode(av.Packet(content)), *decoder.decode(None)]
    except av.FFmpegError as error:
        raise PixelsUnreadable(f"{name}: {error}") from error
    if len(frames) != 1 or frames[0].format.name not in _STORED:
        found = frames[0].format.name if frames else "nothing"
        raise PixelsUnreadable(f"{name}: pixels of format {found} are not hashed")
    if frames[0].format.name in _PACKED:
        return _of_rows(frames[0], _PACKED[frames[0].format.name])
    import numpy as np

    samples = np.ascontiguousarray(frames[0].to_ndarray())
    height, width = samples.shape[:2]
    channels = samples.shape[2] if samples.ndim == 3 else 1
    return samples_sha256(samples.data.cast("B"), shape=(height, width, channels), dtype=str(samples.dtype))


def _of_rows(frame: VideoFrame, channels: int) -> str:
    """The pixel hash of a picture whose rows lie in memory as they are hashed, perhaps with room behind each."""
    plane, row = frame.planes[0], frame.width * channels
    digest = hashlib.sha256(f"trustmark-pixels/1 {frame.height} {frame.width} {channels} uint8\n".encode())
    rows = memoryview(plane)[: plane.line_size * frame.height]
    if plane.line_size == row:
        digest.update(rows)
    else:
        for at in range(0, len(rows), plane.line_size):
            digest.update(rows[at : at + row])
    return digest.hexdigest()
