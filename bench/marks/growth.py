"""The room of growth: memory and time over length, and two workers beside one.

The film of the demonstration is looped by copying packets; each length is marked by a process of its own, whose peak
of memory and CPU are read from the kernel.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from bench.marks.ffmpeg import convert
from bench.marks.results import ROOT
from bench.marks.run import Run
from trustmark.demo.clip import CLIP

ROOM = "growth"
_CLIP_SECONDS = 55.125
_CODE = """
import json, resource, sys
from pathlib import Path
from watermarking.engine import embed_file
report = embed_file(Path(sys.argv[1]), Path(sys.argv[2]), mark_id=7, key=bytes(range(32)))
used = resource.getrusage(resource.RUSAGE_SELF)
print(json.dumps({"frames": report.frames, "mebibytes": used.ru_maxrss / 1024, "cpu": used.ru_utime + used.ru_stime}))
"""


def growth_room(run: Run, minutes: tuple[int, ...]) -> None:
    """Mark films of ``minutes`` each, then two of the shortest at once."""
    if run.part[0] or run.ci:
        return
    for length in minutes:
        with run.folder("growth") as folder:
            run.measure(ROOM, "film, 720p", f"{length} min", lambda m=length, f=folder: _mark(f, m))
    with run.folder("growth") as folder:
        run.measure(ROOM, "film, 720p", "2 workers", lambda: _workers(folder, min(minutes)))


def looped(folder: Path, minutes: int) -> Path:
    """The trailer over and over, packets copied, cut at ``minutes``."""
    times = str(int(minutes * 60 / _CLIP_SECONDS) + 1)
    before = ("-stream_loop", times)
    return convert(CLIP, folder / "long.mp4", ("-c", "copy", "-t", str(minutes * 60)), before=before)


def _mark(folder: Path, minutes: int) -> dict[str, Any]:
    source = looped(folder, minutes)
    began = time.perf_counter()
    process = _started(source, folder / "marked.mp4")
    figures = _ended(process)
    return {**figures, "minutes": minutes, "wall": time.perf_counter() - began}


def _workers(folder: Path, minutes: int) -> dict[str, Any]:
    source = looped(folder, minutes)
    spans = {}
    for workers in (1, 2):
        began = time.perf_counter()
        processes = [_started(source, folder / f"marked-{number}.mp4") for number in range(workers)]
        for process in processes:
            _ended(process)
        spans[workers] = time.perf_counter() - began
    return {"one_wall": spans[1], "two_wall": spans[2], "two_over_one": 2 * spans[1] / spans[2]}


def _started(source: Path, target: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", _CODE, str(source), str(target)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT)


def _ended(process: subprocess.Popen[str]) -> dict[str, Any]:
    said, _ = process.communicate()
    if process.returncode:
        raise RuntimeError(f"marking ended with {process.returncode}")
    figures: dict[str, Any] = json.loads(said.splitlines()[-1])
    return figures
