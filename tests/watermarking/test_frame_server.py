"""The frame server: whole frames in, whole marked frames out, numbered by their names, until SIGTERM."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import OpenImageIO as oiio  # noqa: N813
import pytest
from PIL import Image

from tests.watermarking import media
from tests.watermarking.conftest import MARK_ID, SECRET
from watermarking.cli import main
from watermarking.engine import detect_file, frame_marker
from watermarking.frame_server import FrameServer, Stop, Watch, serve_lines
from watermarking.keys import ENVIRONMENT

FRAMES = 10


@pytest.fixture(scope="session")
def rendered(work_film: Path, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    """Frames of a film as PNG files."""
    pictures = []
    for frame, _ in zip(media.pictures_of(work_film), range(FRAMES), strict=False):
        held = io.BytesIO()
        Image.fromarray(frame.to_ndarray(format="rgb24")).save(held, "PNG", compress_level=1)
        pictures.append(held.getvalue())
    return pictures


@pytest.fixture
def said() -> list[dict[str, Any]]:
    return []


@pytest.fixture
def server(key: bytes, said: list[dict[str, Any]]) -> FrameServer:
    marker, number_of = frame_marker(mark_id=MARK_ID, key=key)
    return FrameServer(marker, number_of, said.append)


def folders(tmp_path: Path) -> tuple[Path, Path]:
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    return tmp_path / "in", tmp_path / "out"


def test_frames_that_appear_are_marked_with_one_pattern_and_found_as_a_film(
    server: FrameServer, rendered: list[bytes], said: list[dict[str, Any]], tmp_path: Path, key: bytes
) -> None:
    came, went = folders(tmp_path)
    # any order, as nodes finish them
    for number in reversed(range(FRAMES)):
        (came / f"shot.{1000 + number}.png").write_bytes(rendered[number])
    (came / ".shot.1011.png").write_bytes(rendered[0])
    (came / "shot.1012.png.tmp").write_bytes(rendered[0])
    watch = Watch(came, went, settle_seconds=0.05)
    watch.serve(server, Stop(), once=True)
    assert sorted(path.name for path in went.iterdir()) == [f"shot.{1000 + n}.png" for n in range(FRAMES)]
    assert {one["frame"] for one in said} == set(range(1000, 1000 + FRAMES))
    assert {one["status"] for one in said} == {"embedded"}
    assert detect_file(went, key=key, layers=["pixel"], search=False).payload == f"{MARK_ID:016x}"
    # a server that is started again finds them done; a frame rendered again is marked again
    Watch(came, went, settle_seconds=0.05).serve(server, Stop(), once=True)
    assert server.frames == FRAMES
    (came / "shot.1003.png").write_bytes(rendered[4])
    watch.serve(server, Stop(), once=True)
    assert server.frames == FRAMES + 1
    assert server.summary()["failed"] == 0


def test_half_written_frames_wait_and_broken_ones_are_told_of_once(
    server: FrameServer, rendered: list[bytes], said: list[dict[str, Any]], tmp_path: Path
) -> None:
    came, went = folders(tmp_path)
    (came / "a.0001.png").write_bytes(rendered[0][: len(rendered[0]) // 2])
    watch = Watch(came, went, settle_seconds=0.0, give_up_seconds=60.0)
    for _ in range(2):
        ready, _ = watch._look()
        for path, state in ready:
            watch._mark(server, path, state)
    assert (said, list(went.iterdir())) == ([], [])
    (came / "a.0001.png").write_bytes(rendered[0])
    watch.serve(server, Stop(), once=True)
    assert [one["frame"] for one in said] == [1]
    (came / "b.0002.png").write_bytes(b"no picture")
    (came / "nameless.png").write_bytes(rendered[0])
    patient = Watch(came, went, settle_seconds=0.0, give_up_seconds=0.0)
    patient.serve(server, Stop(), once=True)
    assert sorted(one["error"] for one in said[1:]) == ["MEDIA_UNREADABLE", "MEDIA_UNSUPPORTED"]
    assert [path.name for path in went.iterdir()] == ["a.0001.png"]


def test_scene_linear_frames_come_back_as_half_floats(
    server: FrameServer, rendered: list[bytes], tmp_path: Path
) -> None:
    light = (np.asarray(Image.open(io.BytesIO(rendered[0]))).astype(np.float32) / 255.0) ** 2.2
    spec = oiio.ImageSpec(light.shape[1], light.shape[0], 3, "half")
    output = oiio.ImageOutput.create("openexr")
    output.open(str(tmp_path / "x.0007.exr"), spec)
    output.write_image(light.astype(np.float16))
    output.close()
    assert server.mark(tmp_path / "x.0007.exr", tmp_path / "y.0007.exr")
    made = oiio.ImageInput.open(str(tmp_path / "y.0007.exr"))
    pixels = made.read_image()
    assert str(made.spec().format) == "half"
    made.close()
    change = np.abs(pixels.astype(np.float32) - light)
    assert 0.0 < change.mean() < 0.01


def test_each_request_gets_its_line_in_order_and_bad_ones_their_code(
    server: FrameServer, rendered: list[bytes], said: list[dict[str, Any]], tmp_path: Path
) -> None:
    (tmp_path / "frame.png").write_bytes(rendered[0])
    source, target = str(tmp_path / "frame.png"), str(tmp_path / "marked.png")
    lines = [
        json.dumps({"in": source, "out": target, "frame": 12}),
        json.dumps({"in": source, "out": target}),
        json.dumps({"in": source, "out": source, "frame": 1}),
        json.dumps({"in": source, "out": target, "frame": -1}),
        "[]",
        "{",
    ]
    read, write = os.pipe()
    os.write(write, "\n".join(lines).encode())
    os.close(write)
    with os.fdopen(read, "rb") as pipe:
        serve_lines(server, Stop(), pipe)
    assert [one.get("error", one.get("frame")) for one in said] == [
        12, "MEDIA_UNSUPPORTED", "MEDIA_NOT_WRITTEN", "REQUEST_MALFORMED", "REQUEST_MALFORMED", "REQUEST_MALFORMED",
    ]  # fmt: skip
    assert (server.frames, server.failed) == (1, 5)
    # what is there is untouched by the refused requests, and nothing half-written lies about
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frame.png", "marked.png"]
    assert Path(source).read_bytes() == rendered[0]


def test_sigterm_ends_a_server_at_work_with_code_0_and_no_half_written_frame(
    rendered: list[bytes], tmp_path: Path
) -> None:
    came, went = folders(tmp_path)
    for number in range(200):
        (came / f"s.{number:04d}.png").write_bytes(rendered[number % FRAMES])
    command = [
        sys.executable, "-m", "watermarking.cli", "serve-frames", "--payload", f"{MARK_ID:016x}",
        "--watch", str(came), "--out", str(went), "--settle", "0.05",
    ]  # fmt: skip
    env = {**os.environ, ENVIRONMENT: SECRET.hex(), "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=env) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert first["status"] == "embedded"
        time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        rest = process.stdout.read().decode().splitlines()
        assert process.wait(30) == 0
    told = json.loads(rest[-1])
    assert 1 <= told["frames"] < 200
    made = list(went.iterdir())
    assert len(made) == told["frames"]
    for path in made:
        Image.open(path).load()


def test_the_command_line_refuses_what_makes_no_sense(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(ENVIRONMENT, SECRET.hex())
    payload = ["serve-frames", "--payload", "0" * 16]
    for further in (
        ["--watch", str(tmp_path)],
        ["--watch", str(tmp_path), "--out", str(tmp_path)],
        ["--watch", str(tmp_path), "--out", str(tmp_path / "none")],
        ["--fps", "0"],
    ):
        assert main([*payload, *further]) == 2
    assert main(["serve-frames", "--payload", "xyz"]) == 2
