"""The package for Unity's Recorder, compiled with a stub of the editor's API (``stubs/unity``, ours): Unity was not run.

Real are the package's C#, compiled by Mono; the gate beside it, the pictures on disk and the served deployment.
"""

from __future__ import annotations

import shutil
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
from PIL import Image
from trustmark_client.pixels import file_sha256

from receipts.models import RenderCheck
from tests.client.test_gate import Gate, wait_for
from tests.client.tools import ROOT, Ended, node_environment, run, start

PACKAGE = ROOT / "clients" / "unity" / "com.trustmark.recorder"
STUB = Path(__file__).parent / "stubs" / "unity" / "Stub.cs"
pytestmark = pytest.mark.skipif(
    not (shutil.which("mcs") and shutil.which("mono")),
    reason="no C# compiler: apt-get install mono-mcs mono-runtime",
)


@pytest.fixture(scope="module")
def editor(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package and the stub as one program; a warning is an error."""
    program = tmp_path_factory.mktemp("unity") / "editor.exe"
    sources = [*sorted((PACKAGE / "Editor").glob("*.cs")), STUB]
    done = subprocess.run(
        ["mcs", "-langversion:7.2", "-warnaserror", f"-out:{program}", *map(str, sources)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    return program


def command(editor: Path) -> list[str]:
    return ["mono", str(editor), "Trustmark.LicensedRender.Run"]


def engine(gate: Gate, frames: str, *, server: str = "", **changes: str) -> dict[str, str]:
    picture = gate.folder / "picture.png"
    Image.new("RGB", (32, 18), (40, 90, 120)).save(picture)
    gate.frames.mkdir(exist_ok=True)
    told = {
        "TRUSTMARK_FRAMES": frames,
        "TRUSTMARK_FRAMES_FOLDER": str(gate.frames),
        "TRUSTMARK_PYTHON": sys.executable,
        "STUB_PICTURE": str(picture),
    }
    return node_environment(gate, server=server, **told | changes)


def record(editor: Path, gate: Gate, frames: str, *, server: str = "", **changes: str) -> Ended:
    return run(command(editor), engine(gate, frames, server=server, **changes), cwd=gate.folder)


def drawn(gate: Gate) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in gate.frames.glob("frame.*.png"))


def test_a_timeline_is_recorded_block_by_block_and_every_frame_has_its_receipt(
    editor: Path, gate: Gate
) -> None:
    done = record(editor, gate, "1-30")
    assert done.returncode == 0, done.said
    assert drawn(gate) == [*range(1, 31)]
    logged = gate.logged()
    assert sorted(logged) == [*range(1, 31)]
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    assert logged[30].file_sha256 == file_sha256(gate.frames / "frame.0030.png")
    assert list(RenderCheck.objects.order_by("at").values_list("first", "last")) == [(1, 25), (26, 30)]
    # each block begins where its first frame stands in the timeline, at 24 frames a second
    assert [line for line in done.said.splitlines() if "timeline" in line] == [
        "stub: the timeline is at 0.042",
        "stub: the timeline is at 1.083",
    ]
    assert not (gate.frames / ".drafts").exists()


@pytest.mark.req("BX-014")
@pytest.mark.req("ST-062")
def test_a_denied_recording_writes_nothing_and_its_last_line_names_the_reason(
    editor: Path, gate: Gate
) -> None:
    done = record(editor, gate, "1-30", TRUSTMARK_RENDER_TERRITORY="BR")
    assert done.returncode == 3
    assert done.seconds < 10
    assert "trustmark: denied: TERRITORY_DENIED" in done.said.splitlines()[-1]
    assert "stub: a picture" not in done.said
    assert list(gate.frames.iterdir()) == []


@pytest.mark.req("BX-014")
def test_a_licence_revoked_in_mid_block_stops_the_recorder_and_leaves_nothing_under_a_frames_name(
    editor: Path, gate: Gate
) -> None:
    told = engine(gate, "1-50", STUB_MILLISECONDS="400")
    earlier = gate.frames / "frame.0001.png"
    earlier.write_bytes(b"an earlier take")
    with start(command(editor), told, cwd=gate.folder) as job:
        wait_for(lambda: len(list(gate.frames.glob(".drafts/*/*.png"))) >= 3)
        gate.revoke()
        begun = time.monotonic()
        said, _ = job.communicate(timeout=60)
        passed = time.monotonic() - begun
    assert job.returncode == 3
    assert passed < 10
    assert "trustmark: denied: REVOKED" in said.splitlines()[-1]
    logged = gate.logged()
    assert 3 <= len(logged) < 25
    assert {entry.outcome for entry in logged.values()} == {"DISCARDED"}
    given_up = {path.name: file_sha256(path) for path in gate.frames.iterdir() if path != earlier}
    assert given_up == {
        f"frame.{frame:04d}.png.discarded": entry.file_sha256 for frame, entry in logged.items()
    }
    assert earlier.read_bytes() == b"an earlier take"


def test_frames_of_the_blocks_before_a_revocation_stay_as_they_are(editor: Path, gate: Gate) -> None:
    with start(command(editor), engine(gate, "1-50", STUB_MILLISECONDS="100"), cwd=gate.folder) as job:
        wait_for(lambda: drawn(gate) == [*range(1, 26)])
        gate.revoke()
        job.communicate(timeout=60)
    assert job.returncode == 3
    logged = gate.logged()
    assert {entry.outcome for frame, entry in logged.items() if frame <= 25} == {"RENDERED"}
    assert {entry.outcome for frame, entry in logged.items() if frame > 25} <= {"DISCARDED"}
    assert drawn(gate) == [*range(1, 26)]
    assert len(list(gate.frames.iterdir())) == len(logged)


@pytest.mark.req("BX-014")
def test_a_server_that_cannot_be_reached_lets_nothing_be_recorded(editor: Path, gate: Gate) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = record(editor, gate, "1-10", server=f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert done.returncode == 3
    assert done.seconds < 10
    assert "trustmark: denied: OFFLINE" in done.said.splitlines()[-1]
    assert list(gate.frames.iterdir()) == []


@pytest.mark.parametrize(
    ("frames", "changes", "why"),
    [
        ("5-4", {}, "TRUSTMARK_FRAMES is written 1-240"),
        ("1-4", {"STUB_NO_DIRECTOR": "1"}, "the scene has no PlayableDirector"),
        ("1-4", {"STUB_DEAF_RECORDER": "1"}, "the Recorder did not start"),
        ("1-4", {"STUB_LOST": "3"}, "frame 4 has no file"),
        ("1-4", {"TRUSTMARK_PYTHON": "/nowhere/python"}, "the gate does not start"),
        ("1-4", {"TRUSTMARK_LICENCE": ""}, "TRUSTMARK_LICENCE is not set"),
    ],
)
def test_a_recording_that_cannot_be_counted_ends_with_an_error_that_says_so(
    editor: Path, gate: Gate, frames: str, changes: dict[str, str], why: str
) -> None:
    done = record(editor, gate, frames, **changes)
    assert done.returncode == 2
    assert f"trustmark: misuse: {why}" in done.said


def test_a_gate_that_falls_silent_is_a_no(editor: Path, gate: Gate, tmp_path: Path) -> None:
    mute = tmp_path / "mute"
    mute.write_text("#!/bin/sh\nexit 0\n")
    mute.chmod(0o700)
    done = record(editor, gate, "1-4", TRUSTMARK_PYTHON=str(mute))
    assert done.returncode == 3
    assert "trustmark: denied: NO_ANSWER" in done.said
    assert list(gate.frames.iterdir()) == []
