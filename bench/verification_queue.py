"""The queue of verifications, real: asked for one after the other, taken by one worker of the deployment's own kind.

What is measured: whether each came to its end, whether they ended in the order in which they were asked for, and what the
worker's own process held after ten of them and at the end.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
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
    rows = Verification.objects.filter(pk__in=asked)
    while len(ended) < len(asked) and time.monotonic() - began < _LONGEST_SECONDS and worker.is_running():
        over = rows.exclude(state__in=UNFINISHED).order_by("finished_at")
        ended = list(over.values_list("pk", flat=True))
        held[len(ended)] = worker.memory_info().rss >> 20
        largest = max(largest, *(child.memory_info().rss >> 20 for child in _children(worker)), 0)
        time.sleep(0.1)
    after = {count: mib for count, mib in held.items() if count >= min(10, len(asked) - 1)}
    return {
        "clips": len(asked),
        "seconds": round(time.monotonic() - began, 1),
        "failed": [str(pk) for pk in rows.exclude(state=VerificationState.DONE).values_list("pk", flat=True)],
        "out_of_order": sum(one != other for one, other in zip(asked, ended, strict=False)),
        "worker_mib_after_10": after[min(after)] if after else 0,
        "worker_mib_at_end": held[max(held)],
        "largest_child_mib": largest,
    }


def _children(worker: psutil.Process) -> list[psutil.Process]:
    try:
        return [one for one in worker.children(recursive=True) if one.is_running()]
    except psutil.NoSuchProcess:
        return []
