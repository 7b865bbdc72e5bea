"""The tools that adapters are proved in: each in an environment of its own, made by ``scripts/integrations.py``."""

from __future__ import annotations

import os
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.client.test_gate import Gate

ROOT = Path(__file__).resolve().parents[2]
ENVIRONMENTS = Path(os.environ.get("TRUSTMARK_INTEGRATIONS") or ROOT / "var" / "integrations")


def tool_python(name: str) -> Path:
    """The interpreter of that tool's environment; the test is skipped where there is none."""
    python = ENVIRONMENTS / name / "bin" / "python"
    if not (ENVIRONMENTS / name / "made.txt").exists():
        pytest.skip(f"no environment with {name}: python scripts/integrations.py {name}")
    return python


def needs(name: str, *, made_by: str = "") -> pytest.MarkDecorator:
    """Mark of a test file: skipped as a whole, before servers start, where the tool is not there."""
    there = (ENVIRONMENTS / name / "made.txt").exists()
    return pytest.mark.skipif(
        not there, reason=f"no environment with {name}: python scripts/integrations.py {made_by or name}"
    )


def node_environment(gate: Gate, *, server: str = "", **changes: str) -> dict[str, str]:
    """What a farm sets for a job: server, keys, licence, shot."""
    told = {
        "TRUSTMARK_URL": server or gate.server,
        "TRUSTMARK_LICENCE": str(gate.token.jti),
        "TRUSTMARK_PROJECT": str(gate.token.production_id),
        "TRUSTMARK_SHOT": "sh010",
        "TRUSTMARK_USE_TYPE": "FACE_RENDER",
        "TRUSTMARK_RENDER_TERRITORY": "GB",
    }
    paths = [ROOT, ROOT / "clients" / "python", *sorted((ROOT / "clients").iterdir())]
    here = {"PYTHONPATH": os.pathsep.join(map(str, paths))}
    return gate.environment | here | told | changes


@dataclass
class Ended:
    """A task that has ended: its status, what it said on the farm's screen, and how long it took."""

    returncode: int
    said: str
    seconds: float

    @property
    def denials(self) -> list[str]:
        """The lines that name a reason."""
        return [line for line in self.said.splitlines() if "trustmark: denied:" in line]


def run(command: list[str], env: dict[str, str], *, cwd: Path, timeout: float = 120) -> Ended:
    """Run a task to its end."""
    begun = time.monotonic()
    done = subprocess.run(
        command, env=env, cwd=cwd, capture_output=True, text=True, timeout=timeout, check=False
    )
    return Ended(done.returncode, done.stdout + done.stderr, time.monotonic() - begun)


def start(command: list[str], env: dict[str, str], *, cwd: Path) -> subprocess.Popen[str]:
    """Start a task that something happens to."""
    return subprocess.Popen(
        command, env=env, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
