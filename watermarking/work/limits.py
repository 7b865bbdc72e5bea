"""The bounds of media work, as one value."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from watermarking.models import MediaJob

_GPU_DEVICES = ("/dev/nvidiactl", "/dev/kfd")


@dataclass(frozen=True)
class WorkLimits:
    """How much at once; ``settings`` says what each bound means."""

    jobs: int
    jobs_each: int
    queue: int
    queue_each: int
    slots: dict[str, int]
    lanes: int
    stretch_seconds: int
    free_bytes: int
    free_memory: int
    attempts: int
    quiet_seconds: int
    result_hours: int


def work_limits() -> WorkLimits:
    """The bounds of this deployment."""
    return WorkLimits(
        jobs=settings.MEDIA_JOBS_MAX,
        jobs_each=settings.MEDIA_JOBS_EACH_MAX,
        queue=settings.MEDIA_QUEUE_MAX,
        queue_each=settings.MEDIA_QUEUE_EACH_MAX,
        slots={"cpu": settings.MEDIA_CPU_SLOTS, "gpu": settings.MEDIA_GPU_SLOTS},
        lanes=settings.MEDIA_LANES,
        stretch_seconds=settings.MEDIA_STRETCH_SECONDS,
        free_bytes=settings.MEDIA_FREE_BYTES_MIN,
        free_memory=settings.MEDIA_FREE_MEMORY_MIN,
        attempts=settings.MEDIA_ATTEMPTS_MAX,
        quiet_seconds=settings.MEDIA_QUIET_SECONDS,
        result_hours=settings.MEDIA_RESULT_HOURS,
    )


def device_of_new_jobs() -> MediaJob.Device:
    """The queue that new jobs go to: by the setting, or by what this machine shows."""
    if settings.MEDIA_DEVICE == "cuda":
        return MediaJob.Device.GPU
    if settings.MEDIA_DEVICE == "auto" and any(Path(device).exists() for device in _GPU_DEVICES):
        return MediaJob.Device.GPU
    return MediaJob.Device.CPU
