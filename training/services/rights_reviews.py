"""Rights records are looked at again on their day: opened by the calendar, answered by counsel (TP-103)."""

from datetime import date, timedelta
from uuid import UUID

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.principals import Principal
from audit.services import record
from common import clock
from common.errors import Conflict, InvalidInput, NotFound
from training.models import RightsEnd, RightsRecord, RightsReview
from training.seats import require_counsel
from training.services.rights import write_end
from training.services.texts import clean
from training.vocabulary import RightsReviewAnswer

_AT_ONCE = 1000


def open_due_reviews(*, on: date | None = None) -> list[UUID]:
    """Open a review of each record that permits something and whose day comes within the notice; ids of the new ones.

    The day of a record is what its last review said, or else what was said when it was recorded.
    """
    on = on or clock.now().date()
    opened = []
    for rights, day in _due(on + timedelta(days=settings.RIGHTS_REVIEW_DAYS_BEFORE)):
        try:
            with transaction.atomic():
                made = RightsReview.objects.create(
                    organisation_id=rights.organisation_id, rights=rights, due_on=day
                )
                record(
                    kind="training.rights_review_opened", principal=None, organisation_id=rights.organisation_id,
                    object_type="training_rights", object_id=rights.pk, details={"due_on": day.isoformat()},
                )  # fmt: skip
        except IntegrityError:
            continue  # another worker opened it
        opened.append(made.pk)
    return opened


def answer_rights_review(
    *, principal: Principal, review_id: UUID, answer: str, note: str, next_on: date | None = None
) -> RightsReview:
    """Counsel says that a record stands until its next day, or ends it now.

    Raises:
        NotFound, Forbidden: as :func:`~training.seats.require_counsel`.
        InvalidInput: ``ANSWER_UNKNOWN``, ``REASON_INVALID``, ``DAY_INVALID``: not after the day of this review.
        Conflict: ``REVIEW_ANSWERED``; ``RIGHTS_ENDED``: there is nothing left to keep.
    """
    require_counsel(principal)
    if answer not in RightsReviewAnswer.values:
        raise InvalidInput("ANSWER_UNKNOWN", "The answer is KEEP or END.")
    note = clean(note, most=2000, code="REASON_INVALID")
    with transaction.atomic():
        row = (
            RightsReview.objects.select_for_update(of=("self",))
            .filter(pk=review_id, organisation=principal.organisation)
            .first()
        )
        if row is None:
            raise NotFound
        if row.answer:
            raise Conflict("REVIEW_ANSWERED", "This was decided already.")
        today = clock.now().date()
        if answer == RightsReviewAnswer.KEEP and (next_on is None or next_on <= max(row.due_on, today)):
            raise InvalidInput("DAY_INVALID", "Say on which later day it is looked at again.")
        rights = RightsRecord.objects.select_for_update(of=("self",), no_key=True).get(pk=row.rights_id)
        has_ended = RightsEnd.objects.filter(rights=rights).exists()
        if has_ended and answer == RightsReviewAnswer.KEEP:
            raise Conflict("RIGHTS_ENDED", "These rights have ended already.")
        row.answer, row.note = answer, note
        row.answered_by, row.answered_at = principal.person, clock.now()
        row.next_on = next_on if answer == RightsReviewAnswer.KEEP else None
        row.save(update_fields=["answer", "note", "answered_by", "answered_at", "next_on"])
        record(
            kind="training.rights_reviewed", principal=principal, object_type="training_rights",
            object_id=rights.pk,
            details={"answer": answer, "note": note, "next_on": row.next_on.isoformat() if row.next_on else None},
        )  # fmt: skip
        if answer == RightsReviewAnswer.END and not has_ended:
            write_end(rights, principal, note[:500])
    return row


def _due(day: date) -> list[tuple[RightsRecord, date]]:
    at = clock.now()
    answered = RightsReview.objects.filter(rights=OuterRef("pk"))
    rows: QuerySet[RightsRecord] = (
        RightsRecord.objects.filter(Q(expires_at=None) | Q(expires_at__gt=at), end=None)
        .exclude(Exists(answered.filter(answer="")))
        .exclude(
            Exists(RightsRecord.objects.filter(source=OuterRef("source"), version__gt=OuterRef("version")))
        )
    )
    fresh = rows.filter(~Exists(answered), next_review_on__lte=day)
    told = [(one, one.next_review_on) for one in fresh.order_by("next_review_on")[:_AT_ONCE]]
    last = (
        RightsReview.objects.filter(rights__in=rows, answer=RightsReviewAnswer.KEEP)
        .order_by("rights", "-due_on")
        .distinct("rights")
        .select_related("rights")
    )
    return told + [(one.rights, one.next_on) for one in last if one.next_on and one.next_on <= day]
