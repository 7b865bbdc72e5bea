"""Files that no bundle, incident file or reconciliation names: left where a process ended before it kept their row.

An attempt that makes a bundle takes away what others left of that bundle, once it is ready; of one that never was, nobody
does. Evidence and packages lie one folder deeper than the rest: in that of their incident.
"""

from collections.abc import Sequence
from datetime import timedelta

from common import clock
from common.leftovers import drop_unnamed
from compliance.incidents.models import Evidence, IncidentPackage
from compliance.models import Bundle
from compliance.reconciling.models import ReconciliationReport

_INCIDENTS_DEEP = 3


def drop_leftovers(*, hours: int) -> int:
    """Delete the files older than ``hours`` that no row names. Returns how many."""
    before = clock.now() - timedelta(hours=hours)
    return (
        drop_unnamed("bundles", before=before, named=_bundles)
        + drop_unnamed("incidents", before=before, named=_incidents, deep=_INCIDENTS_DEEP)
        + drop_unnamed("reconciliations", before=before, named=_reconciliations)
    )


def _bundles(names: Sequence[str]) -> set[str]:
    return set(Bundle.objects.filter(blob__in=names).values_list("blob", flat=True))


def _incidents(names: Sequence[str]) -> set[str]:
    found = set(Evidence.objects.filter(blob__in=names).values_list("blob", flat=True))
    return found.union(IncidentPackage.objects.filter(blob__in=names).values_list("blob", flat=True))


def _reconciliations(names: Sequence[str]) -> set[str]:
    return set(ReconciliationReport.objects.filter(blob__in=names).values_list("blob", flat=True))
