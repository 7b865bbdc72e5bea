"""Start one program so that it never outlives its parent, with fewer rights where asked.

A file of its own, run as ``python -I -S launch.py OPTIONS -- PROGRAM ARGS``: between fork and exec of a
threaded parent almost nothing is safe, so the work is done after an exec, by a fresh interpreter that then
becomes the program. It knows the standard library only.

Order matters: Linux forgets the parent-death signal when the effective user changes, so ids drop first.
A program that keeps one capability (see ``identity``) carries it as *ambient* capability over the exec.

Source: prctl(2), capabilities(7).
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import os
import signal
import sys

PR_SET_PDEATHSIG = 1
PR_SET_KEEPCAPS = 8
PR_SET_SECUREBITS = 28
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_RAISE = 2
CAPABILITY_VERSION_3 = 0x20080522
SECBIT_NO_SETUID_FIXUP = 1 << 2
CLONE_NEWUSER = 0x10000000


class _CapHeader(ctypes.Structure):
    _fields_ = [("version", ctypes.c_uint32), ("pid", ctypes.c_int)]


class _CapData(ctypes.Structure):
    _fields_ = [
        ("effective", ctypes.c_uint32),
        ("permitted", ctypes.c_uint32),
        ("inheritable", ctypes.c_uint32),
    ]


def _libc_call(name: str, *args: object) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*args) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"{name}: {os.strerror(code)}")


def _prctl(option: int, *args: int) -> None:
    padded = (*args, 0, 0, 0, 0)[:4]
    _libc_call("prctl", option, *(ctypes.c_ulong(arg) for arg in padded))


def drop_to(uid: int, gid: int, capability: int | None) -> None:
    """Become ``uid``:``gid`` for good, keeping one capability at most.

    Raises:
        OSError: the kernel refuses (no right to change ids, no ambient capabilities).
    """
    if capability is not None:
        _prctl(PR_SET_KEEPCAPS, 1)
        # access(2) asks as if without capabilities unless this is set, and PostgreSQL asks it of its programs
        with contextlib.suppress(OSError):
            _prctl(PR_SET_SECUREBITS, SECBIT_NO_SETUID_FIXUP)
    os.setgroups([])
    os.setresgid(gid, gid, gid)
    os.setresuid(uid, uid, uid)
    if capability is not None:
        bit = 1 << capability
        header = _CapHeader(CAPABILITY_VERSION_3, 0)
        data = (_CapData * 2)(_CapData(bit, bit, bit), _CapData(0, 0, 0))
        _libc_call("capset", ctypes.byref(header), data)
        _prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, capability)


def pretend(uid: int, gid: int) -> None:
    """Appear as ``uid``:``gid`` to ourselves, by a user namespace with this one user in it.

    Nothing is gained or lost in rights; but programs that ask the system for the name of their user find one.

    Raises:
        OSError: the system makes no user namespaces for us.
    """
    outside_uid, outside_gid = os.geteuid(), os.getegid()
    _libc_call("unshare", CLONE_NEWUSER)
    for name, line in (
        ("setgroups", "deny"),
        ("uid_map", f"{uid} {outside_uid} 1"),
        ("gid_map", f"{gid} {outside_gid} 1"),
    ):
        with open(f"/proc/self/{name}", "w", encoding="ascii") as file:  # noqa: PTH123 - the standard library alone
            file.write(line)


def die_with_parent(parent_pid: int, signal_number: int) -> None:
    """Ask the kernel for ``signal_number`` when the parent dies; leave at once when it already has."""
    _prctl(PR_SET_PDEATHSIG, signal_number)
    if os.getppid() != parent_pid:
        sys.exit(1)


def main(argv: list[str]) -> None:
    parser = argparse.ArgumentParser(prog="launch")
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("--death-signal", type=int, default=int(signal.SIGTERM))
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--capability", type=int)
    parser.add_argument("--pretend", action="store_true", help="only appear as --uid and --gid")
    parser.add_argument("program", nargs="+")
    options = parser.parse_args(argv)
    if options.pretend:
        pretend(options.uid, options.gid)
    elif options.uid is not None:
        drop_to(options.uid, options.gid, options.capability)
    _prctl(PR_SET_NO_NEW_PRIVS, 1)
    die_with_parent(options.parent, options.death_signal)
    os.execvp(options.program[0], options.program)  # noqa: S606 - becoming the program is the point


if __name__ == "__main__":
    main(sys.argv[1:])
