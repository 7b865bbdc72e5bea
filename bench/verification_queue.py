"""The queue of verifications, real: asked for one after the other, taken by one worker of the deployment's own kind.

What is measured: whether each came to its end, whether they ended in the order in which they were asked for, and what the
worker's own process held after ten of them and at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from uuid import UUID

import psutil

from bench.house import ROOT, open_house

_LONGEST_SECONDS = 3600.0


def queued(clip: Path, count: int) -> dict[str, Any]:
    """Ask for ``count`` verifications of a clip, and let one worker take them."""
    with open_house() as house:
        from django.conf import settings

        from tests import factories
        from verification import services, tasks

        settings.MEDIA_QUEUE_EACH_MAX = settings.MEDIA_QUEUE_MAX = count + 1
        desk = factories.make_desk(factories.make_studio(), "PRODUCER")
        asked = []
        for number in range(count):
            row = services.request_verification(principal=desk, path=clip, file_name=f"{number}.mp4")
            tasks.verify.delay(str(row.pk))
            asked.append(row.pk)
        log = (house.folder / "media.log").open("wb")
        worker = subprocess.Popen(
            [
                sys.executable, "-m", "celery", "-A", "trustmark", "worker", "-Q", "media.cpu", "-c", "1",
                "-P", "solo", "-l", "warning", "-n", "bench@%h",
            ],
            cwd=ROOT, env=os.environ | {"DJANGO_SETTINGS_MODULE": "trustmark.settings"}, stdout=log, stderr=log,
        )  # fmt: skip
        try:
            return _followed(asked, psutil.Process(worker.pid))
        finally:
            worker.terminate()
            worker.wait(30)
            log.close()


def _followed(asked: list[UUID], worker: psutil.Process) -> dict[str, Any]:
    from verification.models import UNFINISHED, Verification, VerificationState

    began, held, ended, largest = time.monotonic(), dict[int, int](), list[UUID](), 0
    forking: dict[int, int] = {}
    rows = Verification.objects.filter(pk__in=asked)
    while len(ended) < len(asked) and time.monotonic() - began < _LONGEST_SECONDS and worker.is_running():
        over = rows.exclude(state__in=UNFINISHED).order_by("finished_at")
        ended = list(over.values_list("pk", flat=True))
        held[len(ended)] = worker.memory_info().rss >> 20
        sizes = _children(worker)
        largest = max(largest, *sizes.values(), 0)
        forking[len(ended)] = max((mib for pid, mib in sizes.items() if pid in _own(worker)), default=0)
        time.sleep(0.3)
    return {
        "clips": len(asked),
        "seconds": round(time.monotonic() - began, 1),
        "failed": [str(pk) for pk in rows.exclude(state=VerificationState.DONE).values_list("pk", flat=True)],
        "out_of_order": sum(one != other for one, other in zip(asked, ended, strict=False)),
        "worker_mib_after_10": _after_ten(held, len(asked)),
        "worker_mib_at_end": held[max(held)],
        "largest_child_mib": largest,
        "forking_mib_after_10": _after_ten(forking, len(asked)),
        "forking_mib_at_end": forking[max(forking)],
    }


def _after_ten(held: dict[int, int], count: int) -> int:
    later = {done: mib for done, mib in held.items() if done >= min(10, count - 1)}
    return later[min(later)] if later else 0


def _children(worker: psutil.Process) -> dict[int, int]:
    """MiB of each process below the worker; one that ends while it is looked at is not there."""
    found: dict[int, int] = {}
    with suppress(psutil.NoSuchProcess):
        for one in worker.children(recursive=True):
            with suppress(psutil.NoSuchProcess):
                found[one.pid] = one.memory_info().rss >> 20
    return found


def _own(worker: psutil.Process) -> set[int]:
    """Numbers of the worker's own children: what forks is one of them, and stays."""
    with suppress(psutil.NoSuchProcess):
        return {one.pid for one in worker.children()}
    return set()
