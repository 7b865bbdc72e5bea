"""The programs of one deployment: web server, event stream, publisher, workers, beat; their environment."""

from __future__ import annotations

import json
import os
import secrets
import signal
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from trustmark.embedded.children import Child, start_child, wait_until
from trustmark.embedded.ports import LOOPBACK, free_port, is_listening

ROOT = Path(__file__).resolve().parents[2]
WEB_WORKERS = 2
WEB_THREADS = 8
READY_SECONDS = 120.0
# glibc's malloc gives back and asks again for what each batch of receipts needs: a fifth of intake's time (bytes)
_MALLOC = {"MALLOC_TRIM_THRESHOLD_": "134217728", "MALLOC_MMAP_THRESHOLD_": "134217728"}
# Celery: a first TERM lets the running task end (warm), QUIT puts it back into the queue (cold).
_CELERY_STOP = ((signal.SIGTERM, 8.0), (signal.SIGQUIT, 8.0))
_CELERY = [sys.executable, "-m", "celery", "-A", "trustmark", "--quiet"]
_ONE_AT_A_TIME = ("--concurrency", "1")
# webhooks wait for others' servers, which costs a thread and no processor
_POOL = {"notify": ("--pool", "threads", "--concurrency", "16")}


@dataclass(frozen=True, slots=True)
class Places:
    """Where a deployment keeps its things, below one folder."""

    var: Path

    @property
    def run(self) -> Path:
        """Ports, register, lock, logins: the state of a running deployment."""
        return self.var / "run"

    @property
    def log(self) -> Path:
        return self.var / "log"

    @property
    def private(self) -> Path:
        return self.var / "secrets"

    @property
    def clock(self) -> Path:
        """Offset of the test clock in seconds (demonstrations only)."""
        return self.run / "clock"

    def make(self) -> None:
        """Create the folders; ``var`` stays enterable, the private ones are closed."""
        for folder, mode in ((self.var, 0o755), (self.run, 0o700), (self.log, 0o755), (self.private, 0o700)):
            folder.mkdir(parents=True, exist_ok=True, mode=mode)

    def secret(self, name: str, *, in_hex: bool = False) -> str:
        """A random secret of this deployment, made at its first use, readable by its owner alone."""
        path = self.private / name
        if not path.exists():
            draft = path.with_suffix(".tmp")
            draft.unlink(missing_ok=True)
            draft.touch(mode=0o600)
            draft.write_text(secrets.token_hex(32) if in_hex else secrets.token_urlsafe(48))
            draft.replace(path)
        return path.read_text().strip()


def kept_port(places: Places, name: str) -> int:
    """The port that ``name`` had at the last start, where it is free still (links and issuer stay), else a new one."""
    try:
        port = int(json.loads((places.run / "ports.json").read_text())[name])
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return free_port()
    return free_port() if is_listening(port) else port


def environment(
    places: Places, *, port: int, events_port: int, database_url: str, broker_url: str
) -> dict[str, str]:
    """What every program of the deployment reads (docs/operations/configuration.md)."""
    places.secret("trustmark")
    places.secret("mark-key", in_hex=True)
    if not places.clock.exists():
        places.clock.write_text("0")
    defaults = {
        "TRUSTMARK_SECRET_FILE": str(places.private / "trustmark"),
        "TRUSTMARK_MARK_KEY": str(places.private / "mark-key"),
        "STORAGE_URL": f"file://{places.var / 'storage'}",
        "TRUSTMARK_TEST_CLOCK_FILE": str(places.clock),
        "OMP_NUM_THREADS": str(os.cpu_count() or 1),
        # a proxy in front of both may say otherwise
        "TRUSTMARK_EVENTS_URL": f"http://{LOOPBACK}:{events_port}",
    }
    fixed = {
        "DJANGO_SETTINGS_MODULE": "trustmark.settings",
        "TRUSTMARK_VAR": str(places.var),
        "TRUSTMARK_BASE_URL": f"http://{LOOPBACK}:{port}",
        "DATABASE_URL": database_url,
        "BROKER_URL": broker_url,
        "PYTHONUNBUFFERED": "1",
    }
    return {**defaults, **os.environ, **fixed}


