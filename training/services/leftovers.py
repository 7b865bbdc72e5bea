"""Files that no import names: left where a process ended between taking one in and keeping its row."""

from collections.abc import Sequence
from datetime import timedelta

from common import clock
from common.leftovers import drop_unnamed
from training.models import MaterialImport

FOLDER = "imports"


def drop_leftovers(*, hours: int) -> int:
    """Delete the files older than ``hours`` that no row names. Returns how many."""
    return drop_unnamed(FOLDER, before=clock.now() - timedelta(hours=hours), named=_named)


def _named(names: Sequence[str]) -> set[str]:
    return set(MaterialImport.objects.filter(blob__in=names).values_list("blob", flat=True))
