"""What ``gate exec`` leaves in the folder: a frame's name means that it was rendered under a leave and has its receipt."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import time
from itertools import chain
from pathlib import Path

import msgspec
import psutil
import pytest
from trustmark_client import FrameReceipt, TrustmarkClient
from trustmark_client.clock import now, rfc3339

from receipts.models import Lease
from tests.client.test_gate import Gate, wait_for
from tests.client.wire import Wire

# three files for one frame, the next one always begun, and one more frame when it is told to end
STUBBORN = textwrap.dedent(
    """
    import signal, sys, time
    from pathlib import Path
    from PIL import Image
    told = []
    signal.signal(signal.SIGTERM, lambda *_: told.append(1))
    folder = Path(sys.argv[1])
    for frame in range(1, 501):
        if told and sys.argv[2] == "again":
            frame = 1  # an earlier frame, over the file that has its receipt
        for layer in ("depth", "frame", "matte"):
            Image.new("RGB", (32, 18), (frame % 256, 90, len(told))).save(folder / f"{layer}.{frame:04d}.png")
        if told:
            (folder / f"frame.{frame + 1:04d}.png").write_bytes(b"half a pic")
            time.sleep(60)
        time.sleep(0.3)
    """
)


@pytest.fixture(autouse=True)
def a_folder(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    (tmp_path / "frames").mkdir()


def begin(gate: Gate, run: list[str], *options: str) -> subprocess.Popen[str]:
    told = ("--render-territory", "GB", "--frames", "1-500", "--output", str(gate.frames), *options)
    return subprocess.Popen(gate.command(*told, run=run), stderr=subprocess.PIPE, text=True)


def stubborn(gate: Gate, how: str = "on") -> list[str]:
    return [sys.executable, "-c", STUBBORN, str(gate.frames), how]


@pytest.mark.req("BX-014")
def test_no_file_of_a_frame_finished_after_a_revocation_keeps_its_name(gate: Gate) -> None:
    with begin(gate, stubborn(gate)) as process:
        wait_for((gate.frames / "matte.0004.png").exists)
        gate.revoke()
        begun = time.monotonic()
        _, said = process.communicate(timeout=60)
    assert time.monotonic() - begun < 10
    assert process.returncode == 3
    assert "denied: REVOKED" in said
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    good = [frame for frame, outcome in sorted(outcomes.items()) if outcome == "RENDERED"]
    assert good[:3] == [1, 2, 3]
    last = max(outcomes)
    assert outcomes[last] in {"FAILED", "UNAUTHORISED"}, "half a picture, as it was killed"
    assert outcomes[last - 1] in {"DISCARDED", "UNAUTHORISED"}
    for layer in ("depth", "frame", "matte"):
        assert sorted(int(path.stem[-4:]) for path in gate.frames.glob(f"{layer}.*.png")) == good
    assert (gate.frames / f"frame.{last:04d}.png.failed").exists()
    assert (gate.frames / f"matte.{last - 1:04d}.png.discarded").exists()


def test_a_frame_that_is_written_over_after_the_end_of_its_leave_loses_its_name(gate: Gate) -> None:
    with begin(gate, stubborn(gate, "again")) as process:
        wait_for((gate.frames / "matte.0003.png").exists)
        gate.revoke()
        process.communicate(timeout=60)
    assert process.returncode == 3
    assert gate.logged()[1].outcome == "RENDERED", "the receipt is of the file as it was"
    assert 1 not in gate.named()[""]
    assert (gate.frames / "frame.0001.png.discarded").exists()


@pytest.mark.req("BX-014")
def test_frames_beyond_the_offline_grace_lose_their_names_before_the_server_is_back(
    far_gate: Gate, wire: Wire, settings
) -> None:
    settings.OFFLINE_GRACE_SECONDS, settings.OFFLINE_GRACE_FRAMES = 60, 4
    with begin(far_gate, stubborn(far_gate)) as process:
        wait_for((far_gate.frames / "matte.0002.png").exists)
        wire.cut()
        _, said = process.communicate(timeout=90)
    assert process.returncode == 3
    assert "denied: OFFLINE_GRACE_EXCEEDED" in said
    (waiting,) = (far_gate.folder / "outbox").iterdir()
    rows = [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in waiting.read_bytes().splitlines()]
    named = far_gate.named()
    assert named[".discarded"]
    for outcome, ending in (("RENDERED", ""), ("DISCARDED", ".discarded"), ("FAILED", ".failed")):
        assert named.get(ending, []) == [row["frame"] for row in rows if row["outcome"] == outcome]


def test_a_frame_whose_receipt_the_server_refuses_loses_its_name(gate: Gate) -> None:
    """Somebody else has reported the second frame of the lease with another picture: the log keeps what it heard first."""
    run = [*gate.paint(1, 3, seconds=1.5)]
    told = ("--render-territory", "GB", "--frames", "1-3", "--output", str(gate.frames))
    with subprocess.Popen(gate.command(*told, run=run), stderr=subprocess.PIPE, text=True) as process:
        wait_for((gate.frames / "frame.0001.png").exists)
        lease, at = Lease.objects.get(), rfc3339(now())
        other = FrameReceipt(str(lease.uid), 2, "ab" * 32, "cd" * 32, at, at)
        with TrustmarkClient(gate.server, (gate.folder / "api.key").read_text()) as client:
            assert client.send_receipts([other]).accepted == 1
        _, said = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "2 receipts accepted, 0 unauthorised, 1 refused: FRAME_CONFLICT" in said
    assert gate.named() == {"": [1, 3], ".unreceipted": [2]}


def test_a_denied_command_leaves_what_lay_there_under_its_names(gate: Gate) -> None:
    earlier = gate.frames / "frame.0001.png"
    earlier.write_bytes(b"an earlier take")
    done = gate.exec(
        "--frames", "1-3", "--output", str(gate.frames), "--construct", "BODY_3D", run=gate.paint(1, 3)
    )
    assert done.returncode == 3
    assert gate.named() == {"": [1]}
    assert earlier.read_bytes() == b"an earlier take"


def test_what_lay_there_before_keeps_its_name_through_a_revocation(gate: Gate) -> None:
    (gate.frames / "frame.0400.png").write_bytes(b"an earlier take")
    with begin(gate, gate.paint(1, 300, seconds=0.2)) as process:
        wait_for((gate.frames / "frame.0003.png").exists)
        gate.revoke()
        process.communicate(timeout=60)
    assert process.returncode == 3
    assert 400 in gate.named()[""]
    assert 400 not in gate.logged()


@pytest.mark.req("BX-014")
def test_a_gate_that_is_killed_leaves_no_command_and_no_frame_without_a_receipt_under_its_name(
    gate: Gate,
) -> None:
    """The renderer is a grandchild, as under most farms' wrappers: the kernel kills only the child for us."""
    wrapped = ["sh", "-c", '"$@"; true', "sh", *gate.paint(1, 500, seconds=0.05)]
    with begin(gate, wrapped) as process:
        wait_for(lambda: any(path.stat().st_size for path in (gate.folder / "outbox").glob("*.ndjson")))
        below = psutil.Process(process.pid).children(recursive=True)
        os.kill(process.pid, signal.SIGKILL)
        _, said = process.communicate(timeout=60)
    psutil.wait_procs(below, timeout=10)
    assert not [each for each in below if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]
    assert "frames had no receipt and are given up as discarded" in said
    named = gate.named()
    (waiting,) = (gate.folder / "outbox").glob("*.ndjson")
    lines = waiting.read_bytes().splitlines()
    rows = [msgspec.json.decode(line.rpartition(b"\t")[0]) for line in lines]
    assert named[".discarded"], "it painted faster than frames are taken for finished"
    assert named.get("", []) == [row["frame"] for row in rows if row["outcome"] == "RENDERED"]
    assert named[".discarded"] == [row["frame"] for row in rows if row["outcome"] == "DISCARDED"]
    flush = [
        sys.executable, "-m", "trustcore.cli", "gate", "flush", "--key-file", str(gate.folder / "api.key"),
        "--outbox", str(gate.folder / "outbox"), "--server", gate.server,
    ]  # fmt: skip
    assert subprocess.run(flush, check=False, capture_output=True).returncode == 0
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    assert sorted(outcomes) == sorted(chain(*named.values())), "every frame has its receipt"
    assert {outcomes[frame] for frame in named[".discarded"]} == {"DISCARDED"}


def test_a_gate_that_fails_in_itself_ends_its_command_and_gives_up_what_has_no_receipt(gate: Gate) -> None:
    blocked = [
        "sh", "-c", f'"$@"; mkdir {gate.frames}/frame.0005.png; sleep 60', "sh", *gate.paint(1, 4)
    ]  # fmt: skip
    with begin(gate, blocked) as process:
        _, said = process.communicate(timeout=60)
    assert process.returncode not in {0, None}
    assert "Traceback" not in said
    assert "frame.0005.png" in said
