"""Programs in Go, built and run here: a stranger's implementation that reads what we write."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from pathlib import Path

import pytest

LIBRARY = Path("/usr/share/gocode/src/golang.org/x/mod")
# Go 1.19's collector has been seen waiting for minutes on a crowded machine; these programs need none
CALM = {"GODEBUG": "asyncpreemptoff=1", "GOGC": "off"}
_BUILD_SECONDS = 100
_RUN_SECONDS = 60


def build(source: Path, home: Path) -> Path:
    """The program made of ``source``, in ``home``; the test is passed over where Go or its library is not.

    A compiler that hangs is killed with its children, once, and asked again.
    """
    if shutil.which("go") is None or not LIBRARY.is_dir():
        pytest.skip("no Go or no golang.org/x/mod here (Debian: golang-go, golang-golang-x-mod-dev)")
    program = home / "program"
    environment = {
        "GOPATH": "/usr/share/gocode",
        "GO111MODULE": "off",
        "HOME": str(home),
        "PATH": "/usr/bin:/bin",
        **CALM,
    }
    command = ["go", "build", "-o", str(program), str(source)]
    for last in (False, True):
        compiler = subprocess.Popen(command, env=environment, start_new_session=True)
        try:
            assert compiler.wait(_BUILD_SECONDS) == 0, "the program does not build"
            break
        except subprocess.TimeoutExpired:
            os.killpg(compiler.pid, signal.SIGKILL)
            compiler.wait()
            if last:
                raise
    return program


def run(program: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    """What ``program`` answers to ``arguments``."""
    command = [str(program), *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=_RUN_SECONDS, check=False, env={**os.environ, **CALM}
    )
