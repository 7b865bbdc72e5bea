"""Measure the lines of scanned pages: where each word begins, in letter widths. Runs in the confined process alone.

No letter is recognised. Copies are set in a face whose letters are all equally wide, so where the words of a line begin
tells how long each is, and that tells which line of the script it is (:mod:`screenplays.copies.matching`).
"""

import io
from collections.abc import Iterator
from typing import Any, Final

import numpy as np
import pypdfium2
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError

from screenplays.copies.lines import ScannedLine
from screenplays.reading.shape import Limits, Refusal, Refused, require_length

_DOTS_AN_INCH: Final = 200
_PAGES_MOST: Final = 40
_PIXELS_MOST: Final = 40_000_000
_LINES_LEAST: Final = 5
# of the distance between lines: a letter is a tenth of an inch wide, a line a sixth of an inch high
_PITCH_OF_LEADING: Final = 0.6
_GAP_OF_PITCH: Final = 0.8
Pixels = NDArray[Any]


def scan(data: bytes, limits: Limits) -> list[ScannedLine]:
    """The lines of the pages of a PDF of pictures, or of one picture (PNG, JPEG, TIFF).

    Raises:
        Refused: ``SCRIPT_TYPE``, ``SCRIPT_MALFORMED``, ``SCRIPT_LOCKED``, ``SCRIPT_TOO_LONG``, ``SCRIPT_BOMB``.
    """
    return [line for page in _pages(data, limits) for line in lines_of(page)]


def lines_of(page: Pixels) -> list[ScannedLine]:
    """The lines of one page, straightened; none where there are too few to measure a letter by."""
    ink = _straight(page)
    bands = [(top, end) for top, end in _runs(np.asarray(ink.any(axis=1)), 1) if end - top > 3]
    if len(bands) < _LINES_LEAST:
        return []
    feet = np.diff([end for _, end in bands])
    near = feet[feet < 1.5 * max(float(np.percentile(feet, 10)), 1.0)]
    pitch = float(np.median(near)) * _PITCH_OF_LEADING
    words = [
        _runs(np.asarray(ink[top:end].any(axis=0)), max(2, round(pitch * _GAP_OF_PITCH)))
        for top, end in bands
    ]
    found = [line for line in words if len(line) > 2]
    if len(found) < _LINES_LEAST:
        return []
    pitch = _refined(found, pitch)
    return [ScannedLine(tuple((left - line[0][0]) / pitch for left, _ in line)) for line in found]


def _refined(lines: list[list[tuple[int, int]]], pitch: float) -> float:
    """The letter width at which most words begin on whole letters; within 4 % of the first guess."""
    lefts = np.concatenate([[left - line[0][0] for left, _ in line[1:]] for line in lines])
    lefts = lefts[lefts < 45 * pitch]
    for spread in (0.04, 0.004):
        tries = pitch * np.linspace(1 - spread, 1 + spread, 161)
        agree = np.cos(2 * np.pi * lefts[None, :] / tries[:, None]).sum(axis=1)
        pitch = float(tries[int(agree.argmax())])
    return pitch


def _straight(page: Pixels) -> Pixels:
    """Where there is ink, with the page turned so that its lines lie level."""
    dark = page < min(170, int(page.mean()) - 30)
    image = Image.fromarray((dark * 255).astype(np.uint8))
    small = image.resize((max(1, image.width // 3), max(1, image.height // 3)))

    def level(angle: float) -> float:
        rows = np.asarray(small.rotate(angle), dtype=np.float32).sum(axis=1)
        return float(np.square(np.diff(rows)).sum())

    best = max(np.arange(-2.0, 2.01, 0.2), key=level)
    best = max(np.arange(best - 0.2, best + 0.21, 0.05), key=level)
    turned = image if abs(best) < 0.03 else image.rotate(float(best), resample=Image.Resampling.BILINEAR)
    return np.asarray(turned) > 127


def _runs(is_ink: Pixels, gap: int) -> list[tuple[int, int]]:
    """Stretches of ink, those nearer to each other than ``gap`` joined."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], is_ink.astype(np.int8), [0]])))
    joined: list[tuple[int, int]] = []
    for first, end in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        if joined and first - joined[-1][1] < gap:
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((first, end))
    return joined


def _pages(data: bytes, limits: Limits) -> Iterator[Pixels]:
    if not data[:1024].lstrip().startswith(b"%PDF-"):
        yield _picture(data)
        return
    try:
        document = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        locked = "password" in str(error).lower()
        raise Refused(
            Refusal.SCRIPT_LOCKED if locked else Refusal.SCRIPT_MALFORMED, str(error)[:200]
        ) from error
    require_length(len(document), limits)
    for number in range(min(len(document), _PAGES_MOST)):
        page = document[number]
        width, height = page.get_size()
        scale = _DOTS_AN_INCH / 72
        if width * height * scale * scale > _PIXELS_MOST:
            raise Refused(Refusal.SCRIPT_BOMB, "a page is larger than is read")
        yield np.asarray(page.render(scale=scale, grayscale=True).to_numpy()).squeeze()


def _picture(data: bytes) -> Pixels:
    Image.MAX_IMAGE_PIXELS = _PIXELS_MOST // 2
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG", "TIFF")) as picture:
            return np.asarray(picture.convert("L"))
    except Image.DecompressionBombError as error:
        raise Refused(Refusal.SCRIPT_BOMB, "the picture is larger than is read") from error
    except UnidentifiedImageError as error:
        raise Refused(Refusal.SCRIPT_TYPE, "neither a PDF nor a picture") from error
    except (OSError, ValueError, SyntaxError) as error:
        raise Refused(Refusal.SCRIPT_MALFORMED, str(error)[:200]) from error
