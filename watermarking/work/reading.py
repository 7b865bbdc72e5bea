"""Detections on a worker: through the same gate as marking, so that a machine decodes no more than it has slots for."""

from __future__ import annotations

from uuid import UUID

from watermarking import services
from watermarking.models import MediaJob
from watermarking.work.estimates import memory_free, memory_needed
from watermarking.work.limits import work_limits
from watermarking.work.slots import media_slot


def read_in_turn(*, detection_id: UUID) -> bool:
    """Read a file that was taken in, its pictures with those of others that wait; False: no room now, ask again."""
    with media_slot(MediaJob.Device.CPU) as has_slot:
        if not has_slot or memory_free() < memory_needed(0, 0) + work_limits().free_memory:
            return False
        services.prepare_detections(detection_id=detection_id)
        services.run_detection(detection_id=detection_id)
    return True
