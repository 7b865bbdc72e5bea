"""Make a signed report again at its own cut, and say whether it says the same (TP-095).

It reads every row anew, so it is a job like the report itself; ``workflows.make_again`` does a small one at once. One
is under way of a report at a time: who asks meanwhile is shown that one.
"""

from uuid import UUID

from django.db import IntegrityError, transaction

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, NotFound
from training.models import ReportRerun, RightsReport
from training.reporting.whereabouts import every_key
from training.reporting.writing import drafted
from training.seats import require_rerunner
from training.selectors.rights_reports import reports_of
from training.services.reports import cut_of
from trustcore.rights_report import HEAD, read_statement
from trustcore.rights_report import report_id as id_of_head

State = ReportRerun.State


def ask_rerun(*, principal: Principal, report_id: UUID) -> tuple[ReportRerun, bool]:
    """Write down that a report is to be made again; whether it is new, or was under way.

    Raises:
        NotFound: no such report of this house. Forbidden: ``RERUN_ONLY``. Conflict: ``REPORT_NOT_DONE``.
    """
    require_rerunner(principal)
    report = reports_of(principal).filter(pk=report_id).first()
    if report is None:
        raise NotFound
    if report.statement is None:
        raise Conflict("REPORT_NOT_DONE", "This report is not made yet.")
    try:
        with transaction.atomic():
            row = ReportRerun.objects.create(
                organisation=principal.organisation, report=report, asked_by=principal.person, touched_at=clock.now()
            )  # fmt: skip
            record(
                kind="training.report_rerun_asked", principal=principal, object_type="training_report",
                object_id=report.pk, details={"report": report.content_id, "rerun": str(row.pk)},
            )  # fmt: skip
    except IntegrityError:
        return ReportRerun.objects.select_related("report").get(report=report, done_at=None), False
    return row, True


def do_rerun(rerun_id: UUID) -> ReportRerun:
    """Make the report again and compare every file with what was signed. One that has ended stays as it is.

    Raises:
        InvalidEvidence: a signature that the answer rests on does not hold.
    """
    row = ReportRerun.objects.select_related("report").get(pk=rerun_id)
    if row.done_at is not None:
        return row
    ReportRerun.objects.filter(pk=row.pk, done_at=None).update(state=State.RUNNING, touched_at=clock.now())
    content_id, differs = _compared(row.report)
    return _end(row.pk, State.DONE, content_id=content_id, differs=differs)


def fail_rerun(rerun_id: UUID, code: str) -> ReportRerun:
    """Say that a report could not be made again, and why; one that has ended stays as it is."""
    return _end(rerun_id, State.FAILED, problem=code)


def _compared(report: RightsReport) -> tuple[str, list[str]]:
    """The id that the report gets now, and the files that say something else than what was signed."""
    signed = read_statement(bytes(report.statement or b""), every_key())
    with drafted(cut_of(report)) as draft:
        now = id_of_head(draft.head)
        told = {**draft.files, HEAD: now[7:]}
        names = sorted({*told, *signed.files})
        return now, [name for name in names if told.get(name) != signed.files.get(name)]


def _end(
    rerun_id: UUID, state: str, *, content_id: str = "", differs: list[str] | None = None, problem: str = ""
) -> ReportRerun:
    with transaction.atomic():
        row = ReportRerun.objects.select_for_update(of=("self",)).select_related("report").get(pk=rerun_id)
        if row.done_at is not None:
            return row
        row.state, row.content_id, row.differs, row.problem = state, content_id, differs or [], problem
        row.done_at = row.touched_at = clock.now()
        row.save(update_fields=["state", "content_id", "differs", "problem", "done_at", "touched_at"])
        record(
            kind="training.report_rerun", principal=None, organisation_id=row.organisation_id,
            object_type="training_report", object_id=row.report_id,
            details={"report": row.report.content_id, "rerun": str(row.pk), "is_same": row.is_same,
                     "differs": row.differs, "problem": problem},
        )  # fmt: skip
    return row
