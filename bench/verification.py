"""How long verifications take: ``python -m bench.verification --film CLIP --face CLIP``.

Short clips are cut from the two films and verified whole, under a mark key and without a mark, which costs most; a film
of ten minutes is the first one, over and over; stages are forked of a process that has loaded, as a worker's are
(``--cold``: each loads for itself); the queue is a deployment's own, small clips in a row for
one worker (``bench.verification_queue``). Beside wall clock it prints CPU seconds of all processes: on a machine
with other work these are what can be compared. ``targets`` holds what was measured against what was promised; a machine
that others use misses them for reasons of its own, and the load stands beside them.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import tempfile
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from bench.verification_queue import queued
from common.warmed import Warmed, forked_seconds
from trustcore.verification.policy import policy_named
from verification.pipeline.case import Case
from verification.pipeline.confined import CHILD
from verification.pipeline.run import verify

KEY = {"default": "5a" * 32}
# the promises: LV-206 and LV-207 of the checklist, and of a worker that takes file after file
TARGETS = {
    "short_seconds_p95": 5.0,
    "sampling_p95_by_median": 1.5,
    "long_seconds": 60.0,
    "queue_failed": 0,
    "queue_out_of_order": 0,
    "queue_grown_mib": 5,
}


def main() -> None:
    """Measure and print one JSON object."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--film", type=Path, required=True)
    parser.add_argument("--face", type=Path, required=True)
    parser.add_argument("--short", type=int, default=20)
    parser.add_argument("--queued", type=int, default=200)
    parser.add_argument("--minutes", type=int, default=10)
    parser.add_argument(
        "--cold", action="store_true", help="let each stage load for itself, as one file alone does"
    )
    given = parser.parse_args()
    told: dict[str, Any] = {"load": os.getloadavg(), "cores": os.cpu_count()}
    warmed = None if given.cold else Warmed(CHILD)
    with tempfile.TemporaryDirectory(prefix="tm-bench-verify-") as name:
        folder = Path(name)
        if warmed is not None:
            warmed.wait_ready()
        if given.short:
            told["short"] = _figures([
                _one(_cut(given.face if n % 2 else given.film, folder / f"{n}.mp4", start=(n * 3) % 25 % 5 * 2, seconds=5), warmed)
                for n in range(given.short)
            ])  # fmt: skip
        if given.minutes:
            told["long"] = _one(_looped(given.film, folder / "long.mp4", minutes=given.minutes), warmed)
            told["long"] |= {"minutes": given.minutes}
        if given.queued:
            told["queued"] = queued(
                _cut(given.film, folder / "q.mp4", start=20, seconds=1, size="192:-2"), given.queued
            )
    if warmed is not None:
        warmed.end()
    told["load_after"] = os.getloadavg()
    told["targets"] = targets(told)
    print(json.dumps(told, indent=1))


def targets(told: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Each target with what was measured, and whether it is met; what was not measured is not there."""
    found: dict[str, float] = {}
    if short := told.get("short"):
        found["short_seconds_p95"] = short["seconds_p95"]
        found["sampling_p95_by_median"] = short["sampling_p95_by_median"]
    if long := told.get("long"):
        found["long_seconds"] = long["seconds"]
    if queued := told.get("queued"):
        found["queue_failed"] = len(queued["failed"])
        found["queue_out_of_order"] = queued["out_of_order"]
        found["queue_grown_mib"] = queued["worker_mib_at_end"] - queued["worker_mib_after_10"]
    return {
        name: {"measured": value, "at_most": TARGETS[name], "met": value <= TARGETS[name]}
        for name, value in found.items()
    }


def _one(path: Path, warmed: Warmed | None) -> dict[str, Any]:
    before, began = _cpu(), time.monotonic()
    case = Case(path=path, name=path.name, asset_id=path.stem, pointer="bench", keys=KEY)
    report = verify(case, policy_named("default@1"), at=datetime.now(UTC), warmed=warmed)
    took, cpu = time.monotonic() - began, _cpu() - before
    stages = {str(run.name): run.milliseconds for run in report.audit.stages}
    failed = [
        f"{run.name} {run.reason}" for run in report.audit.stages if run.state not in {"done", "skipped"}
    ]
    return {"seconds": round(took, 2), "cpu_seconds": round(cpu, 2), "stages": stages, "failed": failed}


def _cpu() -> float:
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + forked_seconds()


def _figures(rows: Sequence[dict[str, Any]]) -> dict[str, Any]:
    sampling = np.array([row["stages"]["canonicalise"] for row in rows]) / 1000
    seconds, cpu = (np.array([row[name] for row in rows]) for name in ("seconds", "cpu_seconds"))
    return {
        "clips": len(rows),
        "seconds_p50": round(float(np.median(seconds)), 2),
        "seconds_p95": round(float(np.quantile(seconds, 0.95)), 2),
        "cpu_seconds_p50": round(float(np.median(cpu)), 2),
        "cpu_seconds_p95": round(float(np.quantile(cpu, 0.95)), 2),
        "sampling_p95_by_median": round(float(np.quantile(sampling, 0.95) / np.median(sampling)), 2),
        "stage_ms_p50": {
            name: round(float(np.median([row["stages"][name] for row in rows]))) for name in rows[0]["stages"]
        },
        "failed": [one for row in rows for one in row["failed"]],
    }


def _cut(source: Path, target: Path, *, start: int, seconds: int, size: str = "") -> Path:
    scale = ["-vf", f"scale={size}"] if size else []
    _ffmpeg(
        "-ss",
        str(start),
        "-t",
        str(seconds),
        "-i",
        str(source),
        *scale,
        "-crf",
        "21",
        "-c:a",
        "aac",
        str(target),
    )
    return target


def _looped(source: Path, target: Path, *, minutes: int) -> Path:
    _ffmpeg("-stream_loop", "-1", "-i", str(source), "-t", str(60 * minutes), "-c", "copy", str(target))
    return target


def _ffmpeg(*words: str) -> None:
    import imageio_ffmpeg

    subprocess.run([imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *words], check=True)


if __name__ == "__main__":
    main()
