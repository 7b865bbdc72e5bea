"""The executor for Unreal on a stub of the engine's API (``stubs/unreal.py``, ours, named so): Unreal was not run.

Real are the executor, the client, the pictures on disk and the served deployment.
"""

from __future__ import annotations

import os
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
from tests.client.tools import ROOT, Ended, node_environment, run, start

STUBS = Path(__file__).parent / "stubs"
JOB = textwrap.dedent(
    """
    import json, sys
    from pathlib import Path
    import unreal
    from trustmark_unreal.executor import LicensedExecutor
    folder, jobs = Path(sys.argv[1]), json.loads(sys.argv[2])
    queue = unreal.MoviePipelineQueue()
    for first, end, told in jobs:
        if "graph" in told:
            nodes = [unreal.MovieGraphSamplingMethodNode(), unreal.MovieGraphGlobalOutputSettingNode()]
            setting, given = nodes[1], told.pop("graph")
            if first is not None:
                unreal.stub_bind(setting, "start", first)
                unreal.stub_bind(setting, "end", end)
            for name, value in given.pop("set", {}).items():
                setattr(setting, name, value)
                setattr(setting, f"override_{name}", True)
            chain = nodes[:1] if given.pop("bare", False) else nodes
            told["stub_graph"] = unreal.MovieGraphConfig(*chain, **given)
        if told.pop("own graph of a shot", False):
            told["shot_info"] = [unreal.MoviePipelineExecutorShot(told["stub_graph"])]
        preset = told.pop("preset", {})
        job = unreal.MoviePipelineExecutorJob(stub_folder=folder, **told)
        setting = job.config.output
        setting.use_custom_playback_range = first is not None
        setting.custom_start_frame, setting.custom_end_frame = first or 0, end or 0
        for name, value in preset.items():
            setattr(setting, name, value)
        queue.jobs.append(job)
    sys.exit(unreal.play(LicensedExecutor, queue if jobs else None))
    """
)


def command(gate: Gate, *jobs: tuple[int | None, int | None, dict]) -> list[str]:
    import json

    return [sys.executable, "-c", JOB, str(gate.frames), json.dumps(jobs)]


def engine(gate: Gate, *, server: str = "", **changes: str) -> dict[str, str]:
    env = node_environment(gate, server=server, **changes)
    env["PYTHONPATH"] = os.pathsep.join([str(STUBS), env["PYTHONPATH"]])
    return env


def render(gate: Gate, *jobs: tuple[int | None, int | None, dict], server: str = "", **changes: str) -> Ended:
    return run(command(gate, *jobs), engine(gate, server=server, **changes), cwd=gate.folder)


def drawn(gate: Gate) -> list[int]:
    return sorted(int(path.stem[-4:]) for path in gate.frames.glob("frame.*.png"))


def test_a_queue_is_rendered_block_by_block_and_every_frame_has_its_receipt(gate: Gate) -> None:
    done = render(gate, (1, 31, {}), (101, 104, {}))
    assert done.returncode == 0, done.said
    frames = [*range(1, 31), *range(101, 104)]
    assert drawn(gate) == frames
    logged = gate.logged()
    assert sorted(logged) == frames
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    assert logged[30].file_sha256 == file_sha256(gate.frames / "frame.0030.png")
    asked = RenderCheck.objects.order_by("at").values_list("first", "last")
    assert list(asked) == [(1, 25), (26, 30), (101, 103)]


@pytest.mark.parametrize("version", ["5.4", "5.7"])
def test_a_render_graph_is_rendered_block_by_block_and_every_frame_has_its_receipt(
    gate: Gate, version: str
) -> None:
    done = render(gate, (1, 31, {"graph": {}}), (101, 104, {"graph": {}}), STUB_ENGINE=version)
    assert done.returncode == 0, done.said
    frames = [*range(1, 31), *range(101, 104)]
    assert drawn(gate) == frames
    logged = gate.logged()
    assert sorted(logged) == frames
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}
    asked = RenderCheck.objects.order_by("at").values_list("first", "last")
    assert list(asked) == [(1, 25), (26, 30), (101, 103)]


def test_a_denied_render_graph_renders_nothing(gate: Gate) -> None:
    done = render(gate, (1, 31, {"graph": {}}), TRUSTMARK_RENDER_TERRITORY="BR")
    assert done.returncode == 1
    assert done.seconds < 10
    assert not gate.frames.exists()
    assert "trustmark: denied: TERRITORY_DENIED" in done.denials[0]


@pytest.mark.req("BX-014")
@pytest.mark.req("ST-062")
def test_a_denied_queue_renders_nothing_and_its_last_line_names_the_reason(gate: Gate) -> None:
    done = render(gate, (1, 31, {}), TRUSTMARK_RENDER_TERRITORY="BR")
    assert done.returncode == 1
    assert done.seconds < 10
    assert not gate.frames.exists()
    assert "trustmark: denied: TERRITORY_DENIED" in done.denials[0]
    assert f"LogPython: Error: {done.denials[0]}" in done.said.splitlines() or len(done.denials) == 2


