"""Open Job Description: the environment template of ``clients/openjd``, run by the reference command line tool."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from itertools import chain
from pathlib import Path

import pytest

from receipts.models import RenderCheck
from tests.client.test_gate import Gate, wait_for

TEMPLATES = Path(__file__).resolve().parents[2] / "clients" / "openjd"
RENDERER = textwrap.dedent(
    """\
    #!{python}
    import sys, time
    from pathlib import Path
    from PIL import Image
    folder, frame = Path(sys.argv[1]), int(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "begun.txt").open("a").write(f"{{frame}}\\n")
    time.sleep({seconds})
    draft = folder / f".frame.{{frame:04d}}.png"
    Image.new("RGB", (32, 18), (frame % 256, 90, 120)).save(draft, format="PNG")
    draft.rename(folder / f"frame.{{frame:04d}}.png")
    time.sleep({seconds})
    """
)


def job(
    gate: Gate, frames: str, *, seconds: float = 0, server: str = "", **parameters: str
) -> subprocess.Popen[str]:
    """``openjd run`` of the job in its environment; what the farm's screen shows comes on its output."""
    renderer = gate.folder / "renderer"
    renderer.write_text(RENDERER.format(python=sys.executable, seconds=seconds))
    renderer.chmod(0o755)
    told = {
        "TrustmarkServer": server or gate.server,
        "TrustmarkLicence": str(gate.token.jti),
        "TrustmarkProject": str(gate.token.production_id),
        "TrustmarkShot": "sh010",
        "TrustmarkRenderTerritory": "GB",
        "TrustmarkFirstFrame": frames.split("-", maxsplit=1)[0],
        "TrustmarkOutbox": str(gate.folder / "outbox"),
        "Frames": frames,
        "Output": str(gate.frames),
        "Renderer": str(renderer),
    } | parameters
    command = [
        str(Path(sys.executable).with_name("openjd")), "run", str(TEMPLATES / "job.yaml"),
        "--environment", str(TEMPLATES / "environment.yaml"), "--step", "Render",
    ]  # fmt: skip
    for name, value in told.items():
        command += ["-p", f"{name}={value}"]
    return subprocess.Popen(
        command, env=gate.environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def begun(gate: Gate) -> list[str]:
    note = gate.frames / "begun.txt"
    return note.read_text().split() if note.exists() else []


@pytest.mark.parametrize("name", ["environment.yaml", "job.yaml"])
def test_templates_are_valid_by_the_reference_tool(name: str) -> None:
    tool = str(Path(sys.executable).with_name("openjd"))
    done = subprocess.run([tool, "check", str(TEMPLATES / name)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.req("ST-055")
@pytest.mark.req("ST-062")
def test_every_task_asks_for_its_frame_and_leaves_its_receipt(gate: Gate) -> None:
    with job(gate, "1-3") as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode == 0, said
    logged = gate.logged()
    assert {frame: entry.outcome for frame, entry in logged.items()} == dict.fromkeys((1, 2, 3), "RENDERED")
    assert RenderCheck.objects.count() == 4, "one for the session, one for every task"


@pytest.mark.req("ST-055")
@pytest.mark.req("BX-014")
def test_a_session_that_is_denied_runs_no_task(gate: Gate) -> None:
    started = time.monotonic()
    with job(gate, "4-6", TrustmarkRenderTerritory="BR") as process:
        said, _ = process.communicate(timeout=120)
    assert process.returncode != 0
    assert time.monotonic() - started < 10
    assert "openjd_fail: trustmark gate: denied: TERRITORY_DENIED" in said
    assert begun(gate) == []
    assert gate.logged() == {}


@pytest.mark.req("BX-014")
def test_revocation_in_mid_job_ends_the_task_and_those_after_it(gate: Gate) -> None:
    with job(gate, "1-40", seconds=1.5) as process:
        wait_for((gate.frames / "frame.0002.png").exists)
        gate.revoke()
        revoked = time.monotonic()
        said, _ = process.communicate(timeout=120)
        took = time.monotonic() - revoked
    assert process.returncode != 0
    assert "trustmark gate: denied: REVOKED" in said
    assert took < 10, "a heartbeat, the end of the task, the end of the session"
    named = gate.named()
    assert 2 <= len(named[""]) < 8
    outcomes = {frame: entry.outcome for frame, entry in gate.logged().items()}
    assert sorted(outcomes) == sorted(chain(*named.values())), "every frame that exists has its receipt"
    assert named[""] == [frame for frame, outcome in sorted(outcomes.items()) if outcome == "RENDERED"]


@pytest.mark.req("BX-014")
def test_server_that_cannot_be_reached_lets_no_task_begin(gate: Gate) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        nowhere = f"http://127.0.0.1:{closed.getsockname()[1]}"
        started = time.monotonic()
        with job(gate, "1-3", server=nowhere) as process:
            said, _ = process.communicate(timeout=120)
        took = time.monotonic() - started
    assert process.returncode != 0
    assert "trustmark gate: denied: OFFLINE" in said
    assert took < 10
    assert begun(gate) == []


@pytest.mark.req("BX-014")
def test_server_that_swallows_everything_keeps_no_session_waiting(gate: Gate) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        started = time.monotonic()
        command = [
            sys.executable, "-m", "trustcore.cli", "gate", "ask", "--server", url, "--shot", "sh010",
            "--licence", str(gate.token.jti), "--project", str(gate.token.production_id),
            "--use-type", "FACE_RENDER", "--render-territory", "GB", "--frames", "1",
        ]  # fmt: skip
        done = subprocess.run(command, env=gate.environment, capture_output=True, text=True, check=False)
        took = time.monotonic() - started
    assert (done.returncode, len(done.stderr.strip().splitlines())) == (3, 1)
    assert "denied: OFFLINE" in done.stderr
    assert took < 10, "three seconds of patience, not minutes"
