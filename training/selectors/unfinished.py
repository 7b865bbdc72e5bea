"""Work in the background that is not at its end: of which nobody works at it now, and what is held without moving.

Each kind has its lock (:func:`~common.locks.sole_worker`): a worker that dies loses it at once. Of an import the lock is its
house's, since one file of a house is read at a time.

>>> Waiting.IMPORT.value
'training.tasks.read_import'
"""

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from typing import Any, Final
from uuid import UUID

from django.db.models import QuerySet

from common.locks import objects_worked_on
from training.models import MaterialImport, ReportRerun, RightsReport, ScanJob, TransformRun
from training.vocabulary import ReportState

AT_ONCE: Final = 100
"""So many of a kind are taken up at once, those that waited longest first."""
_LOOKED_AT: Final = 10_000
_BEGUN: Final = ("RUNNING", ReportState.BUILDING)


class Waiting(StrEnum):
    """A kind of work, by the task that does it."""

    IMPORT = "training.tasks.read_import"
    TRANSFORM = "training.tasks.do_transform"
    SCAN = "training.tasks.scan_material"
    REPORT = "training.tasks.make_report"
    RERUN = "training.tasks.compare_report"


@dataclass(frozen=True, slots=True)
class _Kind:
    rows: QuerySet[Any]
    moved: str
    lock: str = "pk"


def _kinds() -> dict[Waiting, _Kind]:
    open_states = [ReportState.QUEUED, ReportState.BUILDING]
    return {
        Waiting.IMPORT: _Kind(MaterialImport.objects.filter(finished_at=None), "moved_at", "organisation_id"),
        Waiting.TRANSFORM: _Kind(TransformRun.objects.filter(finished_at=None), "moved_at"),
        Waiting.SCAN: _Kind(ScanJob.objects.filter(finished_at=None), "moved_at"),
        Waiting.REPORT: _Kind(RightsReport.objects.filter(state__in=open_states), "touched_at"),
        Waiting.RERUN: _Kind(ReportRerun.objects.filter(done_at=None), "touched_at"),
    }


def orphaned(kind: Waiting, *, quiet_since: datetime, organisation_id: UUID | None = None) -> list[UUID]:
    """Work that has not moved since then and that nobody works at; of every house where none is named; 2 queries.

    Of imports one of a house, the one that waited longest: another is not read beside it.
    """
    found = _quiet(_kinds()[kind], quiet_since, organisation_id)
    held = objects_worked_on({lock for _row, lock in found})
    first: dict[UUID, UUID] = {}
    for row, lock in found:
        if lock not in held:
            first.setdefault(lock, row)
    return list(first.values())[:AT_ONCE]


def held_without_moving(
    kind: Waiting, *, quiet_since: datetime, organisation_id: UUID | None = None
) -> list[UUID]:
    """Work that was begun and has not moved since then though a process holds it; 2 queries."""
    about = _kinds()[kind]
    found = _quiet(replace(about, rows=about.rows.filter(state__in=_BEGUN)), quiet_since, organisation_id)
    held = objects_worked_on({lock for _row, lock in found})
    return [row for row, lock in found if lock in held]


def _quiet(kind: _Kind, since: datetime, organisation_id: UUID | None) -> list[tuple[UUID, UUID]]:
    """Ids and locks, what waited longest first."""
    rows = kind.rows.filter(**{f"{kind.moved}__lt": since}).order_by(kind.moved, "pk")
    if organisation_id is not None:
        rows = rows.filter(organisation=organisation_id)
    return list(rows.values_list("pk", kind.lock)[:_LOOKED_AT])
