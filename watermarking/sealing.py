"""Sealing files: pictures as PNG or TIFF, films as FFV1 in Matroska. Nothing that loses a bit.

What was written is read again before it gets its name. Of a film every frame is sealed under its number, and the last
one as the last, so frames that are missing, doubled or moved are told as well as one that was painted over, at the
beginning and the end too.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal

import av
import msgspec
import numpy as np
import OpenImageIO
from av.video.frame import VideoFrame
from numpy.typing import NDArray

from trustcore.errors import TrustError
from watermarking.errors import MediaError, MediaReason
from watermarking.media.containers import opened
from watermarking.media.staging import staged, writing_to
from watermarking.signal.fragile import MISS, SealMark, SealReading, block_bounds, read_seal, seal_planes

SCHEME, VERSION = "trustmark.seal", 1
STILLS, FILMS = frozenset({".png", ".tif", ".tiff"}), frozenset({".mkv"})
_FORMAT = re.compile(r"(yuv4(20|22|44)p|gray|gbrp)(9|10|12|14|16)?(le)?")
# in green, blue, red order the blue plane is where a changed level is seen least
_CARRIER = {"gbrp": 1}
_REGIONS_MAX = 1000

SealStatus = Literal["intact", "edited", "foreign", "absent"]


class SealRefused(TrustError):
    """A file cannot be sealed, or not so that the seal would hold; ``code`` says why."""


class Region(msgspec.Struct, frozen=True):
    """A rectangle of blocks that do not verify, in pixels; ``frame`` as it stands in the film."""

    frame: int
    x: int
    y: int
    width: int
    height: int


class SealReport(msgspec.Struct, frozen=True):
    """What is left of a seal.

    ``status``: ``intact``; ``edited`` (``regions`` say where); ``foreign`` (a seal, but none that this key made);
    ``absent`` (no block carries a seal: never sealed, or every block was changed, as any re-encoding does).
    ``order``: frames stand as they were sealed, all of them from the first to the last. ``false_alarm`` and ``miss`` bound the
    chance that an untouched block is called edited, and an edited one whole.
    """

    status: SealStatus
    picture_id: str | None
    frames: int
    blocks: int
    whole: int
    order: bool
    regions: tuple[Region, ...]
    detail: str
    false_alarm: float = 0.0
    miss: float = MISS
    scheme: str = SCHEME
    version: int = VERSION

    def as_dict(self) -> dict[str, Any]:
        """Return plain JSON values."""
        plain: dict[str, Any] = msgspec.to_builtins(self)
        return plain


def seal_file(source: Path, target: Path, *, key: bytes) -> SealReport:
    """Write a sealed copy of ``source``, read it again, and say what was found.

    Raises:
        SealRefused: ``SEAL_NEEDS_LOSSLESS``, ``SEAL_UNSUPPORTED``; ``SEAL_NOT_KEPT`` if it did not read back whole.
        MediaError: ``source`` cannot be read, or ``target`` cannot be written.
    """
    suffix = target.suffix.lower()
    if suffix not in STILLS | FILMS:
        kept = ", ".join(sorted(STILLS | FILMS))
        raise SealRefused("SEAL_NEEDS_LOSSLESS", f"a seal is kept by {kept} alone", target.name)
    if not source.is_file():
        raise MediaError(MediaReason.MEDIA_MISSING, "there is no such file", source.name)
    picture_id = secrets.randbits(64)
    with staged(target) as made:
        with writing_to(target):
            (_seal_still if suffix in STILLS else _seal_film)(source, made, picture_id, key)
        report = check_file(made, key=key)
        if report.status != "intact":
            raise SealRefused("SEAL_NOT_KEPT", report.detail, target.name)
    return report


def check_file(path: Path, *, key: bytes) -> SealReport:
    """Verify the seal of a picture or a film, of any kind that can be read.

    Raises:
        MediaError: it cannot be read.
        SealRefused: ``SEAL_UNSUPPORTED``: its samples are none that a seal is made for.
    """
    if not path.is_file():
        raise MediaError(MediaReason.MEDIA_MISSING, "there is no such file", path.name)
    if path.suffix.lower() in STILLS | {".jpg", ".jpeg", ".webp", ".bmp"}:
        planes, _ = _open_still(path)
        carrier = _still_carrier(planes)
        shapes = [planes[carrier].shape]
        return _report([_read(planes, key, carrier, path)], shapes[0], "")
    readings, shape = [], (0, 0)
    for planes, carrier, _ in _frames(path):
        readings.append(_read(planes, key, carrier, path))
        shape = planes[carrier].shape
    if not readings:
        raise MediaError(MediaReason.MEDIA_EMPTY, "no pictures", path.name)
    return _report(readings, shape, _lacking([one.mark for one in readings]))


def _lacking(marks: Sequence[SealMark | None]) -> str:
    """What is wrong with the frames of a film as a row, in words; empty: they are all there, in their order."""
    known = [(place, mark) for place, mark in enumerate(marks) if mark is not None]
    lacks = []
    if len({mark.picture_id for _, mark in known}) > 1:
        lacks.append("frames of another film are among them")
    if known and known[0][1].frame > known[0][0]:
        lacks.append("the beginning is missing")
    steps = [(later.frame - mark.frame, after - place) for (place, mark), (after, later) in pairwise(known)]
    if any(sealed != found for sealed, found in steps) or any(mark.last for _, mark in known[:-1]):
        lacks.append("frames are missing, doubled or moved")
    if len(known) < len(marks):
        lacks.append("whole frames were changed")
    if marks and marks[-1] is not None and not marks[-1].last:
        lacks.append("the end is missing")
    return "; ".join(lacks)


def _report(readings: Sequence[SealReading], shape: tuple[int, ...], lacking: str) -> SealReport:
    marks = [one.mark for one in readings if one.mark is not None]
    ids = {mark.picture_id for mark in marks}
    in_order = len(ids) == 1 and not lacking
    blocks = sum(one.whole.size for one in readings)
    whole = sum(int(one.whole.sum()) for one in readings)
    regions: list[Region] = []
    if marks:
        for frame, one in enumerate(readings):
            regions += _regions(~one.whole, frame, shape)
    if whole == blocks and in_order:
        status, detail = "intact", "every block is as it was sealed"
    elif whole:
        status = "edited"
        changed = f"{blocks - whole} of {blocks} blocks were changed" if whole < blocks else ""
        detail = "; ".join(part for part in (changed, lacking) if part)
    elif any(one.strangers > 1 for one in readings):
        status, detail = "foreign", "there is a seal, but none that this key made"
    else:
        status = "absent"
        detail = (
            "no block carries a seal: it was never sealed, or every block was changed, as re-encoding does"
        )
    return SealReport(
        status=status,  # type: ignore[arg-type]  # one of the four above
        picture_id=f"{next(iter(ids)):016x}" if len(ids) == 1 else None,
        frames=len(readings),
        blocks=blocks,
        whole=whole,
        order=in_order,
        regions=tuple(regions[:_REGIONS_MAX]),
        detail=detail,
    )


def _regions(edited: NDArray[np.bool_], frame: int, shape: tuple[int, ...]) -> Iterator[Region]:
    """Rectangles that cover the edited blocks: runs of a row, joined downwards where they are as wide."""
    ys, xs = block_bounds(shape[0]), block_bounds(shape[1])
    open_runs: dict[tuple[int, int], int] = {}
    for row in range(len(ys) + 1):
        runs = set(_runs(edited[row])) if row < len(ys) else set()
        for run in [one for one in open_runs if one not in runs]:
            top = open_runs.pop(run)
            x, right = xs[run[0]][0], xs[run[1]][1]
            yield Region(frame, x, ys[top][0], right - x, ys[row - 1][1] - ys[top][0])
        for run in runs:
            open_runs.setdefault(run, row)


def _runs(row: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    edges = np.flatnonzero(np.diff(np.concatenate([[False], row, [False]]).astype(np.int8)))
    for first, after in zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True):
        yield first, after - 1


def _read(planes: Sequence[NDArray[Any]], key: bytes, carrier: int, path: Path) -> SealReading:
    try:
        return read_seal(planes, key=key, carrier=carrier)
    except ValueError as error:
        raise SealRefused("SEAL_UNSUPPORTED", str(error), path.name) from error


def _seal_still(source: Path, target: Path, picture_id: int, key: bytes) -> None:
    planes, spec = _open_still(source)
    carrier = _still_carrier(planes)
    try:
        sealed = seal_planes(planes, SealMark(picture_id), key=key, carrier=carrier)
    except ValueError as error:
        raise SealRefused("SEAL_UNSUPPORTED", str(error), source.name) from error
    output = OpenImageIO.ImageOutput.create(str(target))
    if output is None:
        raise MediaError(MediaReason.MEDIA_UNSUPPORTED, "no writer for this kind of picture", target.name)
    spec.attribute("oiio:UnassociatedAlpha", 1)
    written = output.open(str(target), spec) and output.write_image(
        np.ascontiguousarray(np.stack(sealed, -1))
    )
    closed = output.close()
    if not (written and closed):
        raise MediaError(MediaReason.MEDIA_NOT_WRITTEN, output.geterror(), target.name)


def _open_still(path: Path) -> tuple[list[NDArray[Any]], Any]:
    asked = OpenImageIO.ImageSpec()
    asked.attribute("oiio:UnassociatedAlpha", 1)
    picture = OpenImageIO.ImageInput.open(str(path), asked)
    if picture is None:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, OpenImageIO.geterror()[:200], path.name)
    spec = picture.spec()
    values = picture.read_image(spec.format)
    picture.close()
    if values is None:
        raise MediaError(MediaReason.MEDIA_UNREADABLE, "the picture is damaged", path.name)
    if values.dtype not in (np.uint8, np.uint16):
        raise SealRefused("SEAL_UNSUPPORTED", "a seal is made for 8 and 16 bit samples", path.name)
    return [np.ascontiguousarray(values[..., index]) for index in range(values.shape[2])], spec


def _still_carrier(planes: Sequence[Any]) -> int:
    """Blue, where there is one; never alpha."""
    return 2 if len(planes) >= 3 else 0


def _seal_film(source: Path, target: Path, picture_id: int, key: bytes) -> None:
    with opened(source) as reading, av.open(str(target), "w") as writing:
        if not reading.streams.video:
            raise SealRefused("SEAL_UNSUPPORTED", "there are no pictures", source.name)
        video = reading.streams.video[0]
        # every frame stands for itself: one that is lost takes no other with it
        made = writing.add_stream(
            "ffv1", rate=video.average_rate or 24, options={"level": "3", "slicecrc": "1", "g": "1"}
        )
        made.width, made.height, made.pix_fmt = video.width, video.height, video.format.name
        if video.time_base is not None:
            made.time_base = made.codec_context.time_base = video.time_base
        copies = {one.index: writing.add_stream_from_template(one) for one in reading.streams.audio}
        # held back until another follows: the last one is sealed as the last
        held: VideoFrame | None = None
        number = 0
        for packet in reading.demux(video, *reading.streams.audio):
            if packet.stream.index in copies:
                if packet.dts is not None:
                    packet.stream = copies[packet.stream.index]
                    writing.mux(packet)
                continue
            for frame in packet.decode():
                if not isinstance(frame, VideoFrame):
                    continue
                if held is not None:
                    writing.mux(made.encode(_sealed_frame(held, SealMark(picture_id, number), key, source)))
                    number += 1
                held = frame
        if held is not None:
            last = SealMark(picture_id, number, last=True)
            writing.mux(made.encode(_sealed_frame(held, last, key, source)))
        writing.mux(made.encode(None))


def _sealed_frame(frame: VideoFrame, mark: SealMark, key: bytes, path: Path) -> VideoFrame:
    planes, carrier = _planes(frame, path)
    try:
        sealed = seal_planes(planes, mark, key=key, carrier=carrier)
    except ValueError as error:
        raise SealRefused("SEAL_UNSUPPORTED", str(error), path.name) from error
    made = VideoFrame(frame.width, frame.height, frame.format.name)
    for plane, values in zip(made.planes, sealed, strict=True):
        row = plane.line_size // values.dtype.itemsize
        padded = np.zeros((plane.height, row), values.dtype)
        padded[:, : values.shape[1]] = values
        plane.update(padded.tobytes())
    made.pts, made.time_base, made.color_range, made.colorspace = (
        frame.pts, frame.time_base, frame.color_range, frame.colorspace,
    )  # fmt: skip
    return made


def _frames(path: Path) -> Iterator[tuple[list[NDArray[Any]], int, VideoFrame]]:
    with opened(path) as container:
        if not container.streams.video:
            raise MediaError(MediaReason.MEDIA_EMPTY, "no pictures", path.name)
        for frame in container.decode(video=0):
            planes, carrier = _planes(frame, path)
            yield planes, carrier, frame


def _planes(frame: VideoFrame, path: Path) -> tuple[list[NDArray[Any]], int]:
    kind = _FORMAT.fullmatch(frame.format.name)
    if kind is None:
        raise SealRefused("SEAL_UNSUPPORTED", f"no seal for samples of {frame.format.name}", path.name)
    dtype = np.dtype("<u2") if kind[3] else np.dtype(np.uint8)
    planes = []
    for plane in frame.planes:
        values: NDArray[Any] = np.frombuffer(memoryview(plane), dtype).reshape(
            -1, plane.line_size // dtype.itemsize
        )
        planes.append(values[: plane.height, : plane.width])
    return planes, _CARRIER.get(kind[1], 0)
