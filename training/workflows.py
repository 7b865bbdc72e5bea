"""Ask for a rights report: a small one is answered at once, a large one in the background."""

from django.conf import settings
from django.db import transaction

from accounts.principals import Principal
from common.errors import Unavailable
from training.models import RightsReport
from training.selectors.rights_reports import size_of
from training.services.reports import ReportAsk, ask_report, build_report, fail_report
from training.tasks import make_report
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
