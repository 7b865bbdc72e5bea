"""A pytest plugin: every test run gets a PostgreSQL and a Valkey of its own.

Loaded by ``addopts = -p trustmark.embedded.testing``, so that it speaks before pytest-django reads the
settings. Both servers are announced in the environment at once and started when something first asks for
them (a database fixture, the ``embedded_valkey`` fixture): a run of pure tests starts nothing. Where
``DATABASE_URL`` or ``BROKER_URL`` is set already, that server is used and none is started.

Each run's test database carries the process id in its name, so several runs share one server in peace. A
server to share for a day: ``python -m trustmark.embedded.testing`` prints the two URLs to export.
"""

from __future__ import annotations

import os
import secrets
import shutil
import signal
import tempfile
from collections.abc import Generator
from pathlib import Path

import pytest

from trustmark.embedded.children import Child
from trustmark.embedded.postgres import Postgres
from trustmark.embedded.valkey import Valkey

_ANNOUNCED = "TRUSTMARK_TEST_ANNOUNCED"


class TestServers:
    """The servers of one test run, in one scratch folder."""

    __test__ = False

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="tm-"))
        self.postgres: Postgres | None = None
        self.valkey: Valkey | None = None
        self._running: dict[str, Child] = {}

    def announce(self) -> None:
        """Choose ports and passwords and set the environment that ``trustmark.settings`` reads.

        Where tests run in several processes (pytest-xdist), each has servers of its own: what the process that
        hands out the tests announced for itself is forgotten.
        """
        if "PYTEST_XDIST_WORKER" in os.environ:
            for name in os.environ.pop(_ANNOUNCED, "").split():
                os.environ.pop(name, None)
        before = set(os.environ)
        os.environ.setdefault("TRUSTMARK_VAR", str(self.folder / "var"))
        os.environ.setdefault("TRUSTMARK_DEBUG", "yes")  # static files from their sources
        os.environ.setdefault("TRUSTMARK_SECRET", secrets.token_urlsafe(48))
        if "DATABASE_URL" not in os.environ:
            self.postgres = Postgres(
                self.folder / "pg",
                log=self.folder / "postgres.log",
                password=secrets.token_urlsafe(16),
                may_create_databases=True,
                scratch=True,
            )
            os.environ["DATABASE_URL"] = self.postgres.url()
        if "BROKER_URL" not in os.environ:
            self.valkey = Valkey(
                self.folder / "vk", log=self.folder / "valkey.log", password=secrets.token_urlsafe(16)
            )
            os.environ["BROKER_URL"] = self.valkey.url()
        os.environ[_ANNOUNCED] = " ".join(set(os.environ) - before - {"TRUSTMARK_DEBUG"})

    def need(self, server: Postgres | Valkey | None) -> None:
        """Start ``server`` unless it runs already or the environment named another."""
        if server is None or type(server).__name__ in self._running:
            return
        port = server.port
        self._running[type(server).__name__] = server.start()
        if server.port != port:  # the announced URL would lie
            raise RuntimeError(f"port {port} was taken between its choice and its use; run again")

    def stop(self) -> None:
        for child in reversed(self._running.values()):
            child.stop()
        shutil.rmtree(self.folder, ignore_errors=True)


_servers_key: pytest.StashKey[TestServers] = pytest.StashKey()


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_load_initial_conftests(early_config: pytest.Config) -> Generator[None, None, None]:
    """Announce the servers before pytest-django imports the settings."""
    servers = early_config.stash[_servers_key] = TestServers()
    servers.announce()
    return (yield)


def pytest_unconfigure(config: pytest.Config) -> None:
    """Stop what was started and remove the scratch folder."""
    servers = config.stash.get(_servers_key, None)
    if servers is not None:
        servers.stop()


@pytest.fixture(scope="session")
def embedded_servers(request: pytest.FixtureRequest) -> TestServers:
    """The servers of this run; ``need`` starts one."""
    return request.config.stash[_servers_key]


@pytest.fixture(scope="session")
def embedded_valkey(embedded_servers: TestServers) -> str:
    """BROKER_URL of a running Valkey."""
    embedded_servers.need(embedded_servers.valkey)
    return os.environ["BROKER_URL"]


@pytest.fixture(scope="session")
def embedded_postgres(embedded_servers: TestServers) -> str:
    """DATABASE_URL of a running PostgreSQL (the server; Django's test database is made beside it)."""
    embedded_servers.need(embedded_servers.postgres)
    return os.environ["DATABASE_URL"]


def serve() -> None:
    """Keep a PostgreSQL and a Valkey for several test runs until Ctrl-C, printing their URLs."""
    servers = TestServers()
    for name in ("DATABASE_URL", "BROKER_URL"):
        os.environ.pop(name, None)
    servers.announce()
    try:
        servers.need(servers.postgres)
        servers.need(servers.valkey)
        print(f"export DATABASE_URL={os.environ['DATABASE_URL']}")
        print(f"export BROKER_URL={os.environ['BROKER_URL']}", flush=True)
        signal.sigwait({signal.SIGINT, signal.SIGTERM})
    finally:
        servers.stop()


if __name__ == "__main__":
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM})
    serve()
