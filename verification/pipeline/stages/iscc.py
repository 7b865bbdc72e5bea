"""International Standard Content Codes of a medium (ISO 24138): Data-Code, Instance-Code, Audio-Code, Video-Code.

An Audio-Code is made of Chromaprint's numbers, which are made here. A Video-Code needs MPEG-7 frame signatures, which the
decoder at hand does not make: where an ``ffmpeg`` with its ``signature`` filter is on the path, it makes them, five pictures
a second, as the standard's own tools have it; elsewhere, and for films over two minutes, whose decoding would take longer
than all the rest, none is claimed. What makes no code costs nobody else anything: these codes find, they prove nothing.
"""

import re
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import Final

import av.error
import iscc_lib
import numpy as np

from training.soundprints import chromaprint, sound_of
from watermarking.errors import MediaError
from watermarking.media.containers import Medium, opened

VIDEO_SECONDS_MAX: Final = 120.0
_RATE, _WAIT_SECONDS = 5, 60.0
_ELEMENTS: Final = 380
_SIGNATURE: Final = re.compile(r"<FrameSignature>([0-2\s]+)</FrameSignature>")


def codes(path: Path, medium: Medium) -> tuple[str, ...]:
    """The codes of a file, each a unit of its own (``ISCC:…``)."""
    with path.open("rb") as stream:
        found = [str(iscc_lib.gen_data_code_v0(stream)["iscc"])]
    with path.open("rb") as stream:
        found.append(str(iscc_lib.gen_instance_code_v0(stream)["iscc"]))
    if medium.kind == "stream" and medium.has_audio and (numbers := _sound(path)):
        found.append(str(iscc_lib.gen_audio_code_v0(numbers)["iscc"]))
    is_short = medium.kind == "stream" and medium.has_video and 0 < medium.seconds <= VIDEO_SECONDS_MAX
    if is_short and (frames := _signatures(path)):
        found.append(str(iscc_lib.gen_video_code_v0(frames)["iscc"]))
    return tuple(found)


def _sound(path: Path) -> list[int]:
    """Chromaprint's numbers as signed ones; none of a sound under three seconds, or of one that cannot be decoded."""
    try:
        with opened(path) as container:
            numbers: list[int] = chromaprint(sound_of(container)).view(np.int32).tolist()
            return numbers
    except (MediaError, av.error.FFmpegError):
        return []


def _signatures(path: Path) -> list[list[int]]:
    """MPEG-7 signatures of frames (ISO/IEC 15938-3), 380 of 0 to 2 each; none where nothing at hand makes them."""
    program = shutil.which("ffmpeg")
    if program is None:
        return []
    with tempfile.TemporaryDirectory(prefix="tm-iscc-") as folder:
        target = Path(folder) / "signature.xml"
        command = [
            program, "-v", "error", "-nostdin", "-threads", "1", "-protocol_whitelist", "file", "-i", f"file:{path.resolve()}",
            "-map", "0:v:0", "-vf", f"fps=fps={_RATE},signature=format=xml:filename={target.name}", "-f", "null", "-",
        ]  # fmt: skip
        try:
            subprocess.run(
                command, cwd=folder, check=True, timeout=_WAIT_SECONDS, stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
            )  # fmt: skip
            text = target.read_text(encoding="ascii")
        except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
            return []
    frames = [[int(one) for one in found.split()] for found in _SIGNATURE.findall(text)]
    return frames if all(len(frame) == _ELEMENTS for frame in frames) else []
