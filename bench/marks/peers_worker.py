"""Runs in the peers' own environment: reads a question a line, answers a line of JSON. See ``peers.py``."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

BITS = np.random.default_rng(64).integers(0, 2, 64)
_FRAMES = 16


def embed(peer: str, source: str, target: str) -> dict[str, Any]:
    """Mark one file."""
    if peer.startswith("invisible-watermark"):
        return _embed_invisible(peer, source, target)
    if peer == "blind-watermark":
        mark = _blind()
        mark.read_img(source)
        mark.read_wm(list(BITS == 1), mode="bit")
        mark.embed(target)
        return {}
    return _embed_perth(source, target)


def detect(peer: str, source: str) -> dict[str, Any]:
    """Read one file: whether the payload came back whole, and whether a mark is claimed."""
    if peer.startswith("invisible-watermark"):
        return _told(_read_invisible(peer, source))
    if peer == "blind-watermark":
        read = _blind().extract(_as_png(source), wm_shape=64, mode="bit")
        return _told((np.asarray(read) > 0.5).astype(int))
    confidence = _perth(source)
    return {"right": confidence > 0.5, "claims": confidence > 0.5, "share_right": confidence}


def _told(bits: Any) -> dict[str, Any]:
    """These marks have no way to say "nothing is there": whatever is read is a payload, so they always claim."""
    share = float(np.mean(np.asarray(bits) == BITS[: len(bits)]))
    return {"right": share == 1.0, "claims": True, "share_right": share}


def _method(peer: str) -> tuple[str, int]:
    return ("rivaGan", 32) if "rivaGan" in peer else ("dwtDctSvd", 64)


@cache
def _encoder(method: str, nbits: int) -> Any:
    from imwatermark import WatermarkEncoder

    made = WatermarkEncoder()
    made.set_watermark("bits", [int(bit) for bit in BITS[:nbits]])
    if method == "rivaGan":
        WatermarkEncoder.loadModel()
    return made


@cache
def _decoder(method: str, nbits: int) -> Any:
    from imwatermark import WatermarkDecoder

    if method == "rivaGan":
        WatermarkDecoder.loadModel()
    return WatermarkDecoder("bits", nbits)


def _embed_invisible(peer: str, source: str, target: str) -> dict[str, Any]:
    import cv2

    method, nbits = _method(peer)
    if not peer.endswith("film"):
        cv2.imwrite(target, _encoder(method, nbits).encode(cv2.imread(source), method))
        return {}
    import subprocess

    import imageio_ffmpeg

    reader = cv2.VideoCapture(source)
    width, height = (int(reader.get(what)) for what in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    rate = str(reader.get(cv2.CAP_PROP_FPS))
    raw = ("-f", "rawvideo", "-pix_fmt", "bgr24", "-s", f"{width}x{height}", "-r", rate, "-i", "-")
    codec = ("-c:v", "libx264", "-qp", "0", "-preset", "ultrafast", "-pix_fmt", "yuv420p")
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", *raw, *codec, target]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as writer:
        assert writer.stdin
        while True:
            ok, frame = reader.read()
            if not ok:
                break
            writer.stdin.write(_encoder(method, nbits).encode(frame, method).tobytes())
    return {}


def _read_invisible(peer: str, source: str) -> Any:
    import cv2

    method, nbits = _method(peer)
    if not peer.endswith("film"):
        return np.asarray(_decoder(method, nbits).decode(cv2.imread(source), method), dtype=int)
    reader = cv2.VideoCapture(source)
    count = max(1, int(reader.get(cv2.CAP_PROP_FRAME_COUNT)))
    votes, read = np.zeros(nbits), 0
    for number in range(count):
        ok, frame = reader.read()
        if ok and number % max(1, count // _FRAMES) == 0:
            votes += np.asarray(_decoder(method, nbits).decode(frame, method), dtype=int)
            read += 1
    return (votes > read / 2).astype(int)


def _blind() -> Any:
    from blind_watermark import WaterMark, bw_notes

    bw_notes.close()
    return WaterMark(password_img=1, password_wm=1)


def _as_png(source: str) -> str:
    """It opens by suffix what OpenCV can open; a copy as PNG always can be."""
    import cv2

    if source.endswith(".png"):
        return source
    target = str(Path(source).with_suffix(".read.png"))
    cv2.imwrite(target, cv2.imread(source))
    return target


@cache
def _marker() -> Any:
    from perth import PerthImplicitWatermarker

    return PerthImplicitWatermarker()


def _embed_perth(source: str, target: str) -> dict[str, Any]:
    import soundfile

    samples, rate = soundfile.read(source, dtype="float32", always_2d=True)
    marked = [_marker().apply_watermark(channel, sample_rate=rate) for channel in samples.T]
    length = min(len(samples), *(len(one) for one in marked))
    soundfile.write(target, np.stack([np.asarray(one)[:length] for one in marked], 1), rate, subtype="PCM_16")
    return {}


def _perth(source: str) -> float:
    import subprocess

    import imageio_ffmpeg
    import soundfile

    target = str(Path(source).with_suffix(".read.wav"))
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-y", "-loglevel", "error", "-i", source, "-ac", "1", target]
    subprocess.run(command, check=True)
    samples, rate = soundfile.read(target, dtype="float32")
    return float(np.mean(_marker().get_watermark(samples, sample_rate=rate)))


def main() -> None:
    """Answer until the questions end; what the peers print is dropped."""
    for line in sys.stdin:
        question = json.loads(line)
        quiet = io.StringIO()
        try:
            with contextlib.redirect_stdout(quiet):
                if question["do"] == "embed":
                    answer = embed(question["peer"], question["source"], question["target"])
                else:
                    answer = detect(question["peer"], question["source"])
        except Exception as error:  # noqa: BLE001 - whatever a peer raises is its answer
            answer = {"failed": f"{type(error).__name__}: {error}"}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
