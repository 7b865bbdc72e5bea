"""Memory that nobody uses any more goes back to the machine, not to the next step.

The C library keeps what was freed, in one arena for each thread that ever asked, and every decoder, encoder and
reader starts threads of its own. Without this a worker's memory grows with the number of stretches it has done.
"""

from __future__ import annotations

import ctypes
from functools import cache


def give_back() -> bool:
    """Return free memory of this process to the machine; whether there was any to return.

    Where the C library has no such call (musl, macOS), nothing is done.
    """
    trim = _trim()
    return trim is not None and bool(trim(0))


@cache
def _trim() -> ctypes._NamedFuncPointer | None:
    try:
        found = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return None
    found.argtypes, found.restype = [ctypes.c_size_t], ctypes.c_int
    return found
