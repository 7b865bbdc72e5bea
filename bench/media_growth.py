"""Does marking a film cost memory with its length, and time in step with it?

    .venv/bin/python bench/media_growth.py CLIP [--minutes 1 10 60] [--size 320x180] [--worker-seconds 60]

The clip is made small and looped to each length, marked in a process of its own, and that process's largest
resident size and CPU time are printed. The second table marks the longest in stretches and joins them.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import VideoFrame

_CHILD = """
import json, resource, sys
from pathlib import Path
from watermarking.embedding import MarkJob, Tally, embed_stream, embed_stretch, join_stretches
from watermarking.media.codecs import Encoding
from watermarking.media.segments import plan_segments
source, target, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
job = MarkJob(7, bytes(32), "pixel-1", "audio-1")
if seconds:
    pieces, tally = [], Tally()
    for number, stretch in enumerate(plan_segments(source, seconds)):
        pieces.append(target.with_name(f"{number}.piece"))
        tally += embed_stretch(source, pieces[-1], stretch, job, Encoding(), target)
    report = join_stretches(pieces, source, target, job, Encoding(), tally)
else:
    report = embed_stream(source, target, job, Encoding())
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps([report.frames, used.ru_maxrss / 1024, used.ru_utime + used.ru_stime]))
"""


def looped(clip: Path, target: Path, minutes: float, size: tuple[int, int]) -> None:
    """Write ``clip`` at ``size`` once, then its packets again and again until ``minutes`` are full."""
    once = target.with_name("once.mp4")
    with av.open(str(clip)) as source, av.open(str(once), "w") as made:
        video = made.add_stream("libx264", rate=source.streams.video[0].average_rate or 24)
        video.width, video.height, video.pix_fmt = *size, "yuv420p"
        video.options = {"preset": "veryfast", "bf": "0", "g": "48"}
        audio = made.add_stream_from_template(source.streams.audio[0])
        for frame in _frames(clip, size):
            made.mux(video.encode(frame))
        made.mux(video.encode(None))
        for packet in source.demux(audio=0):
            if packet.dts is not None:
                packet.stream = audio
                made.mux(packet)
    with av.open(str(target), "w") as made:
        with av.open(str(once)) as source:
            length = Fraction(source.duration or 0, 1_000_000)
            streams = [made.add_stream_from_template(one) for one in source.streams]
        for turn in range(max(1, round(minutes * 60 / length))):
            with av.open(str(once)) as source:
                for packet in source.demux():
                    if packet.dts is None or packet.pts is None:
                        continue
                    shift = round(turn * length / packet.time_base)
                    packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
                    packet.stream = streams[packet.stream.index]
                    made.mux(packet)


def _frames(clip: Path, size: tuple[int, int]) -> Iterator[VideoFrame]:
    with av.open(str(clip)) as source:
        for frame in source.decode(video=0):
            small = frame.reformat(*size, "yuv420p")
            small.pict_type = 0
            yield small


def measured(source: Path, target: Path, seconds: float) -> tuple[int, float, float]:
    """Return frames, MiB resident at most, CPU seconds."""
    command = [sys.executable, "-c", _CHILD, str(source), str(target), str(seconds)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    frames, mebibytes, cpu = json.loads(done.stdout.splitlines()[-1])
    return frames, mebibytes, cpu


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("clip", type=Path)
    parser.add_argument("--minutes", type=float, nargs="+", default=[1.0, 10.0, 60.0])
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--worker-seconds", type=float, default=60.0)
    given = parser.parse_args()
    width, height = (int(side) for side in given.size.split("x"))
    print(
        "| film | way | frames | resident MiB | CPU s | CPU ms per frame |\n| --- | --- | --- | --- | --- | --- |"
    )
    for minutes in given.minutes:
        ways = [("one pass", 0.0)]
        if minutes == max(given.minutes):
            ways.append((f"stretches of {given.worker_seconds:g} s", given.worker_seconds))
        with tempfile.TemporaryDirectory() as name:
            source, target = Path(name) / "in.mp4", Path(name) / "out.mp4"
            looped(given.clip, source, minutes, (width, height))
            for way, seconds in ways:
                frames, mebibytes, cpu = measured(source, target, seconds)
                share = 1000 * cpu / frames
                print(
                    f"| {minutes:g} min | {way} | {frames} | {mebibytes:.0f} | {cpu:.1f} | {share:.2f} |",
                    flush=True,
                )


if __name__ == "__main__":
    main()
