"""The servers of a run: a private PostgreSQL with fsync on, our deployment, the baselines beside it.

Our web server is started by the deployment's own launcher, with its own environment; a baseline's by the same
granian with as many workers and threads. What each uses of the processors is read from the kernel: a web
server with its workers, PostgreSQL with its backends, ended ones included.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import psycopg

from trustmark.embedded import programs
from trustmark.embedded.children import Child, log_tail, start_child
from trustmark.embedded.ports import LOOPBACK, free_port
from trustmark.embedded.testing import TestServers

ROOT = Path(__file__).resolve().parent.parent
# Leases outlive a run, since nobody beats for them here; everything else is the deployment's default.
OURS = {
    "TRUSTMARK_TEST_CLOCK_FILE": "",
    "TRUSTMARK_DEBUG": "no",
    "TRUSTMARK_LEASE_LIFE_SECONDS": "86400",
    "TRUSTMARK_TOKEN_LIFE_SECONDS": "86400",
    "TRUSTMARK_ALLOWED_HOSTS": "127.0.0.1,testserver",  # set-up speaks through Django's test client
}


@dataclass
class Web:
    """A web server: where it listens, its processes."""

    name: str
    port: int
    child: Child

    @property
    def workers(self) -> list[psutil.Process]:
        return psutil.Process(self.child.pid).children(recursive=True)


@dataclass
class House:
    """A database server and what stands on it."""

    servers: TestServers
    folder: Path
    env: dict[str, str]
    web: Web
    others: dict[str, Web] = field(default_factory=dict)
    facts: dict[str, Any] = field(default_factory=dict)
    publisher: Child | None = None

    @property
    def database_url(self) -> str:
        return self.env["DATABASE_URL"]

    @property
    def postgres(self) -> psutil.Process:
        return psutil.Process(self.servers._running["Postgres"].pid)

    def used(self, web: Web) -> tuple[float, float]:
        """CPU seconds used so far by a web server and by PostgreSQL."""
        return cpu_seconds(psutil.Process(web.child.pid)), cpu_seconds(self.postgres)


def cpu_seconds(root: psutil.Process) -> float:
    """User and system time of a process and all below it, those that ended included."""
    own = root.cpu_times()
    total = float(own.user + own.system + own.children_user + own.children_system)
    for process in root.children(recursive=True):
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue
        total += times.user + times.system
    return total


@contextmanager
def open_house() -> Iterator[House]:
    """PostgreSQL, the migrated database, our web server with the no-op route; all stopped at the end."""
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    servers = TestServers()
    servers.announce()
    places = programs.Places(Path(tempfile.mkdtemp(prefix="tm-bench-", dir=servers.folder)))
    places.make()
    port = free_port()
    for name in ("TRUSTMARK_SECRET", "TRUSTMARK_VAR"):
        os.environ.pop(name, None)
    house: House | None = None
    try:
        servers.need(servers.postgres)
        servers.need(servers.valkey)
        os.environ |= OURS | {"PYTHONPATH": f"{ROOT}{os.pathsep}{ROOT / 'clients' / 'python'}"}
        env = programs.environment(
            places,
            port=port,
            events_port=free_port(),
            database_url=os.environ["DATABASE_URL"],
            broker_url=os.environ["BROKER_URL"],
        )
        os.environ |= env
        for command in (["migrate"], ["collectstatic", "--no-input"]):
            manage = [sys.executable, "manage.py", *command, "--verbosity", "0"]
            subprocess.run(manage, cwd=ROOT, check=True)
        env |= {"DJANGO_SETTINGS_MODULE": "bench.baselines.noop.settings"}
        house = House(servers, places.var, env, serve(places.var, env, port))
        house.publisher = programs.start_publisher(places, env).child
        import django

        django.setup()
        yield house
    finally:
        if house is not None:
            for web in (*house.others.values(), house.web):
                web.child.stop()
            if house.publisher is not None:
                house.publisher.stop()
        servers.stop()


def serve(var: Path, env: dict[str, str], port: int) -> Web:
    """Our web server over what ``env`` names, as the deployment starts it; whatever its port, it is ``BASE_URL``."""
    started = programs.start_web(programs.Places(var), env, port)
    started.wait()
    return Web("trustmark", port, started.child)


def double(house: House, name: str) -> tuple[Web, str, Path]:
    """A copy of our deployment as it stands, beside it: same keys, same licences, a database and a store of its own.

    What was signed for one is valid at the other: both answer under the same public address. Returns the web
    server, the database's URL and the folder of the store.
    """
    house.web.child.stop()
    if house.publisher is not None:  # a template must have no other session
        house.publisher.stop()
    from django.db import connections

    connections.close_all()
    base, _, old = house.database_url.rpartition("/")
    with psycopg.connect(f"{base}/postgres", autocommit=True) as wire:
        wire.execute(f"create database bench_{name} template {old} strategy file_copy")  # type: ignore[arg-type]
    var = house.folder / name
    programs.Places(var).make()
    shutil.copytree(house.folder / "storage", var / "storage")
    house.web = serve(house.folder, house.env, house.web.port)
    house.publisher = programs.start_publisher(programs.Places(house.folder), house.env).child
    env = house.env | {"DATABASE_URL": f"{base}/bench_{name}", "STORAGE_URL": f"file://{var / 'storage'}"}
    web = house.others[name] = serve(var, env, free_port())
    return web, env["DATABASE_URL"], var / "storage"


def add_baseline(house: House, name: str, number: int) -> Web:
    """Make the database of ``bench.baselines.<name>`` with ``number`` of what it holds, and serve it."""
    with psycopg.connect(house.database_url, autocommit=True) as wire:
        wire.execute(f"create database bench_{name}")  # type: ignore[arg-type]
    base, _, _ = house.database_url.rpartition("/")
    env = house.env | {
        "DATABASE_URL": f"{base}/bench_{name}",
        "DJANGO_SETTINGS_MODULE": f"bench.baselines.{name}.settings",
    }
    made = subprocess.run(
        [sys.executable, "-m", f"bench.baselines.{name}.prepare", str(number)],
        cwd=ROOT, env=env, check=True, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    house.facts[name] = json.loads(made.stdout)
    port = free_port()
    log = house.folder / "log" / f"{name}.log"
    child = start_child(
        name,
        [
            sys.executable, "-m", "granian", "--interface", "wsgi", "--host", LOOPBACK, "--port", str(port),
            "--workers", str(programs.WEB_WORKERS), "--blocking-threads", str(programs.WEB_THREADS), "--no-ws",
            "--log-level", "warning", "bench.baselines.wsgi:application",
        ],
        log=log, env=env, cwd=ROOT,
    )  # fmt: skip
    web = house.others[name] = Web(name, port, child)
    for _ in range(300):
        if _listens(port):
            return web
        if child.returncode() is not None:
            break
        time.sleep(0.1)
    raise RuntimeError(f"{name} did not come up\n{log_tail(log)}")


def _listens(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://{LOOPBACK}:{port}/", timeout=2):  # any answer is one
            return True
    except urllib.error.HTTPError:
        return True
    except (urllib.error.URLError, OSError):
        return False
