"""Look into bytes before they are kept: can they be read, are they sharp, do we hold their like, what do they carry.

Nothing here decides: findings become facts of the gate. What flags faces, personal data or unsafe content is a plug-in
(entry points ``trustmark.training_scans``: ``(stream, kind) -> flags``), since no detector of these is part of this house.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.metadata import entry_points
from typing import Any, BinaryIO, Final
from uuid import UUID

import av
import iscc_lib
import numpy as np
import soundfile
from numpy.typing import NDArray
from PIL import Image

from screenplays.fingerprint import fingerprint_of_text
from training.carried import refuses_training
from training.marked import marks_in
from training.prints import Print, bursts_of_sound, nearest, print_of, prints_of_sound, repeats
from training.scripts import scripts_in
from training.soundprints import chromaprint, sound_of
from training.textprints import Sketch, nearest_text, sketch_of_text
from training.vocabulary import MediaKind, PrintOf

PLUGINS: Final = "trustmark.training_scans"
BLUR_LEAST: Final = 12.0
"""Variance of the Laplacian (8-bit luma, long side at most 512) below which a picture counts as blurred."""
SIDE_LEAST: Final = 64
FRAMES_SAMPLED: Final = 16
FRAMES_JUDGED: Final = 4
"""Of fewer sampled frames nobody says that they repeat one another."""
REPEATED_MOST: Final = 0.5
_PIXELS_MAX: Final = 400_000_000


@dataclass(slots=True)
class Findings:
    """What a scan found: facts for the gate, flags, a report to keep, and the fingerprints."""

    facts: dict[str, bool] = field(default_factory=dict)
    flags: tuple[str, ...] = ()
    report: dict[str, Any] = field(default_factory=dict)
    prints: list[Print] = field(default_factory=list)
    sketch: Sketch | None = None
    asked: list[Print] = field(default_factory=list)
    # registered scripts' versions that the text is most like; kept beside the report, which others read
    scripts: tuple[UUID, ...] = ()


def scan_file(
    stream: BinaryIO,
    *,
    kind: str,
    organisation_id: UUID,
    but_for: UUID | None = None,
    looked: Findings | None = None,
) -> Findings:
    """Scan a stream of a stated kind, and rewind it.

    Args:
        but_for: the asset that these bytes belong to: its own fingerprints are no duplicate.
        looked: what :func:`look_into` found in it already, in a process of its own.
    """
    found = looked if looked is not None else look_into(stream, kind=kind)
    stream.seek(0)
    _look_for_likes(found, organisation_id, but_for)
    if not found.facts.get("unreadable"):
        _look_for_marks(stream, kind, found)
        _look_for_scripts(stream, kind, organisation_id, found)
    for point in entry_points(group=PLUGINS):
        found.flags += tuple(point.load()(stream, kind))
        stream.seek(0)
    found.report["flags"] = sorted(found.flags)
    return found


def look_into(stream: BinaryIO, *, kind: str, sketch_key: bytes = b"") -> Findings:
    """What decoding a stream says of it: no database is asked.

    Args:
        sketch_key: what a text is sketched under, where the process has no secret to derive it from.
    """
    found = Findings()
    stream.seek(0)
    try:
        if kind == MediaKind.TEXT:
            pictures = _text(stream, found, sketch_key)
        else:
            pictures = _READERS[MediaKind(kind)](stream, found)
    except Exception as error:  # noqa: BLE001 - whatever a decoder raises, the file cannot be read
        found.facts["unreadable"] = True
        found.report["unreadable"] = f"{type(error).__name__}: {error}"[:300]
        pictures = []
    stream.seek(0)
    _judge_pictures(pictures, found)
    found.facts["credentials_refuse"] = refuses_training(stream)
    stream.seek(0)
    return found


def _look_for_marks(stream: BinaryIO, kind: str, found: Findings) -> None:
    suffix = f".{found.report['codec'].lower()}" if kind == MediaKind.IMAGE else ""
    marks = marks_in(stream, kind=kind, suffix=suffix)
    found.facts |= {"marked": marks.is_found, "marks_unread": bool(marks.why_unread)}
    if marks.is_found:  # whose it is, is not for everybody who holds a copy
        found.report["mark"] = {"layers": list(marks.layers), "p_value": marks.p_value}
    if marks.why_unread:
        found.report["marks_unread"] = marks.why_unread


def _look_for_scripts(stream: BinaryIO, kind: str, organisation_id: UUID, found: Findings) -> None:
    scripts = scripts_in(stream, kind=kind, organisation_id=organisation_id)
    found.facts |= {"script_ungranted": scripts.ungranted > 0, "script_unread": bool(scripts.why_unread)}
    found.scripts = scripts.versions
    if scripts.found:  # whose it is, is not for everybody who holds a copy
        found.report["scripts"] = {
            "found": scripts.found, "not_granted": scripts.ungranted, "share_of_text": scripts.share,
        }  # fmt: skip
    if scripts.why_unread:
        found.report["script_unread"] = scripts.why_unread


def sharpness(luma: NDArray[np.float32]) -> float:
    """Variance of the Laplacian of ``[rows, columns]`` luma in 0 to 255."""
    inner = luma[1:-1, 1:-1]
    edges = luma[:-2, 1:-1] + luma[2:, 1:-1] + luma[1:-1, :-2] + luma[1:-1, 2:] - 4.0 * inner
    return float(edges.var())


def _judge_pictures(pictures: list[tuple[float | None, Image.Image]], found: Findings) -> None:
    if not pictures:
        return
    sharp, prints = [], []
    for at, picture in pictures:
        small = picture.copy()
        small.thumbnail((512, 512))
        sharp.append(sharpness(np.asarray(small.convert("L"), dtype=np.float32)))
        prints.append(print_of(picture, at))
    found.prints += prints
    if len(prints) >= FRAMES_JUDGED:
        repeated = repeats(prints)
        found.report |= {"frames_sampled": len(prints), "frames_repeated": repeated}
        found.facts["frames_repeat"] = repeated / len(prints) >= REPEATED_MOST
    width, height = pictures[0][1].size
    found.report |= {"width": width, "height": height, "sharpness": round(max(sharp), 2)}
    found.facts["low_quality"] = max(sharp) < BLUR_LEAST or min(width, height) < SIDE_LEAST


def _look_for_likes(found: Findings, organisation_id: UUID, but_for: UUID | None) -> None:
    pictures = [one for one in found.prints if one.of == PrintOf.PICTURE]
    for of, prints in ((PrintOf.PICTURE, pictures), (PrintOf.SOUND, found.asked)):
        like = nearest(organisation_id, prints, but_for=but_for)
        if like is not None:
            _tell_like(found, {"asset": str(like.asset_id), "distance": like.distance, "of": of.value})
    text = nearest_text(organisation_id, found.sketch, but_for=but_for) if found.sketch else None
    if text is not None:
        shares = {"of_text": round(text.of_text, 2), "of_asset": round(text.of_asset, 2)}
        _tell_like(found, {"asset": str(text.asset_id), "of": "TEXT", **shares})


def _tell_like(found: Findings, like: dict[str, Any]) -> None:
    """The first that was found is told by name; that there is one, is a fact of the gate."""
    found.facts["near_duplicate"] = True
    found.report.setdefault("near_duplicate_of", like)


def _listen(stream: BinaryIO, found: Findings) -> None:
    """Take the fingerprints of a file's first sound, and its ISO 24138 audio code."""
    stream.seek(0)
    with av.open(stream) as film:
        numbers = chromaprint(sound_of(film))
    if len(numbers):
        code = iscc_lib.gen_audio_code_v0(numbers.astype(np.int32).tolist(), bits=256)
        found.report["iscc_audio"] = str(code["iscc"])
    found.prints += prints_of_sound(numbers)
    found.asked = bursts_of_sound(numbers)


