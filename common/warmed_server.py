"""What forks confined processes: ``python -m common.warmed_server MODULE``, with a socket as standard input.

It calls ``MODULE.load()``, says that it is ready, and waits for messages: the arguments of ``MODULE.main`` with four
open files: orders, answer, a pipe that is told the group's number and, in the end, the code and the seconds, and one that
gives leave to work: without it, what was forked ends, for whoever asked has not waited. It ends when its asker does. It has
one thread for as long as it forks: a lock that another thread held would stay locked in the child.
"""

import json
import os
import select
import signal
import socket
import sys
from importlib import import_module
from types import ModuleType
from typing import Final, NoReturn

LEAVE: Final = b"g"
_FILES: Final = 4
# longer than any asker waits for a fork
_LEAVE_SECONDS: Final = 30.0


def main(name: str) -> None:
    """Load, say so, and fork until the asker has gone."""
    control = socket.socket(fileno=os.dup(0))
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    module = import_module(name)
    module.load()
    if threads() != 1:
        sys.exit("what is loaded runs threads: nothing can be forked of it")
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who keep the children
    control.send(b"r")
    while True:
        message, files, _, _ = socket.recv_fds(control, 1 << 16, _FILES)
        if not message or len(files) != _FILES:
            return
        for one in files:
            os.set_inheritable(one, False)
        try:
            keeper = os.fork()
        except OSError:  # the asker sees the pipe end, and starts a process of its own
            keeper = -1
        if keeper == 0:
            control.close()
            _keep(module, json.loads(message), *files)
        for one in files:
            os.close(one)


def threads() -> int:
    """How many threads this process has; 1 where the system does not say."""
    return len(os.listdir("/proc/self/task")) if os.path.isdir("/proc/self/task") else 1  # noqa: PTH112, PTH208


def _keep(
    module: ModuleType, arguments: list[str], orders: int, answer: int, telling: int, leave: int
) -> NoReturn:
    """Fork the process that works, and tell how it ended and what it used of the processor."""
    os.setsid()  # whoever ends the group of the process that forks does not end those who keep others' children
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        worker = os.fork()
    except OSError:
        os._exit(1)
    if worker == 0:
        _work(module, arguments, orders, answer, telling, leave)
    for one in (orders, answer, leave):
        os.close(one)
    _, status, used = os.wait4(worker, 0)
    os.write(telling, b"%d %.3f" % (os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime))
    os._exit(0)


def _work(
    module: ModuleType, arguments: list[str], orders: int, answer: int, telling: int, leave: int
) -> NoReturn:
    # the pipe stays open in here: that it ends says that both have gone
    try:
        os.setsid()
        os.write(telling, b"%d\n" % os.getpid())
        if not select.select([leave], [], [], _LEAVE_SECONDS)[0] or os.read(leave, 1) != LEAVE:
            os._exit(1)
        os.dup2(orders, 0)
        os.dup2(answer, 1)
        for one in (orders, answer, leave):
            os.close(one)
        module.main(arguments)
    finally:
        os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1])
