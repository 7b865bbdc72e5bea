"""The ffmpeg of the imageio-ffmpeg wheel as a subprocess: it encodes, filters and measures what PyAV's cannot.

Attacks and quality are measured with it and not with the project's own media code, so that a fault there
cannot hide itself.
"""

from __future__ import annotations

import resource
import subprocess
from collections.abc import Sequence
from functools import cache
from pathlib import Path

import imageio_ffmpeg


class AttackFailed(RuntimeError):
    """ffmpeg refused; the message ends in what it said."""


@cache
def binary() -> str:
    return str(imageio_ffmpeg.get_ffmpeg_exe())


def ffmpeg(*arguments: str, tolerant: bool = False) -> str:
    """Run ffmpeg on one thread and return what it printed.

    Args:
        tolerant: damaged input is expected: a failure to read all of it is no failure.

    Raises:
        AttackFailed: it ended with an error.
    """
    head = (binary(), "-hide_banner", "-nostdin", "-y", "-threads", "1", "-filter_threads", "1")
    done = subprocess.run([*head, *arguments], capture_output=True, text=True, errors="replace", check=False)
    if done.returncode and not tolerant:
        raise AttackFailed(f"{' '.join(arguments)}\n{done.stderr[-2000:]}")
    return done.stderr


def convert(source: Path, target: Path, options: Sequence[str] = (), *, before: Sequence[str] = ()) -> Path:
    """Read ``source``, apply output ``options`` (filters, codecs) and write ``target``."""
    ffmpeg("-loglevel", "error", *before, "-i", str(source), *options, str(target))
    return target


def children_cpu_seconds() -> float:
    """CPU seconds of every subprocess that ended so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def own_cpu_seconds() -> float:
    """CPU seconds of this process and its threads so far."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