def _image(stream: BinaryIO, found: Findings) -> list[tuple[float | None, Image.Image]]:
    with Image.open(stream) as picture:
        if picture.width * picture.height > _PIXELS_MAX:
            raise ValueError("too many pixels")
        picture.load()
        found.report["codec"] = picture.format
        return [(None, picture.convert("RGB"))]


def _video(stream: BinaryIO, found: Findings) -> list[tuple[float | None, Image.Image]]:
    with av.open(stream) as film:
        track = film.streams.video[0]
        rate = track.average_rate
        found.report |= {"codec": track.codec_context.name, "frame_rate": str(rate) if rate else ""}
        pictures = list(_sampled(film, track))
        is_heard = bool(film.streams.audio)
    if is_heard:
        _listen(stream, found)
    return pictures


def _sampled(film: Any, track: Any) -> Iterator[tuple[float | None, Image.Image]]:
    """Some frames over the whole length: so many that a half of the film shares some with the whole."""
    length = float(film.duration or 0) / av.time_base
    step, due = max(length / FRAMES_SAMPLED, 0.5), 0.0
    for frame in film.decode(track):
        at = float(frame.time or 0.0)
        if at >= due:
            due = at + step
            yield at, frame.to_image()


def _audio(stream: BinaryIO, found: Findings) -> list[tuple[float | None, Image.Image]]:
    try:
        with soundfile.SoundFile(stream) as sound:
            frames = sum(len(block) for block in sound.blocks(blocksize=1 << 20))
            found.report |= {"codec": sound.subtype, "sample_rate_hz": sound.samplerate, "frames": frames}
    except soundfile.LibsndfileError:
        frames = _other_audio(stream, found)
    if frames == 0:
        raise ValueError("no sound")
    _listen(stream, found)
    return []


def _other_audio(stream: BinaryIO, found: Findings) -> int:
    """How many samples are in a sound that libsndfile does not know (AAC)."""
    stream.seek(0)
    film: Any
    with av.open(stream) as film:
        track = film.streams.audio[0]
        frames = sum(int(frame.samples) for frame in film.decode(track))
        found.report |= {"codec": track.codec_context.name, "sample_rate_hz": track.rate, "frames": frames}
    return frames


def _text(stream: BinaryIO, found: Findings, key: bytes) -> list[tuple[float | None, Image.Image]]:
    text = stream.read().decode("utf-8")
    if not text.strip():
        raise ValueError("no text")
    found.report["characters"] = len(text)
    found.sketch = sketch_of_text(text, key)
    if iscc := fingerprint_of_text(text).iscc:
        found.report["iscc_text"] = iscc
    return []


_READERS: Final = {
    MediaKind.IMAGE: _image,
    MediaKind.VIDEO: _video,
    MediaKind.AUDIO: _audio,
}
