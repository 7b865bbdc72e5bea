"""What marking and reading cost: CPU seconds of this process, each beside its baseline in the same run.

Embedding in pixels is measured on an ordinary delivered film (H.264 CRF 18): what ``embed_file`` takes beyond
decoding and x264 veryfast, both at CRF 16, over what these two take alone. Both sides use the same libraries, take
turns, and the least of their turns counts.
"""

from __future__ import annotations

import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import av
import torch
from av.video.stream import VideoStream

from bench.marks.attacks_pixels import film, h264, prepared
from bench.marks.ffmpeg import convert, own_cpu_seconds
from bench.marks.reading import KEY, MARK_ID
from bench.marks.run import Run
from bench.marks.speed import SIZES, agreement, flat, picture_speed, sound_speed
from trustmark.demo.clip import CLIP
from watermarking.engine import detect_file, embed_file
from watermarking.signal.threads import device_for

ROOM = "costs"
_TURNS = 3
_CRF = 16
_SPEED_SECONDS = 1.0


def cost_room(run: Run) -> None:
    """Measure pixels and sound."""
    if run.part[0]:
        return
    with run.folder("costs") as folder:
        run.measure(ROOM, "720p", "pixels", lambda: _pixels(folder))
        run.measure(ROOM, "55 s, stereo 44.1 kHz", "sound", lambda: _sound(folder))
        for device in ("cpu", *(("cuda",) if device_for("gpu") == "cuda" else ())):
            _speeds(run, device)


def _speeds(run: Run, device: str) -> None:
    """Frames a second on ``device``, by one thread where that is the processor; what both devices make is compared."""
    torch.set_num_threads(1)
    for size in SIZES:
        run.measure(
            ROOM,
            f"{size}p",
            f"frames a second, {device}",
            lambda s=size: picture_speed(device, s, _SPEED_SECONDS),
        )
    run.measure(ROOM, "16 s, stereo 48 kHz", device, lambda: sound_speed(device, _SPEED_SECONDS))
    if device == "cuda":
        run.measure(ROOM, "720p", "cpu and cuda compared", lambda: flat(agreement()))


def _pixels(folder: Path) -> dict[str, Any]:
    exact = prepared(CLIP, folder / "exact.mkv", first=25, seconds=5)
    source = film(exact, folder, codec=h264(18)).rename(folder / "source.mp4")
    marked, plain = folder / "marked.mp4", folder / "again.mp4"
    embed_file(source, marked, mark_id=MARK_ID, key=KEY, crf=_CRF)
    whole, base = [], []
    for _ in range(_TURNS):
        base.append(_cpu(lambda: _transcode(source, plain)))
        whole.append(_cpu(lambda: embed_file(source, marked, mark_id=MARK_ID, key=KEY, crf=_CRF)))
    found = [_clock(lambda: detect_file(marked, key=KEY, layers=["pixel"])) for _ in range(_TURNS)]
    absent = [_clock(lambda: detect_file(source, key=KEY, layers=["pixel"])) for _ in range(_TURNS)]
    frames = 120
    return {
        "frames": frames,
        "base_cpu_ms_a_frame": 1000 * min(base) / frames,
        "embed_cpu_ms_a_frame": 1000 * min(whole) / frames,
        "embed_over_base": (min(whole) - min(base)) / min(base),
        "detect_found_cpu_s": min(cpu for _, cpu in found),
        "detect_found_wall_s": min(wall for wall, _ in found),
        "detect_absent_cpu_s": min(cpu for _, cpu in absent),
        "detect_absent_wall_s": min(wall for wall, _ in absent),
        "clip_seconds": 5.0,
    }


def _sound(folder: Path) -> dict[str, Any]:
    plain = convert(CLIP, folder / "plain.wav", ("-vn", "-c:a", "pcm_s16le"))
    marked = folder / "marked.wav"
    seconds = 55.0
    embed = [_cpu(lambda: embed_file(plain, marked, mark_id=MARK_ID, key=KEY)) for _ in range(_TURNS)]
    short = convert(marked, folder / "short.wav", before=("-t", "12"))
    silent = convert(plain, folder / "unmarked.wav", before=("-t", "12"))
    found = [_cpu(lambda: detect_file(short, key=KEY, layers=["audio"])) for _ in range(_TURNS)]
    absent = [_cpu(lambda: detect_file(silent, key=KEY, layers=["audio"])) for _ in range(_TURNS)]
    return {
        "embed_times_real_time": seconds / min(embed),
        "detect_found_times_real_time": 12 / min(found),
        "detect_absent_times_real_time": 12 / min(absent),
    }


def _transcode(source: Path, target: Path) -> None:
    """Decode and x264 veryfast, with the libraries and settings of ``embed_file``, nothing between."""
    with av.open(str(source)) as reader, av.open(str(target), "w") as writer:
        stream = reader.streams.video[0]
        stream.thread_type = "AUTO"
        options = {"crf": str(_CRF), "preset": "veryfast"}
        made = cast("VideoStream", writer.add_stream("libx264", rate=stream.average_rate, options=options))
        made.width, made.height, made.pix_fmt = stream.width, stream.height, "yuv420p"
        made.codec_context.thread_type = "FRAME"
        for frame in reader.decode(stream):
            writer.mux(made.encode(frame))
        writer.mux(made.encode(None))


def _cpu(work: Callable[[], Any]) -> float:
    before = own_cpu_seconds()
    work()
    return own_cpu_seconds() - before


def _clock(work: Callable[[], Any]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), own_cpu_seconds()
    work()
    return time.perf_counter() - wall, own_cpu_seconds() - cpu


def peak_mebibytes() -> float:
    """The most memory that this process held."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
