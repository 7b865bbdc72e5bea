"""Real processes beside the test, on its database: the stream's server, a worker, a beat; and a client."""

from __future__ import annotations

import json
import os
import queue
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil
from django.conf import settings as django_settings

from notify.stream import PATH
from tests.notify.conftest import database_url, secret_of_the_house


@dataclass
class Process:
    """A child with its log."""

    popen: subprocess.Popen[bytes]
    log: Path
    port: int = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def kill(self) -> None:
        """All its processes at once, as when the machine loses its power."""
        for child in psutil.Process(self.popen.pid).children(recursive=True):
            child.kill()
        self.popen.kill()
        self.popen.wait(20)

    def stop(self) -> None:
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                self.popen.send_signal(signal.SIGKILL)
                self.popen.wait(15)

    def wait_saying(self, words: str, *, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while words not in self.log.read_text(errors="replace"):
            assert self.popen.poll() is None, self.log.read_text()
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.1)


def environment(folder: Path, **further: str) -> dict[str, str]:
    return {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "trustmark.settings",
        "PYTHONPATH": str(django_settings.BASE_DIR),
        "PYTHONUNBUFFERED": "1",
        "DATABASE_URL": database_url(),
        "TRUSTMARK_SECRET": secret_of_the_house(),
        "TRUSTMARK_BASE_URL": django_settings.BASE_URL,
        "TRUSTMARK_VAR": str(folder / "var"),
        "TRUSTMARK_WEBHOOK_ALLOW_PRIVATE": "yes",
        "TRUSTMARK_EVENTS_HEARTBEAT_SECONDS": "1",
        **further,
    }


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _start(folder: Path, name: str, command: list[str], env: dict[str, str], port: int = 0) -> Process:
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        popen = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=env,
            cwd=django_settings.BASE_DIR,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    return Process(popen, log, port)


def start_events(folder: Path, name: str = "events", **env: str) -> Process:
    """The event stream under granian, ready."""
    port = free_port()
    process = _start(
        folder, name,
        [
            "granian", "--interface", "asgi", "--host", "127.0.0.1", "--port", str(port), "--workers", "1",
            "--no-ws", "--http", "1", "--workers-kill-timeout", "2", "trustmark.asgi:application",
        ],
        environment(folder, **env), port,
    )  # fmt: skip
    deadline = time.monotonic() + 60
    while True:
        try:
            if httpx.get(f"{process.url}/readyz").status_code == 200:
                return process
        except httpx.TransportError:
            pass
        assert process.popen.poll() is None, process.log.read_text()
        assert time.monotonic() < deadline, process.log.read_text()
        time.sleep(0.1)


def start_worker(folder: Path, broker_url: str) -> Process:
    """A worker of the queue ``notify`` as the supervisor starts it."""
    return _start(
        folder, "worker",
        [
            "celery", "-A", "trustmark", "--quiet", "worker", "--queues", "notify", "--pool", "threads",
            "--concurrency", "4", "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        ],
        environment(folder, BROKER_URL=broker_url),
    )  # fmt: skip


def start_beat(folder: Path, broker_url: str) -> Process:
    """The clockwork."""
    return _start(
        folder, "beat",
        [
            "celery", "-A", "trustmark", "--quiet", "beat", "--loglevel", "INFO", "--pidfile", "",
            "--schedule", str(folder / "beat-schedule"),
        ],
        environment(folder, BROKER_URL=broker_url),
    )  # fmt: skip


@dataclass
class Heard:
    """One event of a stream, and when its line arrived."""

    id: str
    event: str
    data: dict[str, Any]
    at: float


@dataclass
class Listener:
    """A client in a thread, as an EventSource reads; comments are kept too."""

    url: str
    headers: dict[str, str]
    events: queue.Queue[Heard] = field(default_factory=queue.Queue)
    comments: queue.Queue[str] = field(default_factory=queue.Queue)
    opened: threading.Event = field(default_factory=threading.Event)
    ended: threading.Event = field(default_factory=threading.Event)
    status: int = 0
    last_id: str = ""
    _response: httpx.Response | None = None

    def start(self, *, query: str = "") -> Listener:
        threading.Thread(target=self._read, args=(query,), daemon=True).start()
        assert self.opened.wait(20)
        return self

    def next(self, *, seconds: float = 20) -> Heard:
        return self.events.get(timeout=seconds)

    def wait_comment(self, words: str, *, seconds: float = 20) -> str:
        deadline = time.monotonic() + seconds
        while words not in (said := self.comments.get(timeout=max(0.01, deadline - time.monotonic()))):
            pass
        return said

    def close(self) -> None:
        self._closing = True
        assert self.ended.wait(20)

    def _read(self, query: str) -> None:
        self._closing = False
        try:
            with (
                httpx.Client(timeout=httpx.Timeout(10, read=2)) as client,
                client.stream("GET", f"{self.url}{PATH}{query}", headers=self.headers) as response,
            ):
                self.status = response.status_code
                self.opened.set()
                if response.status_code != 200:
                    self.comments.put(response.read().decode())
                    return
                self._lines(response)
        except httpx.TransportError:
            pass
        finally:
            self.opened.set()
            self.ended.set()

    def _lines(self, response: httpx.Response) -> None:
        fields: dict[str, str] = {}
        for line in response.iter_lines():
            if self._closing:
                return
            if line.startswith(":"):
                self.comments.put(line)
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            elif "data" in fields:
                self.last_id = fields["id"]
                data = json.loads(fields["data"])
                self.events.put(Heard(fields["id"], fields["event"], data, time.monotonic()))
                fields = {}
