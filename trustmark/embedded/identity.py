"""Who the embedded servers run as.

PostgreSQL refuses to run as root. An ordinary user runs it as themselves; root runs it as ``nobody`` by
dropping ids in the child (no ``useradd``), and without touching the modes of any folder above. A checkout
below a folder that others cannot enter (``/root``, a private temporary folder) is reached with one
capability kept for the dropped process: ``CAP_DAC_READ_SEARCH``, or ``CAP_DAC_OVERRIDE`` where a container
has taken the first away. Nothing is kept where the paths can be reached without.
"""

from __future__ import annotations

import os
import pwd
import signal
import subprocess
import sys
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
    """The user a server runs as; ``uid`` is None when it is simply ours."""

    uid: int | None = None
    gid: int | None = None
    capability: int | None = None

    def command(self, program: list[str], *, death_signal: signal.Signals = signal.SIGTERM) -> list[str]:
        """The full command line that starts ``program`` as this user, bound to the calling process."""
        options = ["--parent", str(os.getpid()), "--death-signal", str(int(death_signal))]
        if self.uid is not None:
            options += ["--uid", str(self.uid), "--gid", str(self.gid)]
        if self.capability is not None:
            options += ["--capability", str(self.capability)]
        return [sys.executable, "-I", "-S", str(LAUNCHER), *options, "--", *program]

    def own(self, path: Path) -> None:
        """Give ``path`` (a folder or file of the server's own) to this user."""
        if self.uid is not None and self.gid is not None:
            os.chown(path, self.uid, self.gid)


def server_identity(*, executables: list[Path], folders: list[Path]) -> Identity:
    """The user for a server that must run ``executables`` and keep its data in ``folders`` (which exist).

    Raises:
        CannotDropRights: as root, when neither plain ids nor one capability reach all paths.
    """
    if os.geteuid() != 0:
        return Identity()
    nobody = pwd.getpwnam("nobody")
    for folder in folders:
        _hand_over(folder, nobody.pw_uid, nobody.pw_gid)
    for capability in (None, CAP_DAC_READ_SEARCH, CAP_DAC_OVERRIDE):
        identity = Identity(nobody.pw_uid, nobody.pw_gid, capability)
        if _reaches(identity, executables, folders):
            return identity
    raise CannotDropRights(
        "The embedded servers must not run as root, and the user 'nobody' cannot reach "
        f"{folders[0] if folders else executables[0]}, not even with a capability. Run as an ordinary user, "
        "or set DATABASE_URL and BROKER_URL to servers of your own."
    )


def _hand_over(folder: Path, uid: int, gid: int) -> None:
    """Give a server's own folder to it, with what a run under another user may have left inside."""
    if folder.stat().st_uid == uid:
        return
    for path in [*folder.rglob("*"), folder]:
        os.chown(path, uid, gid, follow_symlinks=False)


def _reaches(identity: Identity, executables: list[Path], folders: list[Path]) -> bool:
    probes = [[str(executable), "--version"] for executable in executables]
    probes.append(["/bin/sh", "-c", _PROBE, "sh", *map(str, folders)])
    return all(
        subprocess.run(identity.command(probe), capture_output=True, check=False).returncode == 0
        for probe in probes
    )
