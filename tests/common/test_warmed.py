"""Processes that are forked of one that has loaded: told apart by how they end, ended with all they started, never reused."""

import json
import os
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import common.warmed
from common.warmed import Job, Warmed, forked_seconds

_MODULE = """
import json, os, signal, sys, time

loaded = []


def load():
    loaded.append(os.getpid())


def main(arguments):
    orders = json.load(sys.stdin)
    said = {"arguments": arguments, "loaded": loaded, "environment": sorted(os.environ), "pid": os.getpid()}
    said["open"] = [os.readlink(f"/proc/self/fd/{one}") for one in range(20) if os.path.exists(f"/proc/self/fd/{one}")]
    if orders["does"] == "spin":
        until = time.process_time() + 0.3
        while time.process_time() < until:
            pass
    if orders["does"] == "sleep":
        if os.fork() == 0:
            time.sleep(60)
        time.sleep(60)
    if orders["does"] == "die":
        os.kill(os.getpid(), signal.SIGSEGV)
    if orders["does"] == "lie":
        for one in range(3, 20):
            try:
                os.write(one, b"x" * 100)
            except OSError:
                pass
    if orders["does"] == "nap":
        time.sleep(0.5)
    if orders["does"] == "raise":
        raise ValueError
    os.write(1, json.dumps(said).encode())
    os._exit(0)
"""


@pytest.fixture
def warmed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Warmed]:
    (tmp_path / "shared_child.py").write_text(_MODULE)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.setenv("TRUSTMARK_SECRET", "tell nobody")
    made = Warmed("shared_child")
    assert made.wait_ready()
    yield made
    made.end()


def started(warmed: Warmed, does: str, answer: Any) -> Job:
    with tempfile.TemporaryFile() as orders:
        orders.write(json.dumps({"does": does}).encode())
        orders.seek(0)
        job = warmed.start("one", "two", orders=orders, answer=answer)
    assert job is not None
    return job


def outcome(warmed: Warmed, does: str) -> tuple[int, dict[str, Any]]:
    with tempfile.TemporaryFile() as answer:
        job = started(warmed, does, answer)
        code = job.wait(20)
        job.end()
        answer.seek(0)
        said = answer.read()
    return code, json.loads(said) if said else {}


def test_each_file_has_a_process_of_its_own_that_was_loaded_once_and_holds_no_secret(warmed: Warmed) -> None:
    before = forked_seconds()
    (code, first), (_, second) = outcome(warmed, "spin"), outcome(warmed, "answer")
    assert code == 0
    assert first["arguments"] == ["one", "two"]
    assert first["loaded"] == second["loaded"] == [warmed.pid]
    assert len({first["pid"], second["pid"], warmed.pid}) == 3
    assert "TRUSTMARK_SECRET" not in first["environment"]
    assert not any(one.startswith("socket") for one in first["open"])  # no way back to what forks
    assert forked_seconds() - before >= 0.3


@pytest.mark.parametrize(("does", "code"), [("die", -signal.SIGSEGV), ("raise", 1), ("lie", -signal.SIGKILL)])
def test_how_one_ended_is_told_and_the_next_is_none_the_worse(warmed: Warmed, does: str, code: int) -> None:
    ended, said = outcome(warmed, does)
    assert (ended, bool(said)) == (code, does == "lie")  # whatever it answered, it counts as killed
    assert outcome(warmed, "answer")[0] == 0


def test_one_that_hangs_is_ended_with_what_it_started(warmed: Warmed) -> None:
    with tempfile.TemporaryFile() as answer:
        job = started(warmed, "sleep", answer)
        with pytest.raises(subprocess.TimeoutExpired):
            job.wait(0.5)
        group = job._group
        assert len(_members(group)) == 2
        job.end()
    until = time.monotonic() + 5
    while _members(group) and time.monotonic() < until:
        time.sleep(0.02)
    assert not _members(group)


def test_where_what_forks_has_gone_the_asker_is_told_and_it_is_started_anew(warmed: Warmed) -> None:
    assert warmed.pid is not None
    gone = warmed.pid
    os.kill(gone, signal.SIGKILL)
    os.waitid(os.P_PID, gone, os.WEXITED | os.WNOWAIT)
    with tempfile.TemporaryFile() as orders, tempfile.TemporaryFile() as answer:
        assert warmed.start("one", orders=orders, answer=answer) is None
    assert warmed.wait_ready()
    assert warmed.pid != gone
    assert outcome(warmed, "answer")[0] == 0


def test_one_that_was_forked_too_late_leaves_the_answer_to_who_took_its_place(
    warmed: Warmed, monkeypatch: pytest.MonkeyPatch
) -> None:
    late: list[int] = []

    def too_late(told: int) -> int:
        late.append(group_of(told))  # it is there, and would have begun
        raise OSError("nothing was forked in time")

    group_of = common.warmed._group
    with tempfile.TemporaryFile() as orders, tempfile.TemporaryFile() as answer:
        orders.write(json.dumps({"does": "answer"}).encode())
        orders.seek(0)
        with monkeypatch.context() as slow:
            slow.setattr("common.warmed._group", too_late)
            assert warmed.start("late", orders=orders, answer=answer) is None
        until = time.monotonic() + 10
        while _members(late[0]) and time.monotonic() < until:
            time.sleep(0.02)
        assert not _members(late[0])
        assert os.fstat(answer.fileno()).st_size == 0, "two would have written into one file"
    assert warmed.wait_ready()
    assert outcome(warmed, "answer")[0] == 0


def test_what_was_forked_ends_in_its_own_time_when_what_forks_is_ended(warmed: Warmed) -> None:
    with tempfile.TemporaryFile() as answer:
        job = started(warmed, "nap", answer)
        warmed.end()
        assert job.wait(20) == 0
        job.end()


def test_what_cannot_be_loaded_is_not_started_again_for_each_file() -> None:
    broken = Warmed("no_such_module_of_ours")
    assert not broken.is_ready()
    first = broken.pid
    assert first is not None
    os.waitid(os.P_PID, first, os.WEXITED | os.WNOWAIT)
    assert not broken.is_ready()
    assert not broken.is_ready()
    assert broken.pid is None


def _members(group: int) -> list[int]:
    """Processes of a group that have not ended."""
    found = []
    for one in Path("/proc").iterdir():
        if one.name.isdigit():
            try:
                state, _, of = (one / "stat").read_text().rpartition(")")[2].split()[:3]
            except OSError:
                continue
            if int(of) == group and state != "Z":
                found.append(int(one.name))
    return found
