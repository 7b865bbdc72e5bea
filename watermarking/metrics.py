"""What operators watch of the devices that marking runs on: how many there are, how long they worked, in what batches.

Utilisation is active time over time: ``rate(trustmark_media_active_seconds_total{device="cuda"}[5m]) /
trustmark_media_accelerators``. Where there is no accelerator the gauge says 0, and all time is the processor's.
"""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from prometheus_client import Counter, Gauge, Histogram

ACTIVE_SECONDS = Counter(
    "trustmark_media_active_seconds", "Wall clock in which a device marked and read back", ["device"]
)
MARKED_FRAMES = Counter("trustmark_media_marked_frames", "Frames marked, by device", ["device"])
BATCH = Histogram(
    "trustmark_media_batch", "Media whose frames went through in common batches", buckets=(1, 2, 4, 8, 16, 32)
)
ACCELERATORS = Gauge("trustmark_media_accelerators", "Accelerators of this machine")


def accelerators(devices: Path = Path("/dev")) -> int:
    """How many accelerators the kernel shows: NVIDIA's, and AMD's render nodes where their driver is there."""
    nvidia = sum(1 for one in devices.glob("nvidia[0-9]*"))
    return nvidia + (sum(1 for _ in devices.glob("dri/renderD*")) if (devices / "kfd").exists() else 0)


class Work:
    """Time that is being measured; ``device`` and ``frames`` are said by who knows, when they know."""

    device, frames = "cpu", 0


@contextmanager
def measured() -> Iterator[Work]:
    """Count the time of the block to the device that did it in the end; what broke off counts too."""
    work, began = Work(), time.monotonic()
    try:
        yield work
    finally:
        ACTIVE_SECONDS.labels(work.device).inc(time.monotonic() - began)
        MARKED_FRAMES.labels(work.device).inc(work.frames)


ACCELERATORS.set_function(accelerators)
