"""Who the embedded servers run as.

PostgreSQL refuses to run as root. An ordinary user runs it as themselves; root runs it as ``nobody`` by
dropping ids in the child (no ``useradd``), and without touching the modes of any folder above. A checkout
below a folder that others cannot enter (``/root``, a private temporary folder) is reached with one
capability kept for the dropped process: ``CAP_DAC_READ_SEARCH``, or ``CAP_DAC_OVERRIDE`` where a container
has taken the first away. Nothing is kept where the paths can be reached without.

``initdb`` wants a name for its user. Where a container runs us under a number that ``/etc/passwd`` does not
know, or as a root that may not change ids, the servers see themselves as ``nobody`` in a user namespace.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LAUNCHER = Path(__file__).with_name("launch.py")
CAP_DAC_OVERRIDE = 1
CAP_DAC_READ_SEARCH = 2

# sh lies where everybody reaches it; our interpreter need not
_PROBE = 'for folder in "$@"; do cd "$folder" && test -w . || exit 1; done'


class CannotDropRights(RuntimeError):
    """Root may not hand PostgreSQL to an unprivileged user on this machine."""


@dataclass(frozen=True, slots=True)
class Identity:
    """The user a server runs as; ``uid`` is None when it is simply ours.

    ``pretends``: it keeps our rights and only appears as that user to itself.
    """

    uid: int | None = None
    gid: int | None = None
    capability: int | None = None
    pretends: bool = False

    def command(self, program: list[str], *, death_signal: signal.Signals = signal.SIGTERM) -> list[str]:
        """The full command line that starts ``program`` as this user, bound to the calling process."""
        options = ["--parent", str(os.getpid()), "--death-signal", str(int(death_signal))]
        if self.uid is not None:
            options += ["--uid", str(self.uid), "--gid", str(self.gid)]
        if self.pretends:
            options.append("--pretend")
        if self.capability is not None:
            options += ["--capability", str(self.capability)]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *program]

    def own(self, path: Path) -> None:
        """Give ``path`` (a folder or file of the server's own) to this user."""
        if self.uid is not None and self.gid is not None and not self.pretends:
            os.chown(path, self.uid, self.gid)


def server_identity(*, probes: list[list[str]], folders: list[Path]) -> Identity:
    """The user for a server that keeps its data in ``folders``, which exist.

    Args:
        probes: harmless commands that succeed where the server's programs can be run.

    Raises:
        CannotDropRights: there is no user that PostgreSQL accepts and that reaches all paths.
    """
    for identity in _candidates():
        try:
            _hand_over(identity, folders)
        except PermissionError:
            continue
        if _reaches(identity, probes, folders):
            return identity
    raise CannotDropRights(
        f"The embedded servers must not run as root, and no user they could run as reaches {folders[0]}, not even "
        "with a capability. Run as an ordinary user, or set DATABASE_URL and BROKER_URL to servers of your own."
    )


def _candidates() -> Iterator[Identity]:
    """Who could run the servers, best first."""
    nobody = pwd.getpwnam("nobody")
    if os.geteuid() == 0:
        for capability in (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
            yield Identity(nobody.pw_uid, nobody.pw_gid, capability)
    elif _has_name(os.geteuid()):
        yield Identity()
    yield Identity(nobody.pw_uid, nobody.pw_gid, pretends=True)
    if os.geteuid() != 0:
        yield Identity()  # initdb will say what it misses; a cluster that exists needs no name


def _has_name(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True


def _hand_over(identity: Identity, folders: list[Path]) -> None:
    """Give a server's own folders to it, with what a run under another user may have left inside."""
    owns = identity.uid is not None and identity.gid is not None and not identity.pretends
    uid, gid = (identity.uid or 0, identity.gid or 0) if owns else (os.geteuid(), os.getegid())
    for folder in folders:
        if folder.stat().st_uid != uid:
            for path in [*folder.rglob("*"), folder]:
                os.chown(path, uid, gid, follow_symlinks=False)


def _reaches(identity: Identity, probes: list[list[str]], folders: list[Path]) -> bool:
    look = ["/bin/sh", "-c", _PROBE, "sh", *map(str, folders)]
    return all(
        subprocess.run(identity.command(probe), capture_output=True, check=False).returncode == 0
        for probe in (look, *probes)
    )
