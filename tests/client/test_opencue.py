"""OpenCue's own outline library, launching locally: every frame a process of pycuerun, under a licence or not at all."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest
from trustmark_client.pixels import file_sha256

from receipts.models import RenderCheck
from tests.client.test_gate import Gate, wait_for
from tests.client.tools import needs, node_environment, start, tool_python

pytestmark = [needs("opencue"), pytest.mark.timeout(600)]

# what a facility has in the place of OpenCue's tcsh wrapper: runs a frame, and says how it ended
WRAPPER = """#!/bin/bash
shift 3
cd "$(dirname "$0")"
eval "$*"
status=$?
echo "frame ended with $status"
exit $status
"""
RENDER = textwrap.dedent(
    """\
    #!{python}
    import sys, time
    from pathlib import Path
    from PIL import Image
    folder, frame, seconds = Path(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3])
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "begun.txt").open("a") as note:
        note.write(f"{{frame}}\\n")
    draft = folder / f".frame.{{frame:04d}}.png"
    Image.new("RGB", (32, 18), (frame % 256, 90, 120)).save(draft, format="PNG")
    time.sleep(seconds)
    draft.rename(folder / f"frame.{{frame:04d}}.png")
    """
)
LAUNCH = """
import sys
import os
import outline, outline.versions
from outline.cuerun import launch
from trustmark_opencue import LicensedShell
folder, frames, render, seconds, chunk = sys.argv[1:]
outline.versions.set_repos(os.getcwd())  # of a facility that has several versions of outline; here of none
job = outline.Outline(name="sh010_render", shot="sh010", show="meridian", user="artist", frame_range=frames)
job.add_layer(
    LicensedShell("render", command=[render, folder, "%{FRAME}", seconds], output=folder, chunk=int(chunk),
                  shot="sh010")
)
launch(job, backend="local", range=frames)
"""


class Farm:
    """A place with outline's local backend, one job's frames after another."""

    def __init__(self, gate: Gate) -> None:
        self.gate = gate
        self.render = gate.folder / "render"
        self.render.write_text(RENDER.format(python=sys.executable))
        wrapper = gate.folder / "wrappers" / "local_wrap_frame"
        wrapper.parent.mkdir()
        wrapper.write_text(WRAPPER)
        for program in (self.render, wrapper):
            program.chmod(0o755)
        pycuerun = Path(
            subprocess.run(
                [str(tool_python("opencue")), "-c", "import bin; print(bin.__path__[0])"],
                check=True, capture_output=True, text=True,
            ).stdout.strip()
        )  # fmt: skip
        (pycuerun / "pycuerun").chmod(0o755)

    def launch(
        self, frames: str, *, seconds: float = 0, chunk: int = 1, server: str = "", **changes: str
    ) -> subprocess.Popen[str]:
        python = tool_python("opencue")
        env = node_environment(self.gate, server=server, **changes) | {
            "OUTLINE_OUTLINE_WRAPPER_DIR": str(self.gate.folder / "wrappers"),
            "OUTLINE_OUTLINE_SESSION_DIR": str(self.gate.folder / "sessions"),
            "OUTLINE_OUTLINE_USER_DIR": str(self.gate.folder),
            "OUTLINE_OUTLINE_DOMAIN": "example.com",
        }
        env["PATH"] = f"{python.parent}{os.pathsep}{env['PATH']}"
        (self.gate.folder / "sessions").mkdir(exist_ok=True)
        command = [
            str(python),
            "-c",
            LAUNCH,
            str(self.gate.frames),
            frames,
            str(self.render),
            str(seconds),
            str(chunk),
        ]
        return start(command, env, cwd=self.gate.folder)

    def run(self, frames: str, **changes: object) -> tuple[str, list[int], float]:
        """What a job said, the statuses of its frames, and how long it took."""
        begun = time.monotonic()
        with self.launch(frames, **changes) as job:
            said, _ = job.communicate(timeout=300)
        return said, statuses(said), time.monotonic() - begun

    @property
    def begun(self) -> list[str]:
        note = self.gate.frames / "begun.txt"
        return note.read_text().split() if note.exists() else []

    @property
    def drawn(self) -> list[int]:
        return sorted(int(path.stem[-4:]) for path in self.gate.frames.glob("frame.*.png"))


def statuses(said: str) -> list[int]:
    return [int(status) for status in re.findall(r"frame ended with (\d+)", said)]


def reasons(said: str) -> list[str]:
    return re.findall(r"denied: ([A-Z_]+)", said)


@pytest.fixture
def farm(gate: Gate) -> Farm:
    return Farm(gate)


@pytest.mark.req("ST-036")
@pytest.mark.req("ST-062")
@pytest.mark.req("BX-014")
def test_frames_of_a_layer_are_rendered_with_receipts_and_none_of_one_that_is_denied(farm: Farm) -> None:
    said, ended, _ = farm.run("1-4", chunk=2)
    assert ended == [0, 0], said
    logged = farm.gate.logged()
    assert sorted(logged) == farm.drawn == [1, 2, 3, 4]
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    assert logged[3].file_sha256 == file_sha256(farm.gate.frames / "frame.0003.png")
    said, ended, _ = farm.run("5-6", TRUSTMARK_RENDER_TERRITORY="BR")
    assert ended == [3, 3], said
    assert reasons(said) == ["TERRITORY_DENIED"] * 2, "one line for each frame"
    assert farm.begun == ["1", "2", "3", "4"]
    assert len(farm.gate.logged()) == 4


@pytest.mark.req("BX-014")
def test_revocation_ends_the_frame_in_hand_and_no_other_begins(farm: Farm) -> None:
    with farm.launch("1-4", seconds=30) as job:
        wait_for(lambda: farm.begun == ["1"], seconds=90)
        farm.gate.revoke()
        revoked = time.monotonic()
        assert job.stdout is not None
        first = ""
        for line in job.stdout:
            first += line
            if "frame ended" in line:
                break
        took = time.monotonic() - revoked
        rest, _ = job.communicate(timeout=120)
    assert took < 10
    assert reasons(first) == ["REVOKED"]
    assert statuses(first + rest) == [3, 3, 3, 3]
    assert farm.begun == ["1"]
    assert farm.drawn == []
    assert {entry.outcome for entry in farm.gate.logged().values()} <= {"DISCARDED", "UNAUTHORISED"}


@pytest.mark.req("BX-014")
def test_server_that_cannot_be_reached_or_says_nothing_lets_no_frame_begin(farm: Farm) -> None:
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        for nowhere in (closed, silent):
            said, ended, took = farm.run("1", server=f"http://127.0.0.1:{nowhere.getsockname()[1]}")
            assert ended == [3], said
            assert reasons(said) == ["OFFLINE"]
            assert took < 20, "outline's start, and ten seconds of patience at most"
    assert farm.begun == []
    assert not RenderCheck.objects.exists()


def test_worker_without_its_variables_ends_the_frame_as_misuse_and_names_the_variable(farm: Farm) -> None:
    said, ended, _ = farm.run("1", TRUSTMARK_LICENCE="")
    assert ended == [2], said
    assert "trustmark: misuse: TRUSTMARK_LICENCE is not set" in said
    assert farm.begun == []
