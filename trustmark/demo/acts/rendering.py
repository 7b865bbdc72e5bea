"""Act 3: two farm workers render every frame behind the gate, and each frame leaves a receipt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

from trustmark_client.pixels import file_sha256

from trustmark.demo.clip import FRAMES
from trustmark.demo.farm import blocks
from trustmark.demo.stage import Outcome, Stage, expect

WORKERS = ("farm-a", "farm-b")


def render(stage: Stage) -> Outcome:
    """3. 2,847 frames and the sound, 2,847 receipts, each with a leaf index in the production's log."""
    render_frames(stage, blocks(), jti=stage.jti, voice=True)
    written = {file_sha256(path) for path in frame_files(stage)}
    # whoever tries the client on this licence meanwhile leaves receipts too
    receipts = [row for row in receipts_of(stage, stage.jti) if row["file_sha256"] in written]
    frames = sorted(row["frame"] for row in receipts)
    expect(frames == list(range(1, FRAMES + 1)), f"one receipt for each frame, not {len(frames)}")
    leaves = {row["leaf_index"] for row in receipts}
    expect(len(leaves) == FRAMES and None not in leaves, "each receipt has a leaf of its own in the log")
    return {"frames": FRAMES, "receipts": len(receipts), "workers": len(WORKERS), "blocks": len(blocks())}


def render_frames(stage: Stage, work: list[tuple[int, int]], *, jti: str, voice: bool = False) -> None:
    """Share the blocks between the workers, run them side by side, watch the frames appear.

    Raises:
        StepFailed: a worker's gate did not open or a frame is missing.
    """
    folder = stage.work / "frames"
    total = sum(last - first + 1 for first, last in work)
    before = len(frame_files(stage))
    started = [
        (worker, _start(stage, worker, work[at :: len(WORKERS)], jti=jti, voice=voice and at == 0))
        for at, worker in enumerate(WORKERS)
        if work[at :: len(WORKERS)]
    ]
    try:
        while any(process.poll() is None for _, process in started):
            stage.advance(len(frame_files(stage)) - before, total)
            time.sleep(0.5)
    finally:
        for _, process in started:
            _stop(process)
    for worker, process in started:
        log = stage.work / f"{worker}.log"
        expect(process.returncode == 0, f"{worker} ended with {process.returncode}: {log.read_text()[-600:]}")
    stage.advance(total, total)
    expect(len(frame_files(stage)) - before == total, f"{total} frames appeared in {folder}")


def frame_files(stage: Stage) -> list[Path]:
    """Every frame rendered so far, in frame order (names sort as numbers do)."""
    return sorted((stage.work / "frames").glob("*/frame.*.png"), key=lambda path: path.name)


def receipts_of(stage: Stage, jti: str) -> list[dict[str, Any]]:
    """All receipts of a token, page by page."""
    rows: list[dict[str, Any]] = []
    path: str | None = f"/api/v1/render/receipts?token={jti}"
    while path:
        page = stage.api("studio", "GET", path)
        rows += page["results"]
        path = (page.get("next") or "").removeprefix(stage.base_url) or None
    return rows


def _start(
    stage: Stage, worker: str, work: list[tuple[int, int]], *, jti: str, voice: bool
) -> subprocess.Popen[bytes]:
    key = stage.keys[worker]
    command = [
        sys.executable, "-m", "trustmark.demo.farm", "--worker", worker, "--jti", jti, "--project", stage.project,
        "--server", stage.base_url, "--key-file", str(key.api_key_file), "--proof-key", str(key.proof_key_file),
        "--output", str(stage.work / "frames"), "--work", str(stage.work),
        "--frames", ",".join(f"{first}-{last}" for first, last in work), *(["--voice"] if voice else []),
    ]  # fmt: skip
    # a farm knows nothing of the server's database or secrets
    kept = ("PATH", "HOME", "LANG", "TRUSTMARK_TEST_CLOCK_FILE", "VIRTUAL_ENV", "TMPDIR")
    env = {name: os.environ[name] for name in kept if name in os.environ} | {"OMP_NUM_THREADS": "1"}
    with (stage.work / f"{worker}.log").open("ab") as log:
        return subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=env)


def _stop(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        process.send_signal(signal.SIGTERM)
        with suppress(subprocess.TimeoutExpired):
            process.wait(10)
        process.kill()
    process.wait()
