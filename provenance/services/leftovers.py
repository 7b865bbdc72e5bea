"""Files of outputs that no row names: left where intake, marking or signing ended before it kept their row."""

from collections.abc import Sequence
from datetime import timedelta

from common import clock
from common.leftovers import drop_unnamed
from provenance.models import Asset, ManifestRecord
from watermarking.models import MediaJob

_OF_ASSETS = ("upload_blob", "marked_blob", "signed_blob", "proxy_blob")


def drop_leftovers(*, hours: int) -> int:
    """Delete uploads, results of marking, signed files, proxies and manifests older than ``hours`` that no row names.

    Returns how many.
    """
    before = clock.now() - timedelta(hours=hours)
    return sum(drop_unnamed(folder, before=before, named=_named) for folder in ("assets", "marked"))


def _named(names: Sequence[str]) -> set[str]:
    # jobs are asked before assets: a result moves from the one to the other, and is named by either at any moment
    found: set[str] = set()
    for name in ("source_blob", "result_blob"):
        found.update(MediaJob.objects.filter(**{f"{name}__in": names}).values_list(name, flat=True))
    for name in _OF_ASSETS:
        found.update(Asset.objects.filter(**{f"{name}__in": names}).values_list(name, flat=True))
    return found.union(ManifestRecord.objects.filter(blob__in=names).values_list("blob", flat=True))