@pytest.mark.req("BX-014")
@pytest.mark.parametrize("told", [{}, {"graph": {}}], ids=["preset", "graph"])
def test_a_licence_revoked_in_mid_block_ends_the_pipeline_and_what_it_wrote_is_marked_as_discarded(
    gate: Gate, told: dict
) -> None:
    with start(command(gate, (1, 51, {"stub_seconds": 0.4} | told)), engine(gate), cwd=gate.folder) as job:
        wait_for(lambda: len(drawn(gate)) >= 3)
        gate.revoke()
        begun = time.monotonic()
        said, _ = job.communicate(timeout=60)
        passed = time.monotonic() - begun
    assert job.returncode == 1
    assert passed < 10
    assert "trustmark: denied: REVOKED" in said
    logged = gate.logged()
    assert 3 <= len(logged) < 25
    # what was sent before the node heard of the revocation, the server calls unauthorised
    assert {entry.outcome for entry in logged.values()} <= {"DISCARDED", "UNAUTHORISED"}
    # nothing is left under a frame's name: what was given up says so in its own
    given_up = {path.name: file_sha256(path) for path in gate.frames.iterdir()}
    assert {name.rpartition(".")[0]: digest for name, digest in given_up.items()} == {
        f"frame.{frame:04d}.png": entry.file_sha256 for frame, entry in logged.items()
    }
    assert {name.rpartition(".")[2] for name in given_up} <= {"discarded", "unauthorised"}


@pytest.mark.req("BX-014")
def test_a_server_that_cannot_be_reached_renders_nothing(gate: Gate) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        done = render(gate, (1, 11, {}), server=f"http://127.0.0.1:{closed.getsockname()[1]}")
    assert done.returncode == 1
    assert done.seconds < 10
    assert not gate.frames.exists()
    assert "trustmark: denied: OFFLINE" in done.said


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ((None, None, {}), "the job names no frames"),
        ((5, 5, {}), "frames 5 to 4 are no range"),
        ((1, 4, {"preset": {"handle_frame_count": 8}}), "handles are frames that nobody asked for"),
        ((1, 4, {"preset": {"frame_number_offset": 1000}}), "files would have other numbers"),
        ((1, 4, {"preset": {"use_custom_frame_rate": True}}), "a frame rate of the job's own"),
        ((None, None, {"graph": {}}), "the job names no frames"),
        ((1, 4, {"graph": {"bare": True}}), "the job names no frames"),
        ((1, 4, {"graph": {"set": {"handle_frame_count": 8}}}), "handles are frames"),
        ((1, 4, {"graph": {"set": {"frame_number_offset": 1000}}}), "files would have other numbers"),
        ((1, 4, {"graph": {"set": {"output_frame_rate": "30"}}}), "a frame rate of the job's own"),
        ((1, 40, {"graph": {"stub_variable": 1}}), "the graph's frames are not those of its Global Output"),
        ((1, 4, {"graph": {"stub_error": "a circle"}}), "the graph cannot be evaluated: a circle"),
        ((1, 4, {"graph": {}, "own graph of a shot": True}), "a shot of the job has a graph of its own"),
        ((1, 4, {"stub_layers": ["frame", "depth"]}), "has two files"),
        ((1, 4, {"stub_lost": 2}), "wrote no file of frame 2"),
    ],
)
def test_a_job_that_cannot_be_counted_ends_with_an_error_that_says_so(
    gate: Gate, job: tuple[int | None, int | None, dict], why: str
) -> None:
    done = render(gate, job)
    assert done.returncode == 1
    assert f"trustmark: misuse: {why}" in done.said or why in done.said
    assert "Traceback" not in done.said
    assert {entry.outcome for entry in gate.logged().values()} <= {"RENDERED"}
    assert sorted(gate.logged()) == drawn(gate)


def test_an_engine_that_was_given_no_queue_ends_with_an_error_and_does_not_wait_for_ever(gate: Gate) -> None:
    done = render(gate)
    assert done.returncode == 1
    assert done.seconds < 10
    assert "trustmark: misuse: there is no queue" in done.said


def test_the_adapter_is_typed_against_the_stub() -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--config-file", os.devnull, "--strict", "--explicit-package-bases",
         "--follow-imports", "silent", "clients/unreal/trustmark_unreal"],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env=os.environ | {"MYPYPATH": os.pathsep.join(
            [str(STUBS), str(ROOT / "clients" / "unreal"), str(ROOT / "clients" / "python"), str(ROOT)])},
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