@dataclass(frozen=True, slots=True)
class Started:
    """A child that comes up on its own while others do, and how to see that it is up."""

    child: Child
    is_ready: Callable[[], bool]

    def wait(self) -> None:
        """Wait until it is up.

        Raises:
            StartFailed: it ended first, or took too long.
        """
        wait_until(self.is_ready, self.child, timeout_seconds=READY_SECONDS)


def start_web(places: Places, env: dict[str, str], port: int) -> Started:
    """Granian in front of ``trustmark.wsgi``; ready when ``/readyz`` says so."""
    child = start_child(
        "web",
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(port),
            "--workers", str(WEB_WORKERS), "--blocking-threads", str(WEB_THREADS), "--no-ws",
            "--log-level", "warning", "trustmark.wsgi:application",
        ],
        log=places.log / "web.log",
        env={**_MALLOC, **env},
        cwd=ROOT,
    )  # fmt: skip
    return Started(child, lambda: _answers(f"http://{LOOPBACK}:{port}/readyz"))


def start_publisher(places: Places, env: dict[str, str]) -> Started:
    """Keeps tiles and checkpoints up with the logs; ready when it says so in its log."""
    log = places.log / "publisher.log"
    said = _saying(log, "publishing")
    child = start_child("publisher", [sys.executable, "manage.py", "publishlogs"], log=log, env=env, cwd=ROOT)
    return Started(child, said)


def start_events(places: Places, env: dict[str, str], port: int) -> Started:
    """Granian in front of ``trustmark.asgi``: streams that last for hours, in a process of their own."""
    child = start_child(
        "events",
        [
            sys.executable, "-m", "granian", "--interface", "asgi", "--host", LOOPBACK, "--port", str(port),
            "--workers", "1", "--no-ws", "--http", "1", "--backlog", "2048", "--backpressure", "2048",
            # streams do not end by themselves; their clients come back
            "--workers-kill-timeout", "2", "--log-level", "warning", "trustmark.asgi:application",
        ],
        log=places.log / "events.log",
        env=env,
        cwd=ROOT,
    )  # fmt: skip
    return Started(child, lambda: _answers(f"http://{LOOPBACK}:{port}/readyz"))


def start_worker(places: Places, env: dict[str, str], queue: str) -> Started:
    """One Celery worker for ``queue``; ready when it says so in its log."""
    log = places.log / f"worker-{queue}.log"
    said = _saying(log, " ready.")
    child = start_child(
        f"worker {queue}",
        [
            *_CELERY, "worker", "--queues", queue, "--hostname", f"{queue}@%h", *_POOL.get(queue, _ONE_AT_A_TIME),
            "--loglevel", "INFO", "--without-gossip", "--without-mingle",
        ],
        log=log,
        env=env,
        cwd=ROOT,
        # killed outright: with us the broker dies too, and a polite end would wait for it
        death_signal=signal.SIGKILL,
        stop_signals=_CELERY_STOP,
    )  # fmt: skip
    return Started(child, said)


def start_beat(places: Places, env: dict[str, str]) -> Started:
    """The clockwork of the periodic tasks."""
    log = places.log / "beat.log"
    said = _saying(log, "beat: Starting")
    child = start_child(
        "beat",
        [
            *_CELERY, "beat", "--loglevel", "INFO", "--pidfile", "",
            "--schedule", str(places.run / "beat-schedule"),
        ],
        log=log,
        env=env,
        cwd=ROOT,
    )  # fmt: skip
    return Started(child, said)


def queues() -> list[str]:
    """The queues this machine can work on: ``media.gpu`` only where there is a GPU."""
    has_gpu = any(Path(device).exists() for device in ("/dev/nvidiactl", "/dev/kfd"))
    return ["default", "notify", "media.cpu", *(["media.gpu"] if has_gpu else [])]


def _saying(log: Path, words: str) -> Callable[[], bool]:
    """Whether ``words`` stand in what is appended to ``log`` from now on."""
    start = log.stat().st_size if log.exists() else 0

    def said() -> bool:
        if not log.exists():
            return False
        with log.open("rb") as stream:
            stream.seek(start)
            return words.encode() in stream.read()

    return said


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:  # noqa: S310 - our own loopback address
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False
