"""Run ``trustmark`` where there is no network and no Django: what an auditor's machine would be.

The process gets an empty network namespace where the system lets us make one, and in any case an audit hook (PEP
578), which cannot be taken off again, refuses every socket and every import of Django: a verifier that wanted
either would fail.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache

_WRAP = """
import sys

def watch(event, args):
    if event.startswith("socket.") and event not in ("socket.gethostname",):
        raise PermissionError(f"the offline verifier must not use the network: {event}")
    if event == "import" and args[0].partition(".")[0] in ("django", "rest_framework", "celery", "trustmark"):
        raise PermissionError(f"the offline verifier must not import {args[0]}")

sys.addaudithook(watch)
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
