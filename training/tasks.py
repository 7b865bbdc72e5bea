"""Periodic work of the rights gate: what must go goes without anybody having to think of it."""

import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any, Final
from uuid import UUID

from celery import Task, shared_task
from django.db import InterfaceError, OperationalError

from common import clock
from common.errors import DomainError, Unavailable
from common.locks import sole_worker
from training.lineage.index import keep_snapshots
from training.models import MaterialImport, RightsReport
from training.selectors.unfinished import Waiting, orphaned
from training.services import leftovers
from training.services.automatic import open_due_takedowns, open_for_policy, organisations_to_judge
from training.services.carrying_on import for_each
from training.services.contract_times import isolate_unscanned, open_for_retention
from training.services.imports import read_material
from training.services.lineage_events import send_lineage
from training.services.narrowing import open_for_narrower_rights
from training.services.reports import build_report, fail_report
from training.services.reruns import do_rerun, fail_rerun
from training.services.retention import remove_what_was_kept_long_enough
from training.services.rights_reviews import open_due_reviews
from training.services.scans import run_scan, sketch_again
from training.services.script_ends import name_scripts, open_for_scripts
from training.services.script_search import search_for_scripts
from training.services.takedown_acts import finish_removals
from training.services.transforms import run_transform
from trustcore.errors import TrustError

logger = logging.getLogger(__name__)
_RETRIES = 5
_QUIET = timedelta(seconds=60)
_LEFT_HOURS = 24
_PASSING = (OperationalError, InterfaceError, OSError, Unavailable)
# what judges again after a change of policy need not run every few seconds
BEAT: tuple[str | tuple[str, int], ...] = (
    "training.tasks.take_down_what_is_over",
    ("training.tasks.judge_again", 300),
    ("training.tasks.delete_what_was_removed", 60),
    ("training.tasks.end_retention", 300),
    ("training.tasks.keep_times_of_contracts", 60),
    ("training.tasks.keep_lineage", 60),
    ("training.tasks.resume_reports", 60),
    ("training.tasks.resume_reruns", 60),
    ("training.tasks.open_rights_reviews", 3600),
    ("training.tasks.name_scripts_in_texts", 3600),
    ("training.tasks.sketch_texts_again", 300),
    ("training.tasks.search_texts_for_scripts", 30),
    ("training.tasks.resume_imports", 30),
    ("training.tasks.resume_transforms", 30),
    ("training.tasks.resume_scans", 30),
    ("training.tasks.drop_leftovers", 86_400),
    "training.tasks.send_lineage_events",
)


@shared_task(ignore_result=True)
def take_down_what_is_over() -> int:
    """Open and contain cases for rights, and grants to train with scripts, that have ended or permit less; how many."""
    return len(open_due_takedowns()) + len(open_for_narrower_rights()) + len(open_for_scripts())


@shared_task(ignore_result=True)
def sketch_texts_again() -> int:
    """Sketch texts whose sketch is under another key than the one of now; how many."""
    return sketch_again()


@shared_task(ignore_result=True)
def search_texts_for_scripts() -> int:
    """Look for scripts that were registered in texts that were admitted before; how many were held."""
    return search_for_scripts()


@shared_task(ignore_result=True)
def name_scripts_in_texts() -> int:
    """Read again the texts in which a script was found before it was written down which; how many."""
    return name_scripts()


@shared_task(ignore_result=True)
def judge_again() -> int:
    """Judge what another policy admitted by the policy of now; how many houses had something to take down."""
    return len(for_each(organisations_to_judge(), lambda house: open_for_policy(organisation_id=house)))


@shared_task(ignore_result=True)
def delete_what_was_removed() -> int:
    """Delete bytes of removed material that are still there, as after a crash; how many files."""
    return finish_removals()


@shared_task(ignore_result=True)
def end_retention() -> int:
    """Remove what was kept as long after the end of its rights as they allow; of how many cases."""
    return len(remove_what_was_kept_long_enough())


@shared_task(ignore_result=True)
def keep_times_of_contracts() -> int:
    """Isolate what waited too long for its scan, take down what was kept too long; how many of both."""
    late = isolate_unscanned()
    return len(late) + len(open_for_retention())


@shared_task(ignore_result=True)
def keep_lineage() -> int:
    """Write the snapshots of lineage that are due, broken ones among them; how many."""
    return keep_snapshots()


