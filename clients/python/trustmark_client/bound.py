"""Become a program that dies with the gate: run as ``python bound.py GATE_PID PROGRAM ARGS``.

A gate that is killed outright can neither beat for its lease nor stop its command; the kernel then kills the
command for it. Linux only; elsewhere the program simply starts. Source: prctl(2), PR_SET_PDEATHSIG.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
EXIT_NOT_FOUND = 127


def main(argv: list[str]) -> None:
    gate_pid, program = int(argv[0]), argv[1:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != gate_pid:
        sys.exit(1)
    try:
        os.execvp(program[0], program)  # noqa: S606 - becoming the program is the point
    except OSError as error:
        print(f"trustmark gate: {program[0]}: {error.strerror}", file=sys.stderr)
        sys.exit(EXIT_NOT_FOUND)


if __name__ == "__main__":
    main(sys.argv[1:])
