"""Periodic work of the rights gate: what must go goes without anybody having to think of it."""

from datetime import timedelta
from uuid import UUID

from celery import shared_task

from common import clock
from common.locks import sole_worker
from training.models import MaterialImport, TransformRun
from training.services.automatic import open_due_takedowns, open_for_policy, organisations_to_judge
from training.services.imports import read_material
from training.services.lineage_events import send_lineage
from training.services.takedown_acts import finish_removals
from training.services.transforms import run_transform

# what judges again after a change of policy need not run every few seconds
BEAT: tuple[str | tuple[str, int], ...] = (
    "training.tasks.take_down_what_is_over",
    ("training.tasks.judge_again", 300),
    ("training.tasks.delete_what_was_removed", 60),
    ("training.tasks.resume_imports", 30),
    ("training.tasks.resume_transforms", 30),
    "training.tasks.send_lineage_events",
)

_QUIET = timedelta(seconds=60)


@shared_task(ignore_result=True)
def take_down_what_is_over() -> int:
    """Open and contain cases for rights that have ended; how many."""
    return len(open_due_takedowns())


@shared_task(ignore_result=True)
def judge_again() -> int:
    """Judge what another policy admitted by the policy of now; how many houses had something to take down."""
    opened: list[UUID] = [
        case
        for house in organisations_to_judge()
        if (case := open_for_policy(organisation_id=house)) is not None
    ]
    return len(opened)


@shared_task(ignore_result=True)
def delete_what_was_removed() -> int:
    """Delete bytes of removed material that are still there, as after a crash; how many files."""
    return finish_removals()


@shared_task(ignore_result=True, acks_late=True)
def read_import(import_id: str) -> None:
    """Read material handed in; one file of a house at a time, another waits for the beat."""
    job = MaterialImport.objects.only("pk", "organisation_id").get(pk=UUID(import_id))
    with sole_worker(job.organisation_id) as is_mine:
        if is_mine:
            read_material(job.pk)


@shared_task(ignore_result=True)
def resume_imports() -> int:
    """Go on with files that nobody reads: never started, or cut off behind some chunk; how many."""
    quiet = clock.now() - _QUIET
    waiting = MaterialImport.objects.filter(finished_at=None, moved_at__lt=quiet).order_by("moved_at")
    found = list(waiting.values_list("pk", flat=True)[:100])
    for import_id in found:
        read_import.delay(str(import_id))
    return len(found)


@shared_task(ignore_result=True, acks_late=True)
def do_transform(run_id: str) -> None:
    """Run a transformation job over what waits; one worker at a run."""
    with sole_worker(UUID(run_id)) as is_mine:
        if is_mine:
            run_transform(UUID(run_id))


@shared_task(ignore_result=True)
def resume_transforms() -> int:
    """Go on with runs at which nobody works: never started, or cut off behind some input; how many."""
    quiet = clock.now() - _QUIET
    waiting = TransformRun.objects.filter(finished_at=None, moved_at__lt=quiet).order_by("moved_at")
    found = list(waiting.values_list("pk", flat=True)[:100])
    for run_id in found:
        do_transform.delay(str(run_id))
    return len(found)


@shared_task(ignore_result=True)
def send_lineage_events() -> int:
    """Send OpenLineage events that are due; how many were taken."""
    return send_lineage()
