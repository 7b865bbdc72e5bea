"""Ask for a rights report, and make it; ``services/reruns.py`` makes it again."""

import secrets
import tempfile
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.core.files import File
from django.db import connection, transaction

from accounts.principals import Principal
from audit.models import Event
from audit.services import record
from common import clock, keys
from common.errors import InvalidInput, NotFound
from common.models import SigningKey
from common.storage import blobs
from training.models import RightsReport
from training.reporting.cut import Cut, settle
from training.reporting.members import node_of
from training.reporting.writing import drafted, write_archive
from training.seats import require_house
from training.selectors.manifests import manifest_for
from training.services.questions import keep_time
from training.vocabulary import QuestionKind, ReportScope, ReportState
from trustcore.rights_report import report_id as id_of_head
from trustcore.rights_report import sign_report

_SETTLE_SECONDS = 2.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportAsk:
    """What is asked about, and up to where: a moment, or the number of an event; neither: now.

    ``about`` is the id of the thing (of a manifest also ``sha256:...``); empty for everything of the house.
    """

    scope: str
    about: str = ""
    until: datetime | None = None
    event: int | None = None


def ask_report(*, principal: Principal, ask: ReportAsk) -> RightsReport:
    """Write the question down; ``workflows.produce_report`` has it answered.

    Raises:
        NotFound: not an organisation that trains, or nothing of that name at the cut; no such event.
        InvalidInput: ``SCOPE_UNKNOWN``, ``SCOPE_INCOMPLETE``, ``CUT_INVALID``.
    """
    require_house(principal)
    if ask.scope not in ReportScope.values:
        raise InvalidInput("SCOPE_UNKNOWN", "There is no such scope of a report.")
    if (ask.scope == ReportScope.ORGANISATION) == bool(ask.about):
        raise InvalidInput(
            "SCOPE_INCOMPLETE", "A report names one thing, or is about everything of the house."
        )
    at = clock.now()
    until = _until(principal, ask, at)
    cut = Cut(principal.organisation_id, ask.scope, _ref(principal, ask), until)
    if not cut.is_whole:
        node_of(cut)
    with transaction.atomic():
        row = RightsReport.objects.create(
            created_at=at, organisation=principal.organisation, scope=cut.scope, ref=cut.ref, until=until,
            asked_by=principal.person, touched_at=at,
        )  # fmt: skip
        record(
            kind="training.report_asked", principal=principal, object_type="training_report", object_id=row.pk,
            details={"scope": row.scope, "ref": str(row.ref) if row.ref else None, "until": until.isoformat()},
        )  # fmt: skip
    return row


def build_report(report_id: UUID) -> RightsReport:
    """Answer a question that waits: write the tables, sign, store. One that is answered stays as it is.

    Raises:
        Unavailable: ``REPORT_UNSETTLED``: rows of before the cut are still being written.
        InvalidEvidence: a signature that the answer rests on does not hold.
    """
    row = RightsReport.objects.get(pk=report_id)
    if row.state in (ReportState.DONE, ReportState.FAILED):
        return row
    _begin(row)
    settle(row.until, seconds_most=_SETTLE_SECONDS)
    with drafted(cut_of(row)) as draft, tempfile.TemporaryFile(prefix="tm-report-") as stream:
        statement = sign_report(draft.head, draft.files, keys.signer_for(SigningKey.Purpose.DECISION))
        write_archive(draft, statement, stream)
        size = stream.tell()
        stream.seek(0)
        # a name of its own: of two that make it at once, the later takes away what it wrote and nothing else
        name = f"rights-reports/{row.organisation_id}/{row.pk}-{secrets.token_hex(4)}.zip"
        place = blobs().save(name, File(stream))
        head = draft.head
    with transaction.atomic():
        held = RightsReport.objects.select_for_update().get(pk=row.pk)
        if held.state != ReportState.BUILDING:
            blobs().delete(place)
            return held
        held.state, held.done_at = ReportState.DONE, clock.now()
        held.took_ms = max(0, round((held.done_at - held.created_at).total_seconds() * 1000))
        held.content_id, held.head, held.statement = id_of_head(head), head, statement
        held.location, held.size_bytes = place, size
        held.last_event, held.last_edge = head["cut"]["last_event"], head["cut"]["last_edge"]
        held.save()
        keep_time(held.organisation_id, QuestionKind.RIGHTS_REPORT, held.took_ms)
        record(
            kind="training.report_signed", principal=None, organisation_id=held.organisation_id,
            object_type="training_report", object_id=held.pk,
            details={"report": held.content_id, "took_ms": held.took_ms, "bytes": size},
        )  # fmt: skip
    return held


def _begin(row: RightsReport) -> None:
    """Say that it is being made, without waiting for the disk: one that a crash leaves queued is begun again."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("set local synchronous_commit to off")
        RightsReport.objects.filter(pk=row.pk, state__in=[ReportState.QUEUED, ReportState.BUILDING]).update(
            state=ReportState.BUILDING, touched_at=clock.now()
        )


def fail_report(report_id: UUID, code: str) -> None:
    """Say that a report cannot be made, and why; one that is answered stays answered."""
    with transaction.atomic():
        row = RightsReport.objects.select_for_update().get(pk=report_id)
        if row.state in (ReportState.DONE, ReportState.FAILED):
            return
        row.state, row.problem, row.touched_at = ReportState.FAILED, code, clock.now()
        row.save(update_fields=["state", "problem", "touched_at"])
        record(
            kind="training.report_failed", principal=None, organisation_id=row.organisation_id,
            object_type="training_report", object_id=row.pk, details={"code": code},
        )  # fmt: skip


def cut_of(row: RightsReport) -> Cut:
    """The cut that a report was asked for."""
    return Cut(row.organisation_id, row.scope, row.ref, row.until)


def _until(principal: Principal, ask: ReportAsk, at: datetime) -> datetime:
    if ask.until is not None and ask.event is not None:
        raise InvalidInput("CUT_INVALID", "A cut is a moment or an event, not both.")
    if ask.event is not None:
        event = Event.objects.filter(organisation_id=principal.organisation_id, number=ask.event).first()
        if event is None:
            raise NotFound
        return event.at
    if ask.until is not None and ask.until > at:
        raise InvalidInput("CUT_INVALID", "The cut lies in the future; nothing can be said of it yet.")
    return ask.until or at


def _ref(principal: Principal, ask: ReportAsk) -> UUID | None:
    if ask.scope == ReportScope.ORGANISATION:
        return None
    if ask.scope == ReportScope.MANIFEST:
        manifest = manifest_for(principal, ask.about)
        if manifest is None:
            raise NotFound
        return manifest.pk
    try:
        return UUID(ask.about)
    except ValueError as error:
        raise NotFound from error
