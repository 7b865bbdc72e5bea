"""Files that no mark job, stretch or detection names: left where a process ended before it kept their row.

Results (``marked/``) are not swept here: an output may have taken one over, which a higher floor knows.
"""

from collections.abc import Sequence
from datetime import timedelta

from common import clock
from common.leftovers import drop_unnamed
from watermarking.models import MarkDetection, MediaJob, MediaStretch


def drop_leftovers(*, hours: int) -> int:
    """Delete working files and uploads older than ``hours`` that no row names. Returns how many."""
    before = clock.now() - timedelta(hours=hours)
    return drop_unnamed("work", before=before, named=_work) + drop_unnamed(
        "detections", before=before, named=_uploads
    )


def _work(names: Sequence[str]) -> set[str]:
    kept = set(MediaStretch.objects.filter(blob__in=names).values_list("blob", flat=True))
    return kept.union(MediaJob.objects.filter(source_blob__in=names).values_list("source_blob", flat=True))


def _uploads(names: Sequence[str]) -> set[str]:
    return set(MarkDetection.objects.filter(blob__in=names).values_list("blob", flat=True))
