"""Work that is begun now and done in the background: reports, reading material handed in, running transformations.

Should the broker not answer, the beat starts the work.
"""

from collections.abc import Callable
from typing import BinaryIO
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from common.errors import Unavailable
from training.models import HouseRules, MaterialImport, ReportRerun, RightsReport, TransformRun
from training.selectors.rights_reports import size_of
from training.services.assets import Admission, receive_content
from training.services.imports import hand_in_material
from training.services.reports import ReportAsk, ask_report, build_report, fail_report
from training.services.reruns import ask_rerun, do_rerun, fail_rerun
from training.services.rules import RulesAsk, set_rules
from training.services.transforms import TransformAsk, start_transform
from training.tasks import compare_report, do_transform, judge_again, make_report, read_import, scan_material
from trustcore.errors import InvalidEvidence


def produce_report(*, principal: Principal, ask: ReportAsk) -> RightsReport:
    """Write the question down and answer it, or have it answered.

    Raises:
        DomainError: as :func:`~training.services.reports.ask_report` says.
    """
    row = ask_report(principal=principal, ask=ask)
    if size_of(row) <= settings.REPORT_INLINE_ROWS:
        try:
            return build_report(row.pk)
        except InvalidEvidence as error:
            fail_report(row.pk, error.code)
            row.refresh_from_db()
            return row
        except Unavailable:
            pass  # somebody writes at this moment: a worker waits for them
    with transaction.atomic():
        # should the broker not answer, the sweeper starts the work
        transaction.on_commit(lambda: make_report.delay(str(row.pk)), robust=True)
    return row


def make_again(*, principal: Principal, report_id: UUID) -> ReportRerun:
    """Make a signed report again: a small one now, a large one in the background.

    Raises:
        DomainError: as :func:`~training.services.reruns.ask_rerun` says.
    """
    row, is_new = ask_rerun(principal=principal, report_id=report_id)
    if is_new and size_of(row.report) <= settings.REPORT_INLINE_ROWS:
        try:
            return do_rerun(row.pk)
        except InvalidEvidence as error:
            return fail_rerun(row.pk, error.code)
    if is_new:
        # should the broker not answer, the sweeper starts the work
        transaction.on_commit(lambda: compare_report.delay(str(row.pk)), robust=True)
    return row


def take_content(
    *, principal: Principal, asset_id: UUID, stream: BinaryIO, under: str | None = None
) -> Admission:
    """Take the bytes of a registered original; a large one is scanned in the background. Raises as ``receive_content``."""
    answer = receive_content(principal=principal, asset_id=asset_id, stream=stream, under=under)
    if answer.scan is not None:
        job = answer.scan.pk
        # should the broker not answer, the beat starts the scan
        transaction.on_commit(lambda: scan_material.delay(str(job)), robust=True)
    return answer


def import_material(
    *, principal: Principal, read: Callable[[int], bytes], length: int, repeat_key: str = ""
) -> tuple[MaterialImport, bool]:
    """Keep a file and start its reading; whether it is new. Raises as ``hand_in_material``."""
    job, is_new = hand_in_material(principal=principal, read=read, length=length, repeat_key=repeat_key)
    if is_new:
        # should the broker not answer, the beat starts the reading
        transaction.on_commit(lambda: read_import.delay(str(job.pk)), robust=True)
    return job, is_new


def transform(*, principal: Principal, job_id: UUID, ask: TransformAsk) -> TransformRun:
    """Start a run of a registered job. Raises as ``start_transform``."""
    run = start_transform(principal=principal, job_id=job_id, ask=ask)
    transaction.on_commit(lambda: do_transform.delay(str(run.pk)), robust=True)
    return run


def put_rules_into_force(*, principal: Principal, ask: RulesAsk) -> HouseRules:
    """Set counsel's rules, and have what is there judged by them now. Raises as ``set_rules``."""
    made = set_rules(principal=principal, ask=ask)
    # should the broker not answer, the beat judges
    transaction.on_commit(judge_again.delay, robust=True)
    return made
