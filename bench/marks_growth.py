"""How marking grows: memory and time from one minute of film to sixty, and with one worker and two.

    .venv/bin/python bench/marks_growth.py length [--minutes 1 10 60] [--height 360]
    .venv/bin/python bench/marks_growth.py workers [--minutes 2] [--height 360]

``length`` loops the demonstration's clip, marks it stretch by stretch as a worker does (read-back, joining and sound
included), in a process of its own, and prints CPU time and the largest resident memory: the bar is flat memory and
linear time. ``workers`` starts the deployment's own PostgreSQL, Valkey and workers, and prints how long the stretches
of one job take with one worker and with two: the bar is 1.8. Needs a quiet machine; the load is printed beside.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from uuid import uuid4

import av
from av.video.frame import VideoFrame

ROOT = Path(__file__).resolve().parent.parent
CLIP = ROOT / "trustmark/demo/media/big_buck_bunny_trailer_720p.mp4"
SECRET = "5a" * 32
MARK_ID, RATE, STRETCH_SECONDS = 0x0123_4567_89AB_CDEF, 24, 20


def loop(target: Path, *, minutes: float, height: int) -> Path:
    """Write ``minutes`` of the clip, over and over, at ``height`` lines, a key frame every two seconds."""
    frames = round(minutes * 60 * RATE)
    width = round(height * 16 / 9 / 2) * 2
    small = [frame.reformat(width=width, height=height, format="yuv420p") for frame in _pictures(CLIP, 600)]
    with av.open(str(CLIP)) as clip, av.open(str(target), "w") as made:
        video = made.add_stream("libx264", rate=RATE, options={"crf": "23", "preset": "ultrafast", "g": "48"})
        video.width, video.height, video.pix_fmt = width, height, "yuv420p"
        sound = made.add_stream_from_template(clip.streams.audio[0])
        packets = [packet for packet in clip.demux(clip.streams.audio[0]) if packet.dts is not None]
        heard = _looped([(bytes(one), one.duration or 1024) for one in packets], packets[0].time_base, sound)
        waiting = next(heard)
        for index, frame in zip(range(frames), itertools.cycle(small), strict=False):
            frame.pts, frame.time_base, frame.pict_type = index, Fraction(1, RATE), 0
            made.mux(video.encode(frame))
            while float(waiting.pts * waiting.time_base) <= index / RATE:
                made.mux(waiting)
                waiting = next(heard)
        made.mux(video.encode(None))
    return target


def _pictures(path: Path, count: int) -> Iterator[VideoFrame]:
    with av.open(str(path)) as container:
        yield from itertools.islice(container.decode(video=0), 264, 264 + count)


def _looped(data: list[tuple[bytes, int]], base: Fraction, stream: av.stream.Stream) -> Iterator[av.Packet]:
    at = 0
    for content, duration in itertools.cycle(data):
        packet = av.Packet(content)
        packet.pts = packet.dts = at
        packet.duration, packet.time_base, packet.stream = duration, base, stream
        at += duration
        yield packet


def mark_alone(source: Path) -> dict[str, float]:
    """Mark a film as one worker does, here; CPU seconds, seconds and the largest resident memory (MiB)."""
    from watermarking import engine
    from watermarking.keys import mark_key
    from watermarking.work.readback import Wanted, join_film, mark_film_stretch

    wanted = Wanted(MARK_ID, mark_key(bytes.fromhex(SECRET)), None, lossless=False)
    begun, plan = time.monotonic(), engine.plan_file(source, stretch_seconds=STRETCH_SECONDS)
    with tempfile.TemporaryDirectory() as folder:
        parts = [Path(folder) / f"{number}.piece" for number in range(len(plan.stretches))]
        reports = [
            mark_film_stretch(source, part, span, wanted, lambda frames: None)
            for part, span in zip(parts, plan.stretches, strict=True)
        ]
        stretches_cpu = _cpu()
        report = join_film(source, parts, Path(folder) / "out.mp4", reports, wanted, lambda: None)
    assert report.is_verified
    used = resource.getrusage(resource.RUSAGE_SELF)
    return {
        "frames": report.frames,
        "stretches": len(parts),
        "cpu_seconds": round(_cpu(), 1),
        "cpu_seconds_joining": round(_cpu() - stretches_cpu, 1),
        "seconds": round(time.monotonic() - begun, 1),
        "peak_mib": round(used.ru_maxrss / 1024, 1),
    }


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def measure_length(minutes: list[float], height: int) -> None:
    """Print a line of JSON per length."""
    with tempfile.TemporaryDirectory() as folder:
        for count in minutes:
            film = loop(Path(folder) / f"{count}.mp4", minutes=count, height=height)
            command = [sys.executable, __file__, "alone", str(film)]
            done = subprocess.run(command, env=_environment(), stdout=subprocess.PIPE, check=True, text=True)
            found = json.loads(done.stdout)
            found["cpu_seconds_per_minute"] = round(found["cpu_seconds"] / count, 2)
            print(
                json.dumps({"minutes": count, "height": height, **found, "load": os.getloadavg()[0]}),
                flush=True,
            )
            film.unlink()


def measure_workers(minutes: float, height: int) -> None:
    """Print how long the stretches of one job take with one worker and with two."""
    from trustmark.embedded.testing import TestServers

    servers = TestServers()
    servers.announce()
    os.environ.update(_environment() | {"STORAGE_URL": f"file://{servers.folder}/storage"})
    try:
        servers.need(servers.postgres)
        servers.need(servers.valkey)
        import django

        django.setup()
        from django.core.management import call_command

        call_command("migrate", verbosity=0)
        film = loop(servers.folder / "film.mp4", minutes=minutes, height=height)
        taken = {count: _with_workers(count, film, servers.folder) for count in (1, 2)}
        told = {f"seconds_{count}": round(seconds, 1) for count, seconds in taken.items()}
        ratio = round(taken[1] / taken[2], 2)
        print(
            json.dumps(
                {"minutes": minutes, "height": height, **told, "ratio": ratio, "load": os.getloadavg()[0]}
            )
        )
    finally:
        servers.stop()


def _with_workers(count: int, film: Path, folder: Path) -> float:
    """Seconds from the first stretch's beginning to the last one's end; start-up is not counted."""
    from accounts.models import Organisation
    from trustmark.embedded.programs import Places, start_worker
    from watermarking import engine, services, tasks
    from watermarking.models import MediaJob
    from watermarking.work.jobs import ask_job

    studio = Organisation.objects.create(kind="STUDIO", name=f"Bench {count}", slug=f"bench-{count}")
    running = []
    try:
        for number in range(count):
            places = Places(folder / f"w{count}-{number}")
            places.make()
            running.append(start_worker(places, dict(os.environ), "media.cpu"))
        for worker in running:
            worker.wait()
        mark = services.register_mark(production_id=uuid4(), token_jtis=[], asset_id=None)
        job = ask_job(
            organisation_id=studio.pk, registration=mark, path=film, file_name=film.name,
            plan=engine.plan_file(film, stretch_seconds=STRETCH_SECONDS),
        )  # fmt: skip
        tasks.admission.admit_jobs()
        tasks.start_work(job.pk)
        while MediaJob.objects.get(pk=job.pk).finished_at is None:
            time.sleep(0.2)
        times = job.stretches.values_list("started_at", "finished_at")
        return (max(end for _, end in times) - min(start for start, _ in times)).total_seconds()
    finally:
        for worker in running:
            worker.child.stop()


def _environment() -> dict[str, str]:
    return {
        **os.environ,
        "TRUSTMARK_MARK_KEY": SECRET,
        "TRUSTMARK_MEDIA_DEVICE": "cpu",
        "OMP_NUM_THREADS": "1",
        "DJANGO_SETTINGS_MODULE": "trustmark.settings",
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }


def main() -> None:
    """Parse and measure."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    length = commands.add_parser("length")
    length.add_argument("--minutes", type=float, nargs="+", default=[1, 10, 60])
    workers = commands.add_parser("workers")
    workers.add_argument("--minutes", type=float, default=2)
    for command in (length, workers):
        command.add_argument("--height", type=int, default=360)
    alone = commands.add_parser("alone")
    alone.add_argument("film", type=Path)
    given = parser.parse_args()
    if given.command == "alone":
        print(json.dumps(mark_alone(given.film)))
    elif given.command == "length":
        measure_length(given.minutes, given.height)
    else:
        measure_workers(given.minutes, given.height)


if __name__ == "__main__":
    main()
