"""Blender itself (bpy, Cycles on the CPU) under a licence: denied, revoked in mid-shot, no server, and a frame that hangs."""

from __future__ import annotations

import socket
import subprocess
import time
from itertools import chain
from pathlib import Path

import pytest
from trustmark_client.pixels import file_sha256, pixel_sha256

from receipts.models import RenderCheck
from tests.client.test_gate import Gate, wait_for
from tests.client.tools import Ended, needs, node_environment, run, start, tool_python
from tests.client.wire import Wire

pytestmark = [needs("blender"), pytest.mark.timeout(600)]

MAKE = """
import bpy, os, sys
scene = bpy.context.scene
scene.render.engine = "CYCLES"
scene.cycles.device = "CPU"
scene.cycles.samples = int(sys.argv[2])
scene.cycles.use_adaptive_sampling = False
scene.cycles.use_denoising = False
scene.render.resolution_x, scene.render.resolution_y = int(sys.argv[3]), int(sys.argv[3]) * 9 // 16
scene.render.resolution_percentage = 100
scene.render.image_settings.file_format = "PNG"
scene.render.threads_mode, scene.render.threads = "FIXED", 1
scene.frame_start, scene.frame_end = 1, 3
cube = bpy.data.objects["Cube"]
for frame in (1, 200):
    cube.rotation_euler[2] = frame / 20
    cube.keyframe_insert("rotation_euler", frame=frame)
bpy.ops.wm.save_as_mainfile(filepath=sys.argv[1])
os._exit(0)  # bpy as a module hangs in its own end now and then
"""
ADDON = """
import bpy, os, sys
import trustmark_blender
trustmark_blender.register()
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
bpy.context.scene.render.filepath = sys.argv[2]
bpy.context.scene.trustmark_shot = sys.argv[3]
try:
    print("ended", bpy.ops.trustmark.render())
except RuntimeError as error:
    print("refused", error)
print("said", bpy.context.scene.trustmark_said)
trustmark_blender.unregister()
sys.stdout.flush()
os._exit(0)
"""
HANDLER = """
import bpy, os, sys
bpy.ops.wm.open_mainfile(filepath=sys.argv[1])
def no(scene, *rest):
    raise RuntimeError("no")
bpy.app.handlers.render_pre.append(no)
bpy.context.scene.render.filepath = sys.argv[2]
bpy.ops.render.render(write_still=True)
sys.stdout.flush(), sys.stderr.flush()
os._exit(0)
"""


def blend(gate: Gate, *, samples: int = 1, width: int = 32) -> Path:
    """A file with a turning cube in it, made by Blender."""
    path = gate.folder / "scene.blend"
    made = [str(tool_python("blender")), "-c", MAKE, str(path), str(samples), str(width)]
    subprocess.run(made, check=True, capture_output=True)
    return path


def command(gate: Gate, path: Path, frames: str, *options: str) -> list[str]:
    output = str(gate.frames / "frame.####")
    return [
        str(tool_python("blender")), "-m", "trustmark_blender", str(path),
        "--frames", frames, "--output", output, *options,
    ]  # fmt: skip


def drawn(gate: Gate) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in gate.frames.glob("frame.*.png"))


def render(gate: Gate, path: Path, frames: str, *options: str, server: str = "", **changes: str) -> Ended:
    env = node_environment(gate, server=server, **changes)
    return run(command(gate, path, frames, *options), env, cwd=gate.folder)


@pytest.mark.req("ST-036")
@pytest.mark.req("ST-062")
@pytest.mark.req("BX-014")
def test_blender_renders_each_frame_under_a_check_and_leaves_its_receipt_and_nothing_when_denied(
    gate: Gate,
) -> None:
    path = blend(gate)
    done = render(gate, path, "1-6", "--block", "3")
    assert done.returncode == 0, done.said
    logged = gate.logged()
    assert drawn(gate) == sorted(logged) == [1, 2, 3, 4, 5, 6]
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    fourth = gate.frames / "frame.0004.png"
    assert logged[4].file_sha256 == file_sha256(fourth)
    assert logged[4].pixel_sha256 == pixel_sha256(fourth)
    assert pixel_sha256(gate.frames / "frame.0001.png") != pixel_sha256(fourth), "the cube turns"
    assert RenderCheck.objects.count() == 2, "one check for every block of three"
    denied = render(gate, path, "7-9", TRUSTMARK_RENDER_TERRITORY="BR")
    assert denied.returncode == 3
    assert [line.split(" (")[0] for line in denied.denials] == ["trustmark: denied: TERRITORY_DENIED"]
    assert drawn(gate) == [1, 2, 3, 4, 5, 6]
    assert not list(gate.frames.glob(".draft*"))


