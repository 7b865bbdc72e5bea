"""What a confined process has given up: each limit is met by one that goes beyond it, and one that does not is heard."""

import json
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any

import pytest

from common.confinement import run_confined

_CHILD = """
import errno, json, mmap, os, resource, socket, sys, time
from common.confinement import confine, keep_answers, say_and_end

orders = json.load(sys.stdin)
answers = keep_answers()
loaded = mmap.mmap(-1, orders.get("loaded", 1))
granted = confine(memory=orders["memory"], seconds=1, grace_seconds=1, file_bytes=4096)
print("a library's noise")
said = {"granted": granted, "environment": sorted(os.environ), "core": resource.getrlimit(resource.RLIMIT_CORE)}
if orders["does"] == "connect":
    try:
        socket.create_connection(("127.0.0.1", orders["port"]), timeout=2).close()
        said["reached"] = True
    except OSError:
        said["reached"] = False
if orders["does"] == "fill":
    handle = os.open(orders["file"], os.O_WRONLY | os.O_CREAT)
    try:
        said["written"] = os.write(handle, bytes(8192))
        os.write(handle, b"and one more")
    except OSError as error:
        said["error"] = errno.errorcode[error.errno]
if orders["does"] == "grow":
    try:
        said["taken"] = len(bytes(orders["memory"] // 2))
        bytes(orders["memory"])
    except MemoryError:
        said["error"] = "MemoryError"
while orders["does"] == "spin":
    pass
if orders["does"] == "sleep":
    time.sleep(60)
say_and_end(answers, json.dumps(said).encode())
"""


def run(
    folder: Path, monkeypatch: pytest.MonkeyPatch, does: str, *, wait: float = 20, **more: Any
) -> tuple[int, Any]:
    (folder / "bounded_child.py").write_text(_CHILD)
    monkeypatch.syspath_prepend(str(folder))
    orders = json.dumps({"does": does, "memory": 512 * 1024**2, **more}).encode()
    code, said = run_confined("bounded_child", orders, wait_seconds=wait, added={"ADDED": "yes"})
    return code, json.loads(said) if said else None


def test_one_that_keeps_within_its_bounds_is_heard_and_nothing_but_its_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRUSTMARK_SECRET", "not for a decoder")
    monkeypatch.setenv("DATABASE_URL", "postgres://nor-this")
    code, said = run(tmp_path, monkeypatch, "nothing")
    assert code == 0
    assert {"memory", "cpu", "files"} <= set(said["granted"])
    assert said["core"] == [0, 0]
    assert "ADDED" in said["environment"]
    assert not {"TRUSTMARK_SECRET", "DATABASE_URL", "BROKER_URL"} & set(said["environment"])


def test_what_was_loaded_before_does_not_count_and_what_is_taken_since_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    memory = 256 * 1024**2
    code, said = run(tmp_path, monkeypatch, "grow", memory=memory, loaded=8 * memory)
    assert (code, said["taken"], said["error"]) == (0, memory // 2, "MemoryError")


def test_the_network_is_gone_where_the_kernel_lets_it_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        _, said = run(tmp_path, monkeypatch, "connect", port=server.getsockname()[1])
    assert said["reached"] is ("network" not in said["granted"])


def test_memory_files_processor_and_clock_end_what_goes_beyond_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(tmp_path, monkeypatch, "grow")[1]["error"] == "MemoryError"
    file = tmp_path / "filled"
    code, said = run(tmp_path, monkeypatch, "fill", file=str(file))
    assert (code, said["written"], said["error"]) == (0, 4096, "EFBIG")
    assert file.stat().st_size == 4096
    assert run(tmp_path, monkeypatch, "spin")[0] in {-signal.SIGXCPU, -signal.SIGKILL}
    with pytest.raises(subprocess.TimeoutExpired):
        run(tmp_path, monkeypatch, "sleep", wait=0.5)