@shared_task(bind=True, acks_late=True, max_retries=_RETRIES, ignore_result=True)
def make_report(self: "Task[Any, Any]", report_id: str) -> None:
    """Make a rights report; what passes is tried again, what does not is said."""
    _work_on(self, UUID(report_id), build_report, fail_report)


@shared_task(bind=True, acks_late=True, max_retries=_RETRIES, ignore_result=True)
def compare_report(self: "Task[Any, Any]", rerun_id: str) -> None:
    """Make a signed report again and compare; what passes is tried again, what does not is said."""
    _work_on(self, UUID(rerun_id), do_rerun, fail_rerun)


def _work_on(
    task: "Task[Any, Any]", row: UUID, work: Callable[[UUID], Any], fail: Callable[[UUID, str], Any]
) -> None:
    try:
        with sole_worker(row) as is_mine:
            if is_mine:
                work(row)
    except _PASSING as error:
        if task.request.retries >= _RETRIES:
            logger.exception("%s of %s given up", task.name, row)
            fail(row, "UNAVAILABLE")
            return
        raise task.retry(exc=error, countdown=2**task.request.retries) from error
    except (TrustError, DomainError) as error:
        logger.exception("%s of %s refused", task.name, row)
        fail(row, error.code)
    except Exception:
        logger.exception("%s of %s failed", task.name, row)
        fail(row, "INTERNAL")


@shared_task(ignore_result=True)
def resume_reports() -> int:
    """Start the work again on reports that nobody has worked on for a minute; how many."""
    found = orphaned(Waiting.REPORT, quiet_since=clock.now() - _QUIET)
    RightsReport.objects.filter(pk__in=found).update(touched_at=clock.now())
    return _take_up(make_report, found)


@shared_task(ignore_result=True)
def resume_reruns() -> int:
    """Start the work again on comparisons that nobody has worked on for a minute; how many."""
    return _take_up(compare_report, orphaned(Waiting.RERUN, quiet_since=clock.now() - _QUIET))


@shared_task(ignore_result=True)
def open_rights_reviews() -> int:
    """Put rights records whose day has come in front of counsel; how many."""
    return len(open_due_reviews())


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
    return _take_up(read_import, orphaned(Waiting.IMPORT, quiet_since=clock.now() - _QUIET))


@shared_task(ignore_result=True, acks_late=True)
def scan_material(job_id: str) -> None:
    """Scan a large original; one worker at it."""
    with sole_worker(UUID(job_id)) as is_mine:
        if is_mine:
            run_scan(UUID(job_id))


@shared_task(ignore_result=True)
def resume_scans() -> int:
    """Go on with scans at which nobody works: never started, cut off, or held by a case; how many."""
    return _take_up(scan_material, orphaned(Waiting.SCAN, quiet_since=clock.now() - _QUIET))


@shared_task(ignore_result=True, acks_late=True)
def do_transform(run_id: str) -> None:
    """Run a transformation job over what waits; one worker at a run."""
    with sole_worker(UUID(run_id)) as is_mine:
        if is_mine:
            run_transform(UUID(run_id))


@shared_task(ignore_result=True)
def resume_transforms() -> int:
    """Go on with runs at which nobody works: never started, or cut off behind some input; how many."""
    return _take_up(do_transform, orphaned(Waiting.TRANSFORM, quiet_since=clock.now() - _QUIET))


@shared_task(ignore_result=True)
def send_lineage_events() -> int:
    """Send OpenLineage events that are due; how many were taken."""
    return send_lineage()


@shared_task(ignore_result=True)
def drop_leftovers() -> int:
    """Delete files of imports that never came to be."""
    return leftovers.drop_leftovers(hours=_LEFT_HOURS)


def take_up(kind: Waiting, ids: Iterable[UUID]) -> int:
    """Have workers begin these pieces of work; how many. One that somebody takes up meanwhile is begun once."""
    return _take_up(_DONE_BY[kind], ids)


def _take_up(task: "Task[Any, Any]", ids: Iterable[UUID]) -> int:
    started = 0
    for one in ids:
        task.delay(str(one))
        started += 1
    return started


_DONE_BY: "Final[dict[Waiting, Task[Any, Any]]]" = {
    Waiting.IMPORT: read_import,
    Waiting.TRANSFORM: do_transform,
    Waiting.SCAN: scan_material,
    Waiting.REPORT: make_report,
    Waiting.RERUN: compare_report,
}