@pytest.mark.req("BX-014")
def test_revocation_in_mid_shot_ends_blender_and_every_frame_that_exists_has_its_receipt(gate: Gate) -> None:
    path = blend(gate, samples=8, width=96)
    with start(
        command(gate, path, "1-150", "--block", "150"), node_environment(gate), cwd=gate.folder
    ) as task:
        wait_for((gate.frames / "frame.0003.png").exists, seconds=60)
        gate.revoke()
        revoked = time.monotonic()
        said, _ = task.communicate(timeout=60)
        took = time.monotonic() - revoked
    assert task.returncode == 3
    assert said.count("trustmark: denied: REVOKED") == 1
    assert took < 10
    logged = gate.logged()
    assert 3 <= len(logged) < 150
    named = gate.named()
    assert sorted(logged) == sorted(chain(*named.values())), "every frame that exists has its receipt"
    assert named[""] == [frame for frame in sorted(logged) if logged[frame].outcome == "RENDERED"]
    last = max(logged)
    assert {logged[frame].outcome for frame in logged if frame < last - 20} <= {"RENDERED"}
    assert logged[last].outcome in {"DISCARDED", "UNAUTHORISED"}, "the frame in hand"


@pytest.mark.req("BX-014")
def test_frame_that_goes_on_after_a_revocation_is_given_up_and_leaves_nothing(gate: Gate) -> None:
    path = blend(gate, samples=4096, width=1280)
    with start(command(gate, path, "1-5"), node_environment(gate), cwd=gate.folder) as task:
        wait_for(RenderCheck.objects.exists, seconds=60)
        time.sleep(2)  # within the first frame, which takes minutes
        gate.revoke()
        revoked = time.monotonic()
        said, _ = task.communicate(timeout=120)
        took = time.monotonic() - revoked
    assert task.returncode == 3, said
    assert said.count("trustmark: denied: REVOKED") == 1
    assert took < 10
    assert drawn(gate) == []
    assert not list(gate.frames.glob(".draft*"))
    assert gate.logged() == {}


@pytest.mark.req("BX-014")
def test_server_that_cannot_be_reached_lets_blender_render_nothing(gate: Gate) -> None:
    path = blend(gate)
    idle = render(gate, path, "1-3", TRUSTMARK_LICENCE="").seconds  # Blender's start, and the file's
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        for nowhere in (closed, silent):
            done = render(gate, path, "1-3", server=f"http://127.0.0.1:{nowhere.getsockname()[1]}")
            assert done.returncode == 3
            assert len(done.denials) == 1
            assert "denied: OFFLINE" in done.denials[0]
            assert done.seconds - idle < 10
    assert drawn(gate) == []
    assert not RenderCheck.objects.exists()


@pytest.mark.req("BX-011")
@pytest.mark.req("BX-014")
def test_server_gone_in_mid_block_is_outlived_by_the_block_and_its_receipts_wait(
    gate: Gate, live_server, settings
) -> None:
    wire = Wire(live_server.thread.port)
    settings.BASE_URL = wire.url
    path = blend(gate, samples=8, width=64)
    env = node_environment(gate, server=wire.url)
    with start(command(gate, path, "1-40", "--block", "20"), env, cwd=gate.folder) as task:
        wait_for((gate.frames / "frame.0002.png").exists, seconds=60)
        wire.cut()
        said, _ = task.communicate(timeout=120)
    assert task.returncode == 3, said
    assert said.count("trustmark: denied: OFFLINE") == 1
    assert drawn(gate) == list(range(1, 21)), "what its lease allowed, and not the next block"
    wire.mend()
    flush = [str(tool_python("blender")), "-m", "trustcore.cli", "gate", "flush"]
    flushed = run(flush, env, cwd=gate.folder)
    assert flushed.returncode == 0, flushed.said
    assert sorted(gate.logged()) == drawn(gate), "no frame is without its receipt once they were sent"
    wire.cut()


@pytest.mark.req("BX-014")
def test_button_of_the_add_on_renders_under_the_licence_and_says_why_not(gate: Gate) -> None:
    path = blend(gate)
    script = [str(tool_python("blender")), "-c", ADDON, str(path), str(gate.frames / "frame.####")]
    done = run([*script, "sh010"], node_environment(gate, TRUSTMARK_SHOT=""), cwd=gate.folder)
    assert "ended {'FINISHED'}" in done.said, done.said
    assert "said every frame has its receipt" in done.said
    assert sorted(gate.logged()) == drawn(gate) == [1, 2, 3]
    gate.revoke()
    done = run([*script, "sh010"], node_environment(gate), cwd=gate.folder)
    assert "said trustmark: denied: REVOKED" in done.said, done.said
    assert len(gate.logged()) == 3


def test_film_is_refused_and_a_missing_variable_is_named(gate: Gate) -> None:
    path = blend(gate)
    refused = run(
        [str(tool_python("blender")), "-m", "trustmark_blender", str(path)],
        node_environment(gate, TRUSTMARK_LICENCE=""),
        cwd=gate.folder,
    )
    assert refused.returncode == 2
    assert "trustmark: misuse: TRUSTMARK_LICENCE is not set" in refused.said


def test_handler_that_raises_does_not_keep_blender_from_rendering(gate: Gate) -> None:
    """Why the loop is ours: the day this fails, handlers have become a gate."""
    path, frame = blend(gate), gate.folder / "anyway.png"
    script = [str(tool_python("blender")), "-c", HANDLER, str(path), str(frame)]
    done = run(script, node_environment(gate), cwd=gate.folder)
    assert "RuntimeError: no" in done.said
    assert frame.exists()
