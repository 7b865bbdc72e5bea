"""Run ``trustmark`` where there is no network and no Django: what an auditor's machine would be.

The process gets an empty network namespace where the system lets us make one, and in any case refuses to open
a socket or to import Django, so that a verifier which wanted either would fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache

_WRAP = """
import socket, sys

class _NoServer:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in ("django", "rest_framework", "celery", "trustmark", "httpx"):
            raise ImportError(f"the offline verifier must not import {name}")
        return None

def _no_network(*args, **kwargs):
    raise OSError("the offline verifier must not open a socket")

sys.meta_path.insert(0, _NoServer())
socket.socket = socket.create_connection = socket.getaddrinfo = _no_network
from trustcore.cli import main
sys.exit(main(sys.argv[1:]))
"""


def offline_command(*arguments: str) -> list[str]:
    """The command line that runs ``trustmark ARGUMENTS`` cut off from network and server."""
    return [*_without_network(), sys.executable, "-c", _WRAP, *arguments]


@cache
def _without_network() -> tuple[str, ...]:
    """``unshare`` with what this system permits: as root, as anybody by a user namespace, or nothing."""
    program = shutil.which("unshare")
    for flags in ("-n",), ("-r", "-n"):
        if (
            program
            and subprocess.run([program, *flags, "true"], capture_output=True, check=False).returncode == 0
        ):
            return (program, *flags)
    return ()
