"""The gate that a renderer of another language starts beside itself, asked a line at a time."""

from __future__ import annotations

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image
from trustmark_client.pixels import file_sha256

from tests.client.test_gate import Gate, wait_for
from tests.client.tools import node_environment

Ask = Callable[[str], str]


@contextmanager
def gate_beside(gate: Gate, frames: str, **changes: str) -> Iterator[tuple[Ask, subprocess.Popen[str]]]:
    command = [sys.executable, "-m", "trustmark_client.lines", "--engine", "unity", "--frames", frames]
    with subprocess.Popen(
        command, env=node_environment(gate, **changes), cwd=gate.folder, text=True,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        assert process.stdout is not None

        def ask(line: str) -> str:
            process.stdin.write(line + "\n")
            process.stdin.flush()
            return process.stdout.readline().rstrip("\n")

        yield ask, process


def paint(gate: Gate, *frames: int) -> list[Path]:
    gate.frames.mkdir(exist_ok=True)
    paths = [gate.frames / f"a shot.{frame:04d}.png" for frame in frames]
    for path in paths:
        Image.new("RGB", (32, 18), (40, 90, 120)).save(path)
    return paths


def test_blocks_are_handed_out_and_reported_and_the_end_comes_after_the_last_receipt(gate: Gate) -> None:
    with gate_beside(gate, "1-27") as (ask, process):
        for first, last in ((1, 25), (26, 27)):
            assert ask("BEGIN") == f"FRAMES {first} {last}"
            assert ask("LOOK") == "GO"
            assert {ask(f"WROTE {path}") for path in paint(gate, *range(first, last + 1))} == {"KEPT"}
            assert ask("REPORT") == "REPORTED"
        assert ask("BEGIN") == "DONE"
        assert process.wait(30) == 0
    logged = gate.logged()
    assert sorted(logged) == [*range(1, 28)]
    assert {entry.outcome for entry in logged.values()} == {"RENDERED"}


def test_drafts_are_moved_to_their_folder_with_their_receipts_and_a_broken_one_is_not_taken_for_a_frame(
    gate: Gate,
) -> None:
    place = gate.folder / "the place"
    place.mkdir()
    with gate_beside(gate, "1-3") as (ask, process):
        assert ask("BEGIN") == "FRAMES 1 3"
        drafts = paint(gate, 1, 2, 3)
        drafts[1].write_bytes(b"no picture")
        assert {ask(f"WROTE {path}") for path in drafts} == {"KEPT"}
        assert ask(f"REPORT {place}") == "REPORTED"
        assert ask("BEGIN") == "DONE"
        assert process.wait(30) == 0
    logged = gate.logged()
    assert {frame: entry.outcome for frame, entry in logged.items()} == {
        1: "RENDERED", 2: "FAILED", 3: "RENDERED",
    }  # fmt: skip
    assert {path.name: file_sha256(path) for path in place.iterdir()} == {
        "a shot.0001.png": logged[1].file_sha256,
        "a shot.0002.png.failed": logged[2].file_sha256,
        "a shot.0003.png": logged[3].file_sha256,
    }
    assert list(gate.frames.iterdir()) == []


def test_drafts_that_cannot_be_moved_are_a_failure_although_they_have_their_receipts(gate: Gate) -> None:
    with gate_beside(gate, "1-2") as (ask, process):
        assert ask("BEGIN") == "FRAMES 1 2"
        assert {ask(f"WROTE {path}") for path in paint(gate, 1, 2)} == {"KEPT"}
        assert ask(f"REPORT {gate.folder / 'nowhere'}") == "REPORTED"
        assert ask("BEGIN").startswith("ENDED 1 trustmark: failed: ")
        assert process.wait(30) == 1
    assert sorted(gate.logged()) == [1, 2]


@pytest.mark.req("BX-014")
def test_a_no_is_the_last_answer_and_the_exit_status(gate: Gate) -> None:
    with gate_beside(gate, "1-27", TRUSTMARK_RENDER_TERRITORY="BR") as (ask, process):
        assert ask("BEGIN").startswith("ENDED 3 trustmark: denied: TERRITORY_DENIED")
        assert process.wait(30) == 3


@pytest.mark.req("BX-014")
def test_no_server_is_a_no_before_the_first_frame(gate: Gate) -> None:
    with socket.socket() as closed, socket.create_server(("127.0.0.1", 0)) as silent:
        closed.bind(("127.0.0.1", 0))
        for nowhere in (closed, silent):
            url, begun = f"http://127.0.0.1:{nowhere.getsockname()[1]}", time.monotonic()
            with gate_beside(gate, "1-27", TRUSTMARK_URL=url) as (ask, process):
                assert ask("BEGIN").startswith("ENDED 3 trustmark: denied: OFFLINE")
                assert process.wait(30) == 3
            assert time.monotonic() - begun < 10


@pytest.mark.req("BX-014")
def test_revocation_in_mid_block_is_heard_and_its_files_are_discarded_under_names_that_say_so(
    gate: Gate,
) -> None:
    with gate_beside(gate, "1-27") as (ask, process):
        assert ask("BEGIN") == "FRAMES 1 25"
        paths = paint(gate, 1, 2)
        gate.revoke()
        begun = time.monotonic()
        wait_for(lambda: ask("LOOK") == "OVER REVOKED")
        assert {ask(f"WROTE {path}") for path in paths} == {"KEPT"}
        assert ask("REPORT").startswith("ENDED 3 trustmark: denied: REVOKED")
        assert process.wait(30) == 3
        assert time.monotonic() - begun < 10
    assert {frame: entry.outcome for frame, entry in gate.logged().items()} == {
        1: "DISCARDED", 2: "DISCARDED",
    }  # fmt: skip
    assert sorted(path.name for path in gate.frames.iterdir()) == [f"{path.name}.discarded" for path in paths]


def test_a_block_that_is_not_whole_a_word_that_is_none_and_a_renderer_that_went_away_are_failures(
    gate: Gate,
) -> None:
    with gate_beside(gate, "1-3") as (ask, process):
        assert ask("BEGIN") == "FRAMES 1 3"
        assert [ask(f"WROTE {path}") for path in paint(gate, 1, 3)] == ["KEPT", "KEPT"]
        assert ask("REPORT") == "ENDED 2 trustmark: misuse: frame 2 has no file"
        assert process.wait(30) == 2
    with gate_beside(gate, "5-6") as (ask, process):
        assert ask("PLEASE") == "ENDED 2 trustmark: misuse: 'PLEASE' is no word of this"
    with gate_beside(gate, "5-6") as (ask, process):
        assert ask("BEGIN") == "FRAMES 5 6"
        process.stdin.close()
        assert "the renderer went away" in process.stdout.readline()
        assert process.wait(30) == 2
    assert sorted(gate.logged()) == [1, 3]
