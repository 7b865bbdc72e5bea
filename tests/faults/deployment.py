"""A deployment that may be killed part by part: PostgreSQL, web servers behind a front, the publisher.

Its parts are started by the functions that ``make run`` starts them with. What the supervisor does there, ending
everything when one part ends, is left to the test: :meth:`Deployment.tend` starts again what is gone.
"""

from __future__ import annotations

import json
import os
import secrets
import subprocess
import sys
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from tests.faults.front import Front
from trustmark.embedded.children import Child, StartFailed, end_session
from trustmark.embedded.ports import LOOPBACK, free_port
from trustmark.embedded.postgres import Postgres
from trustmark.embedded.programs import (
    ROOT,
    Places,
    start_beat,
    start_publisher,
    start_web,
    start_worker,
)
from trustmark.embedded.valkey import Valkey

WEB = ("web 1", "web 2")
PROGRAMS = (*WEB, "publisher", "worker", "beat")
_PATIENCE_SECONDS = 60.0
_OURS = (
    "DATABASE_URL",
    "BROKER_URL",
    "STORAGE_URL",
    "TRUSTMARK_VAR",
    "TRUSTMARK_SECRET",
    "TRUSTMARK_SECRET_FILE",
)


@dataclass
class Deployment:
    """Everything below ``folder``; ``further`` is added to the environment of every program.

    Valkey, worker and beat are started where a test asks for them: nothing of a farm's work needs them.
    """

    folder: Path
    further: dict[str, str] = field(default_factory=dict)
    children: dict[str, Child] = field(default_factory=dict)
    starts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.valkey = Valkey(
            self.folder / "vk", log=self.folder / "valkey.log", password=secrets.token_urlsafe(16)
        )
        self.postgres = Postgres(
            self.folder / "pg", log=self.folder / "postgres.log", password=secrets.token_urlsafe(16)
        )
        self.ports = {name: free_port() for name in WEB}
        self.front = Front(list(self.ports.values()))
        self.places = {name: Places(self.folder / name.replace(" ", "")) for name in PROGRAMS}
        for places in self.places.values():
            places.make()
        self.secret = secrets.token_urlsafe(48)

    @property
    def url(self) -> str:
        """What clients call, and the issuer of tokens."""
        return self.front.url

    @property
    def logs(self) -> Path:
        """The folder of the public files."""
        return self.folder / "storage" / "log"

    def environment(self) -> dict[str, str]:
        clean = {name: value for name, value in os.environ.items() if name not in _OURS}
        return {
            **clean,
            "DJANGO_SETTINGS_MODULE": "trustmark.settings",
            "DATABASE_URL": self.postgres.url(),
            "BROKER_URL": self.valkey.url(),
            "STORAGE_URL": f"file://{self.folder / 'storage'}",
            "TRUSTMARK_BASE_URL": self.url,
            "TRUSTMARK_SECRET": self.secret,
            "TRUSTMARK_VAR": str(self.folder / "var"),
            "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
            "PYTHONUNBUFFERED": "1",
            **self.further,
        }

    def run(self, *command: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """Run a Python program of the house in this deployment's environment."""
        done = subprocess.run(
            [sys.executable, *command], env=self.environment(), cwd=ROOT, capture_output=True, text=True,
            timeout=_PATIENCE_SECONDS * 2, check=False,
        )  # fmt: skip
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done

    def cast(self, **changes: Any) -> dict[str, str]:
        """Start the database, fill it with one licence; what a farm must know."""
        self.start("postgres")
        told: dict[str, str] = json.loads(self.run("-m", "tests.faults.cast", json.dumps(changes)).stdout)
        return told

    def start(self, name: str) -> None:
        """Start one part; it comes up on its own. To be called from the main thread."""
        self.starts[name] = self.starts.get(name, 0) + 1
        self.children[name] = self._start(name)

    def _start(self, name: str) -> Child:
        if name == "postgres":
            return _patiently(self.postgres)
        if name == "valkey":
            return self.valkey.start()
        places, env = self.places[name], self.environment()
        if name == "publisher":
            return start_publisher(places, env).child
        if name == "worker":
            return start_worker(places, env, "default").child
        if name == "beat":
            return start_beat(places, env).child
        return start_web(places, env, self.ports[name]).child

    def tend(self) -> list[str]:
        """Start again what has ended, as a supervisor would; the names of it."""
        gone = [name for name, child in self.children.items() if child.returncode() is not None]
        for name in gone:
            child = self.children[name]
            if name != "postgres":  # its backends end by themselves; the new server waits for them
                end_session(child.pid, child.created_at)
            self.start(name)
        return gone

    def serves(self, name: str) -> bool:
        """Whether this web server answers by itself."""
        with suppress(httpx.HTTPError):
            return httpx.get(f"http://{LOOPBACK}:{self.ports[name]}/healthz", timeout=2).status_code == 200
        return False

    def wait_served(self) -> None:
        """Wait until every web server that was started answers."""
        until(lambda: all(self.serves(name) for name in WEB if name in self.children), self.said)

    def said(self) -> str:
        """The ends of all logs, for whoever reads a failure."""
        logs = [
            self.folder / "postgres.log",
            *(path for one in self.places.values() for path in one.log.glob("*")),
        ]
        return "\n".join(
            f"== {log}\n{log.read_text(errors='replace')[-3000:]}" for log in logs if log.exists()
        )

    def stop(self) -> None:
        """End all parts, the servers that others need last."""
        self.front.close()
        for name in sorted(self.children, key=lambda name: name in {"postgres", "valkey"}):
            self.children[name].stop()


def _patiently(postgres: Postgres) -> Child:
    """Start PostgreSQL; it refuses while backends of a killed one live, and a supervisor tries again."""
    deadline = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            return postgres.start()
        except StartFailed as failure:
            if "pre-existing shared memory" not in str(failure) or time.monotonic() > deadline:
                raise
            time.sleep(0.2)


def family(child: Child) -> list[psutil.Process]:
    """The processes below a part, without itself."""
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(child.pid).children(recursive=True)
    return []


def until(holds: Any, said: Any = str, seconds: float = _PATIENCE_SECONDS) -> float:
    """Wait until something holds; how many seconds that took."""
    begun = time.monotonic()
    while not holds():
        assert time.monotonic() - begun < seconds, f"it does not come to hold\n{said()}"
        time.sleep(0.05)
    return time.monotonic() - begun
